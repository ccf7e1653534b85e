//! The Lambda function `submit-ticket`.

fn main() -> Result<(), platform::boot::BootError> {
    platform::serve(&submit_ticket::FUNCTION)
}

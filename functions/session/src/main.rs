//! The Lambda function `session`.

fn main() -> Result<(), platform::boot::BootError> {
    platform::serve(&session::FUNCTION)
}

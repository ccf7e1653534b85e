//! The Lambda function `request`.

fn main() -> Result<(), platform::boot::BootError> {
    platform::serve(&request::FUNCTION)
}

//! The Lambda function `invitation`.

fn main() -> Result<(), platform::boot::BootError> {
    platform::serve(&invitation::FUNCTION)
}

//! The Lambda function `mail`.

fn main() -> Result<(), platform::boot::BootError> {
    platform::serve(&mail::FUNCTION)
}

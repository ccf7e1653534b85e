//! The Lambda function `mandates`.

fn main() -> Result<(), platform::boot::BootError> {
    platform::serve(&mandates::FUNCTION)
}

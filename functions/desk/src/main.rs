//! The Lambda function `desk`.

fn main() -> Result<(), platform::boot::BootError> {
    platform::serve(&desk::FUNCTION)
}

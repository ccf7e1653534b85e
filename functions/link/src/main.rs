//! The Lambda function `link`.

fn main() -> Result<(), platform::boot::BootError> {
    platform::serve(&link::FUNCTION)
}

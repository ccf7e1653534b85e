//! The Lambda function `notices`.

fn main() -> Result<(), platform::boot::BootError> {
    platform::serve(&notices::FUNCTION)
}

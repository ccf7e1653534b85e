//! The Lambda function `successions`.

fn main() -> Result<(), platform::boot::BootError> {
    platform::serve(&successions::FUNCTION)
}

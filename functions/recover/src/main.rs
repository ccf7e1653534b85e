//! The Lambda function `recover`.

fn main() -> Result<(), platform::boot::BootError> {
    platform::serve(&recover::FUNCTION)
}

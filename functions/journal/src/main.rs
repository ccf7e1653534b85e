//! The Lambda function `journal`.

fn main() -> Result<(), platform::boot::BootError> {
    platform::serve(&journal::FUNCTION)
}

//! The Lambda function `space`.

fn main() -> Result<(), platform::boot::BootError> {
    platform::serve(&space::FUNCTION)
}

//! The Lambda function `challenge`.

fn main() -> Result<(), platform::boot::BootError> {
    platform::serve(&challenge::FUNCTION)
}

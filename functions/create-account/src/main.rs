//! The Lambda function `create-account`.

fn main() -> Result<(), platform::boot::BootError> {
    platform::serve(&create_account::FUNCTION)
}

//! The Lambda function `set-password`.

fn main() -> Result<(), platform::boot::BootError> {
    platform::serve(&set_password::FUNCTION)
}

//! The Lambda function `me`.

fn main() -> Result<(), platform::boot::BootError> {
    platform::serve(&me::FUNCTION)
}

//! The Lambda function `contest`.

fn main() -> Result<(), platform::boot::BootError> {
    platform::serve(&contest::FUNCTION)
}

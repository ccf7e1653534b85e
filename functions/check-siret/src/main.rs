//! The Lambda function `check-siret`.

fn main() -> Result<(), platform::boot::BootError> {
    platform::serve(&check_siret::FUNCTION)
}

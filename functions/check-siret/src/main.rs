//! The Lambda function `check-siret`.

fn main() -> Result<(), platform::boot::BootError> {
    platform::boot::serve(|platform, request| Box::pin(check_siret::handle(platform, request)))
}

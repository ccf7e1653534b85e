//! The Lambda function `set-password`.

fn main() -> Result<(), platform::boot::BootError> {
    platform::boot::serve(|platform, request| Box::pin(set_password::handle(platform, request)))
}

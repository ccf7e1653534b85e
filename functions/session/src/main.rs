//! The Lambda function `session`.

fn main() -> Result<(), platform::boot::BootError> {
    platform::boot::serve(|platform, request| Box::pin(session::handle(platform, request)))
}

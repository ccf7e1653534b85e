//! The Lambda function `notices`.

fn main() -> Result<(), platform::boot::BootError> {
    platform::boot::serve(|platform, request| Box::pin(notices::handle(platform, request)))
}

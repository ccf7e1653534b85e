//! The Lambda function `challenge`.

fn main() -> Result<(), platform::boot::BootError> {
    platform::boot::serve(|platform, request| Box::pin(challenge::handle(platform, request)))
}

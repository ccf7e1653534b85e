//! The Lambda function `recover`.

fn main() -> Result<(), platform::boot::BootError> {
    platform::boot::serve(|platform, request| Box::pin(recover::handle(platform, request)))
}

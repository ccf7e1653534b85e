//! The Lambda function `create-account`.

fn main() -> Result<(), platform::boot::BootError> {
    platform::boot::serve(|platform, request| Box::pin(create_account::handle(platform, request)))
}

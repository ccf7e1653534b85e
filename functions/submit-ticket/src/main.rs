//! The Lambda function `submit-ticket`.

fn main() -> Result<(), platform::boot::BootError> {
    platform::boot::serve(|platform, request| Box::pin(submit_ticket::handle(platform, request)))
}

//! The Lambda function `mail-sender`.

use lambda_runtime::{LambdaEvent, service_fn};
use mail_sender::Sender;
use platform::boot::{BootError, block_on};

fn main() -> Result<(), BootError> {
    block_on(async {
        let sender = &Sender::start().await?;
        let service = service_fn(|event: LambdaEvent<_>| async move {
            Ok::<_, BootError>(mail_sender::handle(sender, &event.context.into(), event.payload).await)
        });
        lambda_runtime::run(service).await
    })
}

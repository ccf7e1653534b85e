//! The Lambda function `mail-tracker`.

use lambda_runtime::{LambdaEvent, service_fn};
use mail_tracker::{FUNCTION, handle};
use platform::boot::{self, BootError, block_on};

fn main() -> Result<(), BootError> {
    block_on(async {
        let platform = &boot::start(&FUNCTION).await?;
        let service = service_fn(|event: LambdaEvent<_>| async move {
            handle(platform, &event.context.into(), event.payload).await.map_err(BootError::from)
        });
        lambda_runtime::run(service).await
    })
}

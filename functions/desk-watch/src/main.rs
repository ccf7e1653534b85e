//! The Lambda function `desk-watch`.

use desk_watch::{FUNCTION, handle};
use lambda_runtime::{LambdaEvent, service_fn};
use platform::boot::{self, BootError, block_on};
use serde_json::Value;

fn main() -> Result<(), BootError> {
    block_on(async {
        let platform = &boot::start(&FUNCTION).await?;
        // What the schedule sends says no more than the clock.
        let service = service_fn(|event: LambdaEvent<Value>| async move {
            handle(platform, &event.context.into()).await.map(|_| ()).map_err(BootError::from)
        });
        lambda_runtime::run(service).await
    })
}

//! The Lambda function `agents`.

use agents::FUNCTION;
use platform::boot::{self, BootError, block_on};

fn main() -> Result<(), BootError> {
    block_on(async {
        // Its certificates are read now, while Lambda gives a whole processor.
        let outside = boot::outside()?;
        let platform = boot::start(&FUNCTION).await?.with_outside(&outside);
        boot::answer(&FUNCTION, &platform).await
    })
}

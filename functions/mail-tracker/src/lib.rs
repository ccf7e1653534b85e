//! Moves mails forward by the events of SES, and tells of delays while their alarm rings.

mod event;
mod notice;

use platform::boot::Invocation;
use platform::function::{Function, Grant, Secret, Share, Size};
use platform::outbox::Tracked;
use platform::scope::Scope;
use platform::{Error, Platform, telemetry};

use crate::event::Asked;
pub use crate::event::BusEvent;

pub const FUNCTION: Function = Function {
    name: "mail-tracker",
    routes: &[],
    grants: &[
        Grant::get("MAIL#"),
        Grant::get("LANE#"),
        Grant::update("MAIL#"),
        Grant::update("ADDRESS#"),
        Grant::update("DELIVERY#"),
        Grant::update("SIRET#"),
        Grant::update("SUCCESSION#"),
        Grant::query("NOTICE"),
        Grant::put("NOTICE"),
        Grant::delete("NOTICE"),
    ],
    secrets: &[Secret::Hash],
    size: Size { memory_mb: 256, timeout_seconds: 10, slow_ms: 1_000, share: Share::Events },
};

/// Takes one event. An error has Lambda try again, and then keep the event with the dead letters.
pub async fn handle(platform: &Platform, invocation: &Invocation, event: BusEvent) -> Result<(), Error> {
    let is_cold_start = telemetry::is_cold_start();
    let scope = Scope { deadline: invocation.deadline, correlation_id: invocation.request_id.clone() };
    let took = Box::pin(scope.run(take(platform, &event))).await;
    match &took {
        Ok(Some((mail, Tracked::Moved(state)))) => tracing::info!(
            service = FUNCTION.name,
            version = telemetry::version(),
            cold_start = is_cold_start,
            function_request_id = invocation.request_id,
            mail = mail,
            state = state.as_str(),
            "mail tracked"
        ),
        Ok(_) => {}
        Err(error) => tracing::error!(
            service = FUNCTION.name,
            version = telemetry::version(),
            cold_start = is_cold_start,
            function_request_id = invocation.request_id,
            outcome = "internal",
            %error,
            "event not taken"
        ),
    }
    took.map(|_| ())
}

async fn take(platform: &Platform, event: &BusEvent) -> Result<Option<(String, Tracked)>, Error> {
    match event.read().map_err(Error::internal)? {
        Asked::Mail(id, told) => {
            let tracked = platform.outbox.track(id, &told).await?;
            Ok(Some((id.to_string(), tracked)))
        }
        Asked::Delays { is_ringing, since } => {
            notice::tell(platform, is_ringing, since).await?;
            Ok(None)
        }
        Asked::Nothing => Ok(None),
    }
}

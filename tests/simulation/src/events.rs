//! EventBridge: what became of each mail, at least once, late and out of order; a few are lost for good.

use std::rc::Rc;
use std::time::Duration;

use domain::time::{SignedDuration, after};
use mail_tracker::BusEvent;
use platform::boot::Invocation;
use serde_json::{Value, json};

use crate::world::World;

/// How long the bus looks away.
const POLL: Duration = Duration::from_secs(2);
/// The tracker's timeout, in seconds.
const TRACKER_SECONDS_MAX: u64 = 10;
/// Calls of a function that fails, as Lambda makes them, and the pause before each.
const CALLS_MAX: u32 = 3;
const CALL_PAUSE: Duration = Duration::from_secs(60);

/// Hands events over for ever.
pub async fn run(world: Rc<World>) {
    loop {
        for event in world.first().tracker.deliveries().take_all() {
            let (is_lost, late, is_twice) = world.draw(|rng, weather| {
                let late =
                    if weather.strikes(rng, 4) { rng.u64(5_000..1_200_000) } else { rng.u64(200..20_000) };
                (weather.strikes(rng, 60), Duration::from_millis(late), weather.strikes(rng, 6))
            });
            if is_lost {
                world.note("event lost");
                continue;
            }
            let event = of_receiver(&world, event);
            if is_twice {
                tokio::task::spawn_local(hand_over(world.clone(), event.clone(), late / 2));
            }
            tokio::task::spawn_local(hand_over(world.clone(), event, late));
        }
        world.stirred().await;
        let pause = POLL * world.draw(|rng, _| rng.u32(1..20));
        tokio::time::sleep(pause).await;
    }
}

/// What a receiver's server says: a mailbox that has died takes nothing any more.
fn of_receiver(world: &World, mut event: Value) -> Value {
    let detail = &mut event["detail"];
    let to = detail["mail"]["destination"][0].as_str().unwrap_or_default();
    if detail["eventType"] == "Delivery" && world.dead.borrow().contains(to) {
        let recipient = json!({"emailAddress": to, "action": "failed", "status": "5.1.1"});
        let at = detail["delivery"]["timestamp"].take();
        detail["bounce"] = json!({
            "bounceType": "Permanent", "bounceSubType": "General", "bouncedRecipients": [recipient],
            "timestamp": at, "feedbackId": "died",
        });
        detail["eventType"] = "Bounce".into();
        detail.as_object_mut().map(|detail| detail.remove("delivery"));
    }
    event
}

async fn hand_over(world: Rc<World>, event: Value, late: Duration) {
    tokio::time::sleep(late).await;
    let told = Told::of(&event);
    let Ok(event) = serde_json::from_value::<BusEvent>(event) else {
        world.violation("an event of the mailbox is none");
        return;
    };
    for _ in 0..CALLS_MAX {
        let portal = world.some_copy();
        let Some(platform) = portal.platform(mail_tracker::FUNCTION.name) else { return };
        let seconds = i64::try_from(TRACKER_SECONDS_MAX).unwrap_or(0) - 1;
        let deadline = after(platform.clock.now(), SignedDuration::from_secs(seconds));
        let invocation = Invocation { request_id: "simulated".to_owned(), deadline };
        let killed_after = world.draw(|rng, weather| weather.killed_after(rng));
        let limit = killed_after.unwrap_or(Duration::from_secs(TRACKER_SECONDS_MAX));
        let handled = mail_tracker::handle(platform, &invocation, event.clone());
        match tokio::time::timeout(limit, Box::pin(handled)).await {
            Ok(Ok(())) => return told.into_iter().for_each(|told| told.note(&world)),
            _ => tokio::time::sleep(CALL_PAUSE).await,
        }
    }
    world.note("event given up");
}

/// How far each kind of event brings a mail, in order.
pub const STEPS: [(&str, &str); 4] =
    [("Send", "sent"), ("DeliveryDelay", "delayed"), ("Delivery", "delivered"), ("Bounce", "bounced")];

/// What an event says, read without the service's own parser.
struct Told {
    mail: String,
    recipient: String,
    step: usize,
}

impl Told {
    fn of(event: &Value) -> Option<Self> {
        let detail = &event["detail"];
        let kind = detail["eventType"].as_str()?;
        Some(Self {
            mail: detail["mail"]["tags"][mail_sender::TAG][0].as_str()?.to_owned(),
            recipient: detail["mail"]["destination"][0].as_str()?.to_owned(),
            step: STEPS.iter().position(|(event, _)| *event == kind)?,
        })
    }

    /// It was taken in.
    fn note(&self, world: &World) {
        let at_ms = world.at_ms();
        let mut model = world.model.borrow_mut();
        let furthest = model.events.entry(self.mail.clone()).or_default();
        *furthest = self.step.max(*furthest);
        if STEPS[self.step].1 == "bounced" {
            model.bounced.entry(self.recipient.clone()).or_insert(at_ms);
        }
    }
}

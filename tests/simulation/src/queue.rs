//! Stream, pipe and queue: at least once, late, out of order, and with senders that die.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use domain::MailId;
use domain::mail::Lane;
use domain::time::{SignedDuration, after};
use platform::boot::Invocation;
use sesame::worker::{VISIBILITY, event};
use tokio::time::Instant;

use crate::world::World;

/// Messages in a batch, as in the event source mapping.
const BATCH_MESSAGES_MAX: usize = 10;
/// The sender's timeout, in seconds.
const SENDER_SECONDS_MAX: u64 = 30;
/// How long the pipe looks away.
const POLL: Duration = Duration::from_millis(250);
/// After the world is well, every mail has ended within this time.
pub const SETTLED_AFTER: Duration = Duration::from_secs(30 * 60);

#[derive(Debug, Clone)]
struct Message {
    mail: MailId,
    lane: Lane,
    visible_at: Instant,
}

type Messages = Rc<RefCell<Vec<Message>>>;

/// Delivers for ever.
pub async fn run(world: Rc<World>) {
    let messages: Messages = Rc::default();
    loop {
        for (mail, lane) in world.first().take_queued() {
            let (late, is_twice) = world.draw(|rng, weather| {
                let late = if weather.strikes(rng, 15) { rng.u64(1_000..90_000) } else { rng.u64(50..1_500) };
                (Duration::from_millis(late), weather.strikes(rng, 15))
            });
            let message = Message { mail, lane, visible_at: Instant::now() + late };
            if is_twice {
                let visible_at = message.visible_at + late;
                messages.borrow_mut().push(Message { visible_at, ..message.clone() });
            }
            messages.borrow_mut().push(message);
        }
        for lane in Lane::ALL {
            let batch = take_batch(&world, &messages, lane);
            if !batch.is_empty() {
                tokio::task::spawn_local(deliver(world.clone(), messages.clone(), batch));
            }
        }
        look_away(&world, &messages).await;
    }
}

/// Until a message may be visible, and long when none waited.
async fn look_away(world: &World, messages: &Messages) {
    let next = messages.borrow().iter().map(|message| message.visible_at).min();
    if let Some(visible_at) = next {
        let _ = tokio::time::timeout_at(visible_at, world.stirred()).await;
        return tokio::time::sleep(POLL).await;
    }
    world.stirred().await;
    tokio::time::sleep(POLL * world.draw(|rng, _| rng.u32(4..80))).await;
}

/// Some visible messages of a lane, in any order.
fn take_batch(world: &World, messages: &Messages, lane: Lane) -> Vec<Message> {
    let now = Instant::now();
    let mut messages = messages.borrow_mut();
    let mut batch = Vec::new();
    for _ in 0..BATCH_MESSAGES_MAX {
        let visible: Vec<usize> = (0..messages.len())
            .filter(|rank| messages[*rank].lane == lane && messages[*rank].visible_at <= now)
            .collect();
        if visible.is_empty() {
            break;
        }
        let rank = visible[world.draw(|rng, _| rng.usize(0..visible.len()))];
        batch.push(messages.swap_remove(rank));
    }
    batch
}

/// Hands a batch to a sender. Failed messages come back, and all of them when it dies or its answer is lost.
async fn deliver(world: Rc<World>, messages: Messages, batch: Vec<Message>) {
    let portal = world.some_copy();
    let (killed_after, is_lost) = world.draw(|rng, weather| {
        let late = weather.strikes(rng, 4);
        let killed = weather.killed_after(rng).map(|soon| if late { soon * 20 } else { soon });
        (killed, weather.strikes(rng, 20))
    });
    let Some(platform) = portal.platform(mail_sender::FUNCTION.name) else { return };
    let seconds = i64::try_from(SENDER_SECONDS_MAX).unwrap_or(0) - 1;
    let deadline = after(platform.clock.now(), SignedDuration::from_secs(seconds));
    let invocation = Invocation { request_id: "simulated".to_owned(), deadline };
    let limit = killed_after.unwrap_or(Duration::from_secs(SENDER_SECONDS_MAX));
    let handled = mail_sender::handle(
        portal.worker.sender(),
        &invocation,
        event(batch.iter().map(|message| message.mail)),
    );
    let handled = tokio::time::timeout(limit, Box::pin(handled)).await;
    let visible_at = Instant::now() + VISIBILITY.unsigned_abs();
    let failed = match handled {
        Ok(response) if !is_lost => {
            let failures = response.batch_item_failures.into_iter().map(|failure| failure.item_identifier);
            let failures: Vec<String> = failures.collect();
            batch.into_iter().filter(|message| failures.contains(&message.mail.to_string())).collect()
        }
        _ => batch,
    };
    messages.borrow_mut().extend(failed.into_iter().map(|message| Message { visible_at, ..message }));
    world.stir();
}

/// Waits until whatever was queued has had its time.
pub async fn settle(world: &World) {
    world.note("settling");
    tokio::time::sleep(SETTLED_AFTER).await;
}

//! Stream, pipe and queues on one machine: hands batches of mails to `mail-sender`, with retries.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aws_lambda_events::event::sqs::{SqsEvent, SqsMessage};
use domain::MailId;
use domain::mail::Lane;
use domain::time::{SignedDuration, Timestamp, after};
use mail_sender::{Due, FUNCTION, Sender};
use platform::boot::Invocation;
use platform::clock::Clock;
use tokio::sync::Notify;

use crate::emulator::QueuedMail;

/// Messages in a batch, as in the event source mapping.
pub const BATCH_MESSAGES_MAX: usize = 10;
/// The visibility timeout of a message that failed, as on AWS.
pub const VISIBILITY: SignedDuration = SignedDuration::from_secs(60);
/// Deliveries of a message before it is dropped, as on AWS: four hours of a service that does not answer. The
/// next start takes it up from the outbox.
pub const RECEIVES_MAX: u32 = 240;
/// The pause after a batch while requests keep coming.
pub const PAUSE_UNDER_LOAD: Duration = Duration::from_millis(500);
/// Poll interval while no message is visible.
const POLL: Duration = Duration::from_secs(1);

#[derive(Debug, Clone, Copy)]
struct Message {
    mail: MailId,
    lane: Lane,
    visible_at: Timestamp,
    receives: u32,
}

/// The queues of due mails, one for each lane.
#[derive(Debug, Default)]
pub struct Queues {
    messages: Mutex<[VecDeque<Message>; Lane::ALL.len()]>,
    arrival: Notify,
}

impl Queues {
    /// Enqueues a mail in its lane, visible at once.
    pub fn push(&self, (mail, lane): QueuedMail) {
        let message = Message { mail, lane, visible_at: Timestamp::MIN, receives: 0 };
        self.messages()[lane as usize].push_back(message);
        self.arrival.notify_one();
    }

    fn messages(&self) -> std::sync::MutexGuard<'_, [VecDeque<Message>; Lane::ALL.len()]> {
        self.messages.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// When the oldest mail of a lane was queued.
    pub(crate) fn oldest(&self, lane: Lane) -> Option<Timestamp> {
        self.messages()[lane as usize].iter().map(|message| message.mail.made_at()).min()
    }

    /// Takes every message out, visible or not.
    pub(crate) fn take_all(&self) -> Vec<QueuedMail> {
        let mut queues = self.messages();
        queues
            .iter_mut()
            .flat_map(|queue| queue.drain(..))
            .map(|message| (message.mail, message.lane))
            .collect()
    }

    /// Takes up to [`BATCH_MESSAGES_MAX`] visible messages of one lane out, in their order: of the urgent
    /// lane if it has any.
    fn take_batch(&self, now: Timestamp) -> Vec<Message> {
        let mut queues = self.messages();
        let batches = queues.iter_mut().map(|queue| take_visible(queue, now));
        batches.into_iter().find(|batch| !batch.is_empty()).unwrap_or_default()
    }

    /// Returns a failed message to its queue after the visibility timeout, or drops it after its last
    /// delivery.
    fn put_back(&self, message: Message, now: Timestamp) {
        let receives = message.receives + 1;
        if receives < RECEIVES_MAX {
            let message = Message { visible_at: after(now, VISIBILITY), receives, ..message };
            self.messages()[message.lane as usize].push_back(message);
        } else {
            tracing::error!(mail = message.mail.to_string(), receives, "mail set aside until the next start");
        }
    }
}

fn take_visible(queue: &mut VecDeque<Message>, now: Timestamp) -> Vec<Message> {
    let mut batch = Vec::new();
    for _ in 0..queue.len() {
        let Some(message) = queue.pop_front() else { break };
        if message.visible_at > now {
            queue.push_back(message);
            continue;
        }
        batch.push(message);
        if batch.len() == BATCH_MESSAGES_MAX {
            break;
        }
    }
    batch
}

/// Counts requests.
#[derive(Debug, Clone, Default)]
pub struct Load(Arc<AtomicU64>);

impl Load {
    pub fn add(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    fn count(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// Takes messages out of the queues and hands them to the sender.
#[derive(Debug)]
pub struct Worker {
    queues: Arc<Queues>,
    sender: Sender,
    clock: Clock,
    load: Load,
}

impl Worker {
    /// A worker between those queues and that sender.
    #[must_use]
    pub fn new(queues: Arc<Queues>, sender: Sender, clock: Clock, load: Load) -> Self {
        Self { queues, sender, clock, load }
    }

    /// What the batches are handed to.
    #[must_use]
    pub fn sender(&self) -> &Sender {
        &self.sender
    }

    /// Sends batch after batch, and pauses after each while requests keep coming.
    pub async fn run(&self) {
        let mut requests = self.load.count();
        loop {
            let arrival = self.queues.arrival.notified();
            if self.send_batch().await == 0 {
                // A failed message becomes visible without a notification: poll.
                let _ = tokio::time::timeout(POLL, arrival).await;
            } else if self.load.count() != requests {
                requests = self.load.count();
                tokio::time::sleep(PAUSE_UNDER_LOAD).await;
            }
        }
    }

    /// Sends all visible messages. Returns how many deliveries were made.
    pub async fn drain(&self) -> usize {
        let mut handed_out = 0;
        loop {
            match self.send_batch().await {
                0 => return handed_out,
                count => handed_out += count,
            }
        }
    }

    /// Delivers one batch; failed messages return to their queue. Returns its size.
    pub async fn send_batch(&self) -> usize {
        let begun = self.clock.now();
        let batch = self.queues.take_batch(begun);
        let Some(first) = batch.first() else { return 0 };
        // A batch has no other name here than its first mail's.
        let request_id = first.mail.to_string();
        let invocation = Invocation { request_id, deadline: after(begun, FUNCTION.size.request_time_max()) };
        let response =
            mail_sender::handle(&self.sender, &invocation, event(batch.iter().map(|message| message.mail)))
                .await;
        let now = self.clock.now();
        for message in &batch {
            let id = message.mail.to_string();
            if response.batch_item_failures.iter().any(|failure| failure.item_identifier == id) {
                self.queues.put_back(*message, now);
            }
        }
        batch.len()
    }
}

/// What the queue hands to `mail-sender`: a message for each mail, under the mail's own id.
#[must_use]
pub fn event(mails: impl IntoIterator<Item = MailId>) -> SqsEvent {
    let message = |mail: MailId| {
        let mail_id = mail.to_string();
        let mut message = SqsMessage::default();
        message.message_id = Some(mail_id.clone());
        message.body = serde_json::to_string(&Due { mail_id }).ok();
        message
    };
    let mut event = SqsEvent::default();
    event.records = mails.into_iter().map(message).collect();
    event
}

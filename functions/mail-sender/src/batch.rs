//! A batch of the queue: leases, prepares and sends each mail, while the invocation has time left.

use aws_lambda_events::event::sqs::{SqsBatchResponse, SqsEvent, SqsMessage};
use domain::delivery::AddressStanding;
use domain::mail::MailState;
use domain::succession::FactKind;
use domain::time::SignedDuration;
use domain::{Email, MailId, MailJob};
use platform::boot::Invocation;
use platform::metrics::{self, Event};
use platform::outbox::{Lease, Leased};
use platform::scope::{self, Scope};
use platform::{Error, Platform, telemetry};
use serde::{Deserialize, Serialize};

use crate::pace::Turn;
use crate::prepare::{Mail, NoMail, prepare};
use crate::ses::{Outcome, UNVERIFIED};
use crate::{FUNCTION, Sender};

/// The time that must be left to begin a mail: timeouts of SES, DNS and the table together.
const MAIL_TIME_MAX: SignedDuration = SignedDuration::from_secs(13);
/// The note of a mail to a domain that accepts none.
const NO_MAIL_DOMAIN: &str = "no-mail-domain";

/// A message of the queue.
#[derive(Debug, Serialize, Deserialize)]
pub struct Due {
    pub mail_id: String,
}

/// The result of one message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Next {
    /// Finished, sent or not.
    Over,
    /// Back to the queue.
    Again,
    /// Back to the queue, with the rest of the batch: SES accepts nothing.
    Pause,
}

struct Batch<'a> {
    sender: &'a Sender,
    invocation: &'a Invocation,
    is_cold_start: bool,
    /// Configuration sets that SES has paused.
    paused_sets: Vec<Option<String>>,
}

/// Logs a line about a mail, under the keys of a request's line (`platform::telemetry::request`).
macro_rules! log {
    ($level:ident, $batch:expr, $($fields:tt)*) => {
        tracing::$level!(
            service = FUNCTION.name,
            version = telemetry::version(),
            cold_start = $batch.is_cold_start,
            function_request_id = $batch.invocation.request_id,
            correlation_id = scope::correlation_id().unwrap_or_default(),
            $($fields)*
        )
    };
}

/// Sends a batch, one mail after another. Returns the messages to be retried.
pub async fn handle(sender: &Sender, invocation: &Invocation, event: SqsEvent) -> SqsBatchResponse {
    let is_cold_start = telemetry::is_cold_start();
    let mut batch = Batch { sender, invocation, is_cold_start, paused_sets: Vec::new() };
    let scope = Scope { deadline: invocation.deadline, correlation_id: invocation.request_id.clone() };
    // Boxed here and below: the SDK's futures are large, and nested too deeply for the compiler («queries
    // overflow the depth limit»).
    Box::pin(scope.run(batch.run(event))).await
}

impl Batch<'_> {
    async fn run(&mut self, event: SqsEvent) -> SqsBatchResponse {
        let mut response = SqsBatchResponse::default();
        let mut is_paused = false;
        for message in event.records {
            let next = if is_paused || !self.has_time() { Next::Pause } else { self.take(&message).await };
            is_paused = next == Next::Pause;
            if next != Next::Over {
                response.add_failure(message.message_id.unwrap_or_default());
            }
        }
        response
    }

    fn has_time(&self) -> bool {
        let left = self.sender.platform.clock.until(self.invocation.deadline);
        left >= MAIL_TIME_MAX.unsigned_abs() + self.sender.ses.pause()
    }

    async fn take(&mut self, message: &SqsMessage) -> Next {
        let due: Option<Due> = message.body.as_deref().and_then(|body| serde_json::from_str(body).ok());
        let Some(id) = due.and_then(|due| MailId::parse(&due.mail_id)) else {
            log!(error, self, message_id = message.message_id, "the queue holds what is no mail");
            return Next::Again;
        };
        let outbox = &self.sender.platform.outbox;
        let leased = match outbox.lease(id).await {
            Ok(Lease::Ours(leased)) => leased,
            Ok(Lease::Over) => return Next::Over,
            Ok(Lease::Held) => return Next::Again,
            Err(error) => return self.failed(id, &error.into()),
        };
        // From here on, log lines carry the correlation id of the request that queued the mail.
        let scope =
            Scope { deadline: self.invocation.deadline, correlation_id: leased.correlation_id.clone() };
        Box::pin(scope.run(self.send_or_release(&leased))).await
    }

    async fn send_or_release(&mut self, leased: &Leased) -> Next {
        let next = match self.send(leased).await {
            Ok(next) => next,
            Err(error) => self.failed(leased.id, &error),
        };
        if next != Next::Over {
            // A failure is ignored: the lease expires.
            let _ = self.sender.platform.outbox.release(leased).await;
        }
        next
    }

    async fn send(&mut self, leased: &Leased) -> Result<Next, Error> {
        let draft = match prepare(self.sender, leased).await {
            Ok(draft) => draft,
            Err(why) => return self.end_without(leased, why).await,
        };
        let set = self.sender.ses.set_of(draft.is_unproven).map(str::to_owned);
        if self.paused_sets.contains(&set) {
            return Ok(Next::Again);
        }
        if let Some(to) = draft.unproven()
            && self.has_no_mail(to).await?
        {
            return self.end_as(leased, MailState::Refused, NO_MAIL_DOMAIN, Event::NoMailDomain).await;
        }
        // Turns for all recipients first: else a mail that is put off for want of one has gone to some of
        // them, and goes to them again.
        if let Turn::NotNow(code) = self.sender.ses.turn(leased.job.lane(), draft.to.len()).await? {
            return Ok(self.put_off(leased, code, Next::Pause));
        }
        // After every wait: the validity of links begins here.
        let mail = match draft.complete(self.sender, leased).await {
            Ok(mail) => mail,
            Err(why) => return self.end_without(leased, why).await,
        };
        match self.hand_over(leased, &mail).await {
            Outcome::Sent(message_id) => {
                let ended = self.end(leased, MailState::Sent, &message_id).await;
                self.note_progress(leased).await;
                ended
            }
            Outcome::Refused(code) => self.end(leased, MailState::Refused, &code).await,
            Outcome::Retry(code) => Ok(self.put_off(leased, code, Next::Again)),
            Outcome::Paused(code) => Ok(self.put_off(leased, code, Next::Pause)),
            Outcome::SetPaused(code) => {
                self.paused_sets.push(set);
                Ok(self.put_off(leased, code, Next::Again))
            }
        }
    }

    /// Hands SES a message for each recipient alone. The mail is sent when one of them is, and the others are
    /// refused for good. Put off, it is sent again to all: twice rather than not at all.
    async fn hand_over(&self, leased: &Leased, mail: &Mail) -> Outcome {
        let (mut sent, mut refused) = (None, None);
        for to in &mail.to {
            match self.sender.ses.send(leased.id, leased.job.lane(), mail, to).await {
                Outcome::Sent(message_id) => sent = sent.or(Some(message_id)),
                Outcome::Refused(code) => refused = Some(code),
                // An account in SES's sandbox: for the others it took the mail.
                Outcome::Retry(UNVERIFIED) if sent.is_some() => {}
                put_off => return put_off,
            }
        }
        match sent {
            Some(message_id) => Outcome::Sent(message_id),
            None => Outcome::Refused(refused.unwrap_or_default()),
        }
    }

    async fn end_without(&self, leased: &Leased, why: NoMail) -> Result<Next, Error> {
        match why {
            NoMail::Ended(state, why) => self.end(leased, state, &why).await,
            NoMail::Failed(error) => Err(error),
        }
    }

    /// Says now and then how far this lane's senders have come: pages tell the wait by it.
    async fn note_progress(&self, leased: &Leased) {
        let lane = leased.job.lane();
        // A digest has waited for its period's end, and a mail that was put off for its next try: they tell
        // nothing of the lane.
        let tells = leased.is_first_try && !matches!(leased.job, MailJob::AgencyDigest { .. });
        if tells && self.sender.noted.is_due(lane, self.sender.platform.clock.now()) {
            // A failure is ignored: the next mail notes it.
            let _ = self.sender.platform.outbox.note_progress(lane, leased.created_at).await;
        }
    }

    /// Whether the recipient's domain accepts no mail. Stores it, so that the form refuses the next such
    /// address.
    async fn has_no_mail(&self, to: &Email) -> Result<bool, Error> {
        let clock = &self.sender.platform.clock;
        let has_no_mail = scope::in_time(clock, self.sender.domains.has_no_mail(to.domain())).await;
        if !has_no_mail.unwrap_or(false) {
            return Ok(false);
        }
        self.sender.platform.outbox.refuse_domain(to).await?;
        Ok(true)
    }

    async fn end(&self, leased: &Leased, state: MailState, note: &str) -> Result<Next, Error> {
        self.end_as(leased, state, note, Event::Mail(state)).await
    }

    async fn end_as(
        &self,
        leased: &Leased,
        state: MailState,
        note: &str,
        event: Event,
    ) -> Result<Next, Error> {
        let Platform { outbox, clock, .. } = &self.sender.platform;
        // Beyond a quota nothing is wrong with the address; an invitation that was not sent is to be sent
        // again, and says so in the inviter's list.
        let is_of_address = state == MailState::Refused || AddressStanding::parse(note).is_some();
        let is_unsent = state == MailState::Suppressed && matches!(leased.job, MailJob::Invitation { .. });
        if is_of_address || is_unsent {
            outbox.note_returned(&leased.job, clock.now()).await?;
        }
        if matches!(state, MailState::Suppressed | MailState::NoRecipient | MailState::Refused) {
            // Of a notice that nobody gets, as of one that came back.
            outbox.note_notice(leased.id, &leased.job, (FactKind::Dead, clock.now())).await?;
        }
        outbox.finish(leased, state, note).await?;
        metrics::count(event, clock.now());
        let (mail, kind, state) = (leased.id.to_string(), leased.job.kind(), state.as_str());
        log!(info, self, mail, kind, state, "mail");
        Ok(Next::Over)
    }

    fn put_off(&self, leased: &Leased, code: &'static str, next: Next) -> Next {
        metrics::count(Event::MailPutOff(code), self.sender.platform.clock.now());
        log!(warn, self, mail = leased.id.to_string(), kind = leased.job.kind(), code, "mail put off");
        next
    }

    fn failed(&self, id: MailId, error: &Error) -> Next {
        let code = if matches!(error, Error::Table(_)) { "table" } else { "internal" };
        metrics::count(Event::MailPutOff(code), self.sender.platform.clock.now());
        log!(error, self, mail = id.to_string(), %error, "mail put off");
        Next::Again
    }
}

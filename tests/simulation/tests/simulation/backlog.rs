//! A backlog in simulated time: SES's rate, the order of the lanes, an hour without SES.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use domain::mail::Lane;
use domain::time::{SignedDuration, Timestamp, after, in_paris};
use domain::{Email, Identifier, MailId, MailJob, Reference, Siret};
use platform::boot::Invocation;
use platform::clock::Clock;
use platform::table::{Key, Row, Transaction};
use sesame::emulator::ServiceResponse;
use sesame::worker::{BATCH_MESSAGES_MAX, RECEIVES_MAX, VISIBILITY, event};
use sesame::{Hooks, Options, Portal};
use testkit::form::siret;
use tokio::time::Instant;

/// SES's rate for a new account out of its sandbox.
const MAILS_PER_SECOND: u64 = 14;
/// When the backlog is queued, in seconds since 1970.
const BEGINNING: i64 = 1_900_000_000;
/// Copies of the sender, each of which takes batches of both lanes.
const COPIES: usize = 3;
/// People whose rows are written in one transaction.
const PEOPLE_AT_ONCE: u64 = 20;
/// Long enough that no request expires meanwhile.
const TICKET_LIFE: SignedDuration = SignedDuration::from_hours(365 * 24);
/// The pause of a queue's consumer that finds no message.
const POLL: Duration = Duration::from_secs(1);

/// A message of a queue.
#[derive(Debug, Clone, Copy)]
struct Message {
    mail: MailId,
    visible_at: Instant,
    receives: u32,
}

/// The queue of one lane.
#[derive(Debug, Default)]
struct Queue {
    messages: RefCell<VecDeque<Message>>,
    in_flight: Cell<usize>,
}

impl Queue {
    fn push(&self, mail: MailId) {
        let message = Message { mail, visible_at: Instant::now(), receives: 0 };
        self.messages.borrow_mut().push_back(message);
    }

    fn take(&self) -> Vec<Message> {
        let (now, mut messages) = (Instant::now(), self.messages.borrow_mut());
        let mut batch = Vec::new();
        for _ in 0..messages.len() {
            match messages.pop_front() {
                Some(message) if message.visible_at > now => messages.push_back(message),
                Some(message) => batch.push(message),
                None => break,
            }
            if batch.len() == BATCH_MESSAGES_MAX {
                break;
            }
        }
        self.in_flight.set(self.in_flight.get() + batch.len());
        batch
    }

    fn is_over(&self) -> bool {
        self.in_flight.get() == 0 && self.messages.borrow().is_empty()
    }
}

/// Mails of both lanes that wait, and an account of SES that takes so many a second.
struct Backlog {
    copies: Vec<Portal>,
    queues: [Queue; Lane::ALL.len()],
    began: Instant,
    is_ses_down: Arc<AtomicBool>,
    /// Mails that came too fast for SES.
    throttled: Arc<AtomicU32>,
}

impl Backlog {
    /// So many people's mails: four activations and three recoveries of ten, and three receipts.
    async fn of(people: u64) -> Self {
        let began = Instant::now();
        let beginning = Timestamp::from_second(BEGINNING).unwrap();
        let clock = Clock::new(move || after(beginning, SignedDuration::try_from(began.elapsed()).unwrap()));
        let (is_ses_down, throttled) = (Arc::<AtomicBool>::default(), Arc::<AtomicU32>::default());
        let (is_down, refused) = (is_ses_down.clone(), throttled.clone());
        let hooks = Hooks {
            ses: Arc::new(move |mailbox, body| {
                if is_down.load(Ordering::SeqCst) {
                    let body = r#"{"__type": "InternalServiceErrorException"}"#.to_owned();
                    return Ok(ServiceResponse { status: 500, body });
                }
                let answer = mailbox.take(body);
                refused.fetch_add(u32::from(answer.status == 429), Ordering::SeqCst);
                Ok(answer)
            }),
            ..Hooks::default()
        };
        let mail_interval = SignedDuration::from_nanos(1_000_000_000 / MAILS_PER_SECOND as i64);
        let options = Options { clock, mail_interval, hooks, ..Options::in_memory(simulation::world::SITE) };
        let mut copies = vec![Portal::open(&options).unwrap()];
        for _ in 1..COPIES {
            copies.push(copies[0].another(&options).unwrap());
        }
        let backlog = Self { copies, queues: Default::default(), began, is_ses_down, throttled };
        backlog.fill(people).await;
        backlog
    }

    async fn fill(&self, people: u64) {
        let portal = &self.copies[0];
        let outbox = &portal.platform("create-account").unwrap().outbox;
        let ranks: Vec<u64> = (0..people).collect();
        for ranks in ranks.chunks(PEOPLE_AT_ONCE as usize) {
            let mut transaction = Transaction::new();
            for rank in ranks {
                let (rows, job) = person(*rank);
                for row in rows {
                    transaction.put(row);
                }
                outbox.queue(&mut transaction, &job).unwrap();
            }
            portal.operator_table.commit(transaction).await.unwrap();
        }
        for (mail, lane) in portal.take_queued() {
            self.queues[lane as usize].push(mail);
        }
    }

    fn elapsed_seconds(&self) -> u64 {
        self.began.elapsed().as_secs()
    }

    /// Hands batches of a lane to a copy of the sender until the lane's queue is over.
    async fn consume(&self, lane: Lane, copy: &Portal) {
        let (queue, clock) = (&self.queues[lane as usize], &copy.platform("mail-sender").unwrap().clock);
        while !queue.is_over() {
            let batch = queue.take();
            if batch.is_empty() {
                tokio::time::sleep(POLL).await;
                continue;
            }
            let deadline = after(clock.now(), mail_sender::FUNCTION.size.request_time_max());
            let invocation = Invocation { request_id: "backlog".to_owned(), deadline };
            let event = event(batch.iter().map(|message| message.mail));
            let response = mail_sender::handle(copy.worker.sender(), &invocation, event).await;
            let failed: Vec<String> =
                response.batch_item_failures.into_iter().map(|failure| failure.item_identifier).collect();
            queue.in_flight.set(queue.in_flight.get() - batch.len());
            for message in batch {
                if failed.contains(&message.mail.to_string()) {
                    let receives = message.receives + 1;
                    assert!(receives < RECEIVES_MAX, "{} goes to the dead letters", message.mail);
                    let visible_at = Instant::now() + VISIBILITY.unsigned_abs();
                    queue.messages.borrow_mut().push_back(Message { visible_at, receives, ..message });
                }
            }
        }
    }

    /// Sends them all.
    async fn send(&self) {
        let [one, two, three] = self.copies.as_slice() else { panic!("{COPIES} copies") };
        tokio::join!(
            self.consume(Lane::Links, one),
            self.consume(Lane::Links, two),
            self.consume(Lane::Links, three),
            self.consume(Lane::Desk, one),
            self.consume(Lane::Desk, two),
            self.consume(Lane::Desk, three),
        );
    }

    /// When each mail arrived, in seconds since the beginning, by its recipient. Each arrived once.
    fn arrivals(&self) -> BTreeMap<String, i64> {
        let mails = self.copies[0].mailbox.newest(usize::MAX).unwrap();
        let count = mails.len();
        let arrival = |at: String| at.parse::<Timestamp>().unwrap().as_second() - BEGINNING;
        let arrivals: BTreeMap<_, _> =
            mails.into_iter().map(|mut mail| (mail.to.remove(0), arrival(mail.at))).collect();
        assert_eq!(arrivals.len(), count, "a mail arrived twice");
        arrivals
    }

    /// Every link that was sent serves for an hour from when its mail was handed to SES.
    async fn assert_links_live_an_hour(&self, arrivals: &BTreeMap<String, i64>) {
        let platform = self.copies[0].platform("link").unwrap();
        for mail in self.copies[0].mailbox.newest(usize::MAX).unwrap() {
            let Some((_, rest)) = mail.text.split_once("/mot-de-passe/#") else { continue };
            let token = domain::Token::parse(rest.split_whitespace().next().unwrap()).unwrap();
            let link = platform.links.find(&token.hash(), platform.clock.now()).await.unwrap().unwrap();
            let lived = link.valid_until.as_second() - BEGINNING - arrivals[&mail.to[0]];
            assert!((3_599..=3_601).contains(&lived), "a link lives {lived} seconds from its sending");
        }
    }
}

/// Whose mail it is, and what it is about.
fn person(rank: u64) -> (Vec<Row>, MailJob) {
    let email = Email::parse(&address(rank)).unwrap();
    let siret = Siret::parse(&siret(rank)).unwrap();
    let identifier = Identifier::from_random(std::array::from_fn(|place| (rank >> (5 * place)) as u8));
    let written = Timestamp::from_second(BEGINNING).unwrap();
    let account = |is_active: bool| {
        Row::new(&Key::account(&identifier))
            .with("siret", siret.as_str())
            .with("establishment_name", "Boulangerie du Marché")
            .with("first_name", "Jeanne")
            .with("last_name", "Martin-Ruiz")
            .with("email", email.as_str())
            .with("phone", "+33123456789")
            .with("is_active", is_active)
            .with("credentials_epoch", u64::from(is_active))
            .with("terms_accepted_at", written)
            .with("created_at", written)
    };
    match rank % 10 {
        0..3 => {
            let symbols = std::array::from_fn(|place| (rank >> (5 * place)) as u8 & 31);
            let reference = Reference::new(in_paris(written).date(), symbols);
            let ticket = Row::new(&Key::ticket(reference.as_str()))
                .with("submission", format!("0192d5a2-8f0e-7c3b-9a1d-{rank:012}"))
                .with("siret", siret.as_str())
                .with("establishment_name", "Boulangerie du Marché")
                .with("full_name", "Jeanne Martin-Ruiz")
                .with("phone", "+33123456789")
                .with("email", email.as_str())
                .with("motive", "other")
                .with("description", "Je n'ai rien reçu.")
                .with("created_at", written)
                .with("expires_at", after(written, TICKET_LIFE));
            (vec![ticket], MailJob::TicketReceipt { reference })
        }
        3..7 => (vec![account(false)], MailJob::Activation { identifier, is_corrected: false }),
        _ => {
            let establishment = Row::new(&Key::establishment(&siret))
                .with("establishment_name", "Boulangerie du Marché")
                .with("created_at", written)
                .with("opening", 1)
                .with("holders", 1)
                .with("journal_entries", 1)
                .with("journal_head", "0".repeat(64));
            let member = Row::new(&Key::member(&siret, &identifier))
                .with("identifier", identifier.as_str())
                .with("opening", 1)
                .with("member_role", "holder")
                .with("member_state", "active")
                .with("first_name", "Jeanne")
                .with("last_name", "Martin-Ruiz")
                .with("email", email.as_str())
                .with("since", written)
                .with("mark", 1);
            (vec![account(true), establishment, member], MailJob::RecoveryByIdentifier { identifier })
        }
    }
}

fn address(rank: u64) -> String {
    format!("personne{rank}@exemple.fr")
}

fn is_receipt(rank: u64) -> bool {
    rank % 10 < 3
}

#[tokio::test(start_paused = true)]
async fn ten_thousand_mails_leave_at_fourteen_a_second_each_once_and_links_first() {
    const PEOPLE: u64 = 10_000;
    let backlog = Backlog::of(PEOPLE).await;
    backlog.send().await;
    let arrivals = backlog.arrivals();
    assert_eq!(arrivals.len() as u64, PEOPLE, "none is lost");
    assert_eq!(backlog.throttled.load(Ordering::SeqCst), 0, "SES refuses none for its rate");
    let at_most = PEOPLE / MAILS_PER_SECOND;
    let took = backlog.elapsed_seconds();
    assert!((at_most - 1..at_most * 11 / 10).contains(&took), "{took} s, {at_most} s at SES's rate");
    // Seven tenths of the mails are links, which have seven eighths of the rate.
    let last_of = |receipts: bool| {
        let of_lane = (0..PEOPLE).filter(|rank| is_receipt(*rank) == receipts);
        of_lane.map(|rank| arrivals[&address(rank)]).max().unwrap()
    };
    let links_at_most = PEOPLE * 7 / 10 * 8 / 7 / MAILS_PER_SECOND;
    assert!(last_of(false) as u64 <= links_at_most * 11 / 10, "{} s, {links_at_most} s", last_of(false));
    assert!(last_of(false) < last_of(true), "receipts wait for links, not links for receipts");
    backlog.assert_links_live_an_hour(&arrivals).await;
}

#[tokio::test(start_paused = true)]
async fn an_hour_without_ses_loses_no_mail_and_no_minute_of_a_link() {
    const PEOPLE: u64 = 60;
    let backlog = Backlog::of(PEOPLE).await;
    let (outage_after, outage) = (Duration::from_secs(5), Duration::from_secs(3_600));
    let is_down = backlog.is_ses_down.clone();
    let hour = async {
        tokio::time::sleep(outage_after).await;
        is_down.store(true, Ordering::SeqCst);
        tokio::time::sleep(outage).await;
        is_down.store(false, Ordering::SeqCst);
    };
    tokio::join!(backlog.send(), hour);
    let arrivals = backlog.arrivals();
    assert_eq!(arrivals.len() as u64, PEOPLE, "none is lost");
    let late = arrivals.values().filter(|at| **at > 3_605).count();
    assert!(late > 0, "the outage held some back");
    let over = (outage_after + outage + 2 * VISIBILITY.unsigned_abs()).as_secs() as i64;
    assert!(arrivals.values().all(|at| *at <= over), "{:?}", arrivals.values().max());
    backlog.assert_links_live_an_hour(&arrivals).await;
}

//! Hands each mail on to an SMTP server; what that answers becomes SES's events.

use std::error::Error as _;
use std::fmt;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};
use std::{io, thread};

use lettre::message::header::{HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart};
use lettre::transport::smtp::Error as SmtpError;
use lettre::transport::smtp::response::Response;
use lettre::{Message, SmtpTransport, Transport};
use platform::clock::Clock;
use platform::random::Random;

use super::deliveries::Deliveries;
use super::events::{Accepted, Bounce, Delay, Outcome, Report};

/// Mails that wait for the server; more are refused as over the rate.
const WAITING_MAILS_MAX: usize = 1000;
/// Timeout of each command of SMTP.
const COMMAND_TIME_MAX: Duration = Duration::from_secs(10);
/// The header of the mail's id in the outbox.
const ID_HEADER: &str = "X-Sesame-Mail";

/// The pauses between attempts, each twice the one before, and how often a mail is tried: for an hour.
const PACE: Pace =
    Pace { first: Duration::from_secs(5), longest: Duration::from_secs(10 * 60), attempts_max: 12 };

#[derive(Debug, Clone, Copy)]
struct Pace {
    first: Duration,
    longest: Duration,
    attempts_max: u32,
}

impl Pace {
    /// The pause after that many attempts.
    fn pause(&self, attempts: u32) -> Duration {
        let doubled = 2_u32.saturating_pow(attempts.saturating_sub(1));
        self.first.saturating_mul(doubled).min(self.longest)
    }
}

/// The address of an SMTP server, which takes mails without TLS or login.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Smtp {
    host: String,
    port: u16,
}

impl Smtp {
    /// Parses `host:port`; an IPv6 address stands in brackets.
    ///
    /// # Errors
    /// What it should be.
    pub fn parse(text: &str) -> Result<Self, String> {
        let parsed = text.rsplit_once(':').and_then(|(host, port)| {
            let port = port.parse().ok().filter(|port| *port != 0)?;
            let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
            let is_host = !bare.is_empty() && !bare.contains(['[', ']', '/', '@', ' ']);
            let is_bracketed = bare.len() != host.len();
            (is_host && bare.contains(':') == is_bracketed).then(|| Self { host: bare.to_owned(), port })
        });
        parsed.ok_or_else(|| format!("{text:?} is no host:port of an SMTP server"))
    }

    fn transport(&self) -> SmtpTransport {
        let builder = SmtpTransport::builder_dangerous(self.host.as_str()).port(self.port);
        builder.timeout(Some(COMMAND_TIME_MAX)).build()
    }
}

/// A thread that hands mails on to a server, one at a time. It ends with this.
pub struct Relay {
    shared: Arc<Shared>,
}

struct Shared {
    waiting: Mutex<Waiting>,
    arrival: Condvar,
    transport: SmtpTransport,
    deliveries: Arc<Deliveries>,
    clock: Clock,
    random: Random,
    pace: Pace,
}

#[derive(Default)]
struct Waiting {
    mails: Vec<Attempt>,
    /// The mail that is being sent counts too.
    is_sending: bool,
    is_stopped: bool,
}

struct Attempt {
    accepted: Accepted,
    attempts: u32,
    due_at: Instant,
}

/// What an attempt came to.
#[derive(Debug, PartialEq, Eq)]
enum Answer {
    Took(String),
    Refused(Report),
    Deferred(Delay),
}

impl Relay {
    /// Starts the thread. Events go into the queue as they happen.
    pub fn start(smtp: &Smtp, deliveries: Arc<Deliveries>, clock: Clock, random: Random) -> io::Result<Self> {
        Self::start_paced(smtp, deliveries, clock, random, PACE)
    }

    fn start_paced(
        smtp: &Smtp,
        deliveries: Arc<Deliveries>,
        clock: Clock,
        random: Random,
        pace: Pace,
    ) -> io::Result<Self> {
        let shared = Arc::new(Shared {
            waiting: Mutex::default(),
            arrival: Condvar::new(),
            transport: smtp.transport(),
            deliveries,
            clock,
            random,
            pace,
        });
        let relaying = shared.clone();
        thread::Builder::new().name("smtp".to_owned()).spawn(move || relaying.run())?;
        Ok(Self { shared })
    }

    /// Whether it takes no more mails for now.
    #[must_use]
    pub fn is_full(&self) -> bool {
        let waiting = self.shared.waiting();
        waiting.mails.len() + usize::from(waiting.is_sending) >= WAITING_MAILS_MAX
    }

    /// Takes a mail. Whoever asked [`is_full`](Self::is_full) before is never far over the limit.
    pub fn push(&self, accepted: Accepted) {
        self.shared.tell(&accepted, &Outcome::Sent);
        self.shared.waiting().mails.push(Attempt { accepted, attempts: 0, due_at: Instant::now() });
        self.shared.arrival.notify_one();
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.shared.waiting().is_stopped = true;
        self.shared.arrival.notify_one();
    }
}

impl fmt::Debug for Relay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Relay")
    }
}

impl Shared {
    fn run(&self) {
        while let Some(attempt) = self.next() {
            let again = self.attempt(attempt);
            let mut waiting = self.waiting();
            waiting.is_sending = false;
            waiting.mails.extend(again);
        }
    }

    /// Waits for the mail that is due first; none when the relay has stopped.
    fn next(&self) -> Option<Attempt> {
        let mut waiting = self.waiting();
        loop {
            if waiting.is_stopped {
                return None;
            }
            let first = (0..).zip(&waiting.mails).min_by_key(|(_, mail)| mail.due_at);
            let first =
                first.map(|(rank, mail)| (rank, mail.due_at.saturating_duration_since(Instant::now())));
            waiting = match first {
                Some((rank, Duration::ZERO)) => {
                    waiting.is_sending = true;
                    return Some(waiting.mails.remove(rank));
                }
                Some((_, pause)) => {
                    let woken = self.arrival.wait_timeout(waiting, pause);
                    woken.unwrap_or_else(PoisonError::into_inner).0
                }
                None => self.arrival.wait(waiting).unwrap_or_else(PoisonError::into_inner),
            };
        }
    }

    /// Tries a mail once, and tells what came of it. Returns it if it is to be tried again.
    fn attempt(&self, mut mail: Attempt) -> Option<Attempt> {
        mail.attempts += 1;
        match self.send(&mail.accepted) {
            Answer::Took(response) => self.tell(&mail.accepted, &Outcome::Delivered(response)),
            Answer::Refused(report) => {
                self.tell(&mail.accepted, &Outcome::Bounced(Bounce::of_refusal(report)));
            }
            Answer::Deferred(delay) if mail.attempts < self.pace.attempts_max => {
                self.tell(&mail.accepted, &Outcome::Delayed(delay));
                mail.due_at = Instant::now() + self.pace.pause(mail.attempts);
                return Some(mail);
            }
            Answer::Deferred(delay) => {
                self.tell(&mail.accepted, &Outcome::Bounced(expired(&delay)));
            }
        }
        None
    }

    fn send(&self, accepted: &Accepted) -> Answer {
        match compose(accepted) {
            Ok(message) => answer_of(self.transport.send(&message)),
            Err(error) => {
                let diagnostic = format!("smtp; 554 5.6.0 {error}");
                Answer::Refused(Report { status: "5.6.0".to_owned(), diagnostic })
            }
        }
    }

    fn tell(&self, accepted: &Accepted, outcome: &Outcome) {
        let now = self.clock.now();
        for address in &accepted.mail.to {
            self.deliveries.push(now, accepted.event(outcome, address, now, &self.random));
        }
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The mail as SMTP carries it: its text, and its HTML for who shows it.
fn compose(accepted: &Accepted) -> Result<Message, Box<dyn std::error::Error>> {
    let mail = &accepted.mail;
    let mut message = Message::builder()
        .from(mail.from.parse()?)
        .subject(mail.subject.as_str())
        .date(SystemTime::from(accepted.at))
        .message_id(Some(format!("<{}@localhost>", accepted.message_id)))
        .raw_header(HeaderValue::new(HeaderName::new_from_ascii_str(ID_HEADER), mail.id.clone()));
    for to in &mail.to {
        message = message.to(to.parse::<Mailbox>()?);
    }
    for reply_to in &mail.reply_to {
        message = message.reply_to(reply_to.parse::<Mailbox>()?);
    }
    Ok(message.multipart(MultiPart::alternative_plain_html(mail.text.clone(), mail.html.clone()))?)
}

/// Without an answer of the server the failure is temporary, unless it is the mail's own.
fn answer_of(sent: Result<Response, SmtpError>) -> Answer {
    let error = match sent {
        Ok(response) => {
            let lines: Vec<&str> = response.message().collect();
            return Answer::Took(format!("{} {}", response.code(), lines.join(" ")));
        }
        Err(error) => error,
    };
    let said = error.source().map_or_else(|| error.to_string(), ToString::to_string);
    let Some(code) = error.status() else {
        if error.is_client() {
            let diagnostic = format!("smtp; 554 5.6.0 {said}");
            return Answer::Refused(Report { status: "5.6.0".to_owned(), diagnostic });
        }
        return Answer::Deferred(Delay {
            kind: "TransientCommunicationFailure",
            status: "4.4.1".to_owned(),
            diagnostic: format!("smtp; 421 4.4.1 {said}"),
        });
    };
    let class = if error.is_permanent() { '5' } else { '4' };
    let status = enhanced_status(&said, class).unwrap_or_else(|| format!("{class}.0.0"));
    let diagnostic = format!("smtp; {code} {said}");
    if error.is_permanent() {
        return Answer::Refused(Report { status, diagnostic });
    }
    let kind = if status == "4.2.2" { "MailboxFull" } else { "General" };
    Answer::Deferred(Delay { kind, status, diagnostic })
}

/// The enhanced status code that an answer begins with (RFC 2034), if it is of that class.
fn enhanced_status(said: &str, class: char) -> Option<String> {
    let word = said.split_whitespace().next()?;
    let is_number = |part: &str| (1..=3).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
    let is_status = word.split('.').count() == 3 && word.split('.').all(is_number);
    (is_status && word.strip_prefix(class).is_some_and(|rest| rest.starts_with('.'))).then(|| word.to_owned())
}

/// The bounce of a mail that was tried as often as it may be.
fn expired(last: &Delay) -> Bounce {
    let diagnostic = format!("smtp; 550 4.4.7 Message expired: unable to deliver.<{}>", last.diagnostic);
    let report = Report { status: "4.4.7".to_owned(), diagnostic };
    Bounce { kind: "Transient", sub_kind: "General", report: Some(report) }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::io::{BufRead, BufReader, Write};
    use std::net::{IpAddr, TcpListener, TcpStream};
    use std::sync::mpsc;

    use mailin::response::{NO_SERVICE, OK};
    use mailin::{Handler, SessionBuilder};
    use serde_json::Value;

    use super::*;
    use crate::mailbox::Mail;

    const ID: &str = "01K9ZZZZZZ0000000000000000";
    const QUICK: Pace =
        Pace { first: Duration::from_millis(1), longest: Duration::from_millis(2), attempts_max: 3 };

    fn accepted(to: &str) -> Accepted {
        Accepted {
            message_id: "01K9ZZZZZZ0000000000000001".to_owned(),
            at: "2026-11-23T10:00:00Z".parse().unwrap(),
            mail: Mail {
                id: ID.to_owned(),
                at: "2026-11-23T10:00:00Z".to_owned(),
                from: "Activite partielle <ne-pas-repondre@localhost>".to_owned(),
                to: vec![to.to_owned()],
                reply_to: vec!["contact-ap@asp-public.fr".to_owned()],
                subject: "Votre accès".to_owned(),
                text: "Bonjour é\n.\nfin".to_owned(),
                html: "<p>Bonjour</p>".to_owned(),
            },
            tags: vec![(mail_sender::TAG.to_owned(), ID.to_owned())],
            configuration_set: None,
        }
    }

    #[test]
    fn a_server_is_a_host_and_a_port() {
        let parsed = |text| Smtp::parse(text).map(|smtp| (smtp.host, smtp.port)).ok();
        assert_eq!(parsed("localhost:1025"), Some(("localhost".to_owned(), 1025)));
        assert_eq!(parsed("[::1]:25"), Some(("::1".to_owned(), 25)));
        for wrong in ["", "localhost", ":25", "localhost:0", "localhost:x", "::1:25", "[a]:25", "smtp://a:25"]
        {
            assert_eq!(parsed(wrong), None, "{wrong}");
        }
        assert_eq!(Smtp::parse("x").unwrap_err(), "\"x\" is no host:port of an SMTP server");
    }

    #[test]
    fn pauses_grow_to_the_longest() {
        let seconds = [1, 2, 3, 8, 12, u32::MAX].map(|attempts| PACE.pause(attempts).as_secs());
        assert_eq!(seconds, [5, 10, 20, 600, 600, 600]);
    }

    #[test]
    fn a_mail_is_text_and_html_with_its_headers() {
        let message = compose(&accepted("jeanne+paie@exemple.fr")).unwrap();
        let envelope = message.envelope();
        assert_eq!(envelope.from().unwrap().to_string(), "ne-pas-repondre@localhost");
        assert_eq!(envelope.to()[0].to_string(), "jeanne+paie@exemple.fr");
        let text = String::from_utf8(message.formatted()).unwrap();
        for line in [
            "From: \"Activite partielle\" <ne-pas-repondre@localhost>",
            "To: jeanne+paie@exemple.fr",
            "Reply-To: contact-ap@asp-public.fr",
            "Subject: Votre =?utf-8?b?YWNjw6hz?=",
            "Date: Mon, 23 Nov 2026 10:00:00 +0000",
            "Message-ID: <01K9ZZZZZZ0000000000000001@localhost>",
            "X-Sesame-Mail: 01K9ZZZZZZ0000000000000000",
            "Content-Type: text/plain; charset=utf-8",
            "Content-Type: text/html; charset=utf-8",
        ] {
            assert!(text.lines().any(|found| found == line), "{line} in\n{text}");
        }
        assert!(text.contains("Content-Type: multipart/alternative;"), "{text}");
        assert!(text.find("text/plain") < text.find("text/html"));
    }

    #[test]
    fn an_answer_says_its_status_at_its_beginning() {
        let status = |said| enhanced_status(said, '5');
        assert_eq!(status("5.1.1 user unknown").as_deref(), Some("5.1.1"));
        for said in ["", "user unknown", "4.2.2 full", "55.1.1 x", "5.1 x", "5.1.1.1 x", "5.1.x x"] {
            assert_eq!(status(said), None, "{said}");
        }
    }

    /// A server whose answer to an address is its local part, for three connections at the most.
    fn server() -> (Smtp, mpsc::Receiver<String>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let smtp = Smtp::parse(&listener.local_addr().unwrap().to_string()).unwrap();
        let (tell, told) = mpsc::channel();
        thread::spawn(move || {
            for stream in listener.incoming().take(3) {
                let Ok(stream) = stream else { return };
                let _ = serve(&stream, tell.clone());
            }
        });
        (smtp, told)
    }

    fn serve(mut stream: &TcpStream, tell: mpsc::Sender<String>) -> io::Result<()> {
        let handler = Server { data: Vec::new(), tell };
        let mut session = SessionBuilder::new("localhost").build(IpAddr::from([127, 0, 0, 1]), handler);
        stream.write_all(&session.greeting().buffer()?)?;
        for line in BufReader::new(stream).split(b'\n') {
            let response = session.process(&[line?, b"\n".to_vec()].concat());
            if response.action != mailin::Action::NoReply {
                stream.write_all(&response.buffer()?)?;
            }
        }
        Ok(())
    }

    struct Server {
        data: Vec<u8>,
        tell: mpsc::Sender<String>,
    }

    impl Handler for Server {
        fn rcpt(&mut self, to: &str) -> mailin::Response {
            match to.split('@').next().unwrap() {
                "unknown" => mailin::Response::custom(550, "5.1.1 user unknown".to_owned()),
                "full" => mailin::Response::custom(552, "5.2.2 mailbox full".to_owned()),
                "plain" => mailin::Response::custom(550, "no".to_owned()),
                "later" => mailin::Response::custom(451, "4.7.1 greylisted".to_owned()),
                "closing" => NO_SERVICE,
                _ => OK,
            }
        }

        fn data(&mut self, line: &[u8]) -> io::Result<()> {
            self.data.extend(line);
            Ok(())
        }

        fn data_end(&mut self) -> mailin::Response {
            self.tell.send(String::from_utf8(std::mem::take(&mut self.data)).unwrap()).unwrap();
            mailin::Response::custom(250, "2.0.0 Ok: queued as 7".to_owned())
        }
    }

    /// The events of a mail until its last: their types, and their sections.
    fn events(smtp: &Smtp, to: &str, count: usize) -> Vec<(String, Value)> {
        let deliveries = Arc::new(Deliveries::default());
        let clock = Clock::system();
        let relay =
            Relay::start_paced(smtp, deliveries.clone(), clock.clone(), Random::system(), QUICK).unwrap();
        relay.push(accepted(to));
        let mut events = Vec::new();
        while events.len() < count {
            thread::sleep(QUICK.first);
            events.extend(deliveries.take_due(clock.now()));
        }
        let taken = events.into_iter().map(|event| {
            let detail = &event["detail"];
            assert_eq!(detail["mail"]["tags"]["mail_id"][0], ID);
            let section = ["send", "delivery", "deliveryDelay", "bounce"]
                .into_iter()
                .find_map(|name| detail.get(name))
                .unwrap();
            (detail["eventType"].as_str().unwrap().to_owned(), section.clone())
        });
        taken.collect()
    }

    fn names(events: &[(String, Value)]) -> Vec<&str> {
        events.iter().map(|(name, _)| name.as_str()).collect()
    }

    #[test]
    fn what_the_server_takes_is_delivered_with_its_answer() {
        let (smtp, told) = server();
        let events = events(&smtp, "jeanne@exemple.fr", 2);
        assert_eq!(names(&events), ["Send", "Delivery"]);
        assert_eq!(events[1].1["smtpResponse"], "250 2.0.0 Ok: queued as 7");
        let data = told.recv().unwrap();
        assert!(data.contains("X-Sesame-Mail: 01K9ZZZZZZ0000000000000000\r\n"), "{data}");
    }

    #[test]
    fn what_the_server_refuses_bounces_with_its_status() {
        for (to, kind, status, diagnostic) in [
            ("unknown", "Permanent", "5.1.1", "smtp; 550 5.1.1 user unknown"),
            ("full", "Transient", "5.2.2", "smtp; 552 5.2.2 mailbox full"),
            ("plain", "Permanent", "5.0.0", "smtp; 550 no"),
        ] {
            let (smtp, _told) = server();
            let events = events(&smtp, &format!("{to}@exemple.fr"), 2);
            assert_eq!(names(&events), ["Send", "Bounce"]);
            let bounce = &events[1].1;
            assert_eq!(bounce["bounceType"], kind);
            assert_eq!(bounce["bouncedRecipients"][0]["status"], status);
            assert_eq!(bounce["bouncedRecipients"][0]["diagnosticCode"], diagnostic);
        }
    }

    #[test]
    fn what_the_server_defers_is_retried_until_it_expires() {
        for (to, status) in [("later", "4.7.1"), ("closing", "4.0.0")] {
            let (smtp, _told) = server();
            let events = events(&smtp, &format!("{to}@exemple.fr"), 4);
            assert_eq!(names(&events), ["Send", "DeliveryDelay", "DeliveryDelay", "Bounce"]);
            assert_eq!(events[1].1["delayedRecipients"][0]["status"], status);
            assert_eq!(events[3].1["bounceType"], "Transient");
            assert_eq!(events[3].1["bouncedRecipients"][0]["status"], "4.4.7");
        }
    }

    #[test]
    fn a_connection_without_an_answer_is_a_delay() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let smtp = Smtp::parse(&listener.local_addr().unwrap().to_string()).unwrap();
        thread::spawn(move || listener.incoming().take(3).for_each(drop));
        let events = events(&smtp, "jeanne@exemple.fr", 4);
        assert_eq!(names(&events), ["Send", "DeliveryDelay", "DeliveryDelay", "Bounce"]);
        assert_eq!(events[1].1["delayType"], "TransientCommunicationFailure");
        assert_eq!(events[1].1["delayedRecipients"][0]["status"], "4.4.1");
    }

    #[test]
    fn what_is_no_address_bounces() {
        let (smtp, _told) = server();
        let events = events(&smtp, "no address", 2);
        assert_eq!(names(&events), ["Send", "Bounce"]);
        assert_eq!(events[1].1["bouncedRecipients"][0]["status"], "5.6.0");
    }
}

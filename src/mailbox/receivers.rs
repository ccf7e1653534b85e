//! Receivers on one machine: what becomes of a mail by its address.

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt;

use domain::Email;
use domain::time::{SignedDuration, Timestamp, after};
use platform::random::Random;
use serde::Deserialize;
use serde_json::Value;

use super::events::{Accepted, Bounce, Delay, Outcome, RETRIES_MAX, Report};

/// A receiver's answer comes so long after a mail was taken.
const ANSWER_DELAY: SignedDuration = SignedDuration::from_secs(1);
/// A complaint or an automatic answer comes so long after the delivery.
const FEEDBACK_DELAY: SignedDuration = SignedDuration::from_secs(3);
/// The shortest delay of a rule: its event comes before the delivery.
const DELAY_SECONDS_MIN: u32 = 2;
/// The longest diagnostic of a rule.
const DIAGNOSTIC_LENGTH_MAX: usize = 200;
/// The domain of SES's mailbox simulator.
const SIMULATOR: &str = "simulator.amazonses.com";

/// What a receiver answers in the end.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Answer {
    Takes,
    Refuses(Report),
    /// Takes it; then its reader declares it as spam.
    Complains,
    /// Takes it; then tells that its reader is out of the office.
    IsAway,
    /// SES has the address on the suppression list of all its accounts.
    IsSuppressed,
    /// SES has the address on the account's own suppression list.
    IsSuppressedByAccount,
    /// SES finds a virus.
    IsRejected(String),
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Rule {
    /// How long the receiver is out of reach before it answers.
    delay: Option<SignedDuration>,
    answer: Answer,
}

/// A local part or a domain, and what it makes.
type Named<T> = (&'static str, fn() -> T);

/// SES's mailbox simulator, by the local part; a label after `+` is allowed in each.
const SIMULATED: [Named<Answer>; 5] = [
    ("success", || Answer::Takes),
    ("bounce", || refusal("5.1.1", "user unknown")),
    ("complaint", || Answer::Complains),
    ("ooto", || Answer::IsAway),
    ("suppressionlist", || Answer::IsSuppressed),
];

/// Domains for whoever tries the portal: reserved (RFC 2606), so that nobody's mail goes astray, and accepted
/// by the form, which refuses `.test` and `.invalid`.
const RESERVED: [Named<Rule>; 8] = [
    ("inconnu.example", || at_once(refusal("5.1.1", "user unknown"))),
    ("boite-pleine.example", || at_once(refusal("5.2.2", "mailbox full"))),
    ("refus.example", || at_once(refusal("5.7.1", "message refused by policy"))),
    ("lent.example", || Rule { delay: Some(SLOW_DELAY), answer: Answer::Takes }),
    ("plainte.example", || at_once(Answer::Complains)),
    ("absent.example", || at_once(Answer::IsAway)),
    ("liste.example", || at_once(Answer::IsSuppressedByAccount)),
    ("virus.example", || at_once(Answer::IsRejected("Bad content".to_owned()))),
];
/// The delay of `lent.example`.
const SLOW_DELAY: SignedDuration = SignedDuration::from_mins(12);

/// Rules for addresses, and for all of a domain. Whoever has none takes mail at once.
#[derive(Debug, Clone)]
pub struct Receivers {
    /// By `local@domain`, or by the domain.
    rules: BTreeMap<String, Rule>,
}

impl Default for Receivers {
    /// The mailbox simulator and the reserved domains.
    fn default() -> Self {
        let simulated = SIMULATED.map(|(local, answer)| (format!("{local}@{SIMULATOR}"), at_once(answer())));
        let reserved = RESERVED.map(|(domain, rule)| (domain.to_owned(), rule()));
        Self { rules: simulated.into_iter().chain(reserved).collect() }
    }
}

impl Receivers {
    /// The default receivers, with the rules of a file: a JSON list of objects. Each has a `domain`, perhaps
    /// a `local` part, and what its receiver does: `delays_seconds`, and one of `refuses` (`status`,
    /// `diagnostic`), `complains`, `is_away`, `is_suppressed`, `rejects` (a reason).
    ///
    /// # Errors
    /// Which rule is wrong, and why.
    pub fn parse(text: &str) -> Result<Self, RuleError> {
        let written: Vec<Value> = serde_json::from_str(text)
            .map_err(|error| RuleError(format!("the receivers are no JSON list of rules: {error}")))?;
        let mut given = BTreeMap::new();
        for (rank, rule) in (1..).zip(written) {
            let wrong = |why: String| RuleError(format!("rule {rank} of the receivers: {why}"));
            let rule: Written = serde_json::from_value(rule).map_err(|error| wrong(error.to_string()))?;
            let (key, rule) = rule.checked().map_err(wrong)?;
            if given.contains_key(&key) {
                return Err(wrong(format!("{key} has a rule before it")));
            }
            given.insert(key, rule);
        }
        let mut receivers = Self::default();
        receivers.rules.extend(given);
        Ok(receivers)
    }

    /// What becomes of a mail to an address, and how long after it was taken.
    #[must_use]
    pub fn outcomes(&self, address: &str) -> Vec<(SignedDuration, Outcome)> {
        let rule = self.rule(address);
        let answer = rule.and_then(|rule| rule.delay).unwrap_or(ANSWER_DELAY);
        let feedback = answer + FEEDBACK_DELAY;
        let mut outcomes = vec![(SignedDuration::ZERO, Outcome::Sent)];
        if rule.is_some_and(|rule| rule.delay.is_some()) {
            outcomes.push((ANSWER_DELAY, Outcome::Delayed(greylisted())));
        }
        let taken = (answer, Outcome::Delivered("250 2.0.0 OK".to_owned()));
        match rule.map_or(&Answer::Takes, |rule| &rule.answer) {
            Answer::Takes => outcomes.push(taken),
            Answer::Refuses(report) => {
                outcomes.push((answer, Outcome::Bounced(Bounce::of_refusal(report.clone()))));
            }
            Answer::Complains => outcomes.extend([taken, (feedback, Outcome::Complained)]),
            Answer::IsAway => {
                let bounce = Bounce { kind: "Transient", sub_kind: "General", report: None };
                outcomes.extend([taken, (feedback, Outcome::Bounced(bounce))]);
            }
            Answer::IsSuppressed => {
                let why = "Amazon SES has suppressed sending to this address because it has a recent \
                           history of bouncing as an invalid address.";
                outcomes.push((answer, suppressed("Suppressed", why)));
            }
            Answer::IsSuppressedByAccount => {
                let why = "Amazon SES did not send the message to this address because it is on the \
                           suppression list for your account.";
                outcomes.push((answer, suppressed("OnAccountSuppressionList", why)));
            }
            Answer::IsRejected(reason) => outcomes.push((answer, Outcome::Rejected(reason.clone()))),
        }
        outcomes
    }

    /// The events of a mail, each with the time at which it is due.
    #[must_use]
    pub fn events(&self, accepted: &Accepted, random: &Random) -> Vec<(Timestamp, Value)> {
        let mut events = Vec::new();
        for address in &accepted.mail.to {
            for (delay, outcome) in self.outcomes(address) {
                let due_at = after(accepted.at, delay);
                events.push((due_at, accepted.event(&outcome, address, due_at, random)));
            }
        }
        events
    }

    /// The rule of the address, or else of its domain.
    fn rule(&self, address: &str) -> Option<&Rule> {
        let address = address.to_ascii_lowercase();
        let (local, domain) = address.rsplit_once('@')?;
        let name = local.split_once('+').map_or(local, |(name, _)| name);
        let keys = [address.clone(), format!("{name}@{domain}"), domain.to_owned()];
        keys.iter().find_map(|key| self.rules.get(key))
    }
}

fn at_once(answer: Answer) -> Rule {
    Rule { delay: None, answer }
}

/// A refusal as an SMTP server words it.
fn refusal(status: &str, diagnostic: &str) -> Answer {
    let code = if status == "5.2.2" { 552 } else { 550 };
    let diagnostic = format!("smtp; {code} {status} {diagnostic}");
    Answer::Refuses(Report { status: status.to_owned(), diagnostic })
}

fn greylisted() -> Delay {
    let diagnostic = "smtp; 451 4.7.1 try again later".to_owned();
    Delay { kind: "General", status: "4.7.1".to_owned(), diagnostic }
}

fn suppressed(sub_kind: &'static str, why: &str) -> Outcome {
    let report = Report { status: "5.1.1".to_owned(), diagnostic: why.to_owned() };
    Outcome::Bounced(Bounce { kind: "Permanent", sub_kind, report: Some(report) })
}

/// What is wrong with a file of rules.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleError(String);

impl fmt::Display for RuleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Error for RuleError {}

/// A rule as it stands in a file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    domain: String,
    local: Option<String>,
    delays_seconds: Option<u32>,
    refuses: Option<Refusal>,
    #[serde(default)]
    complains: bool,
    #[serde(default)]
    is_away: bool,
    #[serde(default)]
    is_suppressed: bool,
    rejects: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Refusal {
    status: String,
    diagnostic: String,
}

impl Written {
    fn checked(self) -> Result<(String, Rule), String> {
        let named = format!("{}@{}", self.local.as_deref().unwrap_or("local"), self.domain);
        let address = Email::parse(&named).map_err(|_| format!("no mail can reach {named}"))?;
        let key = if self.local.is_some() { address.normalised() } else { address.domain().to_owned() };
        let refuses = self.refuses.map(Refusal::checked).transpose()?;
        let answers = [
            refuses,
            self.complains.then_some(Answer::Complains),
            self.is_away.then_some(Answer::IsAway),
            self.is_suppressed.then_some(Answer::IsSuppressedByAccount),
            self.rejects.map(Answer::IsRejected),
        ];
        let mut answers = answers.into_iter().flatten();
        let (answer, second) = (answers.next(), answers.next());
        if second.is_some() {
            return Err(format!("{key} does two things at once"));
        }
        if answer.is_none() && self.delays_seconds.is_none() {
            return Err(format!("it does not say what {key} does"));
        }
        let delay = self.delays_seconds.map(checked_delay).transpose()?;
        Ok((key, Rule { delay, answer: answer.unwrap_or(Answer::Takes) }))
    }
}

impl Refusal {
    fn checked(self) -> Result<Answer, String> {
        let Self { status, diagnostic } = self;
        let is_number =
            |part: &str| (1..=3).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
        let parts: Vec<&str> = status.split('.').collect();
        if parts.len() != 3 || parts[0] != "5" || !parts.iter().all(|part| is_number(part)) {
            return Err(format!("the status {status:?} is none of a refusal, such as \"5.1.1\""));
        }
        let is_line = diagnostic.bytes().all(|b| b == b' ' || b.is_ascii_graphic());
        if diagnostic.is_empty() || diagnostic.len() > DIAGNOSTIC_LENGTH_MAX || !is_line {
            return Err(format!("the diagnostic is no line of at most {DIAGNOSTIC_LENGTH_MAX} characters"));
        }
        Ok(refusal(&status, &diagnostic))
    }
}

fn checked_delay(seconds: u32) -> Result<SignedDuration, String> {
    let delay = SignedDuration::from_secs(seconds.into());
    if seconds < DELAY_SECONDS_MIN || delay > RETRIES_MAX {
        let hours = RETRIES_MAX.as_hours();
        return Err(format!("delays_seconds is neither below {DELAY_SECONDS_MIN} nor over {hours} hours"));
    }
    Ok(delay)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde_json::json;

    use super::*;

    /// Seconds and what is told then: a bounce with its types and status.
    fn told(receivers: &Receivers, address: &str) -> Vec<(i64, String)> {
        let outcomes = receivers.outcomes(address).into_iter();
        let told = outcomes.map(|(delay, outcome)| {
            let name = match outcome {
                Outcome::Sent => "sent".to_owned(),
                Outcome::Delivered(_) => "delivered".to_owned(),
                Outcome::Delayed(delay) => format!("delayed {}", delay.status),
                Outcome::Bounced(Bounce { kind, sub_kind, report }) => {
                    format!("{kind} {sub_kind} {}", report.map_or_else(String::new, |report| report.status))
                }
                Outcome::Complained => "complained".to_owned(),
                Outcome::Rejected(reason) => format!("rejected: {reason}"),
                Outcome::NotRendered { .. } => "not rendered".to_owned(),
            };
            (delay.as_secs(), name)
        });
        told.collect()
    }

    fn check(receivers: &Receivers, address: &str, after_sent: &[(i64, &str)]) {
        let wanted = std::iter::once(&(0, "sent")).chain(after_sent);
        let wanted: Vec<_> = wanted.map(|(seconds, name)| (*seconds, (*name).to_owned())).collect();
        assert_eq!(told(receivers, address), wanted, "{address}");
    }

    #[test]
    fn any_other_address_takes_its_mail_after_a_second() {
        let receivers = Receivers::default();
        for address in ["jeanne@exemple.fr", "jeanne+paie@example", "unknown@simulator.amazonses.com"] {
            check(&receivers, address, &[(1, "delivered")]);
        }
    }

    #[test]
    fn the_mailbox_simulator_answers_as_documented_with_or_without_a_label() {
        let receivers = Receivers::default();
        let documented: [(&str, &[(i64, &str)]); 5] = [
            ("success", &[(1, "delivered")]),
            ("bounce", &[(1, "Permanent General 5.1.1")]),
            ("complaint", &[(1, "delivered"), (4, "complained")]),
            ("ooto", &[(1, "delivered"), (4, "Transient General ")]),
            ("suppressionlist", &[(1, "Permanent Suppressed 5.1.1")]),
        ];
        for (local, wanted) in documented {
            check(&receivers, &format!("{local}@simulator.amazonses.com"), wanted);
            check(&receivers, &format!("{local}+label1@simulator.amazonses.com"), wanted);
        }
    }

    #[test]
    fn each_reserved_domain_does_what_its_name_says_and_the_form_accepts_it() {
        let receivers = Receivers::default();
        let wanted: [(&str, &[(i64, &str)]); 8] = [
            ("inconnu.example", &[(1, "Permanent General 5.1.1")]),
            ("boite-pleine.example", &[(1, "Transient MailboxFull 5.2.2")]),
            ("refus.example", &[(1, "Permanent General 5.7.1")]),
            ("lent.example", &[(1, "delayed 4.7.1"), (720, "delivered")]),
            ("plainte.example", &[(1, "delivered"), (4, "complained")]),
            ("absent.example", &[(1, "delivered"), (4, "Transient General ")]),
            ("liste.example", &[(1, "Permanent OnAccountSuppressionList 5.1.1")]),
            ("virus.example", &[(1, "rejected: Bad content")]),
        ];
        for ((domain, wanted), (named, _)) in wanted.into_iter().zip(RESERVED) {
            assert_eq!(domain, named);
            let address = format!("jeanne@{domain}");
            assert!(Email::parse(&address).is_ok(), "{address}");
            check(&receivers, &address, wanted);
        }
    }

    #[test]
    fn a_file_has_rules_of_domains_and_of_addresses() {
        let receivers = Receivers::parse(
            r#"[
                {"domain": "Lent.exemple", "delays_seconds": 60},
                {"domain": "refus.exemple", "refuses": {"status": "5.7.1", "diagnostic": "blocked"}},
                {"domain": "refus.exemple", "local": "Jeanne", "complains": true},
                {"domain": "tard.exemple", "delays_seconds": 60, "is_suppressed": true},
                {"domain": "inconnu.example", "rejects": "Bad content"}
            ]"#,
        )
        .unwrap();
        check(&receivers, "a@lent.exemple", &[(1, "delayed 4.7.1"), (60, "delivered")]);
        check(&receivers, "a@refus.exemple", &[(1, "Permanent General 5.7.1")]);
        check(&receivers, "jeanne+paie@REFUS.exemple", &[(1, "delivered"), (4, "complained")]);
        let suppressed = (60, "Permanent OnAccountSuppressionList 5.1.1");
        check(&receivers, "a@tard.exemple", &[(1, "delayed 4.7.1"), suppressed]);
        // In the place of the rule that is built in; the others stay.
        check(&receivers, "a@inconnu.example", &[(1, "rejected: Bad content")]);
        check(&receivers, "a@refus.example", &[(1, "Permanent General 5.7.1")]);
        let refused = receivers.outcomes("a@refus.exemple").pop().unwrap().1;
        let Outcome::Bounced(Bounce { report: Some(report), .. }) = refused else { unreachable!() };
        assert_eq!(report.diagnostic, "smtp; 550 5.7.1 blocked");
    }

    #[test]
    fn a_wrong_rule_is_named_with_what_is_wrong() {
        let error = |rules: &Value| Receivers::parse(&rules.to_string()).unwrap_err().to_string();
        let second = |rule: Value| error(&json!([{"domain": "a.exemple", "complains": true}, rule]));
        let refuses = |status: &str, diagnostic: &str| {
            let refusal = json!({"status": status, "diagnostic": diagnostic});
            json!({"domain": "b.exemple", "refuses": refusal})
        };
        assert!(error(&json!({})).starts_with("the receivers are no JSON list of rules"));
        let said: [(Value, &str); 11] = [
            (json!({}), "missing field `domain`"),
            (json!({"domain": "b.exemple", "delay": 5}), "unknown field `delay`"),
            (json!({"domain": "b.test", "complains": true}), "no mail can reach local@b.test"),
            (json!({"domain": "b.exemple"}), "does not say what b.exemple does"),
            (json!({"domain": "a.exemple", "is_away": true}), "a.exemple has a rule before it"),
            (json!({"domain": "b.exemple", "is_away": true, "complains": true}), "two things at once"),
            (json!({"domain": "b.exemple", "delays_seconds": 1}), "delays_seconds"),
            (json!({"domain": "b.exemple", "delays_seconds": 50_401}), "over 14 hours"),
            (refuses("4.2.2", "x"), "the status \"4.2.2\""),
            (refuses("5.1", "x"), "the status \"5.1\""),
            (refuses("5.1.1", "one\ntwo"), "the diagnostic"),
        ];
        for (rule, said) in said {
            let error = second(rule);
            assert!(error.starts_with("rule 2 of the receivers: ") && error.contains(said), "{error}");
        }
    }
}

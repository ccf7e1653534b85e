//! The model: what each answer may be, given what was answered before. A request without an answer may have
//! been carried out or not; one that ended before another began has happened before it.

use std::collections::{BTreeMap, BTreeSet};

use domain::account::{FAILED_LOGINS_WINDOW, GUESSES_MAX, SESSION_VALID};
use domain::code::{CODE_TRIES_MAX, CODE_TRIES_WINDOW};
use domain::link::LINK_REMEMBERED;
use domain::time::SignedDuration;
use domain::{Password, Person};
use platform::refusals::STEP;

use crate::world::{Answer, SKEW_MS_MAX};

/// By how much two copies can disagree about a moment.
const SLACK_MS: u64 = 2 * SKEW_MS_MAX.unsigned_abs() + 1_000;

/// Whether a password is guessable whoever has it.
fn is_refused(password: &str) -> bool {
    Password::parse(password).is_ok_and(|password| password.judge(&Person::default()).is_err())
}

/// From asking to the answer, or to giving up, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    pub from: u64,
    pub to: u64,
}

impl Span {
    fn is_before(self, other: Self) -> bool {
        self.to < other.from
    }

    /// Whether it took whole steps of refusals, to the millisecond of a timer.
    fn is_in_steps(self) -> bool {
        let (took, step) = (self.to - self.from, u64::try_from(STEP.as_millis()).unwrap_or(u64::MAX));
        took >= step && took % step <= 1
    }

    /// Whether it can have taken effect before the other was answered.
    fn can_precede(self, other: Self) -> bool {
        self.from < other.to
    }
}

/// Whether something was carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Happened {
    Yes,
    No,
    Maybe,
}

impl Happened {
    fn of(answer: Option<&Answer>) -> Self {
        match answer.map(|answer| answer.status) {
            Some(200..300) => Self::Yes,
            // The table may have committed what it did not confirm.
            None | Some(503) => Self::Maybe,
            Some(_) => Self::No,
        }
    }

    fn is_possible(self) -> bool {
        self != Self::No
    }
}

/// A link, as its row states it.
#[derive(Debug, Clone)]
pub struct KnownLink {
    pub token: String,
    pub identifier: String,
    pub siret: String,
    pub epoch: u64,
    pub is_activation: bool,
    /// In milliseconds since the beginning.
    pub until: u64,
}

impl KnownLink {
    /// What the code beside the link is typed with: the form's field, and its value.
    #[must_use]
    pub fn code_owner(&self) -> (&'static str, &str) {
        if self.is_activation { ("siret", &self.siret) } else { ("identifier", &self.identifier) }
    }
}

/// A code that was typed.
#[derive(Debug, Clone)]
struct CodeTry {
    owner: String,
    code: String,
    span: Span,
    /// Of a mail, and not made up.
    is_right: bool,
    happened: Happened,
}

/// An attempt to set a password.
#[derive(Debug, Clone)]
pub struct Setting {
    pub link: KnownLink,
    pub password: String,
    pub span: Span,
    pub happened: Happened,
}

/// A session that was opened.
#[derive(Debug, Clone)]
pub struct OpenSession {
    pub cookie: String,
    pub identifier: String,
    pub opened: Span,
    pub closed: Option<(Span, Happened)>,
}

#[derive(Debug, Default)]
pub struct Model {
    settings: Vec<Setting>,
    logins: Vec<(String, Span)>,
    sessions: Vec<OpenSession>,
    codes: Vec<CodeTry>,
    /// When the mistyped address of an application was corrected, by SIRET and address, unless it was typed
    /// again since.
    pub corrected: BTreeMap<(String, String), u64>,
    /// The furthest that a mail has come by the events that were taken in, by its id.
    pub events: BTreeMap<String, usize>,
    /// When an address is known to have bounced for good, by the events that were taken in.
    pub bounced: BTreeMap<String, u64>,
    /// The reference of each submission.
    pub tickets: BTreeMap<String, String>,
    /// Mails of applications that were accepted.
    pub applications: Vec<String>,
    /// Recoveries that were accepted, one for each proof.
    pub recoveries: usize,
    /// Recoveries and applications that were asked for, one for each proof, whatever became of them.
    pub recoveries_asked: usize,
    pub applications_asked: usize,
}

type Verdict = Result<(), String>;

fn millis(duration: SignedDuration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(0)
}

fn holds(is_right: bool, what: impl FnOnce() -> String) -> Verdict {
    if is_right { Ok(()) } else { Err(what()) }
}

impl Model {
    fn activations(&self, siret: &str) -> impl Iterator<Item = &Setting> {
        let of_siret = move |setting: &&Setting| setting.link.is_activation && setting.link.siret == siret;
        self.settings.iter().filter(of_siret)
    }

    fn may_have_account(&self, siret: &str, span: Span) -> bool {
        self.activations(siret)
            .any(|setting| setting.happened.is_possible() && setting.span.can_precede(span))
    }

    fn has_account(&self, siret: &str, span: Span) -> bool {
        self.activations(siret)
            .any(|setting| setting.happened == Happened::Yes && setting.span.is_before(span))
    }

    /// Whether somebody has activated it, or may have.
    #[must_use]
    pub fn can_have_account(&self, siret: &str) -> bool {
        self.activations(siret).any(|setting| setting.happened.is_possible())
    }

    /// The identifier that has served for that establishment.
    #[must_use]
    pub fn identifier_of(&self, siret: &str) -> Option<String> {
        let active = self.activations(siret).find(|setting| setting.happened == Happened::Yes);
        active.map(|setting| setting.link.identifier.clone())
    }

    /// What `check-siret` and `create-account` tell of an establishment.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn told(&self, siret: &str, has_account: bool, span: Span) -> Verdict {
        if has_account {
            holds(self.may_have_account(siret, span), || {
                format!("{siret} has an account that nobody has activated")
            })
        } else {
            holds(!self.has_account(siret, span), || format!("{siret} is said to have no account"))
        }
    }

    /// An attempt begins: until it is answered it may have been carried out. Gives its rank.
    pub fn begin_set(&mut self, link: &KnownLink, password: &str, from: u64) -> usize {
        let span = Span { from, to: u64::MAX };
        let (link, password) = (link.clone(), password.to_owned());
        self.settings.push(Setting { link, password, span, happened: Happened::Maybe });
        self.settings.len() - 1
    }

    /// The answer to setting a password by a link.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn set(&mut self, rank: usize, span: Span, answer: Option<&Answer>) -> Verdict {
        let Some(mut setting) = self.settings.get(rank).cloned() else { return Ok(()) };
        // Not against itself.
        setting.happened = Happened::No;
        self.settings[rank] = setting.clone();
        let verdict = answer.map_or(Ok(()), |answer| self.judge_set(&setting, span, answer));
        self.settings[rank] = Setting { span, happened: Happened::of(answer), ..setting };
        verdict
    }

    fn judge_set(&self, setting: &Setting, span: Span, answer: &Answer) -> Verdict {
        let link = &setting.link;
        let same = |setting: &&Setting| setting.link.identifier == link.identifier;
        let mut of_account = self.settings.iter().filter(same);
        let before = |setting: &Setting| setting.span.can_precede(span);
        match (answer.status, answer.problem()) {
            (200, _) => {
                let is_second =
                    of_account.any(|other| other.happened == Happened::Yes && other.link.epoch == link.epoch);
                holds(!is_second, || format!("two links of one epoch of {} succeed", link.identifier))?;
                let is_taken = link.is_activation
                    && self.activations(&link.siret).any(|other| other.happened == Happened::Yes);
                holds(!is_taken, || format!("{} is activated twice", link.siret))?;
                holds(span.from <= link.until + SLACK_MS, || "an expired link succeeds".to_owned())
            }
            (410, "link-used") => holds(
                of_account.any(|other| {
                    let is_later = other.happened.is_possible() && other.link.epoch >= link.epoch;
                    (is_later || other.link.token == link.token) && before(other)
                }),
                || format!("a link of {} is used that nobody has used", link.identifier),
            ),
            (410, "link-expired") => {
                holds(span.to + SLACK_MS >= link.until, || "a live link is said to have expired".to_owned())
            }
            (409, _) => holds(
                self.activations(&link.siret).any(|other| {
                    other.link.identifier != link.identifier && other.happened.is_possible() && before(other)
                }),
                || format!("{} is taken by nobody", link.siret),
            ),
            // A code is known as long as its link is valid.
            (404, "code-unknown") => {
                holds(span.to + SLACK_MS >= link.until, || "a code that was sent is unknown".to_owned())
            }
            // Judged where tries are counted.
            (410, "code-exhausted") => Ok(()),
            (404, _) => holds(span.to + SLACK_MS >= link.until + millis(LINK_REMEMBERED), || {
                "a link that was sent is unknown".to_owned()
            }),
            // One in a hundred thousand draws is a pattern; the person makes another up.
            (422, _) => holds(is_refused(&setting.password), || "a good password is refused".to_owned()),
            (503, _) => Ok(()),
            (status, problem) => Err(format!("setting a password answers {status} {problem}")),
        }
    }

    /// The answer to a code, right or made up, that was typed with its owner.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn code_tried(
        &mut self,
        owner: &str,
        (code, is_right): (&str, bool),
        span: Span,
        answer: Option<&Answer>,
    ) -> Verdict {
        let judge = |answer| self.judge_code(owner, (code, is_right), span, answer);
        let verdict = answer.map_or(Ok(()), judge);
        let happened = match answer.map(|answer| (answer.status, answer.problem())) {
            Some((410, "code-exhausted")) => Happened::No,
            None | Some((503, _)) => Happened::Maybe,
            Some(_) => Happened::Yes,
        };
        let (owner, code) = (owner.to_owned(), code.to_owned());
        self.codes.push(CodeTry { owner, code, span, is_right, happened });
        verdict
    }

    fn judge_code(
        &self,
        owner: &str,
        (code, is_right): (&str, bool),
        span: Span,
        answer: &Answer,
    ) -> Verdict {
        let window = millis(CODE_TRIES_WINDOW);
        let of_owner = || self.codes.iter().filter(|tried| tried.owner == owner);
        let counted = of_owner().filter(|tried| {
            let is_recent = tried.span.from + window > span.to + SLACK_MS;
            !tried.is_right && tried.happened == Happened::Yes && tried.span.is_before(span) && is_recent
        });
        // The same one counts once, however often it is sent.
        let counted: BTreeSet<&str> = counted.map(|tried| &*tried.code).collect();
        let is_exhausted = counted.len() as u64 >= CODE_TRIES_MAX && !counted.contains(code);
        let tried: BTreeSet<&str> =
            of_owner().map(|tried| &*tried.code).filter(|tried| *tried != code).collect();
        match (answer.status, answer.problem()) {
            (503, _) => Ok(()),
            (410, "code-exhausted") => holds(tried.len() as u64 >= CODE_TRIES_MAX, || {
                format!("the codes of {owner} are closed after few tries")
            }),
            _ if is_exhausted => Err(format!("a code of {owner} is judged after five wrong ones")),
            (404, "code-unknown") => Ok(()),
            (status, problem) => holds(is_right, || format!("a made up code answers {status} {problem}")),
        }
    }

    /// The answer to a login.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn login(
        &mut self,
        identifier: &str,
        password: &str,
        span: Span,
        answer: Option<&Answer>,
    ) -> Verdict {
        let verdict = answer.map_or(Ok(()), |answer| self.judge_login(identifier, password, span, answer));
        self.logins.push((identifier.to_owned(), span));
        verdict
    }

    fn judge_login(&self, identifier: &str, password: &str, span: Span, answer: &Answer) -> Verdict {
        let of_account = || self.settings.iter().filter(|setting| setting.link.identifier == identifier);
        let is_replaced = |by: &Setting, old: &Setting| {
            by.happened == Happened::Yes && old.span.is_before(by.span) && by.span.is_before(span)
        };
        let can_be_right = of_account().filter(|setting| setting.password == password).any(|setting| {
            setting.happened.is_possible()
                && setting.span.can_precede(span)
                && !of_account().any(|other| other.password != password && is_replaced(other, setting))
        });
        let attempts = |window: u64| {
            let recent =
                |(of, at): &&(String, Span)| of == identifier && at.to + window + SLACK_MS >= span.from;
            self.logins.iter().filter(recent).count()
        };
        match (answer.status, answer.problem()) {
            (200, _) => holds(can_be_right, || format!("{identifier} opens with a wrong password")),
            (401, _) if self.must_open(identifier, password, span) => {
                Err(format!("{identifier} does not open with its password"))
            }
            (401, _) => {
                holds(span.is_in_steps(), || format!("the latency of a refused login tells: {span:?}"))
            }
            (403, "proof-required") => holds(attempts(millis(FAILED_LOGINS_WINDOW)) > 0, || {
                format!("{identifier} asks for a proof at the first attempt")
            }),
            // An attempt whose answer was lost on the way is counted twice when the SDK tries again.
            (429, _) => holds(attempts(24 * 3_600_000) as u64 * 2 >= GUESSES_MAX, || {
                format!("{identifier} is closed after few attempts")
            }),
            (403, "proof-rejected") | (409, "proof-already-used") | (503, _) => Ok(()),
            (status, problem) => Err(format!("a login answers {status} {problem}")),
        }
    }

    /// Whether that password is the account's, whatever became of requests without an answer.
    fn must_open(&self, identifier: &str, password: &str, span: Span) -> bool {
        let of_account = || self.settings.iter().filter(|setting| setting.link.identifier == identifier);
        let is_set = |setting: &&Setting| {
            setting.password == password && setting.happened == Happened::Yes && setting.span.is_before(span)
        };
        of_account().find(is_set).is_some_and(|setting| {
            of_account().all(|other| {
                other.password == password
                    || !other.happened.is_possible()
                    || other.span.is_before(setting.span)
            })
        })
    }

    pub fn opened(&mut self, cookie: &str, identifier: &str, opened: Span) {
        let (cookie, identifier) = (cookie.to_owned(), identifier.to_owned());
        self.sessions.push(OpenSession { cookie, identifier, opened, closed: None });
    }

    pub fn closed(&mut self, cookie: &str, span: Span, answer: Option<&Answer>) {
        let known = self.sessions.iter_mut().find(|session| session.cookie == cookie);
        if let Some(session) = known {
            session.closed = Some((span, Happened::of(answer)));
        }
    }

    /// The answer to who is logged in.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn shown(&self, cookie: &str, span: Span, answer: &Answer) -> Verdict {
        let Some(session) = self.sessions.iter().find(|session| session.cookie == cookie) else {
            return Err("a session that nobody has opened".to_owned());
        };
        let valid = millis(SESSION_VALID);
        let settings =
            || self.settings.iter().filter(|setting| setting.link.identifier == session.identifier);
        match answer.status {
            200 => {
                let is_ended = session
                    .closed
                    .is_some_and(|(at, happened)| happened == Happened::Yes && at.is_before(span));
                holds(!is_ended, || "a session that was closed is open".to_owned())?;
                holds(span.from <= session.opened.to + valid + SLACK_MS, || {
                    "a session outlives its hours".to_owned()
                })?;
                let is_replaced = settings().any(|setting| {
                    setting.happened == Happened::Yes
                        && session.opened.is_before(setting.span)
                        && setting.span.is_before(span)
                });
                holds(!is_replaced, || "a session outlives its password".to_owned())
            }
            401 => {
                let may_be_closed = session
                    .closed
                    .is_some_and(|(at, happened)| happened.is_possible() && at.can_precede(span));
                let is_old = span.to + SLACK_MS >= session.opened.from + valid;
                let may_be_replaced = settings().any(|setting| {
                    setting.happened.is_possible()
                        && setting.span.can_precede(span)
                        && session.opened.can_precede(setting.span)
                });
                holds(may_be_closed || is_old || may_be_replaced, || "a session ends by itself".to_owned())
            }
            503 => Ok(()),
            status => Err(format!("the session answers {status}")),
        }
    }

    /// The answer to a request for assistance: the same reference for the same submission.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn ticket(&mut self, submission: &str, reference: &str) -> Verdict {
        let known = self.tickets.entry(submission.to_owned()).or_insert_with(|| reference.to_owned());
        holds(known == reference, || format!("a submission has two tickets: {known} and {reference}"))
    }
}

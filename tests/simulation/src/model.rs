//! The model: what each answer may be, given what was answered before. A request without an answer may have
//! been carried out or not; one that ended before another began has happened before it.

mod deeds;
mod heirs;
mod invitations;
mod mandates;
mod members;
mod own;
mod seen;
mod told;
mod turns;

use std::collections::{BTreeMap, BTreeSet};

use domain::account::{FAILED_LOGINS_WINDOW, GUESSES_MAX, GUESSES_WINDOW, SESSION_VALID};
use domain::code::{CODE_TRIES_MAX, CODE_TRIES_WINDOW};
use domain::link::LINK_REMEMBERED;
use domain::time::SignedDuration;
use domain::{Password, Person};
use platform::refusals::STEP;

use self::deeds::Deed;
pub use self::deeds::What;
use self::invitations::Invitation;
pub use self::invitations::KnownInvitation;
pub use self::mandates::KnownMandate;
use self::own::AddressChange;
pub use self::own::KnownChange;
pub use self::seen::session_id;
pub use self::told::Times;
pub use self::turns::{Expected, Standing};
use self::turns::{Turn, can_stand, must_stand};
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
    /// Of the account, or of the application that it activates.
    pub email: String,
    pub epoch: u64,
    pub is_activation: bool,
    /// In milliseconds since the beginning.
    pub until: u64,
    /// When its row was read, in the same.
    pub seen: u64,
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

/// A person's account, by its rank among those of the run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Who(usize);

/// What is known of an account.
#[derive(Debug, Clone, Default)]
struct Account {
    /// Unknown as long as no answer and no mail has told it.
    identifier: Option<String>,
    /// The one that it was opened with.
    address: Option<String>,
    /// A name that nobody else has, if the account has one.
    last_name: Option<String>,
}

/// What a write does to the credentials of an account, besides ending its sessions and links.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Sets {
    Password(String),
    /// No password opens it.
    Void,
    /// The password stays.
    Nothing,
}

impl Sets {
    fn password(&self) -> Option<&str> {
        if let Self::Password(password) = self { Some(password) } else { None }
    }
}

/// A write of the credentials of an account.
#[derive(Debug, Clone)]
struct Setting {
    who: Who,
    /// By which link, if it was by one.
    link: Option<KnownLink>,
    sets: Sets,
    span: Span,
    happened: Happened,
}

/// A session that was opened.
#[derive(Debug, Clone)]
struct OpenSession {
    cookie: String,
    who: Who,
    opened: Span,
    /// The rank of the write of credentials that opened it, if it was one.
    by: Option<usize>,
}

#[derive(Debug, Default)]
pub struct Model {
    accounts: Vec<Account>,
    settings: Vec<Setting>,
    deeds: Vec<Deed>,
    invitations: Vec<Invitation>,
    mandates: Vec<KnownMandate>,
    changes: Vec<AddressChange>,
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
    /// The account of an identifier.
    pub fn who(&mut self, identifier: &str) -> Who {
        if let Some(known) = self.find_who(identifier) {
            return known;
        }
        let identifier = Some(identifier.to_owned());
        self.accounts.push(Account { identifier, ..Account::default() });
        Who(self.accounts.len() - 1)
    }

    /// The last one that had it: an identifier is free again once its account is closed and deleted.
    fn find_who(&self, identifier: &str) -> Option<Who> {
        let is_it = |account: &Account| account.identifier.as_deref() == Some(identifier);
        self.accounts.iter().rposition(is_it).map(Who)
    }

    /// Whose identifier it is, once it is known.
    pub fn name_account(&mut self, who: Who, identifier: &str) {
        if let Some(account) = self.accounts.get_mut(who.0) {
            account.identifier = Some(identifier.to_owned());
        }
    }

    fn identifier(&self, who: Who) -> Option<&str> {
        self.accounts.get(who.0)?.identifier.as_deref()
    }

    /// Every account but one.
    fn others(&self, besides: Who) -> impl Iterator<Item = Who> {
        (0..self.accounts.len()).map(Who).filter(move |who| *who != besides)
    }

    fn settings_of(&self, who: Who) -> impl Iterator<Item = &Setting> {
        self.settings.iter().filter(move |setting| setting.who == who)
    }

    fn activations(&self, siret: &str) -> impl Iterator<Item = &Setting> {
        let is_of_siret = move |link: &KnownLink| link.is_activation && link.siret == siret;
        self.settings.iter().filter(move |setting| setting.link.as_ref().is_some_and(is_of_siret))
    }

    fn may_have_account(&self, siret: &str, span: Span) -> bool {
        self.activations(siret).any(|setting| {
            let is_closed = self.closings(siret).any(|closing| {
                closing.happened == Happened::Yes
                    && setting.span.is_before(closing.span)
                    && closing.span.is_before(span)
            });
            setting.happened.is_possible() && setting.span.can_precede(span) && !is_closed
        })
    }

    /// Whether an activation stands, whatever became of requests without an answer.
    #[must_use]
    pub fn has_account(&self, siret: &str, span: Span) -> bool {
        self.activations(siret).any(|setting| {
            setting.happened == Happened::Yes
                && setting.span.is_before(span)
                && !self.may_be_closed_between(siret, setting.span, span)
        })
    }

    /// Whether somebody has activated it, or may have.
    #[must_use]
    pub fn can_have_account(&self, siret: &str) -> bool {
        self.activations(siret).any(|setting| setting.happened.is_possible())
    }

    /// The identifier that has served for that establishment, the last one.
    #[must_use]
    pub fn identifier_of(&self, siret: &str) -> Option<String> {
        let active = self.activations(siret).filter(|setting| setting.happened == Happened::Yes).last();
        active.and_then(|setting| Some(setting.link.as_ref()?.identifier.clone()))
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
        let mut who = self.who(&link.identifier);
        let (ever, now) = (Span { from: 0, to: 0 }, Span { from, to: u64::MAX });
        if link.is_activation && self.may_be_closed_account(who, ever, now) {
            // The identifier was free again: another account.
            who = Who(self.accounts.len());
            let identifier = Some(link.identifier.clone());
            self.accounts.push(Account { identifier, ..Account::default() });
        }
        if link.is_activation
            && let Some(account) = self.accounts.get_mut(who.0)
        {
            account.address = Some(link.email.clone());
        }
        self.begin_setting(who, Some(link.clone()), Sets::Password(password.to_owned()), from)
    }

    fn begin_setting(&mut self, who: Who, link: Option<KnownLink>, sets: Sets, from: u64) -> usize {
        let span = Span { from, to: u64::MAX };
        self.settings.push(Setting { who, link, sets, span, happened: Happened::Maybe });
        self.settings.len() - 1
    }

    /// The answer to setting a password by a link. An activation also opens a session.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn set(&mut self, rank: usize, span: Span, answer: Option<&Answer>) -> Verdict {
        let Some(mut setting) = self.settings.get(rank).cloned() else { return Ok(()) };
        let Some(link) = setting.link.clone() else { return Ok(()) };
        // Not against itself.
        setting.happened = Happened::No;
        self.settings[rank] = setting.clone();
        let password = setting.sets.password().unwrap_or_default();
        let judged = |answer| self.judge_set((setting.who, password), &link, span, answer);
        let verdict = answer.map_or(Ok(()), judged);
        if let Some(cookie) = answer.and_then(Answer::cookie) {
            self.sessions.push(OpenSession { cookie, who: setting.who, opened: span, by: Some(rank) });
        }
        self.settings[rank] = Setting { span, happened: Happened::of(answer), ..setting };
        verdict
    }

    fn judge_set(
        &self,
        (who, password): (Who, &str),
        link: &KnownLink,
        span: Span,
        answer: &Answer,
    ) -> Verdict {
        let before = |setting: &Setting| setting.span.can_precede(span);
        match (answer.status, answer.problem()) {
            (200, _) => self.judge_success(who, link, span),
            (410, "link-used") => holds(
                self.settings_of(who).any(|other| {
                    let used = other.link.as_ref();
                    let is_later =
                        other.happened.is_possible() && used.is_none_or(|used| used.epoch >= link.epoch);
                    (is_later || used.is_some_and(|used| used.token == link.token)) && before(other)
                }),
                || format!("a link of {} is used that nobody has used", link.identifier),
            ),
            (410, "link-expired") => {
                holds(span.to + SLACK_MS >= link.until, || "a live link is said to have expired".to_owned())
            }
            (409, _) => holds(
                self.activations(&link.siret)
                    .any(|other| other.who != who && other.happened.is_possible() && before(other)),
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
            (422, _) => holds(is_refused(password), || "a good password is refused".to_owned()),
            (503, _) => Ok(()),
            (status, problem) => Err(format!("setting a password answers {status} {problem}")),
        }
    }

    /// A link sets one password, within its hour, unless another came first; an activation opens a space that
    /// is not open.
    fn judge_success(&self, who: Who, link: &KnownLink, span: Span) -> Verdict {
        let has_happened = |other: &&Setting| other.happened == Happened::Yes;
        let is_second = self.settings_of(who).filter(has_happened).any(|other| {
            other.link.as_ref().is_some_and(|used| used.epoch == link.epoch)
                && !self.may_be_closed_account(who, other.span, span)
        });
        holds(!is_second, || format!("two links of one epoch of {} succeed", link.identifier))?;
        let is_taken = link.is_activation
            && self
                .activations(&link.siret)
                .filter(has_happened)
                .any(|other| !self.may_be_closed_between(&link.siret, other.span, span));
        holds(!is_taken, || format!("{} is activated twice", link.siret))?;
        let is_outdated = self
            .settings_of(who)
            .filter(has_happened)
            .any(|other| other.link.is_none() && link.seen < other.span.from && other.span.is_before(span));
        holds(!is_outdated, || format!("a link of {} outlives what ended it", link.identifier))?;
        holds(span.from <= link.until + SLACK_MS, || "an expired link succeeds".to_owned())
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
        let who = self.find_who(identifier);
        match (answer.status, answer.problem()) {
            (200, _) => holds(who.is_some_and(|who| self.can_be_right(who, password, span)), || {
                format!("{identifier} opens with a wrong password")
            }),
            (401, _) if who.is_some_and(|who| self.must_be_right(who, password, span)) => {
                Err(format!("{identifier} does not open with its password"))
            }
            (401, _) => {
                holds(span.is_in_steps(), || format!("the latency of a refused login tells: {span:?}"))
            }
            (403, "proof-required") => {
                holds(self.attempts(identifier, FAILED_LOGINS_WINDOW, span) > 0, || {
                    format!("{identifier} asks for a proof at the first attempt")
                })
            }
            // An attempt whose answer was lost on the way is counted twice when the SDK tries again.
            (429, _) => holds(self.attempts(identifier, GUESSES_WINDOW, span) * 2 >= GUESSES_MAX, || {
                format!("{identifier} is closed after few attempts")
            }),
            (403, "proof-rejected") | (409, "proof-already-used") | (503, _) => Ok(()),
            (status, problem) => Err(format!("a login answers {status} {problem}")),
        }
    }

    /// Passwords that were tried on an identifier within a window.
    fn attempts(&self, identifier: &str, window: SignedDuration, span: Span) -> u64 {
        let window = millis(window);
        let is_recent =
            |(of, at): &&(String, Span)| of == identifier && at.to + window + SLACK_MS >= span.from;
        self.logins.iter().filter(is_recent).count() as u64
    }

    fn password_turns(&self, who: Who, password: &str) -> Vec<Turn> {
        let turn = |setting: &Setting| {
            let is_towards = match &setting.sets {
                Sets::Password(set) => set == password,
                Sets::Void => false,
                Sets::Nothing => return None,
            };
            Some(Turn { is_towards, span: setting.span, happened: setting.happened })
        };
        self.settings_of(who).filter_map(turn).collect()
    }

    fn can_be_right(&self, who: Who, password: &str, span: Span) -> bool {
        can_stand(&self.password_turns(who, password), span)
    }

    /// Whether that password is the account's, whatever became of requests without an answer.
    fn must_be_right(&self, who: Who, password: &str, span: Span) -> bool {
        must_stand(&self.password_turns(who, password), span)
    }

    pub fn opened(&mut self, cookie: &str, identifier: &str, opened: Span) {
        let (cookie, who) = (cookie.to_owned(), self.who(identifier));
        self.sessions.push(OpenSession { cookie, who, opened, by: None });
    }

    fn session(&self, cookie: &str) -> Option<&OpenSession> {
        self.sessions.iter().find(|session| session.cookie == cookie)
    }

    /// The answer to who is logged in.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn shown(&self, cookie: &str, span: Span, answer: &Answer) -> Verdict {
        match answer.status {
            200 | 401 | 503 => self.session_used(cookie, span, Some(answer)),
            status => Err(format!("the session answers {status}")),
        }
    }

    /// The answer to anything that was asked with a session, as far as the session goes.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn session_used(&self, cookie: &str, span: Span, answer: Option<&Answer>) -> Verdict {
        let Some(answer) = answer else { return Ok(()) };
        let Some(session) = self.session(cookie) else {
            return Err("a session that nobody has opened".to_owned());
        };
        match (answer.status, answer.problem()) {
            (503, _) => Ok(()),
            (401, "no-session") => {
                holds(self.may_have_ended(session, span), || "a session ends by itself".to_owned())
            }
            _ => self.judge_open(session, span),
        }
    }

    fn judge_open(&self, session: &OpenSession, span: Span) -> Verdict {
        let is_ended = self
            .endings(&session.cookie)
            .any(|ending| ending.happened == Happened::Yes && ending.span.is_before(span));
        holds(!is_ended, || "a session that was closed is open".to_owned())?;
        holds(span.from <= session.opened.to + millis(SESSION_VALID) + SLACK_MS, || {
            "a session outlives its hours".to_owned()
        })?;
        let is_replaced = self.settings_of(session.who).any(|setting| {
            setting.happened == Happened::Yes
                && session.opened.is_before(setting.span)
                && setting.span.is_before(span)
        });
        holds(!is_replaced, || "a session outlives its password, its address or its account".to_owned())
    }

    fn may_have_ended(&self, session: &OpenSession, span: Span) -> bool {
        let may_be_closed = self
            .endings(&session.cookie)
            .any(|ending| ending.happened.is_possible() && ending.span.can_precede(span));
        let is_old = span.to + SLACK_MS >= session.opened.from + millis(SESSION_VALID);
        let may_be_replaced = self.settings.iter().enumerate().any(|(rank, setting)| {
            setting.who == session.who
                && session.by != Some(rank)
                && setting.happened.is_possible()
                && setting.span.can_precede(span)
                && session.opened.can_precede(setting.span)
        });
        may_be_closed || is_old || may_be_replaced
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

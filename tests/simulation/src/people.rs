//! Employers: they open an account, forget what they were given, ask for help, and click twice.

use std::rc::Rc;
use std::time::Duration;

use domain::Token;
use domain::proof::Action;
use fastrand::Rng;
use platform::table::Key;
use serde_json::{Value, json};
use sesame::mailbox::Mail;
use testkit::form::siret;
use tokio::time::Instant;

use crate::colleagues;
use crate::model::{KnownLink, Span, What};
use crate::visits::Resident;
use crate::world::{Answer, World};

/// Rounds in which an employer gets in, or has been told who has the account.
const ROUNDS_MAX: usize = 40;
/// How often the page sends the same request again while nobody answers.
const TRIES_MAX: u32 = 6;
/// How long somebody waits for a mail before asking again.
pub const MAIL_TIME_MAX: Duration = Duration::from_secs(20 * 60);
/// What an employer does once the account is open.
const LATER_EVENTS_MAX: u32 = 5;

/// Of every employer, and of no stranger.
pub const FIRST_NAME: &str = "Zoé";
pub const LAST_NAME: &str = "Quidam";
/// A domain whose mailboxes do not exist: what some employers type at first.
pub const MISTYPED_DOMAIN: &str = "inconnu.example";
/// How long an employer looks at the page that tells where the mail is.
const LOOKED_AT_MAX: u32 = 20;
/// One establishment of so many has colleagues, mandates and all that goes with «Mon espace».
const LIVELY_ONE_IN: u8 = 2;
/// Tells the generator of whether an establishment is lively from those of its people.
const LIVELY_SALT: u64 = 400;

/// One employer.
#[derive(Debug, Clone)]
pub struct Employer {
    pub rank: usize,
    pub siret: String,
    pub email: String,
    /// Sends everything twice at once.
    pub is_double: bool,
    /// Goes on in «Mon espace» once the account is open.
    pub is_lively: bool,
    pub seed: u64,
}

impl Employer {
    /// The address that the employer types by mistake.
    #[must_use]
    pub fn mistyped(&self) -> String {
        mistyped(&self.email)
    }
}

/// The same mailbox at a domain that has none.
#[must_use]
pub fn mistyped(email: &str) -> String {
    let (name, _) = email.split_once('@').unwrap_or_default();
    format!("{name}@{MISTYPED_DOMAIN}")
}

/// Who and what somebody logs in with.
#[derive(Debug, Clone)]
pub struct Credentials {
    pub identifier: String,
    pub password: String,
}

/// The employers of a run. Now and then two colleagues apply for the same establishment.
#[must_use]
pub fn population(world: &World, establishments: usize) -> Vec<Employer> {
    let mut employers = Vec::new();
    for establishment in 0..establishments {
        // A generator of each one's own: taking others away changes nothing for them.
        let mut rng = Rng::with_seed(world.plan.seed.wrapping_mul(1_000).wrapping_add(establishment as u64));
        let people = if rng.u8(0..4) == 0 { 2 } else { 1 };
        let seed = world.plan.seed.wrapping_mul(1_000).wrapping_add(LIVELY_SALT + establishment as u64);
        let is_lively = world.plan.has_spaces && Rng::with_seed(seed).u8(0..LIVELY_ONE_IN) == 0;
        for person in 0..people {
            employers.push(Employer {
                rank: employers.len(),
                siret: siret(establishment as u64),
                email: format!("personne{establishment}.{person}@exemple.fr"),
                is_double: rng.u8(0..3) == 0,
                is_lively,
                seed: rng.u64(..),
            });
        }
    }
    employers
}

/// A link that was sent, and the code beside it.
#[derive(Debug, Clone)]
struct Sent {
    token: String,
    code: String,
}

/// Where an employer's efforts have led.
#[derive(Debug, Clone)]
pub enum End {
    In(Credentials),
    /// Another has the account, and the page says what to do.
    Told,
}

/// The life of an employer in one run.
pub async fn live(world: Rc<World>, me: Employer) {
    let mut person = Person::new(world, me);
    person.think(1, 1_200).await;
    match Box::pin(person.get_in()).await {
        None => person.is_kept_out(),
        Some(End::In(credentials)) => {
            person.world.note(&format!("{} is in", person.me.email));
            let credentials = Box::pin(person.later(credentials)).await;
            if person.me.is_lively {
                Box::pin(colleagues::live(person, credentials)).await;
            } else if person.world.plan.has_spaces {
                person.is_told_of(credentials);
            }
        }
        Some(End::Told) => {
            let world = &person.world;
            world.note(&format!("{} is told", person.me.email));
            if !world.model.borrow().can_have_account(&person.me.siret) {
                world.violation(format!("{} is told of an account that nobody has", person.me.email));
            }
            person.ask_for_help().await;
        }
    }
}

/// Somebody with a mailbox and a generator of their own.
pub struct Person {
    pub world: Rc<World>,
    pub me: Employer,
    /// Sessions that were opened on some device.
    pub cookies: Vec<String>,
    pub rng: Rng,
}

impl Person {
    #[must_use]
    pub fn new(world: Rc<World>, me: Employer) -> Self {
        Self { world, rng: Rng::with_seed(me.seed), me, cookies: Vec::new() }
    }

    /// The same person on another device.
    #[must_use]
    pub fn another(&mut self) -> Self {
        let rng = self.rng.fork();
        Self { world: self.world.clone(), me: self.me.clone(), cookies: Vec::new(), rng }
    }

    /// Others may deal with the establishment from now on.
    fn is_told_of(&self, credentials: Credentials) {
        let resident = Resident { me: self.me.clone(), last_name: LAST_NAME.to_owned(), credentials };
        self.world.residents.borrow_mut().insert(self.me.siret.clone(), resident);
    }

    /// Whoever keeps trying gets in.
    pub fn is_kept_out(&self) {
        self.world.violation(format!("{} keeps trying and does not get in", self.me.email));
    }

    pub async fn think(&mut self, seconds_min: u64, seconds_max: u64) {
        let millis = self.rng.u64(seconds_min * 1_000..seconds_max * 1_000);
        tokio::time::sleep(Duration::from_millis(millis)).await;
    }

    fn who(&self) -> String {
        format!("p{}", self.me.rank)
    }

    /// Sends a form as the page does: the same request again while nobody answers; twice at once by an
    /// impatient one.
    async fn send(
        &mut self,
        path: &str,
        form: &Value,
        begin: impl Fn(&World) -> usize,
        judge: impl Fn(&World, usize, Span, Option<&Answer>),
    ) -> Option<Answer> {
        let mut pause = Duration::from_secs(1);
        for _ in 0..TRIES_MAX {
            let world = self.world.clone();
            let ask = || async {
                let (from, rank) = (world.at_ms(), begin(&world));
                let answer = world.ask("POST", path, None, form).await;
                judge(&world, rank, Span { from, to: world.at_ms() }, answer.as_ref());
                answer
            };
            let answer = if self.me.is_double {
                let (first, second) = tokio::join!(ask(), ask());
                first.filter(|answer| answer.status != 503).or(second)
            } else {
                ask().await
            };
            match answer {
                Some(answer) if answer.status != 503 => return Some(answer),
                _ => tokio::time::sleep(pause).await,
            }
            pause *= 2;
        }
        None
    }

    async fn send_proven(&mut self, path: &str, action: Action, mut form: Value) -> Option<Answer> {
        form["proof"] = self.world.proof(action)?.into();
        let (siret, first) = (self.me.siret.clone(), self.world.at_ms());
        let judge = |world: &World, _, span, answer: Option<&Answer>| {
            // The same request asked again is answered what it was answered at first.
            let span = if action == Action::CheckSiret { span } else { Span { from: first, ..span } };
            let verdict = answer.map_or(Ok(()), |answer| judge_form(world, action, &siret, span, answer));
            if let Err(what) = verdict {
                world.violation(what);
            }
        };
        self.send(path, &form, |_| 0, judge).await
    }

    /// Tries until the account is open.
    pub async fn get_in(&mut self) -> Option<End> {
        let mut times_told = 0;
        for _ in 0..ROUNDS_MAX {
            let has_account = self.has_account().await;
            let links = if has_account == Some(true) {
                times_told += 1;
                self.recover_by_address().await
            } else {
                self.apply().await
            };
            match self.use_links(links).await {
                Some(credentials) => return Some(End::In(credentials)),
                None if times_told > 6 => return Some(End::Told),
                None => self.think(5, 900).await,
            }
        }
        None
    }

    async fn has_account(&mut self) -> Option<bool> {
        let form = json!({"siret": self.me.siret, "accept_terms": true});
        let answer = self.send_proven("/api/check-siret", Action::CheckSiret, form).await?;
        Some(answer.body["account"] == "exists")
    }

    /// Applies and waits for the mail. Gives its links. Now and then with a mistyped address, which is
    /// corrected once the page says that its mail came back, or that none is sent to it any more.
    async fn apply(&mut self) -> Vec<Sent> {
        let known = self.mails().len();
        if self.rng.u8(0..5) > 0 {
            self.apply_with(&self.me.email.clone()).await;
            return self.wait_for_mail(known).await;
        }
        let mistyped = self.me.mistyped();
        let mut mail = self.apply_with(&mistyped).await;
        if self.rng.u8(0..3) == 0 {
            self.think(60, 900).await;
            mail = self.apply_with(&mistyped).await.or(mail);
        }
        if let Some(mail) = mail {
            self.correct(&mail, &mistyped).await;
        }
        self.wait_for_mail(known).await
    }

    /// Gives the mail of the application, if it is accepted.
    async fn apply_with(&mut self, email: &str) -> Option<String> {
        let form = json!({
            "siret": self.me.siret, "establishment_name": "Boulangerie du Marché", "first_name": FIRST_NAME,
            "last_name": LAST_NAME, "email": email, "phone": "01 23 45 67 89", "accept_terms": true,
        });
        self.world.model.borrow_mut().corrected.remove(&(self.me.siret.clone(), email.to_owned()));
        let answer = self.send_proven("/api/create-account", Action::CreateAccount, form).await?;
        let mail = answer.body["mail"].as_str().filter(|_| answer.status == 202)?.to_owned();
        self.world.model.borrow_mut().applications.push(mail.clone());
        Some(mail)
    }

    /// Looks where the mail is until it has come back, or for a while, then corrects the address.
    async fn correct(&mut self, mail: &str, mistyped: &str) {
        let path = format!("/api/mail/{mail}");
        for _ in 0..LOOKED_AT_MAX {
            self.think(2, 60).await;
            let shown = self.world.ask("GET", &path, None, &Value::Null).await;
            let state = shown.filter(|shown| shown.status == 200).map(|shown| shown.body["state"].clone());
            if state.is_some_and(|state| state == "bounced" || state == "suppressed") {
                break;
            }
        }
        let form = json!({"email": self.me.email});
        let answer = self.send_proven(&format!("{path}/address"), Action::CreateAccount, form).await;
        if let Some(Answer { status: 202, body, .. }) = &answer {
            let mail = body["mail"].as_str().unwrap_or_default().to_owned();
            let at_ms = self.world.at_ms();
            let mut model = self.world.model.borrow_mut();
            model.applications.push(mail);
            model.corrected.insert((self.me.siret.clone(), mistyped.to_owned()), at_ms);
        }
    }

    async fn recover_by_address(&mut self) -> Vec<Sent> {
        let known = self.mails().len();
        let form = json!({"siret": self.me.siret, "email": self.me.email});
        self.recover("/api/recover/identifier", form).await;
        self.wait_for_mail(known).await
    }

    async fn recover(&mut self, path: &str, mut form: Value) {
        let Some(proof) = self.world.proof(Action::Recover) else { return };
        form["proof"] = proof.clone().into();
        let judge = |world: &World, _, span, answer: Option<&Answer>| {
            let verdict =
                answer.map_or(Ok(()), |answer| judge_form(world, Action::Recover, "", span, answer));
            if let Err(what) = verdict {
                world.violation(what);
            }
        };
        let answer = self.send(path, &form, |_| 0, judge).await;
        if answer.is_some_and(|answer| answer.status == 202) {
            self.world.model.borrow_mut().recoveries += 1;
            if self.rng.u8(0..4) == 0 {
                self.overheard(proof).await;
            }
        }
    }

    /// Somebody has overheard a proof that has served, and asks for something else with it.
    async fn overheard(&self, proof: String) {
        let form = json!({"siret": siret(9_999), "email": "autre@exemple.fr", "proof": proof});
        let answer = self.world.ask("POST", "/api/recover/identifier", None, &form).await;
        if answer.is_some_and(|answer| answer.status < 300) {
            self.world.violation("a proof serves a second request");
        }
    }

    /// The texts of my mails, oldest first.
    fn mails(&self) -> Vec<String> {
        self.mails_to(&self.me.email)
    }

    /// Those to an address.
    #[must_use]
    pub fn mails_to(&self, address: &str) -> Vec<String> {
        let mine = |mail: &Mail| mail.to.iter().any(|to| to == address).then(|| mail.text.clone());
        let mut texts = self.world.first().mailbox.pick(usize::MAX, mine).unwrap_or_default();
        texts.reverse();
        texts
    }

    /// Waits for the next mail that has links.
    async fn wait_for_mail(&mut self, known: usize) -> Vec<Sent> {
        let asked = Instant::now();
        while asked.elapsed() < MAIL_TIME_MAX {
            self.think(5, 60).await;
            let links: Vec<Sent> = self.mails().iter().skip(known).flat_map(|text| links(text)).collect();
            if !links.is_empty() {
                return links;
            }
        }
        Vec::new()
    }

    /// Opens the links, the newest first; now and then too late, now and then two of them on two devices.
    async fn use_links(&mut self, mut links: Vec<Sent>) -> Option<Credentials> {
        if self.rng.u8(0..12) == 0 {
            self.think(3_000, 4_500).await;
        }
        if self.rng.u8(0..200) == 0 {
            self.think(24 * 3_600, 9 * 24 * 3_600).await;
        }
        let password = self.new_password();
        let newest = links.pop()?;
        match links.pop() {
            Some(older) if self.rng.bool() => {
                let mut other = self.another();
                let (first, second) = tokio::join!(
                    Box::pin(self.set_password(&newest, &password)),
                    Box::pin(other.set_password(&older, &password))
                );
                first.or(second)
            }
            _ => Box::pin(self.set_password(&newest, &password)).await,
        }
    }

    /// Short: judging a long one costs more than ten calls of the table.
    pub fn new_password(&mut self) -> String {
        format!("{:07}k{:07}q", self.rng.u32(..10_000_000), self.rng.u32(..10_000_000))
    }

    /// By the link, or now and then by the code beside it, and by the link if the code does not serve.
    async fn set_password(&mut self, sent: &Sent, password: &str) -> Option<Credentials> {
        let link = known_link(&self.world, &sent.token).await?;
        if self.rng.u8(0..4) == 0 {
            let credentials = self.set_by_code(&link, &sent.code, password).await;
            if credentials.is_some() {
                return credentials;
            }
        }
        let form = json!({"token": sent.token, "password": password});
        self.set_by(&link, &form, password).await
    }

    async fn set_by_code(&mut self, link: &KnownLink, code: &str, password: &str) -> Option<Credentials> {
        let (of, owner) = link.code_owner();
        let form = json!({"code": code, of: owner, "password": password});
        self.set_by(link, &form, password).await
    }

    async fn set_by(&mut self, link: &KnownLink, form: &Value, password: &str) -> Option<Credentials> {
        let begin = |world: &World| {
            let from = world.at_ms();
            world.model.borrow_mut().begin_set(link, password, from)
        };
        let judge = |world: &World, rank, span, answer: Option<&Answer>| {
            let mut model = world.model.borrow_mut();
            let verdict = match form["code"].as_str() {
                Some(code) => model.code_tried(link.code_owner().1, (code, true), span, answer),
                None => Ok(()),
            };
            let verdict = verdict.and_then(|()| model.set(rank, span, answer));
            drop(model);
            if let Err(what) = verdict {
                world.violation(what);
            }
        };
        let answer = self.send("/api/set-password", form, begin, judge).await?;
        self.cookies.extend(answer.cookie());
        let credentials = Credentials { identifier: link.identifier.clone(), password: password.to_owned() };
        // Used: perhaps by my own attempt, whose answer was lost. The password tells.
        let is_mine = answer.status == 200
            || (answer.problem() == "link-used" && self.log_in(&credentials).await.is_some());
        is_mine.then_some(credentials)
    }

    /// Logs in, with a proof once one is asked for. Gives the session's cookie.
    pub async fn log_in(&mut self, credentials: &Credentials) -> Option<String> {
        let mut form = json!({"identifier": credentials.identifier, "password": credentials.password});
        for _ in 0..3 {
            let judged = credentials.clone();
            let opened = self.world.at_ms();
            let answer = self
                .send(
                    "/api/session",
                    &form,
                    |_| 0,
                    move |world, _, span, answer| {
                        let mut model = world.model.borrow_mut();
                        if let Err(what) = model.login(&judged.identifier, &judged.password, span, answer) {
                            drop(model);
                            world.violation(what);
                        }
                    },
                )
                .await?;
            match (answer.status, answer.problem()) {
                (200, _) => {
                    let cookie = answer.cookie()?;
                    let span = Span { from: opened, to: self.world.at_ms() };
                    self.world.model.borrow_mut().opened(&cookie, &credentials.identifier, span);
                    self.cookies.push(cookie.clone());
                    return Some(cookie);
                }
                (403, "proof-required") => form["proof"] = self.world.proof(Action::Session)?.into(),
                _ => return None,
            }
        }
        None
    }

    /// What follows once the account is open.
    async fn later(&mut self, mut credentials: Credentials) -> Credentials {
        for _ in 0..self.rng.u32(1..=LATER_EVENTS_MAX) {
            self.think(10, 5_400).await;
            match self.rng.u8(0..10) {
                0..=4 => self.visit(&credentials).await,
                5..=7 => self.forget(&mut credentials).await,
                _ => self.ask_for_help().await,
            }
            for cookie in self.cookies.clone() {
                self.look(&cookie).await;
            }
        }
        credentials
    }

    /// Logs in, looks who is logged in, and mostly logs out.
    async fn visit(&mut self, credentials: &Credentials) {
        let Some(cookie) = self.log_in(credentials).await else { return };
        for seconds_max in [60, 3_600, 9 * 3_600] {
            self.think(1, seconds_max).await;
            self.look(&cookie).await;
        }
        if self.rng.u8(0..3) > 0 {
            self.log_out(&cookie).await;
            self.look(&cookie).await;
        }
    }

    async fn log_out(&self, cookie: &str) {
        let (what, from) = (What::EndSession { ended: cookie.to_owned() }, self.world.at_ms());
        let rank = self.world.model.borrow_mut().begin(&what, from);
        let answer = self.world.ask("DELETE", "/api/session", Some(cookie), &Value::Null).await;
        let span = Span { from, to: self.world.at_ms() };
        let verdict = self.world.model.borrow_mut().answered(rank, span, answer.as_ref());
        if let Err(what) = verdict {
            self.world.violation(format!("{}: {what}", self.who()));
        }
    }

    pub async fn look(&self, cookie: &str) {
        let from = self.world.at_ms();
        let Some(answer) = self.world.ask("GET", "/api/session", Some(cookie), &Value::Null).await else {
            return;
        };
        let span = Span { from, to: self.world.at_ms() };
        let verdict = self.world.model.borrow().shown(cookie, span, &answer);
        if let Err(what) = verdict {
            self.world.violation(format!("{}: {what}", self.who()));
        }
    }

    /// Forgets the password, or everything, and gets in again by mail.
    pub async fn forget(&mut self, credentials: &mut Credentials) {
        for _ in 0..ROUNDS_MAX {
            let known = self.mails().len();
            let links = if self.rng.bool() {
                self.recover_by_address().await
            } else {
                let form = json!({"identifier": credentials.identifier});
                self.recover("/api/recover/password", form).await;
                self.wait_for_mail(known).await
            };
            if let Some(new) = self.use_links(links).await {
                *credentials = new;
                return;
            }
            self.think(60, 1_800).await;
        }
        self.world.violation(format!("{} forgets and does not get in again", self.who()));
    }

    async fn ask_for_help(&mut self) {
        let submission =
            format!("{:08x}-0000-4000-8000-{:012x}", self.rng.u32(..), self.rng.u64(..) & 0xFFFF_FFFF_FFFF);
        let form = json!({
            "submission": submission, "siret": self.me.siret, "establishment_name": "Boulangerie du Marché",
            "full_name": "Zoé Quidam", "phone": "01 23 45 67 89", "email": self.me.email,
            "motive": "extranet-access", "description": "Ma collègue est partie.",
        });
        // Sent by two tabs, each with its own proof.
        for _ in 0..self.rng.u8(1..3) {
            let answer = self.send_proven("/api/submit-ticket", Action::SubmitTicket, form.clone()).await;
            if let Some(answer) = answer.filter(|answer| answer.status == 201) {
                let reference = answer.body["reference"].as_str().unwrap_or_default();
                let verdict = self.world.model.borrow_mut().ticket(&submission, reference);
                if let Err(what) = verdict {
                    self.world.violation(what);
                }
            }
        }
    }
}

/// The answer to a form with a proof.
fn judge_form(world: &World, action: Action, siret: &str, span: Span, answer: &Answer) -> Result<(), String> {
    let model = world.model.borrow();
    match (action, answer.status, answer.problem()) {
        (Action::CheckSiret, 200, _) => model.told(siret, answer.body["account"] == "exists", span),
        (Action::CreateAccount, 202, _) => model.told(siret, false, span),
        (Action::CreateAccount, 409, "establishment-has-account") => model.told(siret, true, span),
        // A correction comes too late, or its application is over.
        (Action::CreateAccount, 409, "already-activated") | (Action::CreateAccount, 404, "mail-unknown") => {
            Ok(())
        }
        (Action::Recover, 202, _) | (Action::SubmitTicket, 201, _) | (_, 503, _) => Ok(()),
        (action, status, problem) => Err(format!("{} answers {status} {problem}", action.as_str())),
    }
}

/// The tokens of the links in a mail.
#[must_use]
pub fn tokens(text: &str) -> Vec<String> {
    links(text).into_iter().map(|sent| sent.token).collect()
}

/// The tokens of the links to a page in a mail.
#[must_use]
pub fn tokens_of(text: &str, page: &str) -> Vec<String> {
    text.split(page).skip(1).filter_map(|after| after.split_whitespace().next().map(str::to_owned)).collect()
}

fn links(text: &str) -> Vec<Sent> {
    let is_code = |line: &&str| line.len() == 9 && line.find('-') == Some(4) && !line.contains(' ');
    let sent = |after: &str| {
        let token = after.split_whitespace().next()?.to_owned();
        Some(Sent { token, code: after.lines().find(is_code)?.to_owned() })
    };
    text.split("/mot-de-passe/#").skip(1).filter_map(sent).collect()
}

/// The link of a token, as the table has it.
pub async fn known_link(world: &World, token: &str) -> Option<KnownLink> {
    let parsed = Token::parse(token)?;
    let row = world.first().operator_table.find(&Key::link(&parsed.hash())).await.ok()??;
    let until = row.moment("valid_until").ok()?.as_second() - crate::world::BEGINNING;
    Some(KnownLink {
        token: token.to_owned(),
        identifier: row.text("identifier").ok()?.to_owned(),
        siret: row.text("siret").ok()?.to_owned(),
        email: row.text("email").ok()?.to_owned(),
        epoch: row.number("credentials_epoch").ok()?,
        is_activation: row.text("purpose").ok()? == "activation",
        until: u64::try_from(until).ok()? * 1_000,
        seen: world.at_ms(),
    })
}

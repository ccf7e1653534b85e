//! The desk: somebody whose colleague has left asks for help, agents answer, and an account changes hands or
//! does not: who proposed approves alone, an agent who was removed goes on, who asks objects for another,
//! mailboxes die, and who is replaced objects, in the last second too.

use std::rc::Rc;
use std::time::Duration;

use domain::agent::{AGENT_IDLE_MAX, AGENT_SESSION_VALID};
use domain::proof::Action;
use domain::time::{Timestamp, after};
use domain::{AgentRole, AgentSub, Name, Token};
use fastrand::Rng;
use platform::agents::{self, Agent};
use platform::table::{Key, Row, Transaction};
use serde_json::{Value, json};
use testkit::form::siret;

use crate::checkers::Error;
use crate::colleagues::INVITATION_PAGE;
use crate::people::{Credentials, Employer, End, MAIL_TIME_MAX, Person};
use crate::world::{Answer, World};

/// Establishments whose holder has left.
const HOUSES: u64 = 2;
/// Tells the generators of these people from those of the others.
const DESK_SALT: u64 = 700;
/// How often a page sends the same request again while nobody answers.
const TRIES_MAX: u32 = 12;
const PAUSE_MAX: Duration = Duration::from_secs(60);
/// Proposals of one case: an event that was lost for good leaves the first without a window.
const PROPOSALS_MAX: u32 = 4;
/// How long agents wait for a window to open before they propose anew.
const OPENED_WITHIN: Duration = Duration::from_secs(6 * 3_600);
/// How often somebody looks whether something has come about.
const LOOKS_MAX: u32 = 40;
/// Longer than any lease.
const LEASE_OVER: Duration = Duration::from_secs(16 * 60);
/// What comes before the tokens of links to a request, and of notices.
const REQUEST_PAGE: &str = "/ma-demande/#";
const CONTEST_PAGE: &str = "/contester/#";
const ANSWER: &str = "Envoyez-nous la lettre de l'employeur.";
const MESSAGE: &str = "La lettre est jointe au dossier papier.";

/// An agent; none of them is the only one who can do anything.
#[derive(Debug, Clone, Copy)]
struct Clerk {
    sub: &'static str,
    name: &'static str,
    role: AgentRole,
}

const CLERKS: [Clerk; 3] = [
    Clerk { sub: "agent-1", name: "Camille Agent", role: AgentRole::Agent },
    Clerk { sub: "agent-2", name: "Dominique Agent", role: AgentRole::Agent },
    Clerk { sub: "agent-3", name: "Sasha Responsable", role: AgentRole::Supervisor },
];

/// Was an agent, and has the session that was open then.
const GONE: Clerk = Clerk { sub: "agent-0", name: "Claude Parti", role: AgentRole::Supervisor };

/// Everything that happens at the desk.
///
/// # Errors
/// When the table cannot be written.
pub async fn pass(world: &Rc<World>) -> Result<(), Error> {
    let mut enrolled = Transaction::new();
    let active = CLERKS.map(|clerk| (clerk, true));
    for (Clerk { sub, name, role }, is_active) in active.into_iter().chain([(GONE, false)]) {
        let sub = AgentSub::parse(sub).ok_or("no subject")?;
        let name = Name::parse(name).map_err(|_| "no name")?;
        enrolled.put(agents::row(&Agent { sub, name, role }, is_active));
    }
    world.first().operator_table.commit(enrolled).await?;
    let houses = (0..HOUSES).map(|rank| tokio::task::spawn_local(house(world.clone(), rank)));
    for house in houses.collect::<Vec<_>>() {
        house.await?;
    }
    Ok(())
}

/// The life of one request.
async fn house(world: Rc<World>, rank: u64) {
    let Some(mut case) = Box::pin(Case::open(world, rank)).await else { return };
    Box::pin(case.talk()).await;
    Box::pin(case.hand_over()).await;
}

/// An open session of an agent, as a cookie. Logging in is simulated nowhere: the provider is another's.
async fn cookie(world: &World, clerk: Clerk, rng: &mut Rng) -> Option<String> {
    let mut bytes = [0; 32];
    rng.fill(&mut bytes);
    let (token, now) = (Token::from_bytes(bytes), world.now());
    let row = Row::new(&Key::agent_session(&token))
        .with("sub", clerk.sub)
        .with("opened_at", now)
        .with("idle_until", after(now, AGENT_IDLE_MAX))
        .with("expires_at", after(now, AGENT_SESSION_VALID));
    let mut transaction = Transaction::new();
    transaction.put(row);
    world.first().operator_table.commit(transaction).await.ok()?;
    Some(format!("{}={}", agents::COOKIE, token.print()))
}

/// Sends a request as a page does: again while nobody answers.
async fn insist(
    world: &World,
    (method, path): (&str, &str),
    cookie: Option<&str>,
    form: &Value,
) -> Option<Answer> {
    let mut pause = Duration::from_secs(1);
    for _ in 0..TRIES_MAX {
        match world.ask(method, path, cookie, form).await {
            Some(answer) if answer.status != 503 => return Some(answer),
            _ => tokio::time::sleep(pause).await,
        }
        pause = (pause * 2).min(PAUSE_MAX);
    }
    world.violation(format!("nobody answers {method} {path}"));
    None
}

/// A request, with who asks, who is replaced, and what has become of it.
struct Case {
    world: Rc<World>,
    rng: Rng,
    siret: String,
    reference: String,
    asker: Person,
    /// Who has left, and perhaps has not.
    former: Person,
    credentials: Credentials,
    /// Their newest session.
    session: String,
}

/// A succession that was proposed.
struct Proposed {
    id: String,
    /// Its proposer, by rank.
    by: usize,
}

impl Case {
    /// An establishment with a holder, perhaps with a colleague; and somebody who asks for help.
    async fn open(world: Rc<World>, rank: u64) -> Option<Self> {
        let seed = world.plan.seed.wrapping_mul(1_000).wrapping_add(DESK_SALT + rank);
        let mut rng = Rng::with_seed(seed);
        let siret = siret(DESK_SALT + rank);
        let employer = |email: String, rng: &mut Rng| Employer {
            rank: usize::try_from(DESK_SALT + rank).unwrap_or(0),
            siret: siret.clone(),
            email,
            is_double: false,
            is_lively: false,
            seed: rng.u64(..),
        };
        let mut former = Person::new(world.clone(), employer(format!("ancienne{rank}@exemple.fr"), &mut rng));
        let asker = Person::new(world.clone(), employer(format!("releve{rank}@exemple.fr"), &mut rng));
        let Some(End::In(credentials)) = Box::pin(former.get_in()).await else {
            former.is_kept_out();
            return None;
        };
        if rng.bool() {
            let colleague =
                Person::new(world.clone(), employer(format!("voisin{rank}@exemple.fr"), &mut rng));
            let session = Box::pin(former.log_in(&credentials)).await?;
            Box::pin(joins(&world, &session, colleague)).await;
        }
        // Not after a day of mails that did not come: a session lasts for eight hours.
        let session = Box::pin(former.log_in(&credentials)).await?;
        let reference = Box::pin(asks(&world, &asker, &mut rng)).await?;
        Some(Self { world, rng, siret, reference, asker, former, credentials, session })
    }

    async fn act(&mut self, clerk: usize, act: &str, form: Value) -> Option<Answer> {
        let cookie = cookie(&self.world, CLERKS[clerk], &mut self.rng).await?;
        let path = format!("/api/agents/cases/{}/{act}", self.reference);
        insist(&self.world, ("POST", &path), Some(&cookie), &form).await
    }

    async fn see(&mut self, clerk: usize) -> Option<Value> {
        let cookie = cookie(&self.world, CLERKS[clerk], &mut self.rng).await?;
        let path = format!("/api/agents/cases/{}", self.reference);
        let answer = insist(&self.world, ("GET", &path), Some(&cookie), &Value::Null).await?;
        (answer.status == 200).then_some(answer.body)
    }

    /// Agents take the case at once; whoever has it dies or answers, and the person adds a word. Each is
    /// there once, however often it was sent.
    async fn talk(&mut self) {
        let path = format!("/api/agents/cases/{}/take", self.reference);
        let mut cookies = Vec::new();
        for clerk in CLERKS {
            cookies.extend(cookie(&self.world, clerk, &mut self.rng).await);
        }
        let form = json!({});
        let take = |rank: usize| self.world.ask("POST", &path, Some(&cookies[rank]), &form);
        let taken = tokio::join!(Box::pin(take(0)), Box::pin(take(1)), Box::pin(take(2)));
        let taken = [taken.0, taken.1, taken.2];
        if taken.iter().flatten().filter(|answer| answer.status == 200).count() > 1 {
            self.world.violation("two agents have taken one case");
        }
        if self.rng.bool() {
            tokio::time::sleep(LEASE_OVER).await;
        }
        let mut by = self.rng.usize(0..CLERKS.len());
        for _ in 0..CLERKS.len() {
            let answered = self.act(by, "answer", json!({"text": ANSWER})).await;
            if answered.is_some_and(|answer| answer.status == 200) {
                break;
            }
            by = (by + 1) % CLERKS.len();
        }
        let Some(token) = self.link_of_answer().await else { return };
        let form = json!({"token": token, "text": MESSAGE});
        insist(&self.world, ("POST", "/api/request/message"), None, &form).await;
        let form = json!({"token": token});
        let Some(shown) = insist(&self.world, ("POST", "/api/request"), None, &form).await else { return };
        for (text, kind) in [(ANSWER, "answer"), (MESSAGE, "message")] {
            let thread = shown.body["thread"].as_array().into_iter().flatten();
            let count = thread.filter(|entry| entry["text"] == text && entry["kind"] == kind).count();
            if count != 1 {
                self.world.violation(format!("a thread has {count} times what was said once ({kind})"));
            }
        }
    }

    /// The link of the mail with the answer; of the receipt where that mail was given up.
    async fn link_of_answer(&mut self) -> Option<String> {
        let asked = tokio::time::Instant::now();
        let mut last = None;
        while asked.elapsed() < MAIL_TIME_MAX {
            self.asker.think(5, 90).await;
            let tokens = self.asker.tokens_to(&self.asker.me.email, REQUEST_PAGE);
            last = tokens.last().cloned();
            if tokens.len() > 1 {
                break;
            }
        }
        last
    }

    /// Proposals until one is carried out, or is objected to for good.
    async fn hand_over(&mut self) {
        if self.rng.u8(0..3) == 0 {
            self.world.dead.borrow_mut().insert(self.former.me.email.clone());
        }
        for _ in 0..PROPOSALS_MAX {
            let Some(proposed) = Box::pin(self.propose()).await else { return };
            Box::pin(self.approve_alone(&proposed)).await;
            Box::pin(self.meddle(&proposed)).await;
            if let Some(until) = Box::pin(self.window()).await {
                return Box::pin(self.decide(&proposed, until)).await;
            }
            // Its event is lost for good: whatever the clock says, nothing is carried out.
            tokio::time::sleep(Duration::from_secs(20 * 86_400)).await;
            if self.approves((proposed.by + 1) % CLERKS.len(), &proposed).await == Some("executed".to_owned())
            {
                if self.window().await.is_none() {
                    self.world.violation("a succession is carried out without an event of delivery");
                }
                return Box::pin(self.comes_in()).await;
            }
            self.decides(proposed.by, &proposed, "withdraw").await;
        }
        self.world.note("no window opens");
    }

    async fn propose(&mut self) -> Option<Proposed> {
        let by = self.rng.usize(0..CLERKS.len());
        let form = json!({
            "reference": self.reference, "siret": self.siret, "email": self.asker.me.email,
            "first_name": "Ada", "last_name": "Releve",
            "evidence": [{"kind": "letter", "text": "Lettre de l'employeur."}],
        });
        let cookie = cookie(&self.world, CLERKS[by], &mut self.rng).await?;
        let answer = insist(&self.world, ("POST", "/api/agents/successions"), Some(&cookie), &form).await?;
        if !matches!((answer.status, answer.problem()), (201, _) | (409, "succession-open")) {
            let (status, problem) = (answer.status, answer.problem());
            self.world.violation(format!("a succession is not proposed: {status} {problem}"));
            return None;
        }
        let seen = self.see(by).await?;
        let id = seen["succession"]["succession"].as_str()?.to_owned();
        if answer.status == 201 && answer.body["succession"] != *id {
            self.world.violation("a case shows another succession than was proposed");
        }
        Some(Proposed { id, by })
    }

    async fn decides(&mut self, clerk: usize, proposed: &Proposed, act: &str) -> Option<Answer> {
        self.decides_as(CLERKS[clerk], proposed, act).await
    }

    async fn decides_as(&mut self, clerk: Clerk, proposed: &Proposed, act: &str) -> Option<Answer> {
        let cookie = cookie(&self.world, clerk, &mut self.rng).await?;
        let path = format!("/api/agents/successions/{}/{act}", proposed.id);
        insist(&self.world, ("POST", &path), Some(&cookie), &json!({})).await
    }

    /// An approval: the state that it comes to, if it is taken.
    async fn approves(&mut self, clerk: usize, proposed: &Proposed) -> Option<String> {
        let answer = self.decides(clerk, proposed, "approve").await.filter(|answer| answer.status == 200)?;
        answer.body["state"].as_str().map(str::to_owned)
    }

    /// Who proposed approves, and somebody else too early.
    async fn approve_alone(&mut self, proposed: &Proposed) {
        if self.approves(proposed.by, proposed).await.is_some() {
            self.world.violation("who proposed a succession approves it");
        }
        if self.approves((proposed.by + 1) % CLERKS.len(), proposed).await.is_some() {
            self.world.violation("a succession is approved before its window");
        }
    }

    /// An agent who was removed decides; and who asks objects, by the link of their own request.
    async fn meddle(&mut self, proposed: &Proposed) {
        for act in ["approve", "withdraw"] {
            let decided = self.decides_as(GONE, proposed, act).await;
            if decided.is_some_and(|answer| answer.status != 401) {
                self.world.violation("an agent who was removed decides");
            }
        }
        let own = self.asker.tokens_to(&self.asker.me.email, REQUEST_PAGE).pop();
        if let Some(token) = own
            && self.contests(&token).await.is_some_and(|status| status < 400)
        {
            self.world.violation("a link to a request objects to a succession");
        }
    }

    /// The end of the window, once it is open.
    async fn window(&mut self) -> Option<Timestamp> {
        let looked = tokio::time::Instant::now();
        while looked.elapsed() < OPENED_WITHIN {
            let seen = self.see(0).await?;
            let until = seen["succession"]["window"]["contest_until"].as_str();
            if let Some(until) = until.and_then(|until| until.parse().ok()) {
                return Some(until);
            }
            self.asker.think(60, 1_800).await;
        }
        None
    }

    /// The window passes. Perhaps somebody objects: in time, or while the approval is on its way.
    async fn decide(&mut self, proposed: &Proposed, until: Timestamp) {
        let (first, second) = ((proposed.by + 1) % CLERKS.len(), (proposed.by + 2) % CLERKS.len());
        let token = self.former.tokens_to(&self.former.me.email, CONTEST_PAGE).pop();
        match (self.rng.u8(0..4), token) {
            (0, Some(token)) => {
                let left = until.duration_since(self.world.now()).as_secs().max(2);
                self.former.think(1, u64::try_from(left).unwrap_or(2)).await;
                if self.contests(&token).await == Some(200) {
                    Box::pin(self.stays(proposed, (first, second))).await;
                }
            }
            (1, Some(token)) => {
                self.wait_until(until).await;
                Box::pin(self.race(proposed, first, &token)).await;
            }
            _ => {
                self.wait_until(until).await;
                for clerk in [first, second].into_iter().cycle().take(LOOKS_MAX as usize) {
                    match self.approves(clerk, proposed).await.as_deref() {
                        Some("executed") => break,
                        _ => self.asker.think(5, 600).await,
                    }
                }
                Box::pin(self.comes_in()).await;
            }
        }
    }

    /// The window passes, and who is to be replaced logs in: a session of before it is over by its hours.
    async fn wait_until(&mut self, until: Timestamp) {
        let left = until.duration_since(self.world.now()).as_secs();
        tokio::time::sleep(Duration::from_secs(u64::try_from(left).unwrap_or(0) + 20)).await;
        if let Some(session) = Box::pin(self.former.log_in(&self.credentials)).await {
            self.session = session;
        }
    }

    async fn contests(&self, token: &str) -> Option<u16> {
        let form = json!({"token": token});
        insist(&self.world, ("POST", "/api/contest"), None, &form).await.map(|answer| answer.status)
    }

    /// An objection and an execution at once: one of them is carried out.
    async fn race(&mut self, proposed: &Proposed, clerk: usize, token: &str) {
        let Some(cookie) = cookie(&self.world, CLERKS[clerk], &mut self.rng).await else { return };
        let (world, path) = (self.world.clone(), format!("/api/agents/successions/{}/approve", proposed.id));
        let late = [self.rng.u64(0..40), self.rng.u64(0..40)];
        let (approved, contested) = tokio::join!(
            Box::pin(async {
                tokio::time::sleep(Duration::from_millis(late[0])).await;
                insist(&world, ("POST", &path), Some(&cookie), &json!({})).await
            }),
            Box::pin(async {
                tokio::time::sleep(Duration::from_millis(late[1])).await;
                self.contests(token).await
            })
        );
        let is_executed =
            approved.is_some_and(|answer| answer.status == 200 && answer.body["state"] == "executed");
        let is_contested = contested == Some(200);
        if is_executed && is_contested {
            world.violation("a succession is carried out and objected to");
        }
        if is_contested {
            let clerks = ((proposed.by + 1) % CLERKS.len(), (proposed.by + 2) % CLERKS.len());
            Box::pin(self.stays(proposed, clerks)).await;
        } else if is_executed {
            Box::pin(self.comes_in()).await;
        }
    }

    /// After an objection nothing is carried out by one agent, however often; by two it begins anew.
    async fn stays(&mut self, proposed: &Proposed, (first, second): (usize, usize)) {
        for _ in 0..2 {
            if self.approves(first, proposed).await.is_some_and(|state| state != "contested") {
                self.world.violation("one agent lifts an objection");
            }
        }
        if self.approves(proposed.by, proposed).await.is_some() {
            self.world.violation("who proposed lifts an objection");
        }
        if self.rng.bool() {
            let lifted = self.approves(second, proposed).await;
            if lifted.is_some_and(|state| state == "executed" || state == "approved") {
                self.world.violation("a lifted objection is followed by no new window");
            }
        }
    }

    /// The invited person is in, whatever becomes of mails; who was replaced has no session.
    async fn comes_in(&mut self) {
        let session = self.session.clone();
        if let Some(seen) = self.world.ask("GET", "/api/session", Some(&session), &Value::Null).await
            && seen.status == 200
        {
            self.world.violation("a session goes on after its holder was replaced");
        }
        let email = self.asker.me.email.clone();
        let Some(token) = self.asker.wait_for_token(&email, INVITATION_PAGE, &[]).await else {
            // SES has refused its mail for good: an agent sends it again.
            return self.world.note("the invitation has not come");
        };
        let form = json!({"token": token, "password": self.asker.new_password(), "phone": "01 23 45 67 89"});
        let accepted = insist(&self.world, ("POST", "/api/invitation/accept"), None, &form).await;
        let Some(accepted) = accepted else { return };
        if !matches!((accepted.status, accepted.problem()), (200, _) | (410, "link-used")) {
            let (status, problem) = (accepted.status, accepted.problem());
            self.world.violation(format!("who takes over is not let in: {status} {problem}"));
        }
    }
}

/// A colleague is invited and joins.
async fn joins(world: &World, session: &str, mut colleague: Person) {
    let email = colleague.me.email.clone();
    let form = json!({
        "siret": colleague.me.siret, "email": email, "first_name": "Paul", "last_name": "Voisin",
        "role": "member",
    });
    insist(world, ("POST", "/api/space/invitations"), Some(session), &form).await;
    let Some(token) = colleague.wait_for_token(&email, INVITATION_PAGE, &[]).await else { return };
    let form = json!({"token": token, "password": colleague.new_password(), "phone": "01 23 45 67 89"});
    insist(world, ("POST", "/api/invitation/accept"), None, &form).await;
}

/// The request for assistance: its reference.
async fn asks(world: &World, asker: &Person, rng: &mut Rng) -> Option<String> {
    let submission = format!("{:08x}-0000-4000-8000-{:012x}", rng.u32(..), rng.u64(..) & 0xFFFF_FFFF_FFFF);
    let form = json!({
        "submission": submission, "siret": asker.me.siret,
        "establishment_name": "Boulangerie du Marché", "full_name": "Ada Relève", "phone": "01 23 45 67 89",
        "email": asker.me.email, "motive": "extranet-access",
        "description": "Ma collègue est partie, et sa boîte ne répond plus.",
        "proof": world.solved(Action::SubmitTicket)?,
    });
    let answer = insist(world, ("POST", "/api/submit-ticket"), None, &form).await?;
    answer.body["reference"].as_str().map(str::to_owned)
}

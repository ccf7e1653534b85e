//! Proofs of work (ALTCHA v2): made for one action, good for one body, and so the idempotency key.

use std::collections::BTreeMap;
use std::sync::Arc;

use altcha::{Challenge, CreateChallengeOptions, Payload, VerifySolutionOptions};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use domain::proof::{Action, PROOF_VALID_MINUTES, same_request};
use domain::time::{SignedDuration, Timestamp, after, minutes};
use domain::{Refusal, SecretKey, Token};
use serde::Serialize;

use crate::Config;
use crate::problems::Problem;
use crate::table::{Committed, Key, Outcome, Row, Table, Write};
use crate::world::{Clock, Random};

/// The least that an operator may ask: no proof to speak of, for tests.
pub const PROOF_COUNTER_MIN: u32 = 1;
/// The most: minutes in a browser.
pub const PROOF_COUNTER_MAX: u32 = 100_000;

/// Key derivation of the challenge.
const ALGORITHM: &str = "PBKDF2/SHA-256";
/// Iterations of one step.
const COST: u32 = 5_000;
/// How long a used proof is remembered after it could have served.
const USED_PROOF_KEPT: SignedDuration = SignedDuration::from_hours(1);

/// A proof that is genuine, in time, and made for this action. It may have served already: only the
/// transaction that spends it tells.
#[derive(Debug, Clone)]
pub struct Proof {
    signature: String,
    body_hash: String,
    forgotten_at: Timestamp,
}

/// What a challenge asks of who answers it.
#[derive(Debug, Clone, Copy)]
pub struct Effort {
    /// Iterations of one step.
    pub cost: u32,
    /// Steps to the solution.
    pub counter: u32,
}

/// What came of the writes that a proof paid for.
#[derive(Debug)]
pub enum Spent {
    /// All is written, the proof with it.
    Now,
    /// The same request was answered before, with this.
    Before(String),
    /// A condition among the writes failed: for each of them, the row in the way. Nothing is written.
    Refused(Vec<Option<Option<Row>>>),
}

/// Makes challenges, checks proofs, spends them.
#[derive(Debug, Clone)]
pub struct Proofs {
    table: Table,
    config: Arc<Config>,
    clock: Clock,
    random: Random,
}

impl Proofs {
    pub(crate) fn new(table: &Table, config: &Arc<Config>, clock: &Clock, random: &Random) -> Self {
        Self { table: table.clone(), config: config.clone(), clock: clock.clone(), random: random.clone() }
    }

    /// A challenge for one action, to be answered within [`PROOF_VALID_MINUTES`].
    ///
    /// # Errors
    /// `Problem` (500) when no key is configured.
    pub fn challenge(&self, action: Action) -> Result<Challenge, Problem> {
        self.challenge_of(action, Effort { cost: COST, counter: self.counter() })
    }

    /// A challenge of any effort. The effort is signed: whoever answers cannot lessen it.
    ///
    /// # Errors
    /// `Problem` (500) when no key is configured.
    pub fn challenge_of(&self, action: Action, effort: Effort) -> Result<Challenge, Problem> {
        let secrets = self.secrets().next().ok_or_else(|| Problem::internal("no proof key"))?;
        let expires_at = after(self.clock.now(), minutes(PROOF_VALID_MINUTES));
        let data = BTreeMap::from([("action".to_owned(), action.as_str().into())]);
        altcha::create_challenge(CreateChallengeOptions {
            algorithm: ALGORITHM.to_owned(),
            cost: effort.cost,
            counter: Some(effort.counter),
            data: Some(data),
            expires_at: Some(expires_at.as_second()),
            hmac_signature_secret: Some(secrets.challenge),
            hmac_key_signature_secret: Some(secrets.solution),
            ..Default::default()
        })
        .map_err(Problem::internal)
    }

    /// Checks a payload: its signature, its action, its age. `body` is the form that it came with; a
    /// keyed hash of it, which leaves the proof itself out, tells one request from another.
    ///
    /// # Errors
    /// `ProofRejected`; 500 when no key is configured.
    pub fn verify(&self, payload: &str, action: Action, body: &impl Serialize) -> Result<Proof, Problem> {
        if self.config.proof_keys.is_empty() {
            return Err(Problem::internal("no proof key"));
        }
        Ok(self.check(payload, action, body)?)
    }

    fn check(&self, payload: &str, action: Action, body: &impl Serialize) -> Result<Proof, Refusal> {
        let bytes = STANDARD.decode(payload).map_err(|_| Refusal::ProofRejected)?;
        let payload: Payload = serde_json::from_slice(&bytes).map_err(|_| Refusal::ProofRejected)?;
        let parameters = &payload.challenge.parameters;
        let expires_at = parameters.expires_at.and_then(|at| Timestamp::from_second(at).ok());
        let expires_at = expires_at.ok_or(Refusal::ProofRejected)?;
        let made_for = parameters.data.as_ref().and_then(|data| data.get("action")?.as_str());
        if made_for != Some(action.as_str()) || self.clock.now() > expires_at {
            return Err(Refusal::ProofRejected);
        }
        if !self.secrets().any(|secrets| is_genuine(&payload, secrets)) {
            return Err(Refusal::ProofRejected);
        }
        let mut body = serde_json::to_value(body).map_err(|_| Refusal::ProofRejected)?;
        if let Some(fields) = body.as_object_mut() {
            fields.remove("proof");
        }
        Ok(Proof {
            signature: payload.challenge.signature.unwrap_or_default(),
            body_hash: self.config.link_key.fingerprint(action.as_str(), &body.to_string()),
            forgotten_at: after(expires_at, USED_PROOF_KEPT),
        })
    }

    /// Spends the proof and writes, all in one transaction. `answer` is what the same request will be
    /// answered if it is asked again.
    ///
    /// # Errors
    /// `ProofAlreadyUsed` when it served another body; 503 when the table cannot be written.
    pub async fn spend(&self, proof: &Proof, answer: &str, writes: Vec<Write>) -> Result<Spent, Problem> {
        let row = Row::new(&Key::proof(&proof.signature))
            .with("body_hash", proof.body_hash.as_str())
            .with("answer", answer)
            .with("expires_at", proof.forgotten_at);
        if writes.is_empty() {
            return match self.table.create(row).await? {
                Outcome::Done(()) => Ok(Spent::Now),
                Outcome::Refused(used) => Self::again(proof, used.as_ref()),
            };
        }
        let mut all = vec![Write::Create(row)];
        all.extend(writes);
        match self.table.transact(all).await? {
            Committed::Yes => Ok(Spent::Now),
            Committed::No(mut failed) => match failed.remove(0) {
                Some(used) => Self::again(proof, used.as_ref()),
                None => Ok(Spent::Refused(failed)),
            },
        }
    }

    /// The token of the session that a login with this proof opens: asked again, it is the same session.
    #[must_use]
    pub fn session_token(&self, proof: &Proof) -> Token {
        Token::from_bytes(self.config.link_key.sign(format!("session {}", proof.signature).as_bytes()))
    }

    fn again(proof: &Proof, used: Option<&Row>) -> Result<Spent, Problem> {
        let used = used.ok_or_else(|| Problem::internal("a used proof without its row"))?;
        let answer = same_request(&proof.body_hash, used.text("body_hash")?, used.text("answer")?)?;
        Ok(Spent::Before(answer.to_owned()))
    }

    /// Steps to the solution: from half of the configured number to one and a half of it, so that nobody
    /// can count on the place.
    fn counter(&self) -> u32 {
        let middle = self.config.proof_counter.clamp(PROOF_COUNTER_MIN, PROOF_COUNTER_MAX);
        middle / 2 + u32::from_le_bytes(self.random.bytes()) % middle.max(2)
    }

    fn secrets(&self) -> impl Iterator<Item = Secrets> {
        self.config.proof_keys.iter().map(Secrets::of)
    }
}

/// Two secrets out of one key: one signs challenges, the other their solutions.
struct Secrets {
    challenge: String,
    solution: String,
}

impl Secrets {
    fn of(key: &SecretKey) -> Self {
        Self {
            challenge: key.fingerprint("altcha", "challenge"),
            solution: key.fingerprint("altcha", "solution"),
        }
    }
}

fn is_genuine(payload: &Payload, secrets: Secrets) -> bool {
    let options = VerifySolutionOptions {
        hmac_key_signature_secret: Some(secrets.solution),
        ..VerifySolutionOptions::new(&payload.challenge, &payload.solution, secrets.challenge)
    };
    altcha::verify_solution(options).is_ok_and(|result| result.verified)
}

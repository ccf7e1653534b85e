//! Proofs of work (ALTCHA v2): made for one action, good for one body, and so the idempotency key.

use std::collections::BTreeMap;
use std::sync::Arc;

pub use altcha::Challenge;
use altcha::{CreateChallengeOptions, Payload, VerifySolutionOptions};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use domain::proof::{Action, PROOF_VALID_MINUTES, same_request};
use domain::time::{SignedDuration, Timestamp, after, minutes};
use domain::{EncodedProof, MailId, Reference, Refusal, SecretKey, Token};
use serde::{Deserialize, Serialize};

use crate::clock::Clock;
use crate::config::Config;
use crate::error::Error;
use crate::form::CanonicalBody;
use crate::function::Secret;
use crate::random::Random;
use crate::table::{Committed, Guard, Key, Refused, Row, Table, Transaction};

/// The least that an operator may ask: no proof to speak of, for tests.
pub const PROOF_COUNTER_MIN: u32 = 1;
/// The most: minutes in a browser.
pub const PROOF_COUNTER_MAX: u32 = 100_000;

/// Key derivation of the challenge.
const ALGORITHM: &str = "PBKDF2/SHA-256";
/// Iterations of one step.
const COST: u32 = 5_000;
/// The retention of a used proof, from when it could serve no more.
pub(crate) const USED_PROOF_RETENTION: SignedDuration = SignedDuration::from_hours(1);

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

/// What the same request is answered when it is asked again: kept with the proof that paid for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Receipt {
    /// A check of a SIRET, which is answered by what is true when it is asked again.
    Check,
    /// An application was taken in.
    Application {
        /// The mail that activates it.
        mail: MailId,
    },
    /// An application was refused: the establishment has an account.
    EstablishmentHasAccount,
    /// A recovery was taken in.
    Recovery,
    /// A request for assistance was taken in.
    Ticket {
        /// What to quote.
        reference: Reference,
        /// Where its receipt goes, masked: a repetition may bear another address.
        sent_to: String,
    },
    /// A login was judged.
    Login,
}

/// What came of the writes that a proof paid for.
#[derive(Debug)]
pub enum Spent {
    /// All is written, the proof with it.
    Now,
    /// The same request was answered before.
    Before(Receipt),
    /// Another guard of the transaction failed. Nothing is written.
    Refused(Refused),
}

/// The proof must not have served.
const UNUSED_PROOF: Guard = Guard("unused proof");

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
    /// `Error::Internal` when the function states no key for it.
    pub fn challenge(&self, action: Action) -> Result<Challenge, Error> {
        self.challenge_of(action, Effort { cost: COST, counter: self.counter() })
    }

    /// A challenge of any effort. The effort is signed: whoever answers cannot lessen it.
    ///
    /// # Errors
    /// `Error::Internal` when the function states no key for it.
    pub fn challenge_of(&self, action: Action, effort: Effort) -> Result<Challenge, Error> {
        let secrets = Secrets::of(self.config.keys.of(Secret::Challenge)?);
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
        .map_err(Error::internal)
    }

    /// Checks a proof: its signature, its action, its age. A keyed hash of the body that it came with tells one
    /// request from another.
    ///
    /// # Errors
    /// `ProofRejected`; `Error::Internal` when the function states no key for it.
    pub fn verify(&self, proof: &EncodedProof, action: Action, body: &CanonicalBody) -> Result<Proof, Error> {
        self.config.keys.of(Secret::Proof)?;
        let (signature, expires_at) = self.check(proof, action)?;
        let body_hash = self.config.keys.of(Secret::Hash)?.fingerprint(action.as_str(), body.as_str());
        Ok(Proof { signature, body_hash, forgotten_at: after(expires_at, USED_PROOF_RETENTION) })
    }

    /// The signature of a genuine proof, and until when it serves.
    fn check(&self, proof: &EncodedProof, action: Action) -> Result<(String, Timestamp), Refusal> {
        let bytes = STANDARD.decode(proof.as_str()).map_err(|_| Refusal::ProofRejected)?;
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
        Ok((payload.challenge.signature.unwrap_or_default(), expires_at))
    }

    /// Spends the proof with all other writes, in one transaction. `receipt` is what the same request will be
    /// answered if it is asked again.
    ///
    /// # Errors
    /// `ProofAlreadyUsed` when it served another body; `Error::Table` when the table cannot be written.
    pub async fn spend(
        &self,
        proof: &Proof,
        receipt: &Receipt,
        mut transaction: Transaction,
    ) -> Result<Spent, Error> {
        let row = Row::new(&Key::proof(&proof.signature))
            .with("body_hash", proof.body_hash.as_str())
            .with("receipt", serde_json::to_string(receipt).map_err(Error::internal)?)
            .with("expires_at", proof.forgotten_at);
        transaction.create(UNUSED_PROOF, row);
        match self.table.commit(transaction).await? {
            Committed::Yes => Ok(Spent::Now),
            Committed::No(refused) => match refused.standing(UNUSED_PROOF) {
                Some(used) => {
                    let receipt: Receipt = used.parsed("receipt", |text| serde_json::from_str(text))?;
                    Ok(Spent::Before(same_request(&proof.body_hash, used.text("body_hash")?, receipt)?))
                }
                None => Ok(Spent::Refused(refused)),
            },
        }
    }

    /// The token of the session that a login with this proof opens: asked again, it is the same session.
    ///
    /// # Errors
    /// `Error::Internal` when the function states no key for it.
    pub fn session_token(&self, proof: &Proof) -> Result<Token, Error> {
        let key = self.config.keys.of(Secret::Session)?;
        Ok(Token::from_bytes(key.sign(format!("session {}", proof.signature).as_bytes())))
    }

    /// Steps to the solution of a new challenge: from one to twice the configured number, so that no part of the search
    /// can be skipped.
    #[must_use]
    pub fn counter(&self) -> u32 {
        let middle = self.config.proof_counter.clamp(PROOF_COUNTER_MIN, PROOF_COUNTER_MAX);
        1 + self.random.below(2 * middle)
    }

    fn secrets(&self) -> impl Iterator<Item = Secrets> {
        self.config.keys.all(Secret::Proof).iter().map(Secrets::of)
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

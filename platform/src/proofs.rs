//! Proofs of work (ALTCHA v2): for one action and one body, and so the idempotency key of a request.

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

/// For tests.
pub const PROOF_COUNTER_MIN: u32 = 1;
/// Minutes in a browser.
pub const PROOF_COUNTER_MAX: u32 = 100_000;

/// The key derivation function of a challenge.
const ALGORITHM: &str = "PBKDF2/SHA-256";
/// Iterations of a step.
pub const COST: u32 = 5_000;
/// The retention of a used proof after its expiry.
pub(crate) const USED_PROOF_RETENTION: SignedDuration = SignedDuration::from_hours(1);

/// A verified proof: signature, action, age. Whether it was used is known by the transaction that spends it.
#[derive(Debug, Clone)]
pub struct Proof {
    signature: String,
    body_hash: String,
    row_expires_at: Timestamp,
}

/// The effort of solving a challenge.
#[derive(Debug, Clone, Copy)]
pub struct Effort {
    /// Iterations of a step.
    pub cost: u32,
    /// Steps to the solution.
    pub counter: u32,
}

/// What the same request is answered when it is repeated; stored with its proof.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Receipt {
    /// A check of a SIRET, which is done anew when it is repeated.
    Check,
    /// An application was written.
    Application {
        /// The mail that activates it.
        mail: MailId,
    },
    /// An application was refused with `EstablishmentHasAccount`.
    EstablishmentHasAccount,
    /// The mail of a recovery was queued.
    Recovery,
    /// A request for assistance was written.
    Ticket {
        reference: Reference,
        /// The masked address of its receipt: a repetition may have another address.
        sent_to: String,
        /// The receipt.
        #[serde(default)]
        mail: Option<MailId>,
    },
    /// A login was checked.
    Login,
    /// A request for an invitation was written, or another of the same day stands.
    InvitationRequest,
}

/// The result of spending a proof.
#[derive(Debug)]
pub enum Spent {
    /// The transaction and the proof are written.
    Now,
    /// The same request was done before; its receipt.
    Before(Receipt),
    /// Another guard of the transaction failed, and nothing is written.
    Refused(Refused),
}

/// The proof is unused.
const UNUSED_PROOF: Guard = Guard::new("unused proof");

/// Makes challenges; verifies and spends proofs.
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

    /// A challenge for one action, valid for [`PROOF_VALID_MINUTES`].
    pub fn challenge(&self, action: Action) -> Result<Challenge, Error> {
        self.challenge_of(action, Effort { cost: COST, counter: self.counter() })
    }

    /// A challenge of any effort. The effort is signed: a client cannot lower it.
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

    /// Verifies a proof: signature, action, age. Its keyed hash of the body identifies the request.
    ///
    /// # Errors
    /// `ProofRejected`.
    pub fn verify(&self, proof: &EncodedProof, action: Action, body: &CanonicalBody) -> Result<Proof, Error> {
        self.config.keys.of(Secret::Proof)?;
        let (signature, expires_at) = self.check(proof, action)?;
        let body_hash = self.config.keys.of(Secret::Hash)?.fingerprint(action.as_str(), body.as_str());
        Ok(Proof { signature, body_hash, row_expires_at: after(expires_at, USED_PROOF_RETENTION) })
    }

    /// The signature and the expiry of a genuine proof.
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

    /// Spends the proof in the transaction of all other writes. `receipt` is for the answer to a repetition.
    ///
    /// # Errors
    /// `ProofAlreadyUsed` when it served another body.
    pub async fn spend(
        &self,
        proof: &Proof,
        receipt: &Receipt,
        mut transaction: Transaction,
    ) -> Result<Spent, Error> {
        let row = Row::new(&Key::proof(&proof.signature))
            .with("body_hash", proof.body_hash.as_str())
            .with("receipt", serde_json::to_string(receipt).map_err(Error::internal)?)
            .with("expires_at", proof.row_expires_at);
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

    /// The token of the session that a login with this proof opens: the same when the request is repeated.
    pub fn session_token(&self, proof: &Proof) -> Result<Token, Error> {
        let key = self.config.keys.of(Secret::Session)?;
        Ok(Token::from_bytes(key.sign(format!("session {}", proof.signature).as_bytes())))
    }

    /// Steps of a new challenge: uniform from 1 to twice the configured number, so that no part of the search
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

/// Two secrets derived from one key: for challenges and for their solutions.
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

//! Proofs of work, as a browser makes them.

use altcha::{Challenge, Payload, SolveChallengeOptions, solve_challenge};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use crate::Error;

/// The proof that answers a challenge, for the field `proof` of a form.
pub fn solve(challenge: &Value) -> Result<String, Error> {
    let challenge: Challenge = serde_json::from_value(challenge.clone())?;
    let solution = solve_challenge(SolveChallengeOptions::new(&challenge))?.ok_or("no solution")?;
    Ok(STANDARD.encode(serde_json::to_vec(&Payload { challenge, solution })?))
}

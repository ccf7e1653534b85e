//! Forms as a person fills them in.

use serde_json::{Value, json};

/// Somebody's application for an account.
#[must_use]
pub fn application(siret: &str, email: &str) -> Value {
    json!({
        "siret": siret,
        "establishment_name": "Boulangerie du Marché",
        "first_name": "Jeanne",
        "last_name": "Martin-Ruiz",
        "email": email,
        "phone": "01 23 45 67 89",
        "accept_terms": true,
    })
}

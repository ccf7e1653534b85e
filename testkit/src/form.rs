//! Forms as a person fills them in.

use serde_json::{Value, json};

/// The SIRET of one company's establishment, by its rank below 10,000: the check is Luhn's (INSEE).
#[must_use]
pub fn siret(rank: u64) -> String {
    let digits = |check: u32| format!("732829320{rank:04}{check}");
    let is_right = |digits: &String| {
        let doubled = digits.bytes().rev().enumerate().map(|(place, digit)| {
            let digit = u32::from(digit - b'0') << (place % 2);
            if digit > 9 { digit - 9 } else { digit }
        });
        doubled.sum::<u32>() % 10 == 0
    };
    (0..10).map(digits).find(is_right).unwrap_or_default()
}

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

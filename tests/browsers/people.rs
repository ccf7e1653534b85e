//! Fixtures: people and what they type.

pub const SIRET: &str = "732 829 320 00074";
pub const SIRET_DIGITS: &str = "73282932000074";
pub const EMAIL: &str = "jeanne.martin@exemple.fr";
pub const ESTABLISHMENT: &str = "Boulangerie du Marché";
pub const PHONE: &str = "01 23 45 67 89";
pub const PASSWORD: &str = "fenêtre sirop balcon 47 tambour";
pub const OTHER_PASSWORD: &str = "girafe octobre 12 velours marteau";

/// Field by field, what the second step of opening an account asks.
pub const APPLICATION: [(&str, &str); 5] = [
    ("establishment_name", ESTABLISHMENT),
    ("first_name", "Jeanne"),
    ("last_name", "Martin-Ruiz"),
    ("email", EMAIL),
    ("phone", PHONE),
];

/// Field by field, a request for assistance without its SIRET and motive.
pub const TICKET: [(&str, &str); 5] = [
    ("establishment_name", ESTABLISHMENT),
    ("full_name", "Jeanne Martin-Ruiz"),
    ("phone", "+33 1 23 45 67 89"),
    ("email", EMAIL),
    ("description", "Ma collègue est partie en octobre. Sa messagerie est fermée."),
];
/// A colleague, who has no account yet.
pub const COLLEAGUE: [(&str, &str); 3] =
    [("first_name", "Paul"), ("last_name", "Durand"), ("email", COLLEAGUE_EMAIL)];
pub const COLLEAGUE_EMAIL: &str = "paul.durand@exemple.fr";
pub const COLLEAGUE_NAME: &str = "Paul Durand";
/// Of a mail that was never sent: the page says so, unless `Fate::open_link` says that it serves.
pub const LINK: &str = "/mot-de-passe/#jeton";
/// Well formed, and of no account.
pub const UNKNOWN_IDENTIFIER: &str = "AP-0000-0000";

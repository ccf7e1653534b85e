//! The mails: their words, and what holds for each of them whatever people type.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod every_mail;
mod fixtures;
mod words;

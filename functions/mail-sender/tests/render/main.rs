//! The mails: their words, and what holds for each of them whatever people type.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod every_mail;
mod fixtures;
mod space;
mod words;

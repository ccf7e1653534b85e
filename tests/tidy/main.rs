//! Rules about the sources themselves: each is a function from a file's text to what is wrong with it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod limits;
mod manifests;
mod shape;
mod sources;
mod words;

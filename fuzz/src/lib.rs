//! Fuzz targets: a function for each entrance, which panics when a property does not hold.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a panic is what a target says")]

pub mod corpus;
mod events;
mod fixture;
mod proofs;
mod queue;
mod requests;
mod values;

use std::fmt;

use platform::function::Route;
use sesame::functions;

/// The longest input that is a value: more than any field takes.
const VALUE_BYTES_MAX: usize = 6 * 1024;
/// The longest input that is a request or an event: more than a body may have.
const REQUEST_BYTES_MAX: usize = 18 * 1024;
/// The longest input that is a batch of ten messages.
const BATCH_BYTES_MAX: usize = 4 * 1024;

/// Mutations of an input that runs on a portal.
const MUTATIONS: u32 = 200;
/// Mutations of a text.
const MUTATIONS_OF_TEXT: u32 = 1_000;
/// Mutations of a password, which take long to judge.
const MUTATIONS_OF_PASSWORDS: u32 = 200;

/// Runs one input; panics when a property does not hold.
type Run = dyn Fn(&[u8]) + Send + Sync;

/// An entrance, and what must hold whatever comes in.
pub struct Target {
    pub name: String,
    /// The longest input.
    pub bytes_max: usize,
    /// The mutations of a test run, by what one costs.
    pub mutations: u32,
    run: Box<Run>,
}

impl Target {
    fn new(name: impl Into<String>, bytes_max: usize, run: impl Fn(&[u8]) + Send + Sync + 'static) -> Self {
        Self { name: name.into(), bytes_max, mutations: MUTATIONS, run: Box::new(run) }
    }

    /// Of a parser of text.
    fn of_text(name: &str, check: fn(&str)) -> Self {
        let check = move |input: &[u8]| check(&String::from_utf8_lossy(input));
        Self { mutations: MUTATIONS_OF_TEXT, ..Self::new(name, VALUE_BYTES_MAX, check) }
    }

    fn of_route(route: &'static Route) -> Self {
        Self::new(Self::name_of(route), REQUEST_BYTES_MAX, move |input| requests::of_route(route, input))
    }

    /// `post-recover-password` of `POST /api/recover/password`.
    fn name_of(route: &Route) -> String {
        route.path.replace("/api/", &format!("{}-", route.method.to_lowercase())).replace('/', "-")
    }

    /// Runs one input. Panics when a property does not hold.
    pub fn run(&self, input: &[u8]) {
        (self.run)(input);
    }
}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

/// Every target. Those of routes come from the functions' statements.
#[must_use]
pub fn targets() -> Vec<Target> {
    let mut targets = vec![
        Target::of_text("siret", values::siret),
        Target::of_text("identifier", values::identifier),
        Target::of_text("email", values::email),
        Target::of_text("phone", values::phone),
        Target::of_text("name", values::name),
        Target::of_text("description", values::description),
        Target { mutations: MUTATIONS_OF_PASSWORDS, ..Target::of_text("password", values::password) },
        Target::of_text("token", values::token),
        Target::of_text("printed", values::printed),
        Target { mutations: MUTATIONS_OF_TEXT, ..Target::new("dns", VALUE_BYTES_MAX, values::dns) },
        Target { mutations: MUTATIONS_OF_TEXT, ..Target::new("journal", VALUE_BYTES_MAX, values::journal) },
        Target::of_text("id-token", values::id_token),
        Target::new("cookie", VALUE_BYTES_MAX, requests::cookie),
        Target::new("proof", VALUE_BYTES_MAX, proofs::payload),
        Target::new("request", REQUEST_BYTES_MAX, requests::anywhere),
        Target::new("event", REQUEST_BYTES_MAX, events::event),
        Target::new("queue", BATCH_BYTES_MAX, queue::batch),
    ];
    targets.extend(functions::routes().map(|(_, route)| Target::of_route(route)));
    targets
}

//! What a stranger asks, and the time of each answer.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Instant;

use domain::proof::Action;
use fastrand::Rng;
use serde_json::{Value, json};

use super::statistics::Sample;
use crate::Error;
use crate::population::{Population, Request, identifier, siret};

/// The order of the requests is the same in every run.
const SEED: u64 = 4_500;
/// Requests before the first that counts.
const WARMING_UP: usize = 500;
/// Requests of one connection: the server ends it after two minutes.
const REQUESTS_OF_A_CONNECTION: usize = 500;
/// Most answers come with one read.
const ANSWER_BYTES: usize = 4096;
/// A password that nobody has.
const WRONG_PASSWORD: &str = "girafe octobre 12 velours marteau";

/// A question whose answer must not tell.
#[derive(Debug, Clone, Copy)]
pub enum Question {
    RecoverPassword,
    /// By SIRET and the address of its account.
    RecoverIdentifier,
    /// By the SIRET of an account and another address.
    RecoverIdentifierElsewhere,
    Session,
}

impl Question {
    pub const ALL: [Self; 4] =
        [Self::RecoverPassword, Self::RecoverIdentifier, Self::RecoverIdentifierElsewhere, Self::Session];

    pub fn name(self) -> &'static str {
        match self {
            Self::RecoverPassword => "recover/password, identifiers",
            Self::RecoverIdentifier => "recover/identifier, SIRET and address",
            Self::RecoverIdentifierElsewhere => "recover/identifier, SIRET, other address",
            Self::Session => "session, identifiers, wrong password",
        }
    }

    fn path(self) -> &'static str {
        match self {
            Self::RecoverPassword => "/api/recover/password",
            Self::RecoverIdentifier | Self::RecoverIdentifierElsewhere => "/api/recover/identifier",
            Self::Session => "/api/session",
        }
    }

    /// The answer to everybody.
    pub fn status(self) -> u16 {
        match self {
            Self::Session => 401,
            _ => 202,
        }
    }

    /// Everybody once, and as many strangers, in an order drawn from the seed.
    pub fn requests(self, population: &Population, samples: usize) -> Result<Vec<Request>, Error> {
        let mut rng = Rng::with_seed(SEED);
        let mut requests = Vec::with_capacity(2 * samples);
        for person in population.people.iter().take(samples) {
            for is_known in [true, false] {
                let identifier = if is_known { person.identifier.clone() } else { identifier(&mut rng) };
                let siret = if is_known { person.siret.clone() } else { siret(&mut rng)? };
                // As long for both.
                let email = match self {
                    Self::RecoverIdentifierElsewhere => person.email.replace("personne", "quelquun"),
                    _ => person.email.clone(),
                };
                let form = match self {
                    Self::RecoverPassword => json!({"identifier": identifier.as_str()}),
                    Self::Session => {
                        json!({"identifier": identifier.as_str(), "password": WRONG_PASSWORD})
                    }
                    _ => json!({"siret": siret.as_str(), "email": email}),
                };
                let form = self.proven(population, form)?;
                requests.push(Request::post(self.path(), &form, is_known));
            }
        }
        rng.shuffle(&mut requests);
        Ok(requests)
    }

    /// With a proof, where the first attempt needs one.
    fn proven(self, population: &Population, mut form: Value) -> Result<Value, Error> {
        if !matches!(self, Self::Session) {
            form["proof"] = population.proof(Action::Recover)?.into();
        }
        Ok(form)
    }
}

/// Asks one after the other, one connection after the other. The first ones do not count.
pub fn ask_all(port: u16, requests: &[Request], status: u16) -> Result<Vec<Sample>, Error> {
    let wanted = format!("HTTP/1.1 {status} ");
    let mut samples = Vec::with_capacity(requests.len());
    let mut buffer = vec![0; ANSWER_BYTES];
    for requests in requests.chunks(REQUESTS_OF_A_CONNECTION) {
        let mut stream = TcpStream::connect(("127.0.0.1", port))?;
        stream.set_nodelay(true)?;
        for request in requests {
            let bytes = request.bytes();
            let asked = Instant::now();
            stream.write_all(&bytes)?;
            let length = read_answer(&mut stream, &mut buffer)?;
            samples.push((request.is_known, asked.elapsed().as_nanos() as f64));
            if !buffer.starts_with(wanted.as_bytes()) {
                let answer = String::from_utf8_lossy(buffer.get(..length).unwrap_or_default());
                return Err(format!("not {status}: {answer}").into());
            }
        }
    }
    Ok(samples.split_off(WARMING_UP.min(samples.len())))
}

/// Reads one answer with its body. Returns its length.
fn read_answer(stream: &mut TcpStream, buffer: &mut [u8]) -> Result<usize, Error> {
    let mut length = 0;
    loop {
        let read = stream.read(buffer.get_mut(length..).unwrap_or_default())?;
        if read == 0 {
            return Err("the connection ended".into());
        }
        length += read;
        let text = String::from_utf8_lossy(buffer.get(..length).unwrap_or_default());
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let stated = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok());
        if body.len() >= stated.unwrap_or(0) {
            return Ok(length);
        }
    }
}

//! Password hashes: Argon2id (RFC 9106, parameters of OWASP's cheat sheet), in a bounded queue.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use argon2::password_hash::Error as HashError;
use argon2::password_hash::phc::{Output, ParamsString, PasswordHash, Salt};
use argon2::{Algorithm, Argon2, Block, Params, Version};
use domain::Password;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::task;

use crate::error::Error;
use crate::random::Random;
use crate::refusals::STEP;

/// The cost of a hash, where it is computed, and the time within which it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hashing {
    pub memory_kib: u32,
    pub passes: u32,
    /// Whether blocking threads of the runtime compute it.
    pub is_off_thread: bool,
    /// A step of time at which refused logins leave.
    pub refusal_step: Duration,
}

impl Hashing {
    /// What OWASP's cheat sheet recommends.
    pub const OWASP: Self =
        Self { memory_kib: 19 * 1024, passes: 2, is_off_thread: true, refusal_step: STEP };
    /// The cheapest that Argon2id allows, on the only thread of a simulation.
    pub const SIMULATED: Self = Self { memory_kib: 8, passes: 1, is_off_thread: false, refusal_step: STEP };
}

/// Lanes of a hash: one, since a function has less than two processors.
pub const LANES: u32 = 1;
/// Concurrent hashes in one process: bounds its memory.
const HASHES_AT_ONCE_MAX: usize = 4;
/// Hashes that may wait in the queue, about a second's worth. Beyond it: 503 with `Retry-After`.
const HASHES_WAITING_MAX: usize = 64;

/// Salt and hash that no password has.
const DUMMY: &str = "bm9ib2R5J3Mgc2FsdC4uLg$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

static QUEUE: Queue = Queue::new(HASHES_AT_ONCE_MAX, HASHES_WAITING_MAX);

/// A place in the queue of hashes.
#[derive(Debug)]
pub struct Place<'a> {
    _permit: SemaphorePermit<'a>,
}

/// Hashes and checks passwords.
#[derive(Debug, Clone)]
pub struct Passwords {
    hashing: Hashing,
    random: Random,
}

impl Passwords {
    #[must_use]
    pub fn new(hashing: Hashing, random: &Random) -> Self {
        Self { hashing, random: random.clone() }
    }

    /// Takes a place in the queue: before anything is written, so that a request that is refused for want of
    /// one has changed nothing. `Error::Busy` when all are taken.
    pub fn place(&self) -> Result<Place<'static>, Error> {
        QUEUE.place()
    }

    /// The hash of a new password, as a PHC string.
    pub async fn hash(&self, place: Place<'static>, password: Password) -> Result<String, Error> {
        let (hashing, salt) = (self.hashing, self.random.bytes::<16>());
        self.run(place, move || Ok(hash(hashing, password.as_bytes(), &salt)?.to_string())).await
    }

    /// Whether the password matches the hash. Without a hash a dummy of the same cost is checked, so that the
    /// time taken does not tell whether an account exists.
    pub async fn is_right(
        &self,
        place: Place<'static>,
        typed: String,
        known_hash: Option<String>,
    ) -> Result<bool, Error> {
        let hashing = self.hashing;
        self.run(place, move || {
            let is_known = known_hash.is_some();
            let known_hash = known_hash.unwrap_or_else(|| dummy_hash(hashing));
            Ok(matches(typed.as_bytes(), &PasswordHash::new(&known_hash)?)? && is_known)
        })
        .await
    }

    async fn run<T: Send + 'static>(
        &self,
        place: Place<'static>,
        work: impl FnOnce() -> Result<T, HashError> + Send + 'static,
    ) -> Result<T, Error> {
        let result = if self.hashing.is_off_thread { QUEUE.run(place, work).await? } else { work() };
        result.map_err(|error| Error::internal(error.to_string()))
    }
}

fn hash(hashing: Hashing, password: &[u8], salt: &[u8]) -> Result<PasswordHash, HashError> {
    let (params, salt) = (Params::new(hashing.memory_kib, hashing.passes, LANES, None)?, Salt::new(salt)?);
    Ok(PasswordHash {
        algorithm: Algorithm::Argon2id.ident(),
        version: Some(Version::V0x13.into()),
        params: ParamsString::try_from(&params)?,
        hash: Some(output(&Argon2::new(Algorithm::Argon2id, Version::V0x13, params), password, &salt)?),
        salt: Some(salt),
    })
}

/// Whether a password has this hash, by the parameters that it states. Outputs are compared in constant time.
fn matches(password: &[u8], known: &PasswordHash) -> Result<bool, HashError> {
    let (Some(salt), Some(expected)) = (&known.salt, &known.hash) else {
        return Err(HashError::PasswordInvalid);
    };
    let version = known.version.map(Version::try_from).transpose()?.unwrap_or_default();
    let algorithm = Algorithm::try_from(known.algorithm.as_str())?;
    let argon2 = Argon2::new(algorithm, version, Params::try_from(known)?);
    Ok(output(&argon2, password, salt)? == *expected)
}

/// Argon2's memory between hashes: made anew for each, its page faults would take a third of a hash's time.
/// What a hash has left there is overwritten by the next one before it is read (RFC 9106, 3.2).
static MEMORY: Mutex<Vec<Vec<Block>>> = Mutex::new(Vec::new());

fn output(argon2: &Argon2<'_>, password: &[u8], salt: &[u8]) -> Result<Output, HashError> {
    let memory = || MEMORY.lock().unwrap_or_else(PoisonError::into_inner);
    let mut blocks = memory().pop().unwrap_or_default();
    blocks.resize(argon2.params().block_count(), Block::new());
    let length = argon2.params().output_len().unwrap_or(Params::DEFAULT_OUTPUT_LEN);
    let mut hashed = [0; Output::MAX_LENGTH];
    let hashed = hashed.get_mut(..length).ok_or(HashError::OutputSize)?;
    let result = argon2.hash_password_into_with_memory(password, salt, hashed, &mut blocks);
    memory().push(blocks);
    result?;
    Output::new(hashed).map_err(Into::into)
}

fn dummy_hash(Hashing { memory_kib, passes, .. }: Hashing) -> String {
    format!("$argon2id$v=19$m={memory_kib},t={passes},p={LANES}${DUMMY}")
}

/// A bounded queue for CPU-heavy work: some runs, some waits, the rest is refused with `Error::Busy`.
struct Queue {
    places: Semaphore,
    workers: Semaphore,
}

impl Queue {
    const fn new(at_once: usize, waiting: usize) -> Self {
        Self { places: Semaphore::const_new(at_once + waiting), workers: Semaphore::const_new(at_once) }
    }

    fn place(&self) -> Result<Place<'_>, Error> {
        let permit = self.places.try_acquire();
        let place = permit.map(|permit| Place { _permit: permit });
        place.map_err(|_| Error::Busy("too many passwords wait to be hashed"))
    }

    async fn run<T: Send + 'static>(
        &self,
        _place: Place<'_>,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Error> {
        let _worker = self.workers.acquire().await.map_err(Error::internal)?;
        task::spawn_blocking(work).await.map_err(Error::internal)
    }
}

#[cfg(test)]
mod tests {
    use std::pin::Pin;
    use std::task::{Context, Waker};

    use argon2::PasswordHasher;

    use super::*;

    #[test]
    fn the_dummy_costs_what_a_hash_costs() -> Result<(), Box<dyn std::error::Error>> {
        let hashing = Hashing::OWASP;
        let real = hash(hashing, b"any", &[7; 16])?;
        let dummy = PasswordHash::new(&dummy_hash(hashing))?;
        assert_eq!(dummy.params, real.params);
        assert_eq!((dummy.algorithm, dummy.version), (real.algorithm, real.version));
        assert_eq!(dummy.hash.map(|h| h.len()), real.hash.map(|h| h.len()));
        Ok(())
    }

    #[test]
    fn a_hash_is_the_librarys_whatever_memory_it_is_made_in() -> Result<(), HashError> {
        for hashing in [Hashing::SIMULATED, Hashing { memory_kib: 64, passes: 3, ..Hashing::SIMULATED }] {
            let params = Params::new(hashing.memory_kib, hashing.passes, LANES, None)?;
            let library = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
            for password in ["fenêtre sirop", "balcon 47 tambour"] {
                let ours = hash(hashing, password.as_bytes(), &[7; 16])?;
                let its: PasswordHash = library.hash_password_with_salt(password.as_bytes(), &[7; 16])?;
                assert_eq!(ours, its);
                assert!(matches(password.as_bytes(), &ours)? && !matches(b"another", &ours)?);
            }
        }
        Ok(())
    }

    #[tokio::test]
    async fn one_too_many_is_refused_at_once_and_the_others_have_their_turn() -> Result<(), Error> {
        let queue = Queue::new(1, 1);
        let (release, released) = std::sync::mpsc::channel::<()>();
        let mut first = Box::pin(queue.run(queue.place()?, move || released.recv().is_ok()));
        let mut second = Box::pin(queue.run(queue.place()?, || true));
        assert!(is_waiting(&mut first) && is_waiting(&mut second));
        let refused = queue.place().err();
        assert!(matches!(refused, Some(Error::Busy(_))), "{refused:?}");
        assert!(release.send(()).is_ok());
        assert!(matches!(tokio::join!(first, second), (Ok(true), Ok(true))));
        assert!(queue.place().is_ok());
        Ok(())
    }

    fn is_waiting<T>(work: &mut (impl Future<Output = T> + Unpin)) -> bool {
        Pin::new(work).poll(&mut Context::from_waker(Waker::noop())).is_pending()
    }
}

//! Hashes a password for each line of standard input, and says how many milliseconds that took.

use std::io;
use std::time::Instant;

use domain::Password;
use platform::boot::{BootError, block_on};
use platform::passwords::{Hashing, Passwords};
use platform::random::Random;

fn main() -> Result<(), BootError> {
    let passwords = Passwords::new(Hashing::OWASP, &Random::system());
    let password = Password::parse("fenêtre sirop balcon 47 tambour").map_err(|code| format!("{code:?}"))?;
    block_on(async {
        for _ in io::stdin().lines() {
            let started = Instant::now();
            passwords.hash(passwords.place()?, password.clone()).await?;
            println!("{}", started.elapsed().as_secs_f64() * 1e3);
        }
        Ok(())
    })
}

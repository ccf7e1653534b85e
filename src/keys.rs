//! The key of journals on one machine: made at the first start, kept in the data folder.

use std::fs::{self, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use domain::SecretKey;
use platform::function::Secret;
use platform::random::Random;

const FILE: &str = "journal.key";
/// For its owner alone.
const PERMISSIONS: u32 = 0o600;

/// The key of a data folder: another one would sign what nobody could verify by the keys that they noted.
pub(crate) fn journal(folder: &Path, random: &Random) -> io::Result<SecretKey> {
    let file = folder.join(FILE);
    let text = match fs::read_to_string(&file) {
        Err(error) if error.kind() == ErrorKind::NotFound => make(&file, random)?,
        read => read?,
    };
    let key = SecretKey::new(text.trim());
    if Secret::Journal.takes(&key) {
        Ok(key)
    } else {
        Err(io::Error::other(format!("{}: the key of journals is 32 bytes in base64", file.display())))
    }
}

fn make(file: &Path, random: &Random) -> io::Result<String> {
    let text = STANDARD.encode(random.bytes::<32>());
    let mut made = OpenOptions::new().write(true).create_new(true).mode(PERMISSIONS).open(file)?;
    writeln!(made, "{text}")?;
    Ok(text)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_key_is_made_once_for_its_owner_alone_and_kept() {
        let folder = std::env::temp_dir().join(format!("sesame-keys-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let made = journal(&folder, &Random::new(|bytes| bytes.fill(1))).unwrap();
        assert_eq!(made.seed(), Some([1; 32]));
        let kept = journal(&folder, &Random::new(|bytes| bytes.fill(2))).unwrap();
        assert_eq!(kept.seed(), Some([1; 32]));
        let file = folder.join(FILE);
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, PERMISSIONS);
        fs::write(&file, "no key").unwrap();
        let error = journal(&folder, &Random::system()).unwrap_err().to_string();
        assert!(error.contains(FILE), "{error}");
        fs::remove_dir_all(&folder).unwrap();
    }
}

//! Signed notes: a text and its signatures, as anybody can check them (C2SP `signed-note`).

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

use crate::text;
use crate::token::hexadecimal;

/// Signatures of one note: as many as the specification has every verifier accept.
pub const NOTE_SIGNATURES_MAX: usize = 16;
/// The longest name of a key, in bytes.
pub const KEY_NAME_BYTES_MAX: usize = 255;
/// The signature type of Ed25519 (C2SP `signed-note`, «Signature types»).
const ED25519: u8 = 0x01;
/// The blank line between text and signatures, after the text's last line end.
const BLANK_LINE: &str = "\n\n";
/// What a signature's line begins with: an em dash.
const SIGNATURE_MARK: &str = "\u{2014} ";

/// The name of a key, like a URL without its scheme: `sesame.example/journal`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct KeyName(String);

impl KeyName {
    /// Parses the name of a key of ours: neither empty nor too long, without white space, plus signs and
    /// invisible characters.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        let is_plain = name.len() <= KEY_NAME_BYTES_MAX && !name.chars().any(text::is_invisible);
        Self::of_signer(name).filter(|_| is_plain)
    }

    /// Parses the name of whoever signed: all that the specification allows, since the signatures of unknown
    /// keys are ignored and not refused.
    fn of_signer(name: &str) -> Option<Self> {
        let is_name = !name.is_empty() && !name.contains(|c: char| c.is_whitespace() || c == '+');
        is_name.then(|| Self(name.to_owned()))
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The id of a key: tells keys of one name apart, and proves nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct KeyId(pub [u8; 4]);

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hexadecimal(&self.0))
    }
}

/// A public key of Ed25519 (RFC 8032) with its name: what signatures are checked against.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifierKey {
    pub name: KeyName,
    pub public_key: [u8; 32],
}

impl VerifierKey {
    /// `SHA-256(name || 0x0A || 0x01 || public key)[:4]`.
    #[must_use]
    pub fn id(&self) -> KeyId {
        let hash = Sha256::new().chain_update(self.name.as_str()).chain_update([b'\n']);
        let hash = hash.chain_update([ED25519]).chain_update(self.public_key);
        let [a, b, c, d, ..]: [u8; 32] = hash.finalize().into();
        KeyId([a, b, c, d])
    }

    /// Parses a printed key whose id is its own.
    #[must_use]
    pub fn parse(printed: &str) -> Option<Self> {
        // The key may have plus signs of base64, the name has none.
        let (name, rest) = printed.split_once('+')?;
        let (id, key) = rest.split_once('+')?;
        let [ED25519, public_key @ ..] = <[u8; 33]>::try_from(STANDARD.decode(key).ok()?).ok()? else {
            return None;
        };
        let key = Self { name: KeyName::parse(name)?, public_key };
        (key.id().to_string() == id).then_some(key)
    }
}

/// `<name>+<key id in hexadecimal>+<base64 of 0x01 and public key>`, as Go's `note` package prints it.
impl fmt::Display for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key: Vec<u8> = std::iter::once(ED25519).chain(self.public_key).collect();
        write!(f, "{}+{}+{}", self.name.as_str(), self.id(), STANDARD.encode(key))
    }
}

/// A signature, verified or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signature {
    pub name: KeyName,
    pub key: KeyId,
    /// 64 of them with Ed25519, over [`Note::text`].
    pub bytes: Vec<u8>,
}

impl Signature {
    fn parse(line: &str) -> Option<Self> {
        let (name, encoded) = line.strip_prefix(SIGNATURE_MARK)?.split_once(' ')?;
        let decoded = STANDARD.decode(encoded).ok()?;
        let (key, bytes) = decoded.split_first_chunk::<4>()?;
        let is_signed = !bytes.is_empty();
        let signature = Self { name: KeyName::of_signer(name)?, key: KeyId(*key), bytes: bytes.to_vec() };
        is_signed.then_some(signature)
    }
}

impl fmt::Display for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let encoded = STANDARD.encode([self.key.0.as_slice(), self.bytes.as_slice()].concat());
        write!(f, "{SIGNATURE_MARK}{} {encoded}", self.name.as_str())
    }
}

/// Why something is no signed note.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoteError {
    /// Not UTF-8, or with control characters besides line ends.
    Encoding,
    /// The text does not end with a line end.
    Text,
    /// No signature, too many, or a line among them that is none.
    Signatures,
}

/// A text with its signatures. It says nothing until one of a known key was verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    text: String,
    signatures: Vec<Signature>,
}

impl Note {
    /// A text that is not signed yet.
    ///
    /// # Errors
    /// `Encoding`, `Text`.
    pub fn new(text: String) -> Result<Self, NoteError> {
        if has_controls(&text) {
            return Err(NoteError::Encoding);
        }
        if !text.ends_with('\n') {
            return Err(NoteError::Text);
        }
        Ok(Self { text, signatures: Vec::new() })
    }

    /// The same with one more signature over [`text`](Self::text).
    ///
    /// # Errors
    /// `Signatures` beyond [`NOTE_SIGNATURES_MAX`], or for one without bytes.
    pub fn signed(mut self, signature: Signature) -> Result<Self, NoteError> {
        if self.signatures.len() >= NOTE_SIGNATURES_MAX || signature.bytes.is_empty() {
            return Err(NoteError::Signatures);
        }
        self.signatures.push(signature);
        Ok(self)
    }

    /// What is signed: with its last line end, without the blank line.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    #[must_use]
    pub fn signatures(&self) -> &[Signature] {
        &self.signatures
    }

    /// The signatures that name a key: each must verify.
    pub fn signatures_of(&self, key: &VerifierKey) -> impl Iterator<Item = &Signature> {
        let id = key.id();
        let is_of = move |signature: &&Signature| signature.key == id && signature.name == key.name;
        self.signatures.iter().filter(is_of)
    }

    /// Parses a note: the last blank line separates its text from its signatures.
    ///
    /// # Errors
    /// `Encoding`; `Signatures`, also when there is no blank line.
    pub fn parse(note: &[u8]) -> Result<Self, NoteError> {
        let note = std::str::from_utf8(note).map_err(|_| NoteError::Encoding)?;
        if has_controls(note) {
            return Err(NoteError::Encoding);
        }
        let (text, lines) = note.rsplit_once(BLANK_LINE).ok_or(NoteError::Signatures)?;
        let unsigned = Self::new(format!("{text}\n"))?;
        let lines = lines.strip_suffix('\n').ok_or(NoteError::Signatures)?;
        lines.split('\n').try_fold(unsigned, |signed, line| {
            signed.signed(Signature::parse(line).ok_or(NoteError::Signatures)?)
        })
    }
}

/// The text, a blank line, and a line for each signature.
impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.text)?;
        self.signatures.iter().try_for_each(|signature| writeln!(f, "{signature}"))
    }
}

/// Control characters below U+0020, which a note has none of but line ends.
fn has_controls(text: &str) -> bool {
    text.chars().any(|c| c < ' ' && c != '\n')
}

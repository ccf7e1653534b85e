//! Signed notes: the service's Ed25519 key, named by its site, and what verifies its signatures.

use std::sync::Arc;

use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use domain::SecretKey;
use domain::note::{KeyName, Note, Signature, VerifierKey};
use http::Uri;

use crate::config::Config;
use crate::error::Error;
use crate::function::Secret;

/// What follows the site's host in the name of its key.
const KEY_PATH: &str = "/journal";

#[derive(Debug, Clone)]
pub struct Signing {
    config: Arc<Config>,
}

impl Signing {
    pub(crate) fn new(config: &Arc<Config>) -> Self {
        Self { config: config.clone() }
    }

    /// A text as a note that the current key has signed.
    pub fn sign(&self, text: String) -> Result<Note, Error> {
        let (pair, key) = pair(&self.config.site, self.config.keys.of(Secret::Journal)?)?;
        let note = Note::new(text).map_err(|error| Error::internal(format!("no note: {error:?}")))?;
        let signed = pair.try_sign(note.text().as_bytes()).map_err(Error::internal)?;
        let signature = Signature { key: key.id(), name: key.name, bytes: signed.as_ref().to_vec() };
        note.signed(signature).map_err(|error| Error::internal(format!("not signed: {error:?}")))
    }

    /// What verifies the signatures of the current key, then of the previous one.
    pub fn verifier_keys(&self) -> Result<Vec<VerifierKey>, Error> {
        let keys = self.config.keys.all(Secret::Journal).iter();
        keys.map(|key| pair(&self.config.site, key).map(|(_, key)| key)).collect()
    }
}

/// A key of this site: what signs, and what verifies.
fn pair(site: &str, secret: &SecretKey) -> Result<(Ed25519KeyPair, VerifierKey), Error> {
    let seed = secret.seed().ok_or_else(|| Error::internal("the journal key is not 32 bytes in base64"))?;
    let pair = Ed25519KeyPair::from_seed_unchecked(&seed).map_err(Error::internal)?;
    let public_key: [u8; 32] = pair.public_key().as_ref().try_into().map_err(Error::internal)?;
    let name =
        name(site).ok_or_else(|| Error::internal("the site's address has no host for a key's name"))?;
    Ok((pair, VerifierKey { name, public_key }))
}

/// The name of the key of a site: of `https://sesame.example`, `sesame.example/journal`.
fn name(site: &str) -> Option<KeyName> {
    let address: Uri = site.parse().ok()?;
    KeyName::parse(&format!("{}{KEY_PATH}", address.host()?))
}

/// Whether a key made a signature of a text (RFC 8032).
#[must_use]
pub fn is_signed(key: &VerifierKey, text: &[u8], signature: &[u8]) -> bool {
    UnparsedPublicKey::new(&ED25519, key.public_key).verify(text, signature).is_ok()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic)]
mod tests {
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;
    use domain::journal::{Broken, Doubt, Misfit, Verified, Why, join, verify, verify_signed};
    use domain::note::NoteError;
    use serde_json::{Value, json};

    use super::*;
    use crate::config::{DeskConfig, Keys, LoginProof};
    use crate::passwords::Hashing;

    /// One list, which `web/tests/journal.test.js` reads too and says how: page and server cannot drift.
    const CASES: &str = include_str!("../../domain/tests/cases/journals.json");

    fn cases() -> Value {
        serde_json::from_str(CASES).unwrap()
    }

    fn list<'a>(cases: &'a Value, name: &str) -> &'a [Value] {
        cases[name].as_array().unwrap()
    }

    fn texts(list: &[Value]) -> Vec<&str> {
        list.iter().map(|text| text.as_str().unwrap()).collect()
    }

    fn file(case: &Value, pool: &[&str]) -> Vec<u8> {
        if let Some(encoded) = case["base64"].as_str() {
            return STANDARD.decode(encoded).unwrap();
        }
        let mut file = case["before"].as_str().unwrap_or_default().to_owned();
        file += case["text"].as_str().unwrap_or_default();
        for rank in case["lines"].as_array().into_iter().flatten() {
            file += pool[usize::try_from(rank.as_u64().unwrap()).unwrap()];
            file += case["end"].as_str().unwrap_or("\n");
        }
        let cut = usize::try_from(case["cut"].as_u64().unwrap_or_default()).unwrap();
        file.truncate(file.len() - cut);
        file.into_bytes()
    }

    fn told(found: Result<Verified, Doubt>) -> Value {
        match found {
            Ok(journal) => volume(&journal),
            Err(Doubt::Broken(Broken { line, why })) => json!({"line": line, "why": name_of(why)}),
            Err(Doubt::Note(NoteError::Encoding)) => json!({"doubt": "encoding"}),
            Err(Doubt::Note(NoteError::Signatures)) => json!({"doubt": "signatures"}),
            Err(Doubt::UnknownSigner) => json!({"doubt": "unknown-signer"}),
            Err(Doubt::Forged) => json!({"doubt": "forged"}),
            Err(other) => panic!("{other:?}"),
        }
    }

    fn volume(journal: &Verified) -> Value {
        let Verified { siret, end, entries, closed_at, .. } = journal;
        let mut told =
            json!({"siret": siret.as_str(), "entries": entries, "closed_at": format!("{closed_at:.0}")});
        if !journal.is_whole() {
            (told["first"], told["last"]) = (journal.first().into(), end.entries.into());
        }
        told
    }

    fn name_of(why: Why) -> &'static str {
        match why {
            Why::Altered => "altered",
            Why::Replaced => "replaced",
            Why::Dropped => "dropped",
            Why::Swapped => "swapped",
            Why::Repeated => "repeated",
            Why::LineEnds => "line-ends",
            Why::ByteOrderMark => "byte-order-mark",
        }
    }

    /// What a case says of its file.
    fn wanted(case: &Value) -> Value {
        let given = ["what", "lines", "end", "before", "cut", "text", "base64", "keys", "files"];
        let said = case.as_object().unwrap().iter().filter(|(name, _)| !given.contains(&name.as_str()));
        Value::Object(said.map(|(name, value)| (name.clone(), value.clone())).collect())
    }

    fn signing(site: &str, seeds: &[&str]) -> Signing {
        let keys = seeds.iter().map(|seed| SecretKey::new(*seed)).collect();
        Signing::new(&Arc::new(Config {
            site: site.to_owned(),
            proof_counter: 1,
            login_proof: LoginProof::AfterFailures,
            succession_days: 7,
            extranet: None,
            origin_secrets: Vec::new(),
            hashing: Hashing::OWASP,
            desk: DeskConfig::default(),
            keys: Keys::default().with(Secret::Journal, keys),
        }))
    }

    #[test]
    fn every_case_is_verified_as_the_page_does() {
        let cases = cases();
        let (keys, pool) = (texts(list(&cases, "keys")), texts(list(&cases, "pool")));
        let keys: Vec<VerifierKey> = keys.into_iter().map(|key| VerifierKey::parse(key).unwrap()).collect();
        assert!(list(&cases, "cases").len() > 100);
        for case in list(&cases, "cases") {
            let ranks = case["keys"].as_array().map(|ranks| ranks.iter().map(|rank| rank.as_u64().unwrap()));
            let known: Vec<VerifierKey> = match ranks {
                Some(ranks) => ranks.map(|rank| keys[usize::try_from(rank).unwrap()].clone()).collect(),
                None => keys.clone(),
            };
            let found = verify_signed(&file(case, &pool), &known, is_signed);
            assert_eq!(told(found), wanted(case), "{}", case["what"]);
        }
    }

    #[test]
    fn volumes_together_are_verified_as_the_page_does() {
        let cases = cases();
        let (keys, pool) = (texts(list(&cases, "keys")), texts(list(&cases, "pool")));
        let keys: Vec<VerifierKey> = keys.into_iter().map(|key| VerifierKey::parse(key).unwrap()).collect();
        for case in list(&cases, "volumes") {
            let files = list(case, "files").iter().map(|lines| file(&json!({"lines": lines}), &pool));
            let volumes: Vec<Verified> =
                files.map(|file| verify_signed(&file, &keys, is_signed).unwrap()).collect();
            let told = match join(&volumes[0], &volumes[1..]) {
                Ok(journal) => volume(&journal),
                Err(Misfit::OtherEstablishment { rank }) => json!({"other": rank}),
                Err(Misfit::Missing { first, last }) => json!({"missing": [first, last]}),
                Err(Misfit::Repeated { rank, entry }) => json!({"rank": rank, "repeated": entry}),
                Err(Misfit::Replaced { rank, entry }) => json!({"rank": rank, "replaced": entry}),
            };
            assert_eq!(told, wanted(case), "{}", case["what"]);
        }
    }

    #[test]
    fn every_sequence_of_whole_lines_is_verified_as_the_page_does() {
        let cases = cases();
        let pool = texts(list(&cases, "pool"));
        assert!(list(&cases, "unsigned").len() > 100);
        for case in list(&cases, "unsigned") {
            let found = verify(&file(case, &pool)).map_err(Doubt::Broken);
            assert_eq!(told(found), wanted(case), "{}", case["lines"]);
        }
    }

    #[test]
    fn a_note_is_signed_by_the_current_key_and_both_are_told() {
        let cases = cases();
        let (seeds, keys) = (texts(list(&cases, "seeds")), texts(list(&cases, "keys")));
        let signing = signing("https://sesame.example", &seeds);
        let told = signing.verifier_keys().unwrap();
        assert_eq!(told.iter().map(ToString::to_string).collect::<Vec<_>>(), keys);
        // Ed25519 is deterministic: the signature is the one that another program has made.
        let pool = texts(list(&cases, "pool"));
        let signed = String::from_utf8(file(&list(&cases, "cases")[0], &pool)).unwrap();
        let (text, _) = signed.rsplit_once("\n\n").unwrap();
        assert_eq!(signing.sign(format!("{text}\n")).unwrap().to_string(), signed);
    }

    #[test]
    fn a_key_has_the_name_of_its_host_whatever_the_port() {
        let name_of = |site: &str| name(site).map(|name| name.as_str().to_owned());
        assert_eq!(name_of("https://sesame.example").as_deref(), Some("sesame.example/journal"));
        assert_eq!(name_of("http://localhost:8080").as_deref(), Some("localhost/journal"));
        assert_eq!(name_of("/sesame"), None);
    }

    #[test]
    fn a_key_that_is_no_seed_signs_nothing() {
        let signing = signing("https://sesame.example", &["sesame development journal key"]);
        assert!(signing.sign("Un.\n".to_owned()).is_err() && signing.verifier_keys().is_err());
        assert!(!Secret::Journal.takes(&SecretKey::new("sesame development journal key")));
        assert!(Secret::Link.takes(&SecretKey::new("sesame development link key")));
    }
}

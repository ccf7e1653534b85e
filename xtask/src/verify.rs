//! `cargo xtask verify`: whether a journal is whole, from all its volumes, and signed by a known key; or what
//! is wrong with it.

use std::fs;

use domain::journal::{Broken, Doubt, Misfit, Verified, Why, join, verify, verify_signed};
use domain::note::{Note, NoteError, Signature, VerifierKey};
use platform::signing::is_signed;
use serde_json::Value;

use crate::tools::Tools;
use crate::{Error, Outcome, Usage};

/// The largest file that is read.
const FILE_BYTES_MAX: u64 = 32 * 1024 * 1024;
/// What is shown of a line.
const SHOWN_LENGTH_MAX: usize = 400;
/// Where a site publishes its keys.
const KEYS: &str = "/api/journal/keys";
/// How long a site may take to answer.
const SITE_SECONDS_MAX: &str = "20";

const SAVED_ANEW: &str = "a program saved the file anew; take it as it was downloaded";
const UNCHECKED: &str = "\
Signatures were NOT checked: whoever rewrites a whole journal is found out by them alone. Give the service's
key as you know it (--key), or the service's address (--site).";

/// What is asked for.
#[derive(Debug, PartialEq, Eq)]
struct Asked<'a> {
    files: Vec<&'a str>,
    keys: Vec<&'a str>,
    site: Option<&'a str>,
}

impl<'a> Asked<'a> {
    fn parse(arguments: &[&'a str]) -> Result<Self, Usage> {
        let is_option = |argument: &&str| argument.starts_with("--");
        let (files, options) =
            arguments.split_at(arguments.iter().position(is_option).unwrap_or(arguments.len()));
        if files.is_empty() {
            return Err(Usage);
        }
        let mut asked = Self { files: files.to_vec(), keys: Vec::new(), site: None };
        for option in options.chunks(2) {
            match option {
                ["--key", key] if asked.site.is_none() => asked.keys.push(key),
                ["--site", site] if asked.site.is_none() && asked.keys.is_empty() => asked.site = Some(site),
                _ => return Err(Usage),
            }
        }
        Ok(asked)
    }
}

pub fn run(arguments: &[&str]) -> Outcome {
    let asked = Asked::parse(arguments)?;
    let files = asked.files.iter().map(|name| read(name)).collect::<Result<Vec<_>, _>>()?;
    let keys = match asked.site {
        Some(site) => published(site)?,
        None => parsed(asked.keys.iter().copied())?,
    };
    println!("{}", judge(&files, &keys)?);
    Ok(())
}

fn parsed<'a>(keys: impl Iterator<Item = &'a str>) -> Result<Vec<VerifierKey>, String> {
    let no_key = |key: &str| format!("{key:?} is no key: it is as {KEYS} prints it");
    keys.map(|key| VerifierKey::parse(key).ok_or_else(|| no_key(key))).collect()
}

/// The keys that a site publishes.
fn published(site: &str) -> Result<Vec<VerifierKey>, Error> {
    let site = site.trim_end_matches('/');
    if !site.starts_with("https://") && !is_here(site) {
        return Err("keys that come without TLS are anybody's: give an https:// address".into());
    }
    let address = format!("{site}{KEYS}");
    let mut curl = Tools::find()?.command("curl");
    curl.args(["--silent", "--show-error", "--fail", "--max-time", SITE_SECONDS_MAX, &address]);
    let answer = curl.output().map_err(|error| format!("`curl` cannot be run: {error}"))?;
    if !answer.status.success() {
        return Err(format!("{address}: {}", String::from_utf8_lossy(&answer.stderr).trim()).into());
    }
    let body: Value = serde_json::from_slice(&answer.stdout)?;
    let keys = body["keys"].as_array().ok_or_else(|| format!("{address} publishes no keys"))?;
    Ok(parsed(keys.iter().filter_map(Value::as_str))?)
}

/// Whether it is a portal of this machine.
fn is_here(site: &str) -> bool {
    let is_port = |rest: &str| {
        let port = rest.strip_prefix(':');
        port.is_some_and(|port| !port.is_empty() && port.bytes().all(|digit| digit.is_ascii_digit()))
    };
    site.strip_prefix("http://localhost").is_some_and(|rest| rest.is_empty() || is_port(rest))
}

/// A file: its name, and what is in it.
type Given<'a> = (&'a str, Vec<u8>);

fn read(name: &str) -> Result<Given<'_>, String> {
    let about = |error: &dyn std::fmt::Display| format!("{name}: {error}");
    if fs::metadata(name).map_err(|error| about(&error))?.len() > FILE_BYTES_MAX {
        return Err(about(&"too large for a journal"));
    }
    Ok((name, fs::read(name).map_err(|error| about(&error))?))
}

/// What is said of files that are one journal, whole or, if there is one file, a part.
///
/// # Errors
/// What is wrong with the first that does not fit.
fn judge(files: &[Given<'_>], keys: &[VerifierKey]) -> Result<String, String> {
    let volume = |(name, file): &Given<'_>| {
        let about = |error| if files.len() > 1 { format!("{name}: {error}") } else { error };
        judge_volume(file, keys).map_err(about)
    };
    let volumes = files.iter().map(volume).collect::<Result<Vec<_>, _>>()?;
    let (first, others) = volumes.split_first().ok_or("no file is given")?;
    let journal = join(first, others).map_err(|misfit| told_misfit(files, misfit))?;
    let told = told(&journal);
    if keys.is_empty() {
        return Ok(format!("The lines fit: {told}\nIt names as its signer {}.\n{UNCHECKED}", signers(files)));
    }
    let extent = if journal.is_whole() { "Whole" } else { "A part" };
    Ok(format!("{extent}: {told}\n{}", signed_by(files, keys)))
}

/// A volume whose lines fit, and whose signatures do by these keys, if there are any.
fn judge_volume(file: &[u8], keys: &[VerifierKey]) -> Result<Verified, String> {
    let spoilt = || "its lines fit, and its signatures are missing, or were altered".to_owned();
    match verify_signed(file, keys, is_signed) {
        Ok(volume) => Ok(volume),
        Err(Doubt::Broken(broken)) => Err(first_line(file, broken)),
        Err(Doubt::UnknownSigner) if keys.is_empty() => {
            let note = Note::parse(file).map_err(|_| spoilt())?;
            verify(note.text().as_bytes()).map_err(|broken| first_line(file, broken))
        }
        Err(Doubt::UnknownSigner) => {
            let signers = signers(&[("", file.to_vec())]);
            Err(format!("its lines fit, and no given key has signed it: it names {signers}"))
        }
        Err(Doubt::Forged) => {
            Err("its lines fit, and the signature is not of this text: it was rewritten".to_owned())
        }
        Err(Doubt::Note(NoteError::Encoding)) => {
            Err("its lines fit, and its signatures hold what no signed note has".to_owned())
        }
        Err(Doubt::Note(_)) => Err(spoilt()),
    }
}

fn told_misfit(files: &[Given<'_>], misfit: Misfit) -> String {
    let name = |rank: usize| files.get(rank).map_or("", |(name, _)| name);
    match misfit {
        Misfit::OtherEstablishment { rank } => {
            format!("{}: it is of another establishment than {}", name(rank), name(0))
        }
        Misfit::Missing { first, last } => format!("entries {first} to {last} are in none of the files"),
        Misfit::Repeated { rank, entry } => format!("{}: another file has entry {entry} too", name(rank)),
        Misfit::Replaced { rank, entry } => {
            format!("{}: it does not go on from entry {entry} of the others", name(rank))
        }
    }
}

fn told(journal: &Verified) -> String {
    let Verified { siret, end, entries, closed_at, .. } = journal;
    let part = match journal.is_whole() {
        true => String::new(),
        false => format!("entries {} to {} of ", journal.first(), end.entries),
    };
    format!("{part}the journal of {siret}, {entries} entries, handed out at {closed_at:.0}.")
}

fn notes(files: &[Given<'_>]) -> Vec<Note> {
    files.iter().filter_map(|(_, file)| Note::parse(file).ok()).collect()
}

fn signed_by(files: &[Given<'_>], keys: &[VerifierKey]) -> String {
    let notes = notes(files);
    let has_signed = |key: &&VerifierKey| notes.iter().any(|note| note.signatures_of(key).next().is_some());
    keys.iter().filter(has_signed).map(|key| format!("Signed by {key}")).collect::<Vec<_>>().join("\n")
}

/// Who is said to have signed.
fn signers(files: &[Given<'_>]) -> String {
    let name =
        |signature: &Signature| format!("{}+{}", shown(signature.name.as_str().as_bytes()), signature.key);
    let mut names: Vec<String> = Vec::new();
    for name in notes(files).iter().flat_map(Note::signatures).map(name) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names.join(", ")
}

fn first_line(file: &[u8], Broken { line, why }: Broken) -> String {
    let said = match why {
        Why::Altered => format!("line {line} was altered"),
        Why::Replaced => format!("line {line} was replaced by another"),
        Why::Dropped => format!("a line was dropped where line {line} should be"),
        Why::Swapped => format!("line {line} was swapped with a later one"),
        Why::Repeated => format!("line {line} was added, or stands there again"),
        Why::LineEnds => format!("line {line} ends in a carriage return: {SAVED_ANEW}"),
        Why::ByteOrderMark => format!("line {line} has a byte order mark: {SAVED_ANEW}"),
    };
    match file.split(|&byte| byte == b'\n').nth(line - 1) {
        Some(text) if why != Why::Dropped => format!("{said}\n  {}", shown(text)),
        _ => said,
    }
}

/// A text without what a terminal would obey.
fn shown(text: &[u8]) -> String {
    let visible = |c: char| match c {
        '\'' | '"' => c.to_string(),
        c if c.is_whitespace() && !c.is_control() => " ".to_owned(),
        c => c.escape_debug().to_string(),
    };
    String::from_utf8_lossy(text).chars().take(SHOWN_LENGTH_MAX).map(visible).collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const CASES: &str = include_str!("../../domain/tests/cases/journals.json");

    fn cases() -> Value {
        serde_json::from_str(CASES).unwrap()
    }

    fn rank(value: &Value) -> usize {
        usize::try_from(value.as_u64().unwrap()).unwrap()
    }

    fn file(cases: &Value, lines: &Value, end: &str) -> String {
        let line = |line: &Value| format!("{}{end}", cases["pool"][rank(line)].as_str().unwrap());
        lines.as_array().unwrap().iter().map(line).collect()
    }

    /// What is said of the file of a case, by these of the service's keys.
    fn said(what: &str, ranks: &[usize]) -> Result<String, String> {
        let cases = cases();
        let case = cases["cases"].as_array().unwrap().iter().find(|case| case["what"] == what).unwrap();
        let before = case["before"].as_str().unwrap_or_default();
        let text = file(&cases, &case["lines"], case["end"].as_str().unwrap_or("\n"));
        let keys = ranks.iter().map(|&rank| cases["keys"][rank].as_str().unwrap());
        judge(&[("journal.txt", format!("{before}{text}").into_bytes())], &parsed(keys)?)
    }

    /// What is said of volumes that are given together: of files «1», «2» and so on, by the current key.
    fn said_together(what: &str) -> Result<String, String> {
        let cases = cases();
        let case = cases["volumes"].as_array().unwrap().iter().find(|case| case["what"] == what).unwrap();
        let files =
            case["files"].as_array().unwrap().iter().map(|lines| file(&cases, lines, "\n").into_bytes());
        let files: Vec<Given<'_>> = ["1", "2", "3", "4"].into_iter().zip(files).collect();
        judge(&files, &parsed(cases["keys"][0].as_str().into_iter())?)
    }

    #[test]
    fn volumes_are_one_journal_or_the_first_that_does_not_fit_is_named() {
        let whole = said_together("all three, in another order").unwrap();
        assert!(whole.starts_with("Whole: the journal of 73282932000074, 5 entries, handed out"), "{whole}");
        assert_eq!(whole.lines().count(), 2, "{whole}");
        let part = said_together("the second alone").unwrap();
        assert!(
            part.starts_with("A part: entries 3 to 4 of the journal of 73282932000074, 5 entries"),
            "{part}"
        );
        for (what, told) in [
            ("the second is missing", "entries 3 to 4 are in none of the files"),
            ("the last is missing", "entries 5 to 5 are in none of the files"),
            ("the second twice", "3: another file has entry 3 too"),
            ("one of another establishment", "3: it is of another establishment than 1"),
            ("the first of another opening", "2: it does not go on from entry 2 of the others"),
        ] {
            assert_eq!(said_together(what), Err(told.to_owned()), "{what}");
        }
        let cases = cases();
        let (one, two) = (file(&cases, &cases["volumes"][0]["files"][0], "\n"), "Rien.\n".to_owned());
        let named = judge(&[("1", one.into_bytes()), ("2", two.into_bytes())], &[]);
        assert_eq!(named, Err("2: line 1 was altered\n  Rien.".to_owned()));
    }

    #[test]
    fn a_whole_journal_names_the_key_that_signed_it() {
        let said = said("whole, signed by the previous key", &[0, 1]).unwrap();
        let told = "Whole: the journal of 73282932000074, 5 entries, handed out at 2026-12-01T08:00:00Z.\n\
                    Signed by sesame.example/journal+";
        assert!(said.starts_with(told) && said.lines().count() == 2, "{said}");
    }

    #[test]
    fn without_a_key_it_is_said_that_signatures_were_not_checked() {
        let said = said("whole, of five entries", &[]).unwrap();
        assert!(said.starts_with("The lines fit: the journal of 73282932000074"), "{said}");
        assert!(said.contains("sesame.example/journal+2b2845f9") && said.ends_with(UNCHECKED), "{said}");
        assert!(!said.contains("Whole") && !said.contains("Signed by"), "{said}");
    }

    #[test]
    fn the_first_line_that_does_not_fit_is_named() {
        for (what, told) in [
            ("a name is another", "line 4 was altered\n  3 2026-11-25T09:03:00Z « Jean Martin » (n° 3) a "),
            ("an entry is missing", "a line was dropped where line 4 should be"),
            ("lines 3 and 6 have changed places", "line 3 was swapped with a later one\n  5 2026-11-27T"),
            ("line 3 stands again as line 4", "line 4 was added, or stands there again\n  2 2026-11-24T"),
            ("a whole line in the place of another", "line 4 was replaced by another\n  3 2026-11-25T"),
            ("saved with carriage returns", "line 1 ends in a carriage return: a program saved"),
            ("saved with a byte order mark", "line 1 has a byte order mark: a program saved"),
        ] {
            for keys in [&[0, 1][..], &[]] {
                let error = said(what, keys).unwrap_err();
                assert!(error.starts_with(told), "{what}: {error}");
            }
        }
    }

    #[test]
    fn a_signature_that_proves_nothing_is_an_error() {
        for (what, told) in [
            ("whole, signed by the previous key", "no given key has signed it: it names sesame.example"),
            ("signed by somebody unknown alone", "no given key has signed it: it names sesame.example"),
            ("the signature of another establishment's journal", "the signature is not of this text"),
            ("no signature and no blank line", "its signatures are missing"),
            ("a tab among the signatures", "its signatures hold what"),
        ] {
            let error = said(what, &[0]).unwrap_err();
            assert!(error.starts_with(&format!("its lines fit, and {told}")), "{what}: {error}");
        }
        assert!(said("no signature and no blank line", &[]).is_err());
    }

    #[test]
    fn a_line_cannot_command_the_terminal() {
        let text = "«\u{A0}l'été\u{A0}»\u{1B}[2K\r\u{202E}";
        assert_eq!(shown(text.as_bytes()), "« l'été »\\u{1b}[2K\\r\\u{202e}");
        assert_eq!(shown(&[b'a'; 1_000]).len(), SHOWN_LENGTH_MAX);
    }

    #[test]
    fn keys_are_given_or_fetched_and_not_both() {
        let asked = Asked::parse(&["a.txt", "--key", "k", "--key", "l"]).unwrap();
        assert_eq!(asked, Asked { files: vec!["a.txt"], keys: vec!["k", "l"], site: None });
        let asked = Asked::parse(&["a.txt", "b.txt", "--site", "https://s"]).unwrap();
        assert_eq!(asked, Asked { files: vec!["a.txt", "b.txt"], keys: Vec::new(), site: Some("https://s") });
        for wrong in [
            &[][..],
            &["--key"],
            &["a.txt", "--key"],
            &["a.txt", "--key", "k", "b.txt"],
            &["a.txt", "--site", "s", "--site", "s"],
            &["a.txt", "--site", "s", "--key", "k"],
            &["a.txt", "--key", "k", "--site", "s"],
        ] {
            assert!(Asked::parse(wrong).is_err(), "{wrong:?}");
        }
        let no_key = parsed(["k"].into_iter()).unwrap_err();
        assert!(no_key.starts_with("\"k\" is no key"), "{no_key}");
    }

    #[test]
    fn keys_come_by_tls_or_from_this_machine() {
        for site in [
            "http://sesame.example",
            "http://localhost.example",
            "http://localhost:80@s.example",
            "ftp://s.example",
            "s.example",
        ] {
            assert!(published(site).unwrap_err().to_string().contains("without TLS"), "{site}");
        }
        assert!(is_here("http://localhost") && is_here("http://localhost:8080"));
    }
}

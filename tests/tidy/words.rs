//! Plain words: the field's own, which a reader can search for.

use crate::sources::{ALL, check};

/// What is not written in a comment, and what is written instead.
const PHRASES: [(&str, &str); 14] = [
    ("the other way round", "what is read from what"),
    ("forgotten", "expired, deleted; or how long it is kept"),
    ("forgets", "deletes, clears"),
    ("beyond all reason", "over which limit"),
    ("for ever", "until what ends it"),
    ("this world", "clock, random bytes, services"),
    ("the world", "AWS, clock, random bytes: what is meant"),
    ("room", "module, folder, crate"),
    ("rooms", "modules, folders, crates"),
    ("door", "entrance, hook, endpoint"),
    ("doors", "entrances, hooks, endpoints"),
    ("pump", "worker"),
    ("tap", "hook, faults"),
    ("as it states itself", "nothing: `FUNCTION` says it"),
];

/// What no name holds, as one of its words.
const NAMES: [(&str, &str); 11] = [
    ("outlast", "retry_on_…"),
    ("outlasts", "is retried"),
    ("why_not", "refusal_of"),
    ("Doors", "Hooks"),
    ("Tap", "Faults"),
    ("Letter", "Mail"),
    ("pump", "worker"),
    ("strike", "stop"),
    ("forgotten", "expired, expires_at"),
    ("KEPT", "…_RETENTION"),
    ("world", "clock, random"),
];

/// Words that say nothing in a doc of one line.
const EMPTY_WORDS: [&str; 9] = ["the", "a", "an", "its", "this", "of", "one", "that", "our"];

type Faults = Vec<(usize, String)>;

/// The comment of a line, if it has one.
fn comment(line: &str) -> Option<&str> {
    let line = line.trim_start();
    if line.starts_with("//") { Some(line) } else { line.split_once(" // ").map(|(_, comment)| comment) }
}

fn words(text: &str) -> String {
    let words = text.split(|c: char| !c.is_alphanumeric() && c != '\'').filter(|word| !word.is_empty());
    format!(" {} ", words.collect::<Vec<_>>().join(" ").to_lowercase())
}

fn phrases(text: &str) -> Faults {
    let mut faults = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        let Some(comment) = comment(line) else { continue };
        let said = words(comment);
        let found = PHRASES.iter().filter(|(phrase, _)| said.contains(&format!(" {phrase} ")));
        faults.extend(found.map(|(phrase, instead)| (number, format!("«{phrase}»: write {instead}"))));
    }
    faults
}

fn names(text: &str) -> Faults {
    let mut faults = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        if line.trim_start().starts_with("//") {
            continue;
        }
        let identifiers = line.split(|c: char| !c.is_alphanumeric() && c != '_');
        for (name, instead) in NAMES {
            let holds = |identifier: &str| {
                identifier == name || format!("_{identifier}_").contains(&format!("_{name}_"))
            };
            if identifiers.clone().any(holds) {
                faults.push((number, format!("`{name}` in a name: write {instead}")));
            }
        }
    }
    faults
}

/// Docs of one line whose words are all in what they document.
fn echoes(text: &str) -> Faults {
    let lines: Vec<&str> = text.lines().map(str::trim_start).collect();
    let mut faults = Vec::new();
    for (rank, window) in lines.windows(3).enumerate() {
        let [before, doc, item] = window else { continue };
        let Some(doc) = doc.strip_prefix("/// ") else { continue };
        if before.starts_with("///") || item.starts_with("///") {
            continue;
        }
        let item = if item.starts_with("#[") { lines.get(rank + 3).copied().unwrap_or("") } else { item };
        let named = words(&snake(item));
        let said = words(doc);
        let mut telling = said.split_whitespace().filter(|word| !EMPTY_WORDS.contains(word));
        let is_said = |word: &str| named.contains(&format!(" {} ", word.trim_end_matches('s')));
        let is_number = said.split_whitespace().all(|word| word.bytes().all(|byte| byte.is_ascii_digit()));
        if is_number {
            faults.push((rank + 2, format!("«{doc}» is a number: say what it stands for")));
        } else if telling.all(|word| named.contains(&format!(" {word} ")) || is_said(word)) {
            faults.push((rank + 2, format!("«{doc}» repeats a name")));
        }
    }
    faults
}

/// `ContentType` and `content_type` as `content type`.
fn snake(item: &str) -> String {
    let mut text = String::new();
    for c in item.chars() {
        if c.is_uppercase() {
            text.push(' ');
        }
        text.push(if c == '_' { ' ' } else { c });
    }
    text
}

#[test]
fn comments_use_the_words_of_the_field() {
    check(&ALL, ".rs", phrases);
}

#[test]
fn names_use_the_words_of_the_field() {
    check(&ALL, ".rs", names);
}

#[test]
fn no_doc_repeats_a_name() {
    check(&ALL, ".rs", echoes);
}

#[test]
fn what_breaks_these_rules_is_found() {
    assert_eq!(phrases("/// The other\nlet door = 1; // A door.\n// Outdoors.").len(), 1);
    assert_eq!(
        phrases("/// Reads it. The other way round."),
        [(1, "«the other way round»: write what is read from what".into())]
    );
    assert_eq!(names("const LINK_KEPT: u8 = 1;\nlet kept = pump();\nstruct Tap;").len(), 3);
    assert!(names("// a pump\nfn is_kept_as_typed() {}").is_empty());
    let echo = |doc: &str, item: &str| echoes(&format!("\n/// {doc}\n{item}")).len();
    assert_eq!(echo("The name.", "pub name: String,"), 1);
    assert_eq!(echo("Its establishment's name.", "pub name: Name,"), 0);
    assert_eq!(echo("Not found.", "NotFound,"), 1);
    assert_eq!(echo("404.", "NotFound,"), 1);
    assert_eq!(echo("404, for whatever is not a page.", "NotFound,"), 0);
    assert_eq!(echo("The request's body.", "pub body: Body,"), 0);
}

//! Journals are verified on the site, and by the page that is kept and opened from disk.

use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};

use crate::browser::Browser;
use crate::processes::scratch;
use crate::stage::in_every_engine;

pub const WHOLE: &str = "whole, of five entries";
pub const ALTERED: &str = "a name is another";

/// Journals, and what is said of them.
const SAID: [(&str, &str); 6] = [
    (WHOLE, "Ce journal est entier, et sa signature est bonne"),
    (ALTERED, "La ligne 4 a été modifiée"),
    ("an entry is missing", "Une ligne manque à la place de la ligne 4"),
    ("lines 3 and 6 have changed places", "La ligne 3 n'est pas à sa place"),
    ("the signature of another establishment's journal", "La signature n'est pas celle de ce texte"),
    ("saved with carriage returns", "Un programme a enregistré ce fichier à sa façon"),
];

static CASES: LazyLock<Value> =
    LazyLock::new(|| serde_json::from_str(include_str!("../../domain/tests/cases/journals.json")).unwrap());

/// The key that signed them.
pub fn key() -> String {
    CASES["keys"][0].as_str().unwrap().to_owned()
}

/// Volumes that are given together, and what is said of them.
const SAID_OF_VOLUMES: [(&str, &str); 4] = [
    ("all three, in another order", "Ce journal est entier, et sa signature est bonne"),
    ("the second alone", "Ce n'est qu'une partie du journal, et sa signature est bonne"),
    ("the second is missing", "Il manque les entrées 3 à 4"),
    ("one of another establishment", "Ces fichiers ne se suivent pas"),
];

fn case(list: &str, what: &str) -> &'static Value {
    CASES[list].as_array().unwrap().iter().find(|case| case["what"] == what).unwrap()
}

/// A new file of a case.
fn journal(what: &str) -> PathBuf {
    let case = case("cases", what);
    file(&case["lines"], case["end"].as_str().unwrap_or("\n"))
}

/// New files of a case.
fn volumes(what: &str) -> Vec<PathBuf> {
    case("volumes", what)["files"].as_array().unwrap().iter().map(|lines| file(lines, "\n")).collect()
}

fn file(lines: &Value, end: &str) -> PathBuf {
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    let line = |rank: &Value| {
        let rank = usize::try_from(rank.as_u64().unwrap()).unwrap();
        format!("{}{end}", CASES["pool"][rank].as_str().unwrap())
    };
    let text: String = lines.as_array().unwrap().iter().map(line).collect();
    let file = scratch().join(format!("journal-{}.txt", COUNT.fetch_add(1, Ordering::Relaxed)));
    std::fs::write(&file, text).unwrap();
    file
}

/// On the page that is open.
pub async fn verify(browser: &Browser, what: &str, keys: &str) {
    verify_files(browser, &[journal(what)], keys).await;
}

async fn verify_files(browser: &Browser, files: &[PathBuf], keys: &str) {
    browser.choose("#journal", files).await;
    browser.fill("#keys", keys).await;
    browser.submit("#verify").await;
}

/// The page that is kept, as the site hands it out.
fn kept() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("web/dist/verifier/verifier.html")
}

#[tokio::test]
async fn a_journal_is_verified_on_the_site_by_the_keys_that_it_publishes_or_by_others() {
    in_every_engine(async |stage| {
        let browser = &stage.browser;
        browser.go("/verifier/").await;
        let is_filled = "return document.querySelector('#keys').value.startsWith('localhost/journal+')";
        browser.until("the published keys", is_filled, json!([])).await;
        browser.choose("#journal", &[journal(WHOLE)]).await;
        browser.submit("#verify").await;
        browser.reads("#done-title", "Ce journal n'est signé par aucune des clés données").await;
        for (what, said) in SAID {
            browser.go("/verifier/").await;
            verify(browser, what, &key()).await;
            browser.reads("#done-title", said).await;
        }
    })
    .await;
}

#[tokio::test]
async fn a_journal_is_verified_without_a_site_by_the_page_that_was_kept() {
    in_every_engine(async |stage| {
        let browser = &stage.browser;
        browser.open_file(&kept()).await;
        browser.choose("#journal", &[journal(WHOLE)]).await;
        browser.submit("#verify").await;
        browser.reads("#done-title", "la signature n'a pas été vérifiée").await;
        for (what, said) in SAID {
            browser.open_file(&kept()).await;
            verify(browser, what, &key()).await;
            browser.reads("#done-title", said).await;
        }
        for (what, said) in SAID_OF_VOLUMES {
            browser.open_file(&kept()).await;
            verify_files(browser, &volumes(what), &key()).await;
            browser.reads("#done-title", said).await;
        }
        browser.open_file(&kept()).await;
        verify(browser, WHOLE, "localhost/journal").await;
        browser.reads(".govuk-error-summary", "La clé n° 1 est incomplète").await;
    })
    .await;
}

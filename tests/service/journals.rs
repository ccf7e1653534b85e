//! The journal of an establishment, as its holders download it and as anybody verifies it.

use domain::Siret;
use domain::journal::{Broken, Doubt, Verified, Why, verify_signed};
use domain::note::VerifierKey;
use platform::signing::is_signed;
use serde_json::json;

use crate::support::{App, EMAIL, OTHER_SIRET, PASSWORD, SIRET, cookie};

fn of(siret: &str) -> String {
    format!("/api/space/journal?siret={siret}")
}

/// The cookie of a holder.
async fn holder(app: &App, siret: &str, email: &str) -> String {
    let identifier = app.account(siret, email).await;
    cookie(&app.login(&identifier, PASSWORD).await)
}

async fn keys(app: &App) -> Vec<VerifierKey> {
    let published = app.get("/api/journal/keys").await;
    assert_eq!(published.status, 200, "{}", published.body);
    let printed = published.body["keys"].as_array().unwrap().iter();
    printed.map(|key| VerifierKey::parse(key.as_str().unwrap()).unwrap()).collect()
}

async fn download(app: &App, cookie: &str) -> String {
    let answer = app.with_cookie("GET", &of(SIRET), cookie).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.body.as_str().unwrap().to_owned()
}

fn verified(file: &str, keys: &[VerifierKey]) -> Result<Verified, Doubt> {
    verify_signed(file.as_bytes(), keys, is_signed)
}

#[tokio::test]
async fn a_holder_downloads_a_journal_that_the_published_keys_verify() {
    let app = App::new();
    let cookie = holder(&app, SIRET, EMAIL).await;
    let answer = app.with_cookie("GET", &of(SIRET), &cookie).await;
    for (name, value) in [
        ("content-type", "text/plain; charset=utf-8"),
        ("content-disposition", "attachment; filename=\"journal-73282932000074.txt\""),
        ("cache-control", "no-store"),
    ] {
        assert_eq!(answer.headers[name], value);
    }
    let (file, keys) = (answer.body.as_str().unwrap(), keys(&app).await);
    let journal = verified(file, &keys).unwrap();
    assert_eq!(journal.siret, Siret::parse(SIRET).unwrap());
    assert!(file.contains(" a rejoint l'établissement comme titulaire."), "{file}");
    assert_eq!(keys.len(), 1);
    assert_eq!(keys[0].name.as_str(), "localhost/journal");
}

#[tokio::test]
async fn a_journal_that_was_altered_is_found_out_by_who_has_the_keys() {
    let app = App::new();
    let cookie = holder(&app, SIRET, EMAIL).await;
    let (file, keys) = (download(&app, &cookie).await, keys(&app).await);
    let altered = file.replacen("Martin-Ruiz", "Durand", 1);
    assert_ne!(altered, file, "the journal names its holder");
    let broken = Broken { line: 2, why: Why::Altered };
    assert_eq!(verified(&altered, &keys), Err(Doubt::Broken(broken)));
    let last = file.trim_end().chars().rev().find(char::is_ascii_alphanumeric).unwrap();
    let at = file.rfind(last).unwrap();
    let other = if last == 'A' { "B" } else { "A" };
    let resigned = format!("{}{other}{}", &file[..at], &file[at + 1..]);
    assert!(verified(&resigned, &keys).is_err());
    assert_eq!(verified(&file, &[]), Err(Doubt::UnknownSigner));
}

#[tokio::test]
async fn who_has_no_session_or_is_no_holder_gets_none() {
    let app = App::new();
    let cookie = holder(&app, SIRET, EMAIL).await;
    let stranger = holder(&app, OTHER_SIRET, "autre@exemple.fr").await;
    assert_eq!(app.get(&of(SIRET)).await.problem(), "no-session");
    assert_eq!(app.get("/api/space/journal").await.problem(), "no-session");
    for (siret, cookie) in [(SIRET, &stranger), ("41816609600069", &cookie)] {
        let refused = app.with_cookie("GET", &of(siret), cookie).await;
        assert_eq!((refused.status, refused.problem()), (403, "not-allowed"), "{siret}");
    }
    app.with_cookie("DELETE", "/api/session", &cookie).await;
    assert_eq!(app.with_cookie("GET", &of(SIRET), &cookie).await.problem(), "no-session");
}

#[tokio::test]
async fn a_siret_that_is_none_is_said_to_be() {
    let app = App::new();
    let cookie = holder(&app, SIRET, EMAIL).await;
    for (typed, fault) in [
        ("", "siret:required"),
        ("732829320", "siret:siret-is-siren"),
        ("73282932000075", "siret:siret-checksum"),
        ("..", "siret:siret-format"),
        ("%00", "siret:siret-format"),
    ] {
        assert_eq!(app.with_cookie("GET", &of(typed), &cookie).await.faults(), [fault], "{typed}");
    }
    assert_eq!(app.with_cookie("GET", "/api/space/journal", &cookie).await.faults(), ["siret:required"]);
}

#[tokio::test]
async fn rows_that_were_changed_are_not_signed() {
    let app = App::new();
    let cookie = holder(&app, SIRET, EMAIL).await;
    download(&app, &cookie).await;
    let rows = app.rows("JOURNAL#");
    let mut row = rows.into_iter().next().expect("a line of the journal");
    let line = row["line"]["S"].as_str().unwrap().replacen("Martin-Ruiz", "Durand", 1);
    row["line"] = json!({"S": line});
    app.operate("PutItem", &json!({"TableName": sesame::emulator::TABLE, "Item": row}));
    assert_eq!(app.with_cookie("GET", &of(SIRET), &cookie).await.problem(), "internal");
}

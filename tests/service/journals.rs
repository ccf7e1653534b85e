//! The journal of an establishment, as its holders download it and as anybody verifies it.

use domain::journal::{Broken, Chain, Doubt, Entry, LineHash, Verified, Why, join, verify_signed};
use domain::note::VerifierKey;
use domain::time::Timestamp;
use domain::{Name, Siret};
use platform::signing::is_signed;
use serde_json::json;

use crate::support::{Answer, App, EMAIL, OTHER_SIRET, PASSWORD, SIRET, cookie};

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

/// Adds entries to the journal whose first line is there, until it has so many. Each says `what`.
fn fill(app: &App, entries: u64, what: &str) {
    let first = app.rows("JOURNAL#").pop().expect("the first line of the journal");
    let line = first["line"]["S"].as_str().unwrap();
    let mut chain = Chain { entries: 1, head: LineHash::of(line) };
    let now: Timestamp = "2026-11-23T16:00:00Z".parse().unwrap();
    let entry = Entry::AgentActed { agent: Name::parse("Agent 7").unwrap(), what: what.to_owned() };
    while chain.entries < entries {
        let (line, next) = chain.append(now, &entry);
        let row =
            json!({"pk": first["pk"], "sk": {"S": format!("{:010}", next.entries)}, "line": {"S": line}});
        app.operate("PutItem", &json!({"TableName": sesame::emulator::TABLE, "Item": row}));
        chain = next;
    }
    let stands = json!({
        "TableName": sesame::emulator::TABLE,
        "Key": {"pk": {"S": format!("SIRET#{SIRET}")}, "sk": {"S": "ESTABLISHMENT"}},
        "UpdateExpression": "SET journal_entries = :entries, journal_head = :head",
        "ExpressionAttributeValues": {
            ":entries": {"N": chain.entries.to_string()}, ":head": {"S": chain.head.as_str()},
        },
    });
    app.operate("UpdateItem", &stands);
}

/// The volumes of the journal, each asked for where the one before says.
async fn volumes(app: &App, cookie: &str) -> Vec<Answer> {
    let mut volumes = Vec::new();
    let mut next = Some(of(SIRET));
    while let Some(address) = next {
        app.table.calls();
        let answer = app.with_cookie("GET", &address, cookie).await;
        assert_eq!(answer.status, 200, "{address}: {}", answer.body);
        let of_session = ["GetItem", "GetItem"];
        assert_eq!(app.table.calls(), [&of_session[..], &["BatchGetItem", "Query"]].concat(), "{address}");
        next = answer.headers.get("link").map(|link| {
            let link = link.to_str().unwrap().strip_prefix('<').unwrap();
            link.strip_suffix(">; rel=\"next\"").unwrap().to_owned()
        });
        volumes.push(answer);
    }
    volumes
}

#[tokio::test]
async fn a_long_journal_comes_in_volumes_that_verify_alone_and_together() {
    let app = App::new();
    let cookie = holder(&app, SIRET, EMAIL).await;
    fill(&app, 4_100, "les membres");
    let (volumes, keys) = (volumes(&app, &cookie).await, keys(&app).await);
    let file = |answer: &Answer| answer.body.as_str().unwrap().to_owned();
    let found: Vec<Verified> = volumes.iter().map(|volume| verified(&file(volume), &keys).unwrap()).collect();
    let extents: Vec<(u64, u64, u64)> =
        found.iter().map(|volume| (volume.first(), volume.end.entries, volume.entries)).collect();
    assert_eq!(extents, [(1, 2_000, 4_100), (2_001, 4_000, 4_100), (4_001, 4_100, 4_100)]);
    let whole = join(&found[2], &found[..2]).unwrap();
    assert!(whole.is_whole() && whole.entries == 4_100);
    let last_line =
        |answer: &Answer| file(answer).split("\n\n").next().unwrap().lines().last().unwrap().to_owned();
    assert!(
        last_line(&volumes[0])
            .contains("La suite du journal est dans un autre. Dernière entrée ici : 2000 sur 4100.")
    );
    for (volume, from) in volumes.iter().zip([1, 2_001, 4_001]) {
        let name = format!("attachment; filename=\"journal-73282932000074-{from}.txt\"");
        assert_eq!(volume.headers["content-disposition"], name.as_str());
    }
}

#[tokio::test]
async fn a_volume_has_no_more_lines_than_one_query_reads() {
    let app = App::new();
    let cookie = holder(&app, SIRET, EMAIL).await;
    fill(&app, 900, &"é".repeat(900));
    let (volumes, keys) = (volumes(&app, &cookie).await, keys(&app).await);
    let found: Vec<Verified> =
        volumes.iter().map(|volume| verified(volume.body.as_str().unwrap(), &keys).unwrap()).collect();
    assert!(found.len() > 1 && found[0].end.entries < 900, "{found:?}");
    assert!(join(&found[0], &found[1..]).unwrap().is_whole());
}

#[tokio::test]
async fn a_journal_is_read_from_an_entry_that_it_has() {
    let app = App::new();
    let cookie = holder(&app, SIRET, EMAIL).await;
    fill(&app, 3, "les membres");
    let keys = keys(&app).await;
    for (from, first) in [("1", 1), ("2", 2), ("3", 3), ("03", 3)] {
        let answer = app.with_cookie("GET", &format!("{}&from={from}", of(SIRET)), &cookie).await;
        assert_eq!(answer.status, 200, "{from}: {}", answer.body);
        let volume = verified(answer.body.as_str().unwrap(), &keys).unwrap();
        assert_eq!((volume.first(), volume.end.entries, volume.entries), (first, 3, 3));
        assert!(answer.headers.get("link").is_none());
    }
    let whole = app.with_cookie("GET", &format!("{}&from=1", of(SIRET)), &cookie).await;
    assert_eq!(whole.headers["content-disposition"], "attachment; filename=\"journal-73282932000074.txt\"");
    for from in ["", "0", "4", "-1", "+2", "2.0", "deux", "18446744073709551616"] {
        let answer = app.with_cookie("GET", &format!("{}&from={from}", of(SIRET)), &cookie).await;
        assert_eq!(
            (answer.status, &answer.faults()[..]),
            (422, &["from:journal-entry-unknown".to_owned()][..]),
            "{from}"
        );
    }
    let stranger = holder(&app, OTHER_SIRET, "autre@exemple.fr").await;
    let refused = app.with_cookie("GET", &format!("{}&from=4", of(SIRET)), &stranger).await;
    assert_eq!(refused.problem(), "not-allowed", "who is no holder is not told how many entries there are");
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

#[tokio::test]
async fn a_journal_whose_last_rows_are_gone_is_not_signed() {
    let app = App::new();
    let cookie = holder(&app, SIRET, EMAIL).await;
    fill(&app, 4, "les membres");
    let last = app.rows("JOURNAL#").into_iter().find(|row| row["sk"]["S"] == "0000000004").unwrap();
    let gone = json!({"TableName": sesame::emulator::TABLE, "Key": {"pk": last["pk"], "sk": last["sk"]}});
    app.operate("DeleteItem", &gone);
    for from in ["1", "3", "4"] {
        let answer = app.with_cookie("GET", &format!("{}&from={from}", of(SIRET)), &cookie).await;
        assert_eq!(answer.problem(), "internal", "from {from}");
    }
}

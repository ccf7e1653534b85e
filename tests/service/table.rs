//! The row schema: the document is made from it, and every row of a story is checked against it.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use platform::notices::{Level, Notice};
use platform::table::schema::{self, AttributeKind, Kind, Presence};
use serde_json::Value;

use crate::grants::story;
use crate::support::{App, Fault};

/// A kind of row and one of its attributes.
type Stated = (&'static str, &'static str);

#[test]
fn the_document_is_as_the_schema_says() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/table.md");
    let standing = fs::read_to_string(path).unwrap();
    assert!(standing == schema::document(), "docs/table.md is stale: run `cargo xtask generate`");
}

#[tokio::test]
async fn every_row_is_as_the_schema_says_and_every_attribute_is_written_by_a_story() {
    let app = App::paced();
    let notice = |text: &str| text.to_owned();
    app.notices()
        .add(&Notice {
            level: Level::Info,
            title: notice("Maintenance"),
            body: notice("Dimanche de 8 h à 10 h."),
            from: notice("2026-11-23T16:00:00Z"),
            until: notice("2100-11-23T20:00:00Z"),
            event_from: Some(notice("2026-11-29T07:00:00Z")),
            event_until: Some(notice("2026-11-29T09:00:00Z")),
        })
        .await
        .unwrap();
    let mut seen = BTreeSet::new();
    story(&app, |app| seen.extend(hold_rows(app))).await;
    // A sender that dies leaves its lease in the row.
    app.apply("41816609600069", "paul.durand@exemple.fr").await;
    app.ses.plan([Fault::Crash]);
    app.deliver().await;
    seen.extend(hold_rows(&app));

    let stated: BTreeSet<Stated> = schema::kinds()
        .flat_map(|kind| kind.attributes.iter().map(|attribute| (kind.name, attribute.name)))
        .collect();
    assert_eq!(stated, seen, "an attribute that no story writes");
}

/// Holds every row that stands now against its kind. Gives the attributes that there are.
fn hold_rows(app: &App) -> BTreeSet<Stated> {
    app.rows("").iter().flat_map(hold).collect()
}

fn hold(row: &Value) -> Vec<Stated> {
    let (pk, sk) = (row["pk"]["S"].as_str().unwrap(), row["sk"]["S"].as_str().unwrap());
    let kinds: Vec<&Kind> =
        schema::kinds().filter(|kind| matches(kind.pk, pk) && matches(kind.sk, sk)).collect();
    let [kind] = kinds.as_slice() else { panic!("{} kinds of row with keys {pk} {sk}", kinds.len()) };
    let mut attributes = row.as_object().unwrap().clone();
    attributes.remove("pk");
    attributes.remove("sk");
    let mut seen = Vec::new();
    for attribute in kind.attributes {
        let what = format!("`{}` of {} {pk}", attribute.name, kind.name);
        let Some(value) = attributes.remove(attribute.name) else {
            assert_eq!(attribute.presence, Presence::Sometimes, "{what} is missing");
            continue;
        };
        let value = value.as_object().unwrap();
        let content = value.get(attribute.kind.dynamodb_type());
        let content = content.unwrap_or_else(|| panic!("{what} is of another type: {value:?}"));
        if attribute.kind == AttributeKind::Moment {
            let seconds: i64 = content.as_str().unwrap().parse().unwrap();
            assert!((1_500_000_000..5_000_000_000).contains(&seconds), "{what} is no moment: {seconds}");
        }
        seen.push((kind.name, attribute.name));
    }
    assert!(attributes.is_empty(), "{} {pk} has what the schema does not state: {attributes:?}", kind.name);
    seen
}

/// Whether a key is of that pattern: text with `<what varies>` in it.
fn matches(pattern: &str, key: &str) -> bool {
    let Some((before, rest)) = pattern.split_once('<') else { return pattern == key };
    let (_, after) = rest.split_once('>').unwrap();
    let Some(varying) = key.strip_prefix(before) else { return false };
    // What varies holds no `#`, so that a pattern without one matches no key with one.
    match after.split_once('<') {
        None => {
            varying.strip_suffix(after).is_some_and(|varying| !varying.is_empty() && !varying.contains('#'))
        }
        Some((between, _)) => varying.contains(between),
    }
}

//! Mandates: offered by either side, answered, used, ended, listed, and many offered at once.

mod lists;

use std::sync::atomic::{AtomicBool, Ordering};

use domain::MandateText;
use domain::time::{SignedDuration, after, paris_day};
use serde_json::{Value, json};
use sesame::emulator::TABLE;
use testkit::form::siret;
use tokio::task::yield_now;

use crate::me::{Person, told};
use crate::support::{Answer, App, EMAIL, Fault, PASSWORD, SIRET};

const CABINET: &str = "55208131766522";
const CABINET_EMAIL: &str = "paul.durand@exemple.fr";
/// An establishment without a space here.
const UNKNOWN: &str = "41816609600069";
const FIRST_USE: &str = "pour la première fois";

/// An establishment and a cabinet.
async fn both(app: &App) -> (Person, Person) {
    let client = Person::open(app, SIRET, "Boulangerie du Marché", EMAIL).await;
    (client, Person::open(app, CABINET, "Cabinet Durand", CABINET_EMAIL).await)
}

/// In so many days, on a calendar in Paris.
fn day(app: &App, days: i64) -> String {
    let now = app.portal.platform("mandates").unwrap().clock.now();
    paris_day(after(now, SignedDuration::from_hours(24 * days))).to_string()
}

/// An offer, without its sides.
fn terms(app: &App, scopes: &[&str], (from, until): (i64, i64)) -> Value {
    json!({
        "scopes": scopes,
        "from": day(app, from),
        "until": day(app, until),
        "text_version": MandateText::CURRENT.version,
    })
}

fn by_client(app: &App, scopes: &[&str], days: (i64, i64)) -> Value {
    let mut form = terms(app, scopes, days);
    (form["as"], form["siret"], form["other_siret"]) = ("client".into(), SIRET.into(), CABINET.into());
    form
}

fn by_cabinet(app: &App, scopes: &[&str], days: (i64, i64)) -> Value {
    let mut form = terms(app, scopes, days);
    (form["as"], form["siret"], form["other_siret"]) = ("cabinet".into(), CABINET.into(), SIRET.into());
    form
}

async fn offer(app: &App, who: &Person, form: &Value) -> Answer {
    who.post(app, "/api/space/mandates", form).await
}

/// Offers, and gives the mandate's name.
async fn offered(app: &App, who: &Person, form: &Value) -> String {
    let offered = offer(app, who, form).await;
    assert_eq!(offered.status, 202, "{}", offered.body);
    offered.body["mandate"].as_str().unwrap().to_owned()
}

/// Accepts, declines or ends a mandate in the name of an establishment.
async fn answer(app: &App, who: &Person, name: &str, (verb, siret): (&str, &str)) -> Answer {
    let mut form = json!({"siret": siret});
    if verb == "accept" {
        form["text_version"] = MandateText::CURRENT.version.into();
    }
    who.post(app, &format!("/api/space/mandates/{name}/{verb}"), &form).await
}

async fn accepted(app: &App, who: &Person, name: &str, siret: &str) {
    let accepted = answer(app, who, name, ("accept", siret)).await;
    assert_eq!((accepted.status, &accepted.body["state"]), (200, &json!("active")), "{}", accepted.body);
}

/// A mandate that the client offers and the cabinet accepts.
async fn given(
    app: &App,
    (client, cabinet): (&Person, &Person),
    scopes: &[&str],
    days: (i64, i64),
) -> String {
    let name = offered(app, client, &by_client(app, scopes, days)).await;
    accepted(app, cabinet, &name, CABINET).await;
    name
}

async fn access(app: &App, who: &Person, siret: &str) -> Answer {
    who.get(app, &format!("/api/access?siret={siret}")).await
}

/// What somebody may do for the client, or the problem.
async fn may(app: &App, who: &Person) -> Value {
    let answer = access(app, who, SIRET).await;
    if answer.status == 200 { answer.body["may"].clone() } else { answer.problem().into() }
}

async fn show(app: &App, who: &Person, name: &str, siret: &str) -> Answer {
    who.get(app, &format!("/api/space/mandates/{name}?siret={siret}")).await
}

/// The state of a mandate, as an establishment of somebody's sees it.
async fn state(app: &App, who: &Person, name: &str, siret: &str) -> Value {
    let shown = show(app, who, name, siret).await;
    assert_eq!(shown.status, 200, "{}", shown.body);
    shown.body["state"].clone()
}

/// The mandates on the first page of a list.
async fn listed(app: &App, who: &Person, query: &str) -> Vec<Value> {
    let list = who.get(app, &format!("/api/space/mandates?{query}")).await;
    assert_eq!(list.status, 200, "{}", list.body);
    list.body["mandates"].as_array().unwrap().clone()
}

/// Sends what is due. Gives recipient and subject of each mail.
async fn mails(app: &App) -> Vec<(String, String)> {
    let before = app.mails().len();
    app.deliver().await;
    let mut mails = app.mails();
    mails.truncate(mails.len() - before);
    mails.into_iter().map(|mail| (mail.to.join(", "), mail.subject)).collect()
}

/// Whether these mails are one, to this address and about this.
fn is_one(mails: &[(String, String)], to: &str, words: &str) -> bool {
    matches!(mails, [(address, subject)] if address == to && subject.contains(words))
}

/// Writes an attribute of somebody's membership.
fn set_member(app: &App, who: &Person, siret: &str, (attribute, value): (&str, &str)) {
    let key =
        json!({"pk": {"S": format!("SIRET#{siret}")}, "sk": {"S": format!("MEMBER#{}", who.identifier)}});
    app.operate(
        "UpdateItem",
        &json!({
            "TableName": TABLE,
            "Key": key,
            "UpdateExpression": format!("SET {attribute} = :value"),
            "ExpressionAttributeValues": {":value": {"S": value}},
        }),
    );
}

#[tokio::test]
async fn an_establishment_offers_a_mandate_and_its_cabinet_acts_by_it() {
    let app = App::new();
    let (client, cabinet) = both(&app).await;
    let form = by_client(&app, &["read", "declare"], (0, 30));
    let name = offered(&app, &client, &form).await;
    assert!(name.starts_with(&format!("{SIRET}-{CABINET}-")), "{name}");
    let sent = mails(&app).await;
    assert!(is_one(&sent, CABINET_EMAIL, "propose un mandat"), "{sent:?}");
    assert_eq!(may(&app, &cabinet).await, "not-allowed", "an offer allows nothing");
    let own = answer(&app, &client, &name, ("accept", SIRET)).await;
    assert_eq!((own.status, own.problem()), (403, "not-allowed"), "by who offered it");

    let taken = answer(&app, &cabinet, &name, ("accept", CABINET)).await;
    let mut mandate = json!({
        "mandate": name, "as": "cabinet", "siret": SIRET, "name": "Boulangerie du Marché",
        "scopes": ["read", "declare"], "from": form["from"], "until": form["until"], "state": "active",
        "offered_by": "client",
    });
    assert_eq!((taken.status, &taken.body), (200, &mandate));
    let sent = mails(&app).await;
    assert!(is_one(&sent, EMAIL, "accepté"), "{sent:?}");
    assert_eq!(listed(&app, &cabinet, &format!("siret={CABINET}")).await, [mandate.clone()]);
    mandate["as"] = "client".into();
    (mandate["siret"], mandate["name"]) = (CABINET.into(), "Cabinet Durand".into());
    assert_eq!(listed(&app, &client, &format!("siret={SIRET}")).await, [mandate]);

    let used = access(&app, &cabinet, SIRET).await;
    let through = json!({"siret": SIRET, "may": ["read", "declare"], "through": "mandate"});
    assert_eq!((used.status, used.body), (200, through));
    let every = json!({
        "siret": SIRET, "may": ["read", "declare", "indemnify", "manage"], "through": "member",
    });
    assert_eq!(access(&app, &client, SIRET).await.body, every);
    assert_eq!(access(&app, &client, CABINET).await.problem(), "not-allowed", "a client does not act for it");
    assert_eq!(told(&app, SIRET, "a proposé le mandat"), 1);
    assert_eq!((told(&app, SIRET, "a accepté"), told(&app, CABINET, "a accepté")), (1, 1));
}

#[tokio::test]
async fn a_cabinet_offers_a_mandate_and_the_establishment_declines_or_accepts_it() {
    let app = App::new();
    let (client, cabinet) = both(&app).await;
    let form = by_cabinet(&app, &["indemnify"], (0, 30));
    let first = offered(&app, &cabinet, &form).await;
    let sent = mails(&app).await;
    assert!(is_one(&sent, EMAIL, "propose un mandat"), "{sent:?}");
    let declined = answer(&app, &client, &first, ("decline", SIRET)).await;
    assert_eq!((declined.status, &declined.body["state"]), (200, &json!("declined")));
    let sent = mails(&app).await;
    assert!(is_one(&sent, CABINET_EMAIL, "refusé"), "{sent:?}");
    for verb in ["accept", "decline", "end"] {
        let late = answer(&app, &client, &first, (verb, SIRET)).await;
        assert_eq!((late.status, late.problem()), (409, "mandate-state"), "{verb}");
    }
    assert_eq!(may(&app, &cabinet).await, "not-allowed");

    let second = offered(&app, &cabinet, &form).await;
    assert_ne!(first, second);
    accepted(&app, &client, &second, SIRET).await;
    assert_eq!(may(&app, &cabinet).await, json!(["indemnify"]));
    let third = offered(&app, &cabinet, &by_cabinet(&app, &["read"], (0, 30))).await;
    let back = answer(&app, &cabinet, &third, ("end", CABINET)).await;
    assert_eq!((back.status, &back.body["state"]), (200, &json!("ended")), "an offer is taken back");
    assert_eq!(answer(&app, &client, &third, ("accept", SIRET)).await.problem(), "mandate-state");
}

#[tokio::test]
async fn an_offer_is_sent_where_it_says() {
    let app = App::new();
    let (client, _) = both(&app).await;
    let mut form = by_client(&app, &["read"], (0, 30));
    form["other_email"] = "comptable@exemple.fr".into();
    offered(&app, &client, &form).await;
    let sent = mails(&app).await;
    assert!(is_one(&sent, "comptable@exemple.fr", "propose un mandat"), "{sent:?}");
}

#[tokio::test]
async fn scopes_allow_what_they_name_and_nothing_else() {
    let app = App::new();
    let (client, cabinet) = both(&app).await;
    given(&app, (&client, &cabinet), &["indemnify"], (0, 30)).await;
    assert_eq!(may(&app, &cabinet).await, json!(["indemnify"]));
    given(&app, (&client, &cabinet), &["read"], (0, 60)).await;
    assert_eq!(may(&app, &cabinet).await, json!(["read", "indemnify"]), "both, in order");
    for (scopes, code) in [(json!([]), "required"), (json!(["read", "manage"]), "scope-unknown")] {
        let mut form = by_client(&app, &[], (0, 30));
        form["scopes"] = scopes;
        assert_eq!(offer(&app, &client, &form).await.faults(), [format!("scopes:{code}")]);
    }
}

#[tokio::test]
async fn a_mandate_allows_from_its_first_day_until_its_last() {
    let app = App::new();
    let (client, cabinet) = both(&app).await;
    let name = given(&app, (&client, &cabinet), &["read"], (3, 10)).await;
    assert_eq!(may(&app, &cabinet).await, "not-allowed", "not yet");
    for (hours, allowed, stands) in [
        (4 * 24, json!(["read"]), "active"),
        (5 * 24, json!(["read"]), "active"),
        (3 * 24, json!("not-allowed"), "ended"),
    ] {
        app.wait_minutes(hours * 60);
        let cabinet = cabinet.again(&app, PASSWORD).await;
        assert_eq!(may(&app, &cabinet).await, allowed);
        assert_eq!(state(&app, &cabinet, &name, CABINET).await, stands);
    }
    let client = client.again(&app, PASSWORD).await;
    assert_eq!(answer(&app, &client, &name, ("end", SIRET)).await.problem(), "mandate-state", "by its date");
}

#[tokio::test]
async fn an_offer_that_nobody_answers_lapses() {
    let app = App::new();
    let (client, cabinet) = both(&app).await;
    let name = offered(&app, &client, &by_client(&app, &["read"], (0, 300))).await;
    app.wait_minutes(31 * 24 * 60);
    let cabinet = cabinet.again(&app, PASSWORD).await;
    assert_eq!(state(&app, &cabinet, &name, CABINET).await, "lapsed");
    let late = answer(&app, &cabinet, &name, ("accept", CABINET)).await;
    assert_eq!((late.status, late.problem()), (409, "mandate-state"));
    let client = client.again(&app, PASSWORD).await;
    offered(&app, &client, &by_client(&app, &["read"], (0, 300))).await;
}

#[tokio::test]
async fn days_are_checked_and_so_are_sides_and_text() {
    let app = App::new();
    let (client, _) = both(&app).await;
    let before = app.rows("");
    for (days, fault) in [
        ((5, 3), "until:date-order"),
        ((-9, -3), "until:date-past"),
        ((0, 400), "until:term-too-long"),
        ((400, 500), "from:date-too-far"),
    ] {
        let refused = offer(&app, &client, &by_client(&app, &["read"], days)).await;
        assert_eq!((refused.status, refused.faults()), (422, vec![fault.to_owned()]));
    }
    for (field, value, fault) in [
        ("from", "2026-02-30", "from:date-format"),
        ("until", "demain", "until:date-format"),
        ("as", "holder", "as:side-unknown"),
        ("siret", "73282932000075", "siret:siret-checksum"),
        ("other_siret", SIRET, "other_siret:siret-is-own"),
        ("other_siret", UNKNOWN, "other_siret:siret-unknown"),
        ("other_email", "comptable@", "other_email:email-format"),
        ("text_version", "2020-01", "text_version:text-version-unknown"),
    ] {
        let mut form = by_client(&app, &["read"], (0, 30));
        form[field] = value.into();
        let refused = offer(&app, &client, &form).await;
        assert_eq!((refused.status, refused.faults()), (422, vec![fault.to_owned()]), "{field} {value}");
    }
    let mut form = by_client(&app, &["read"], (5, 3));
    form["other_siret"] = SIRET.into();
    let both = ["other_siret:siret-is-own", "until:date-order"];
    assert_eq!(offer(&app, &client, &form).await.faults(), both, "all faults at once");
    let empty = offer(&app, &client, &json!({})).await;
    let fields = ["as", "siret", "other_siret", "scopes", "from", "until", "text_version"];
    assert_eq!(empty.faults(), fields.map(|field| format!("{field}:required")));
    assert_eq!(app.rows(""), before);
}

#[tokio::test]
async fn one_live_mandate_has_each_scope_and_a_renewal_waits_in_the_other_slot() {
    let app = App::new();
    let (client, cabinet) = both(&app).await;
    let first = by_client(&app, &["read", "declare"], (0, 30));
    let name = offered(&app, &client, &first).await;
    assert_eq!(offered(&app, &client, &first).await, name, "the same offer twice is one");
    let other_days = offer(&app, &client, &by_client(&app, &["read"], (1, 29))).await;
    assert_eq!((other_days.status, other_days.problem()), (409, "mandate-state"), "an offer in the way");
    accepted(&app, &cabinet, &name, CABINET).await;
    for form in [by_client(&app, &["declare"], (30, 50)), by_cabinet(&app, &["read"], (0, 30))] {
        let who = if form["as"] == "client" { &client } else { &cabinet };
        let refused = offer(&app, who, &form).await;
        assert_eq!((refused.status, refused.problem()), (409, "mandate-state"), "a mandate in the way");
    }
    given(&app, (&client, &cabinet), &["indemnify"], (0, 30)).await;

    let renewal = given(&app, (&client, &cabinet), &["read", "declare"], (31, 60)).await;
    let third = offer(&app, &client, &by_client(&app, &["read"], (61, 90))).await;
    assert_eq!(third.problem(), "mandate-state", "one renewal at a time");
    assert_eq!(may(&app, &cabinet).await, json!(["read", "declare", "indemnify"]));
    app.wait_minutes(32 * 24 * 60);
    let (client, cabinet) = (client.again(&app, PASSWORD).await, cabinet.again(&app, PASSWORD).await);
    assert_eq!(may(&app, &cabinet).await, json!(["read", "declare"]), "by the renewal");
    assert_eq!(answer(&app, &client, &renewal, ("end", SIRET)).await.status, 200);
    assert_eq!(may(&app, &cabinet).await, "not-allowed");
    given(&app, (&client, &cabinet), &["read"], (0, 30)).await;
    assert_eq!(may(&app, &cabinet).await, json!(["read"]), "what has ended stands in no way");
}

#[tokio::test]
async fn two_offers_of_one_scope_at_once_are_one() {
    let app = App::new();
    let (client, cabinet) = both(&app).await;
    let (mine, theirs) = (by_client(&app, &["read"], (0, 30)), by_cabinet(&app, &["read"], (0, 30)));
    let (one, other) = tokio::join!(offer(&app, &client, &mine), offer(&app, &cabinet, &theirs));
    let mut statuses = [one.status, other.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [202, 409], "who came second has an offer to answer");
    assert_eq!(listed(&app, &client, &format!("siret={SIRET}")).await.len(), 1);
}

/// Each use that begins once the end was answered is refused, however the two lie.
#[tokio::test]
async fn a_mandate_that_was_ended_is_refused_to_every_open_session_from_then_on() {
    let app = App::new();
    let (client, desk) = both(&app).await;
    let phone = desk.again(&app, PASSWORD).await;
    for turns in 0..24 {
        let name = given(&app, (&client, &desk), &["read"], (0, 30)).await;
        let is_ended = AtomicBool::new(false);
        let ending = async {
            for _ in 0..turns {
                yield_now().await;
            }
            let ended = answer(&app, &client, &name, ("end", SIRET)).await;
            is_ended.store(true, Ordering::SeqCst);
            ended.status
        };
        let using = async |who: &Person| {
            loop {
                let was_ended = is_ended.load(Ordering::SeqCst);
                let used = access(&app, who, SIRET).await;
                if was_ended {
                    return used.problem().to_owned();
                }
                assert!(matches!(used.status, 200 | 403), "{}", used.body);
                yield_now().await;
            }
        };
        let (ended, at_desk, on_phone) = tokio::join!(ending, using(&desk), using(&phone));
        assert_eq!((ended, at_desk.as_str(), on_phone.as_str()), (200, "not-allowed", "not-allowed"));
    }
}

#[tokio::test]
async fn the_closing_of_either_side_ends_a_mandate() {
    let app = App::new();
    let (client, cabinet) = both(&app).await;
    let name = given(&app, (&client, &cabinet), &["read"], (0, 30)).await;
    assert_eq!(cabinet.close_space(&app, CABINET).await.status, 200);
    assert_eq!(may(&app, &cabinet).await, "not-allowed");
    assert_eq!(state(&app, &client, &name, SIRET).await, "ended");
    let closed = offer(&app, &client, &by_client(&app, &["read"], (0, 30))).await;
    assert_eq!(closed.faults(), ["other_siret:siret-unknown"]);

    let again = Person::open(&app, CABINET, "Cabinet Durand", "repreneur@exemple.fr").await;
    assert_eq!(may(&app, &again).await, "not-allowed", "what was given before gives nothing");
    assert_eq!(show(&app, &again, &name, CABINET).await.problem(), "not-allowed", "nor is it theirs to read");
    assert!(listed(&app, &again, &format!("siret={CABINET}")).await.is_empty());
    let other = given(&app, (&client, &again), &["read"], (0, 30)).await;
    assert_eq!(may(&app, &again).await, json!(["read"]));
    assert_eq!(client.close_space(&app, SIRET).await.status, 200);
    assert_eq!(may(&app, &again).await, "not-allowed");
    assert_eq!(state(&app, &again, &other, CABINET).await, "ended");
}

#[tokio::test]
async fn the_first_use_is_told_once_to_the_holders_and_in_the_journal() {
    let app = App::new();
    let (client, desk) = both(&app).await;
    let phone = desk.again(&app, PASSWORD).await;
    let name = given(&app, (&client, &desk), &["read"], (0, 30)).await;
    mails(&app).await;
    assert_eq!(show(&app, &client, &name, SIRET).await.body["first_used_at"], json!(null));
    let (one, other) = tokio::join!(access(&app, &desk, SIRET), access(&app, &phone, SIRET));
    assert_eq!((one.status, other.status), (200, 200));
    let sent = mails(&app).await;
    assert!(is_one(&sent, EMAIL, "première fois"), "{sent:?}");
    assert_eq!(told(&app, SIRET, FIRST_USE), 1);
    for (who, siret) in [(&client, SIRET), (&desk, CABINET)] {
        assert!(show(&app, who, &name, siret).await.body["first_used_at"].is_string());
    }
    assert_eq!(may(&app, &phone).await, json!(["read"]));
    assert!(mails(&app).await.is_empty());
    assert_eq!(told(&app, SIRET, FIRST_USE), 1);
}

#[tokio::test]
async fn a_past_mandate_shows_the_text_that_was_agreed_to() {
    let app = App::new();
    let shown = app.get("/api/space/mandates/text").await;
    let text = MandateText::CURRENT;
    let current = json!({"version": text.version, "text": text.text, "sha256": text.sha256()});
    assert_eq!((shown.status, shown.body), (200, current), "without a session");
    assert_eq!(shown.headers["cache-control"], "public, max-age=60");

    let (client, cabinet) = both(&app).await;
    let name = given(&app, (&client, &cabinet), &["read"], (0, 30)).await;
    assert_eq!(answer(&app, &cabinet, &name, ("end", CABINET)).await.status, 200);
    for (who, siret) in [(&client, SIRET), (&cabinet, CABINET)] {
        let past = show(&app, who, &name, siret).await.body;
        assert_eq!((&past["state"], &past["text"]), (&json!("ended"), &json!(text.text)));
        assert_eq!(
            (&past["text_version"], &past["text_sha256"]),
            (&json!(text.version), &json!(text.sha256()))
        );
        for moment in ["offered_at", "accepted_at", "ended_at"] {
            assert!(past[moment].is_string(), "{moment}");
        }
        assert_eq!((&past["declined_at"], &past["first_used_at"]), (&json!(null), &json!(null)));
    }
    assert_eq!(told(&app, CABINET, "a mis fin au mandat"), 1);
    assert_eq!(told(&app, SIRET, "a mis fin au mandat"), 1, "what bound it is told in its journal too");
}

#[tokio::test]
async fn an_acceptance_names_the_text_that_was_offered() {
    let app = App::new();
    let (client, cabinet) = both(&app).await;
    let name = offered(&app, &client, &by_client(&app, &["read"], (0, 30))).await;
    let path = format!("/api/space/mandates/{name}/accept");
    let other = json!({"siret": CABINET, "text_version": "2020-01"});
    assert_eq!(cabinet.post(&app, &path, &other).await.faults(), ["text_version:text-version-unknown"]);
    assert_eq!(state(&app, &client, &name, SIRET).await, "offered");
    assert_eq!(cabinet.post(&app, &path, &json!({"siret": CABINET})).await.status, 200, "the one offered");
}

#[tokio::test]
async fn another_s_mandate_is_refused_like_one_that_is_not_there() {
    let app = App::new();
    let (client, cabinet) = both(&app).await;
    let other = siret(11);
    let stranger = Person::open(&app, &other, "Crèmerie du Pont", "zoe@exemple.fr").await;
    let name = offered(&app, &client, &by_client(&app, &["read"], (0, 30))).await;
    let unknown = format!("{SIRET}-{CABINET}-0123456789abcdef");
    let before = app.rows("");
    let theirs = [SIRET, CABINET, other.as_str(), UNKNOWN].map(|of| (&stranger, of, name.as_str()));
    let nowhere = [unknown.as_str(), "x", "%00", "text-1"].map(|name| (&client, SIRET, name));
    for (who, of, name) in theirs.into_iter().chain(nowhere) {
        let shown = show(&app, who, name, of).await;
        assert_eq!((shown.status, shown.problem()), (403, "not-allowed"), "{name} {of}");
        for verb in ["accept", "decline", "end"] {
            let refused = answer(&app, who, name, (verb, of)).await;
            assert_eq!((refused.status, refused.problem()), (403, "not-allowed"), "{verb} {name} {of}");
        }
    }
    for of in [SIRET, CABINET, UNKNOWN] {
        let list = stranger.get(&app, &format!("/api/space/mandates?siret={of}")).await;
        assert_eq!((list.status, list.problem()), (403, "not-allowed"), "{of}");
        assert_eq!(access(&app, &stranger, of).await.problem(), "not-allowed", "{of}");
        let mut form = by_client(&app, &["read"], (0, 30));
        (form["siret"], form["other_siret"]) = (of.into(), other.clone().into());
        let refused = offer(&app, &stranger, &form).await;
        assert_eq!((refused.status, refused.problem()), (403, "not-allowed"), "{of}");
    }
    assert_eq!(app.rows(""), before);
    accepted(&app, &cabinet, &name, CABINET).await;
}

#[tokio::test]
async fn members_see_mandates_and_holders_decide_and_the_suspended_do_neither() {
    let app = App::new();
    let (client, cabinet) = both(&app).await;
    let name = given(&app, (&client, &cabinet), &["read"], (0, 30)).await;
    set_member(&app, &cabinet, CABINET, ("member_role", "member"));
    assert_eq!(state(&app, &cabinet, &name, CABINET).await, "active");
    assert_eq!(may(&app, &cabinet).await, json!(["read"]), "any active member of the cabinet acts");
    assert_eq!(answer(&app, &cabinet, &name, ("end", CABINET)).await.problem(), "not-allowed");
    let refused = offer(&app, &cabinet, &by_cabinet(&app, &["declare"], (0, 30))).await;
    assert_eq!((refused.status, refused.problem()), (403, "not-allowed"));

    set_member(&app, &cabinet, CABINET, ("member_state", "suspended"));
    assert_eq!(may(&app, &cabinet).await, "not-allowed");
    assert_eq!(access(&app, &cabinet, CABINET).await.problem(), "not-allowed");
    assert_eq!(show(&app, &cabinet, &name, CABINET).await.problem(), "not-allowed");
    let list = cabinet.get(&app, &format!("/api/space/mandates?siret={CABINET}")).await;
    assert_eq!(list.problem(), "not-allowed");
}

#[tokio::test]
async fn an_establishment_offers_another_so_much_a_day() {
    let app = App::new();
    let (client, cabinet) = both(&app).await;
    for _ in 0..30 {
        let name = offered(&app, &client, &by_client(&app, &["read"], (0, 30))).await;
        assert_eq!(answer(&app, &client, &name, ("end", SIRET)).await.status, 200);
    }
    let more = offer(&app, &client, &by_client(&app, &["read"], (0, 30))).await;
    assert_eq!((more.status, more.problem()), (409, "mandate-state"));
    let back = offered(&app, &cabinet, &by_cabinet(&app, &["read"], (0, 30))).await;
    assert_eq!(
        answer(&app, &cabinet, &back, ("end", CABINET)).await.status,
        200,
        "the other side's are its own"
    );
    app.wait_minutes(24 * 60);
    let client = client.again(&app, PASSWORD).await;
    offered(&app, &client, &by_client(&app, &["read"], (0, 30))).await;
}

#[tokio::test]
async fn each_route_keeps_to_two_calls_beside_the_session_s() {
    let app = App::new();
    let (client, cabinet) = both(&app).await;
    let form = by_client(&app, &["read"], (0, 30));
    app.table.calls();
    let calls = || {
        let mut calls = app.table.calls();
        calls.sort();
        calls
    };
    let write = ["BatchGetItem", "GetItem", "GetItem", "TransactWriteItems"];
    let name = offered(&app, &client, &form).await;
    assert_eq!(calls(), write);
    accepted(&app, &cabinet, &name, CABINET).await;
    assert_eq!(calls(), write);
    show(&app, &client, &name, SIRET).await;
    assert_eq!(calls(), ["BatchGetItem", "GetItem", "GetItem"]);
    listed(&app, &client, &format!("siret={SIRET}&as=client&search=cabinet")).await;
    assert_eq!(calls(), ["BatchGetItem", "GetItem", "GetItem", "Query"]);
    may(&app, &cabinet).await;
    let first_use = ["BatchGetItem", "GetItem", "GetItem", "Query", "TransactWriteItems"];
    assert_eq!(calls(), first_use, "the first use is told");
    may(&app, &cabinet).await;
    assert_eq!(calls(), ["BatchGetItem", "GetItem", "GetItem", "Query"]);
    may(&app, &client).await;
    assert_eq!(calls(), ["BatchGetItem", "GetItem", "GetItem"], "a member needs no mandate");
    answer(&app, &client, &name, ("end", SIRET)).await;
    assert_eq!(calls(), write);
    let path = format!("/api/space/mandates?siret={CABINET}&search=boulangerie");
    let stranger = client.get(&app, &path).await;
    assert_eq!((stranger.status, stranger.problem()), (403, "not-allowed"));
    assert_eq!(calls(), ["GetItem", "GetItem"], "no search is made for who is no member");
    app.get("/api/space/mandates/text").await;
    assert!(calls().is_empty());
}

#[tokio::test]
async fn nobody_without_a_session_sees_or_changes_anything() {
    let app = App::new();
    let (client, _) = both(&app).await;
    let name = offered(&app, &client, &by_client(&app, &["read"], (0, 30))).await;
    let before = app.rows("");
    for path in [
        format!("/api/space/mandates?siret={SIRET}"),
        format!("/api/space/mandates/{name}?siret={SIRET}"),
        format!("/api/access?siret={SIRET}"),
    ] {
        let refused = app.get(&path).await;
        assert_eq!((refused.status, refused.problem()), (401, "no-session"), "{path}");
    }
    let mut list = terms(&app, &["read"], (0, 30));
    (list["siret"], list["list"]) = (SIRET.into(), CABINET.into());
    for (path, form) in [
        ("/api/space/mandates".to_owned(), by_client(&app, &["read"], (0, 30))),
        ("/api/space/mandates/batch".to_owned(), list),
        (format!("/api/space/mandates/{name}/decline"), json!({"siret": SIRET})),
        (format!("/api/space/mandates/{name}/end"), json!({"siret": SIRET})),
    ] {
        let refused = app.post(&path, &form).await;
        assert_eq!((refused.status, refused.problem()), (401, "no-session"), "{path}");
        for (body, status) in [("", 400), ("[]", 400), (r#"{"siret":7}"#, 400), (r#"{"role":"a"}"#, 400)] {
            assert_eq!(client.post_text(&app, &path, body).await.status, status, "{path} {body}");
        }
        let huge = format!(r#"{{"siret":"{}"}}"#, "x".repeat(20_000));
        assert_eq!(client.post_text(&app, &path, &huge).await.status, 413, "{path}");
    }
    let batch = app.get("/api/space/mandates/batch").await;
    assert_eq!((batch.status, batch.headers["allow"].to_str().unwrap()), (405, "POST"));
    let text = app.post("/api/space/mandates/text", &json!({})).await;
    assert_eq!((text.status, text.headers["allow"].to_str().unwrap()), (405, "GET"));
    assert_eq!(app.rows(""), before);
}

#[tokio::test]
async fn an_answer_that_was_lost_is_given_again() {
    let app = App::new();
    let (client, cabinet) = both(&app).await;
    let form = by_client(&app, &["read"], (0, 30));
    // The session, its account, the rows that decide.
    let lose = || {
        for _ in 0..3 {
            app.table.let_one_pass();
        }
        app.table.plan([Fault::AnswerLost]);
    };
    lose();
    let name = offered(&app, &client, &form).await;
    lose();
    accepted(&app, &cabinet, &name, CABINET).await;
    assert_eq!((told(&app, SIRET, "a proposé"), told(&app, SIRET, "a accepté")), (1, 1));
    lose();
    assert_eq!(answer(&app, &client, &name, ("end", SIRET)).await.status, 200);
    assert_eq!(told(&app, SIRET, "a mis fin"), 1);
    assert_eq!(listed(&app, &client, &format!("siret={SIRET}")).await.len(), 1);
}

/// What of the table mandates are kept with: uses each grant, writes each attribute.
pub async fn story(app: &App) {
    let (own, other) = (siret(311), siret(312));
    let client = Person::open(app, &own, "Crèmerie du Pont", "ines.petit@exemple.fr").await;
    let cabinet = Person::open(app, &other, "Cabinet Lenoir", "luc.lenoir@exemple.fr").await;
    let offer = |scope: &str| {
        let mut form = terms(app, &[scope], (0, 30));
        (form["as"], form["siret"]) = ("client".into(), own.clone().into());
        (form["other_siret"], form["other_email"]) = (other.clone().into(), "luc@exemple.fr".into());
        form
    };
    let name = offered(app, &client, &offer("read")).await;
    accepted(app, &cabinet, &name, &other).await;
    assert_eq!(access(app, &cabinet, &own).await.status, 200);
    assert_eq!(answer(app, &client, &name, ("end", &own)).await.status, 200);
    let name = offered(app, &client, &offer("declare")).await;
    assert_eq!(answer(app, &cabinet, &name, ("decline", &other)).await.status, 200);
    let name = offered(app, &client, &offer("indemnify")).await;
    accepted(app, &cabinet, &name, &other).await;
    let list = cabinet.get(app, &format!("/api/space/mandates?siret={other}")).await;
    assert_eq!(list.body["mandates"].as_array().unwrap().len(), 3);
    let space = cabinet.get(app, "/api/space").await;
    assert_eq!(space.body["establishments"][0]["mandates"].as_array().unwrap().len(), 3);
    app.deliver().await;
}

#[tokio::test]
async fn every_grant_is_used() {
    let app = App::new();
    story(&app).await;
    let (function, caller) = app.portal.callers().find(|(function, _)| function.name == "mandates").unwrap();
    let used = caller.used();
    let idle: Vec<_> = function.grants.iter().filter(|grant| !used.contains(*grant)).collect();
    assert!(idle.is_empty(), "{idle:?}");
}

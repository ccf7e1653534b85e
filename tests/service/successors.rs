//! Successors named in advance: each holder's own, which other holders do not see, kept with the membership.

use domain::Siret;
use serde_json::{Value, json};
use testkit::form::siret;

use crate::me::Person;
use crate::presence::{changes, joins, link_in, send};
use crate::support::{Answer, App, EMAIL, Fault, OTHER_SIRET, PASSWORD, SIRET};

const ROUTE: &str = "/api/space/successor";
const NAME: &str = "Boulangerie du Marché";
const COLLEAGUE: (&str, &str) = ("Durand", "paul.durand@exemple.fr");
const HEIR: &str = "lea.faure@exemple.fr";
const ATTRIBUTES: [&str; 4] = ["heir_first_name", "heir_last_name", "heir_email", "heir_named_at"];

fn heir(siret: &str) -> Value {
    json!({"siret": siret, "first_name": "Léa", "last_name": "Faure", "email": HEIR})
}

async fn names(app: &App, who: &Person) -> Answer {
    who.post(app, ROUTE, &heir(SIRET)).await
}

async fn unnames(app: &App, who: &Person) -> Answer {
    app.with_cookie("DELETE", &format!("{ROUTE}?siret={SIRET}"), &who.cookie).await
}

/// The establishment, as somebody sees it.
async fn seen(app: &App, who: &Person) -> Value {
    let answer = who.get(app, &format!("/api/space?siret={SIRET}")).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.body["establishments"][0].clone()
}

/// The attributes of a successor in the rows of [`SIRET`], each with the row's identifier.
fn written(app: &App) -> Vec<(String, &'static str)> {
    let rows = app.rows(&format!("SIRET#{SIRET}"));
    let of_row = |row: &Value| {
        let identifier = row["identifier"]["S"].as_str().unwrap_or_default().to_owned();
        let there = ATTRIBUTES.iter().filter(|name| row.get(**name).is_some());
        there.map(move |name| (identifier.clone(), *name)).collect::<Vec<_>>()
    };
    rows.iter().flat_map(of_row).collect()
}

/// Who named whom, as whoever handles a succession reads it.
async fn designations(app: &App) -> Vec<(String, String)> {
    let siret = Siret::parse(SIRET).unwrap();
    let space = app.portal.platform("space").unwrap().spaces.find(&siret).await.unwrap().unwrap();
    space.designations().map(|named| (named.by.to_string(), named.email.as_str().to_owned())).collect()
}

#[tokio::test]
async fn a_holder_names_a_successor_sees_it_and_takes_it_back() {
    let app = App::new();
    let who = Person::open(&app, SIRET, NAME, EMAIL).await;
    assert_eq!(seen(&app, &who).await["successor"], Value::Null);
    assert!(seen(&app, &who).await.as_object().unwrap().contains_key("successor"));
    let (lines, mails) = (app.rows("JOURNAL#").len(), app.rows("MAIL#").len());
    app.table.calls();
    let named = names(&app, &who).await;
    assert_eq!(app.table.calls(), ["GetItem", "GetItem", "Query", "TransactWriteItems"]);
    let shown = json!({
        "first_name": "Léa", "last_name": "Faure", "sent_to": "l•••@exemple.fr",
        "named_at": named.body["named_at"],
    });
    assert_eq!((named.status, &named.body), (200, &shown));
    let told = seen(&app, &who).await["successor"].clone();
    assert_eq!((&told["last_name"], &told["sent_to"]), (&shown["last_name"], &shown["sent_to"]));
    assert_eq!(designations(&app).await, [(who.identifier.clone(), HEIR.to_owned())]);

    // Another takes the place of the first.
    let mut other = heir(SIRET);
    other["first_name"] = "Noé".into();
    other["email"] = "noe@exemple.fr".into();
    assert_eq!(who.post(&app, ROUTE, &other).await.body["sent_to"], "n•••@exemple.fr");
    assert_eq!(designations(&app).await.len(), 1);
    assert_eq!(seen(&app, &who).await["successor"]["first_name"], "Noé");

    for _ in 0..2 {
        assert_eq!(unnames(&app, &who).await.status, 204, "twice is once");
    }
    assert_eq!(seen(&app, &who).await["successor"], Value::Null);
    assert!(written(&app).is_empty() && designations(&app).await.is_empty());
    assert_eq!((app.rows("JOURNAL#").len(), app.rows("MAIL#").len()), (lines, mails), "nobody is told");
    assert_eq!(app.deliver().await, 0);
}

#[tokio::test]
async fn other_holders_do_not_see_whom_one_has_named() {
    let app = App::new();
    let jeanne = Person::open(&app, SIRET, NAME, EMAIL).await;
    let paul = joins(&app, &jeanne, SIRET, COLLEAGUE, "holder").await;
    assert_eq!(names(&app, &jeanne).await.status, 200);
    let told = seen(&app, &paul).await;
    assert!(told["successor"].is_null() && !told.to_string().contains("Faure"), "{told}");
    let export = paul.get(&app, "/api/space/export").await.body;
    assert!(export["memberships"][0]["successor"].is_null() && !export.to_string().contains("Faure"));
    let own = jeanne.get(&app, "/api/space/export").await.body["memberships"][0].clone();
    assert_eq!((&own["successor"]["email"], &own["successor"]["first_name"]), (&json!(HEIR), &json!("Léa")));
    assert!(own["holder_since"].is_string() && own["presence_asked_at"].is_null(), "{own}");

    // Each has their own.
    assert_eq!(names(&app, &paul).await.status, 200);
    assert_eq!(unnames(&app, &jeanne).await.status, 204);
    assert_eq!(designations(&app).await, [(paul.identifier.clone(), HEIR.to_owned())]);
    assert_eq!(seen(&app, &paul).await["successor"]["last_name"], "Faure");
}

#[tokio::test]
async fn a_successor_stays_with_the_membership_and_counts_while_its_author_decides() {
    let app = App::new();
    let jeanne = Person::open(&app, SIRET, NAME, EMAIL).await;
    let paul = joins(&app, &jeanne, SIRET, COLLEAGUE, "holder").await;
    assert_eq!(names(&app, &paul).await.status, 200);
    assert_eq!(written(&app).len(), ATTRIBUTES.len());

    changes(&app, &jeanne, COLLEAGUE.0, "state", "suspended").await;
    assert_eq!(written(&app).len(), ATTRIBUTES.len(), "it is kept");
    assert!(designations(&app).await.is_empty(), "and does not count");
    assert!(seen(&app, &paul).await.get("successor").is_none());
    changes(&app, &jeanne, COLLEAGUE.0, "state", "active").await;
    assert_eq!(designations(&app).await.len(), 1);
    assert_eq!(seen(&app, &paul).await["successor"]["last_name"], "Faure");

    changes(&app, &jeanne, COLLEAGUE.0, "role", "member").await;
    assert!(written(&app).is_empty(), "nothing is held of who is a holder no longer");
    changes(&app, &jeanne, COLLEAGUE.0, "role", "holder").await;
    assert_eq!(seen(&app, &paul).await["successor"], Value::Null);

    assert_eq!(names(&app, &paul).await.status, 200);
    assert_eq!(paul.post(&app, "/api/space/close", &json!({"password": PASSWORD})).await.status, 200);
    assert!(written(&app).is_empty());
    assert_eq!(names(&app, &jeanne).await.status, 200);
    assert_eq!(jeanne.close_space(&app, SIRET).await.status, 200);
    assert!(designations(&app).await.is_empty(), "it was of the space that is closed");
}

#[tokio::test]
async fn a_new_address_leaves_successor_and_presence_alone() {
    let app = App::new();
    let who = Person::open(&app, SIRET, NAME, EMAIL).await;
    assert_eq!(names(&app, &who).await.status, 200);
    let key = format!("MEMBER#{}", who.identifier);
    let row = |app: &App| app.rows("SIRET#").into_iter().find(|row| row["sk"]["S"] == key.as_str()).unwrap();
    let before = row(&app);
    let form = json!({"email": "jeanne.nouvelle@exemple.fr", "password": PASSWORD});
    assert_eq!(who.post(&app, "/api/space/email", &form).await.status, 202);
    app.deliver().await;
    let mails = app.mails();
    let mail = mails.iter().find(|mail| mail.to == ["jeanne.nouvelle@exemple.fr"]).unwrap();
    let confirmed = app.post("/api/address/confirm", &json!({"token": link_in(mail, "adresse")})).await;
    assert_eq!(confirmed.status, 200, "{}", confirmed.body);
    let mut after = row(&app);
    assert_eq!(after["email"]["S"], "jeanne.nouvelle@exemple.fr");
    after["email"] = before["email"].clone();
    assert_eq!(after, before);
}

#[tokio::test]
async fn what_is_written_at_once_loses_neither() {
    let app = App::new();
    let jeanne = Person::open(&app, SIRET, NAME, EMAIL).await;
    let paul = joins(&app, &jeanne, SIRET, COLLEAGUE, "holder").await;
    let (named, ()) =
        tokio::join!(names(&app, &paul), changes(&app, &jeanne, COLLEAGUE.0, "state", "suspended"));
    assert!(matches!(named.status, 200 | 403), "{}", named.body);
    assert_eq!(written(&app).is_empty(), named.status == 403);
    changes(&app, &jeanne, COLLEAGUE.0, "state", "active").await;
    assert_eq!(designations(&app).await.len(), usize::from(named.status == 200));
    let (one, other) = tokio::join!(names(&app, &jeanne), names(&app, &paul));
    assert_eq!((one.status, other.status, designations(&app).await.len()), (200, 200, 2));
}

#[tokio::test]
async fn a_name_whose_answer_was_lost_is_written_once_more() {
    let app = App::new();
    let who = Person::open(&app, SIRET, NAME, EMAIL).await;
    for _ in 0..3 {
        app.table.let_one_pass();
    }
    app.table.plan([Fault::AnswerLost]);
    assert_eq!(names(&app, &who).await.status, 200);
    assert_eq!(written(&app).len(), ATTRIBUTES.len());
}

#[tokio::test]
async fn who_is_no_holder_there_names_nobody_and_a_wrong_body_is_a_problem() {
    let app = App::new();
    let jeanne = Person::open(&app, SIRET, NAME, EMAIL).await;
    let paul = joins(&app, &jeanne, SIRET, COLLEAGUE, "member").await;
    let marie = Person::open(&app, OTHER_SIRET, NAME, "marie.petit@exemple.fr").await;
    let nobody = Person { identifier: String::new(), cookie: "sesame=x".to_owned() };
    let before = app.rows("");
    for (who, status, problem) in
        [(&paul, 403, "not-allowed"), (&marie, 403, "not-allowed"), (&nobody, 401, "no-session")]
    {
        for refused in [names(&app, who).await, unnames(&app, who).await] {
            assert_eq!((refused.status, refused.problem()), (status, problem));
        }
    }
    let unknown = heir(&siret(77));
    assert_eq!(jeanne.post(&app, ROUTE, &unknown).await.problem(), "not-allowed");
    for field in ["siret", "first_name", "last_name", "email"] {
        for wrong in [json!(7), json!([]), json!({}), json!(true)] {
            let mut form = heir(SIRET);
            form[field] = wrong;
            assert_eq!(jeanne.post(&app, ROUTE, &form).await.problem(), "malformed-body", "{field}");
        }
        let mut form = heir(SIRET);
        form[field] = "".into();
        assert_eq!(jeanne.post(&app, ROUTE, &form).await.faults(), [format!("{field}:required")]);
    }
    let mut form = heir(SIRET);
    form["role"] = "holder".into();
    assert_eq!(jeanne.post(&app, ROUTE, &form).await.status, 400);
    form = heir(SIRET);
    form["email"] = "lea@".into();
    assert_eq!(jeanne.post(&app, ROUTE, &form).await.faults(), ["email:email-format"]);
    let queries =
        [("", "siret:required"), ("?siret=", "siret:required"), ("?siret=12", "siret:siret-format")];
    for (query, fault) in queries {
        let refused = app.with_cookie("DELETE", &format!("{ROUTE}{query}"), &jeanne.cookie).await;
        assert_eq!((refused.status, refused.faults()), (422, vec![fault.to_owned()]), "{query}");
    }
    assert_eq!(send(&app, &jeanne, "PATCH", ROUTE, &json!({})).await.status, 405);
    assert_eq!(app.rows(""), before, "nothing is written");
}

/// What uses the route, and leaves each attribute of a successor behind.
pub async fn story(app: &App) {
    let own = siret(341);
    let holder = Person::open(app, &own, "Fleuriste du Port", "nina.blanc@exemple.fr").await;
    assert_eq!(holder.post(app, ROUTE, &heir(&own)).await.status, 200);
    let path = format!("{ROUTE}?siret={own}");
    assert_eq!(app.with_cookie("DELETE", &path, &holder.cookie).await.status, 204);
    assert_eq!(holder.post(app, ROUTE, &heir(&own)).await.status, 200);
}

//! Objections beside executions: exactly one of them wins, and it is the objection that does not give way.

use std::collections::BTreeMap;

use sesame::emulator::TABLE;

use super::*;
use crate::support::Fault;

/// Races of an objection with an execution.
const RACES: usize = 1_000;

/// Every row by its key.
type Rows = BTreeMap<(String, String), Value>;

fn rows(app: &App) -> Rows {
    let key = |row: &Value, name: &str| row[name]["S"].as_str().unwrap().to_owned();
    app.rows("").into_iter().map(|row| ((key(&row, "pk"), key(&row, "sk")), row)).collect()
}

/// Puts every row back as it was.
fn restore(app: &App, standing: &Rows, present: &Rows) {
    for ((pk, sk), row) in standing {
        if present.get(&(pk.clone(), sk.clone())) != Some(row) {
            app.operate("PutItem", &json!({"TableName": TABLE, "Item": row}));
        }
    }
    for (pk, sk) in present.keys().filter(|key| !standing.contains_key(*key)) {
        let key = json!({"pk": {"S": pk}, "sk": {"S": sk}});
        app.operate("DeleteItem", &json!({"TableName": TABLE, "Key": key}));
    }
}

#[tokio::test]
async fn of_an_objection_and_an_execution_at_once_exactly_one_wins() {
    // Calls take some steps each, so that they fall between one another.
    let app = App::with_way_to_the_table();
    for desk in [ONE, TWO] {
        desk.stands(&app, true).await;
    }
    Person::open(&app, SIRET, NAME, EMAIL).await;
    let id = over(&app).await;
    let link = link_to(&app, EMAIL, "contester");
    let cookie = TWO.cookie(&app).await;
    let path = format!("{ROUTE}/{id}/approve");
    let standing = rows(&app);
    let mut objections = 0;
    for race in 0..RACES {
        // One of them begins a step later each time.
        let later = async |steps: usize| {
            for _ in 0..steps {
                tokio::task::yield_now().await;
            }
        };
        let contest = async {
            later(race % 64).await;
            contests(&app, &link).await
        };
        let approve = async {
            later(race / 64 % 4).await;
            by_cookie(&app, &cookie, &path, &json!({})).await
        };
        let (objection, approval) = if race % 2 == 0 {
            tokio::join!(contest, approve)
        } else {
            let (approval, objection) = tokio::join!(approve, contest);
            (objection, approval)
        };
        let present = rows(&app);
        let of_key = |pk: String, sk: &str| &present[&(pk, sk.to_owned())];
        let row = of_key(format!("SUCCESSION#{id}"), "SUCCESSION");
        let is_executed = row.get("executed_at").is_some();
        let is_contested = row.get("contested_at").is_some();
        assert!(is_executed != is_contested, "race {race}: {row}");
        let status = if is_contested { 200 } else { 409 };
        assert_eq!(objection.status, status, "race {race}: {}", objection.body);
        // An approval that came after the objection is half of its lifting.
        let state = if is_executed { "executed" } else { "contested" };
        assert_eq!(approval.body["state"], state, "race {race}: {}", approval.body);
        let has_seat = of_key(format!("SIRET#{SIRET}"), "ESTABLISHMENT").get("seat").is_some();
        let is_suspended = present.values().any(|row| row["member_state"]["S"] == "suspended");
        assert!(has_seat == is_executed && is_suspended == is_executed, "race {race}");
        objections += usize::from(is_contested);
        restore(&app, &standing, &present);
        drop(app.portal.take_queued());
    }
    assert!(objections > RACES / 20 && objections < RACES, "both happen: {objections}");
}

#[tokio::test]
async fn an_execution_that_meets_another_write_yields_and_reads_anew() {
    let app = with_desk().await;
    Person::open(&app, SIRET, NAME, EMAIL).await;
    let id = over(&app).await;
    let link = link_to(&app, EMAIL, "contester");
    let cookie = TWO.cookie(&app).await;
    let path = format!("{ROUTE}/{id}/approve");
    // Session, agent, succession, space, the approval; succession, space, and then the execution.
    for _ in 0..7 {
        app.table.let_one_pass();
    }
    app.table.plan([Fault::Conflict]);
    let contest = async {
        while succession(&app, &id).get("approved_at").is_none() {
            tokio::task::yield_now().await;
        }
        // The execution has met its conflict, and waits.
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        contests(&app, &link).await
    };
    let body = json!({});
    let (approval, objection) = tokio::join!(by_cookie(&app, &cookie, &path, &body), contest);
    assert_eq!(objection.status, 200, "the objection comes first: {}", objection.body);
    assert_eq!(approval.body["state"], "contested", "{}", approval.body);
    let row = succession(&app, &id);
    assert!(row.get("executed_at").is_none() && row.get("lifted_at").is_none(), "{row}");
}

#[tokio::test]
async fn an_objection_is_retried_until_it_is_in() {
    let app = with_desk().await;
    Person::open(&app, SIRET, NAME, EMAIL).await;
    let id = over(&app).await;
    let link = link_to(&app, EMAIL, "contester");
    app.table.let_one_pass();
    app.table.plan([Fault::Conflict; 9]);
    let objection = contests(&app, &link).await;
    assert_eq!(objection.status, 200, "{}", objection.body);
    assert!(succession(&app, &id).get("contested_at").is_some());
    // It died after the freezing: the next click tells the others.
    let app = with_desk().await;
    Person::open(&app, SIRET, NAME, EMAIL).await;
    let id = over(&app).await;
    let link = link_to(&app, EMAIL, "contester");
    app.deliver().await;
    for _ in 0..2 {
        app.table.let_one_pass();
    }
    app.table.plan([Fault::Throttled; 4]);
    assert_eq!(contests(&app, &link).await.status, 503);
    assert!(succession(&app, &id).get("contested_at").is_some(), "it is frozen all the same");
    assert_eq!(TWO.decides(&app, &id, "approve").await.body["state"], "contested");
    assert_eq!(contests(&app, &link).await.status, 200);
    app.deliver().await;
    assert_eq!(told(&app, "Une succession est arrêtée"), [EMAIL]);
}

#[tokio::test]
async fn what_is_approved_and_not_carried_out_is_carried_out_by_the_next_approval() {
    let app = with_desk().await;
    Person::open(&app, SIRET, NAME, EMAIL).await;
    let id = over(&app).await;
    let cookie = TWO.cookie(&app).await;
    // As far as the approval; then the function dies.
    for _ in 0..5 {
        app.table.let_one_pass();
    }
    app.table.plan([Fault::Throttled; 4]);
    let died = by_cookie(&app, &cookie, &format!("{ROUTE}/{id}/approve"), &json!({})).await;
    assert_eq!(died.status, 503, "{}", died.body);
    let row = succession(&app, &id);
    assert!(row.get("approved_at").is_some() && row.get("executed_at").is_none(), "{row}");
    assert_eq!(ONE.decides(&app, &id, "approve").await.problem(), "two-persons", "still not who proposed");
    let done = THREE.decides(&app, &id, "approve").await;
    assert_eq!(done.body["state"], "executed", "{}", done.body);
    assert_eq!(succession(&app, &id)["approved_by"]["S"], "deux");
}

#[tokio::test]
async fn an_answer_that_was_lost_changes_nothing_twice() {
    let app = with_desk().await;
    Person::open(&app, SIRET, NAME, EMAIL).await;
    let id = over(&app).await;
    let cookie = TWO.cookie(&app).await;
    for _ in 0..7 {
        app.table.let_one_pass();
    }
    app.table.plan([Fault::AnswerLost]);
    let done = by_cookie(&app, &cookie, &format!("{ROUTE}/{id}/approve"), &json!({})).await;
    assert_eq!((done.status, &done.body["state"]), (200, &json!("executed")), "{}", done.body);
    app.deliver().await;
    assert_eq!(told(&app, "Invitation à rejoindre un établissement"), [NEW]);
    let link = link_to(&app, EMAIL, "contester");
    let lines = journal(&app).len();
    for _ in 0..2 {
        let late = contests(&app, &link).await;
        assert_eq!((late.status, late.problem()), (409, "succession-state"));
        let detail = late.body["detail"].as_str().unwrap();
        assert!(detail.contains("L'assistance est prévenue"), "{detail}");
    }
    assert!(succession(&app, &id).get("contested_late_at").is_some());
    assert_eq!(journal(&app).len(), lines);
    assert_eq!(contests(&app, &"0".repeat(52)).await.problem(), "link-unknown");
    assert_eq!(contests(&app, "x").await.problem(), "link-unknown");
    assert_eq!(app.post("/api/contest", &json!({})).await.faults(), ["token:required"]);
}

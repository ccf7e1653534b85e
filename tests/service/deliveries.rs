//! What becomes of mails: where the page says that they are, what the sender learns, the banner of delays.

use domain::MailJob;
use domain::mail::Lane;
use serde_json::{Value, json};

use crate::support::{App, EMAIL, OTHER_SIRET, PASSWORD, SIRET, ticket, token};

const SUBMISSION: &str = "0192d5a2-8f0e-7c3b-9a1d-2b3c4d5e6f70";

/// Applies and gives the mail's id.
async fn applied(app: &App, siret: &str, email: &str) -> String {
    let answer = app.apply(siret, email).await;
    assert_eq!(answer.status, 202, "{}", answer.body);
    answer.body["mail"].as_str().unwrap().to_owned()
}

/// Sends what is due and hands over the events of the next seconds.
async fn arrive(app: &App) {
    app.deliver().await;
    app.wait_seconds(10);
    app.track().await;
}

#[tokio::test]
async fn a_mail_is_followed_from_the_queue_to_the_receivers_server() {
    let app = App::new();
    let mail = applied(&app, SIRET, EMAIL).await;
    let shown = app.mail(&mail).await;
    assert_eq!((&shown["state"], &shown["kind"]), (&json!("queued"), &json!("activation")));
    assert_eq!((&shown["sent_to"], &shown["id"]), (&json!("j•••@exemple.fr"), &json!(mail)));
    assert_eq!((&shown["reason"], &shown["look_again_seconds"]), (&Value::Null, &json!(2)));
    app.deliver().await;
    assert_eq!(app.mail(&mail).await["state"], "sent");
    app.wait_seconds(10);
    app.track().await;
    assert_eq!(app.mail(&mail).await["state"], "delivered");
}

#[tokio::test]
async fn a_page_asks_more_slowly_as_time_goes_by() {
    let app = App::new();
    let mail = applied(&app, SIRET, EMAIL).await;
    let mut pauses = Vec::new();
    for minutes in [0, 1, 5, 30] {
        app.wait_minutes(minutes);
        pauses.push(app.mail(&mail).await["look_again_seconds"].as_u64().unwrap());
    }
    assert_eq!(pauses, [2, 5, 15, 60]);
}

#[tokio::test]
async fn a_mistyped_address_is_refused_within_seconds_corrected_and_gets_in() {
    let app = App::new();
    let mistyped = applied(&app, SIRET, "jeanne@inconnu.example").await;
    let lost = token(&app.next_mail().await);
    app.wait_seconds(3);
    app.track().await;
    let shown = app.mail(&mistyped).await;
    assert_eq!((&shown["state"], &shown["reason"]), (&json!("bounced"), &json!("adresse inconnue")));
    let corrected = app.correct(&mistyped, EMAIL).await;
    assert_eq!(corrected.status, 202, "{}", corrected.body);
    assert_eq!(corrected.body["sent_to"], "j•••@exemple.fr");
    let mail = app.next_mail().await;
    assert_eq!(mail.to, [EMAIL]);
    assert_eq!(app.mail(corrected.body["mail"].as_str().unwrap()).await["state"], "sent");
    let dead = app.set_password(&lost, PASSWORD).await;
    assert_eq!((dead.status, dead.problem()), (410, "link-expired"), "links sent before are dead");
    assert_eq!(app.set_password(&token(&mail), PASSWORD).await.status, 200);
    let late = app.correct(&mistyped, "autre@exemple.fr").await;
    assert_eq!((late.status, late.problem()), (409, "already-activated"));
}

#[tokio::test]
async fn an_address_is_corrected_three_times() {
    let app = App::new();
    let first = applied(&app, SIRET, "a@exemple.fr").await;
    for email in ["b@exemple.fr", "c@exemple.fr", "d@exemple.fr"] {
        // By the first mail or the last, which are one application's.
        assert_eq!(app.correct(&first, email).await.status, 202);
    }
    let refused = app.correct(&first, "e@exemple.fr").await;
    assert_eq!((refused.status, refused.problem()), (429, "too-many-corrections"));
    assert!(refused.headers.contains_key("retry-after"));
    app.deliver().await;
    let to: Vec<_> = app.mails().into_iter().flat_map(|mail| mail.to).collect();
    assert_eq!(to, ["d@exemple.fr"], "those of the others had no recipient any more");
}

#[tokio::test]
async fn a_correction_asked_again_is_the_same_and_goes_back_to_the_first_address_too() {
    let app = App::new();
    let first = applied(&app, SIRET, "a@exemple.fr").await;
    let path = format!("/api/mail/{first}/address");
    let form = json!({"email": "b@exemple.fr", "proof": app.proof("create-account").await});
    let (once, again) = (app.post(&path, &form).await, app.post(&path, &form).await);
    assert_eq!((once.status, &once.body), (202, &again.body));
    let back = app.correct(once.body["mail"].as_str().unwrap(), "a@exemple.fr").await;
    assert_eq!(back.status, 202, "{}", back.body);
    app.deliver().await;
    assert_eq!(app.mails()[0].to, ["a@exemple.fr"]);
    assert_eq!(app.set_password(&token(&app.mails()[0]), PASSWORD).await.status, 200);
}

#[tokio::test]
async fn what_the_asker_did_not_type_is_not_told() {
    let app = App::new();
    let identifier = app.account(SIRET, EMAIL).await;
    app.recover_password(&identifier).await;
    for row in app.rows("MAIL#") {
        let job: MailJob = serde_json::from_str(row["job"]["S"].as_str().unwrap()).unwrap();
        let id = row["mail_id"]["S"].as_str().unwrap();
        let answer = app.get(&format!("/api/mail/{id}")).await;
        if job.kind() == "activation" {
            assert_eq!(answer.status, 200);
        } else {
            assert_eq!((answer.status, answer.problem()), (404, "mail-unknown"), "{}", job.kind());
            assert_eq!(app.correct(id, "autre@exemple.fr").await.problem(), "mail-unknown");
        }
    }
    for unknown in ["01K9ZZZZZZ0000000000000000", "01k9zzzzzz0000000000000000", "x"] {
        assert_eq!(app.get(&format!("/api/mail/{unknown}")).await.problem(), "mail-unknown");
    }
}

#[tokio::test]
async fn a_receipt_is_followed_too() {
    let app = App::new();
    let mut form = ticket(SUBMISSION);
    form["email"] = "jeanne@boite-pleine.example".into();
    let created = app.post_proven("/api/submit-ticket", "submit-ticket", form.clone()).await;
    let mail = created.body["mail"].as_str().unwrap().to_owned();
    let again = app.post_proven("/api/submit-ticket", "submit-ticket", form).await;
    assert_eq!(created.body, again.body, "the same sending has the same receipt");
    arrive(&app).await;
    let shown = app.mail(&mail).await;
    assert_eq!((&shown["kind"], &shown["state"]), (&json!("ticket-receipt"), &json!("bounced")));
    assert_eq!(shown["reason"], "boîte pleine");
}

#[tokio::test]
async fn events_that_are_doubled_and_shuffled_end_in_the_same_state() {
    for (email, end) in [
        ("jeanne@exemple.fr", "delivered"),
        ("jeanne@lent.example", "delivered"),
        ("jeanne@inconnu.example", "bounced"),
        ("jeanne@absent.example", "delivered"),
        ("jeanne@plainte.example", "complained"),
        ("jeanne@virus.example", "refused"),
    ] {
        for rotation in 0..3 {
            let app = App::new();
            applied(&app, SIRET, email).await;
            app.deliver().await;
            let mut events = app.portal.tracker.deliveries().take_all();
            events.extend(events.clone());
            events.rotate_left(rotation);
            events.reverse();
            for event in &events {
                app.portal.tracker.hand(event).await.unwrap();
            }
            assert_eq!(app.mail_states(), [end], "{email} {rotation}");
            let counted: u64 = app
                .rows("DELIVERY#")
                .iter()
                .filter(|row| row["sk"]["S"].as_str().unwrap().contains("#delivered"))
                .map(|row| row["mails"]["N"].as_str().unwrap().parse::<u64>().unwrap())
                .sum();
            assert!(counted <= 1, "{email}: an event that comes twice counts once");
        }
    }
}

#[tokio::test]
async fn an_event_before_the_senders_own_note_is_not_lost() {
    let app = App::new();
    applied(&app, SIRET, EMAIL).await;
    // SES took the mail, and the sender died before it wrote that down.
    app.ses.plan([crate::support::Fault::Crash]);
    app.deliver().await;
    app.revive();
    assert_eq!(app.mail_states(), ["sending"]);
    app.wait_seconds(10);
    app.track().await;
    app.wait_minutes(2);
    app.deliver().await;
    assert_eq!(app.mail_states(), ["delivered"]);
    assert_eq!(app.mails().len(), 1, "and it is not sent again");
}

#[tokio::test]
async fn an_address_that_bounced_for_good_is_not_written_to_for_thirty_days() {
    let app = App::new();
    let mail = applied(&app, SIRET, "jeanne@inconnu.example").await;
    arrive(&app).await;
    let again = applied(&app, OTHER_SIRET, "jeanne@inconnu.example").await;
    arrive(&app).await;
    assert_eq!(app.mail(&again).await["state"], "suppressed");
    assert_eq!(app.mails().len(), 1);
    // Its owner says that it is right.
    assert_eq!(app.correct(&mail, "jeanne@inconnu.example").await.status, 202);
    app.deliver().await;
    assert_eq!(app.mails().len(), 2, "then it is tried again");
    app.wait_minutes(31 * 24 * 60);
    applied(&app, OTHER_SIRET, "jeanne@inconnu.example").await;
    app.deliver().await;
    assert_eq!(app.mails().len(), 3);
}

#[tokio::test]
async fn a_full_mailbox_is_written_to_again() {
    let app = App::new();
    applied(&app, SIRET, "jeanne@boite-pleine.example").await;
    arrive(&app).await;
    applied(&app, OTHER_SIRET, "jeanne@boite-pleine.example").await;
    app.deliver().await;
    assert_eq!(app.mails().len(), 2);
}

#[tokio::test]
async fn a_complaint_stops_everything_but_receipts() {
    let app = App::new();
    let email = "jeanne@plainte.example";
    let mail = applied(&app, SIRET, email).await;
    arrive(&app).await;
    assert_eq!(app.mail(&mail).await["state"], "delivered", "who complains has received it");
    let stopped = applied(&app, OTHER_SIRET, email).await;
    app.correct(&mail, email).await;
    let mut form = ticket(SUBMISSION);
    form["email"] = email.into();
    app.post_proven("/api/submit-ticket", "submit-ticket", form).await;
    app.deliver().await;
    assert_eq!(app.mail(&stopped).await["state"], "suppressed");
    let subjects: Vec<_> =
        app.mails().into_iter().filter(|mail| mail.to == [email]).map(|m| m.subject).collect();
    assert_eq!(subjects.len(), 2, "{subjects:?}");
    assert!(subjects[0].contains("Demande d'assistance"), "{subjects:?}");
}

async fn health(app: &App, domain: &str) -> Value {
    let answer = app.get(&format!("/api/delivery?domain={domain}")).await;
    assert_eq!(answer.headers["cache-control"], "public, max-age=60");
    answer.body
}

/// SIRETs that end well (Luhn), one for each rank.
fn siret(rank: u32) -> String {
    let body = format!("73282932{rank:05}");
    let doubled = |(at, digit): (usize, char)| {
        let digit = digit.to_digit(10).unwrap() * if at % 2 == 0 { 1 } else { 2 };
        digit / 10 + digit % 10
    };
    // Of 14 digits the last is not doubled, the one before is.
    let sum: u32 = body.chars().enumerate().map(|(at, digit)| doubled((at + 1, digit))).sum();
    format!("{body}{}", (10 - sum % 10) % 10)
}

#[tokio::test]
async fn a_domain_is_known_by_five_mails_of_the_last_hour() {
    let app = App::new();
    assert_eq!(health(&app, "lent.example").await["state"], "unknown");
    for (domain, state) in
        [("lent.example", "delayed"), ("refus.example", "refusing"), ("exemple.fr", "good")]
    {
        for rank in 0..5 {
            assert_eq!(health(&app, domain).await["state"], "unknown", "{domain} after {rank}");
            let email = format!("personne{rank}@{domain}");
            applied(&app, &siret(rank), &email).await;
            app.deliver().await;
            app.wait_seconds(3);
            app.track().await;
        }
        assert_eq!(health(&app, domain).await["state"], state, "{domain}");
    }
    // Delivered after twelve minutes.
    app.wait_minutes(13);
    app.track().await;
    let slow = health(&app, "lent.example").await;
    let median = slow["median_seconds"].as_u64().unwrap();
    assert!(slow["state"] == "delayed" && (600..=900).contains(&median), "{slow}");
    app.wait_minutes(75);
    assert_eq!(health(&app, "lent.example").await["state"], "unknown");
}

#[tokio::test]
async fn mailboxes_that_do_not_exist_do_not_make_a_domain_look_closed() {
    let app = App::new();
    for rank in 0..6 {
        applied(&app, &siret(rank), &format!("personne{rank}@inconnu.example")).await;
    }
    arrive(&app).await;
    assert_eq!(health(&app, "inconnu.example").await["state"], "good");
}

#[tokio::test]
async fn the_health_of_a_domain_does_not_tell_of_recoveries() {
    let healths = async |has_account: bool| {
        let app = App::new();
        if has_account {
            app.account(SIRET, EMAIL).await;
        } else {
            // As many activations, none of which opens an account.
            applied(&app, SIRET, EMAIL).await;
            app.deliver().await;
        }
        app.wait_seconds(10);
        app.track().await;
        let mut healths = Vec::new();
        for _ in 0..5 {
            app.recover_identifier(SIRET, EMAIL).await;
            arrive(&app).await;
            healths.push(health(&app, "exemple.fr").await);
        }
        (healths, app.rows("DELIVERY#").len())
    };
    assert_eq!(healths(true).await, healths(false).await);
}

#[tokio::test]
async fn what_is_no_domain_is_told() {
    let app = App::new();
    for typed in ["", "exemple", "jeanne@exemple.fr", "a b.fr"] {
        let typed = typed.replace(' ', "%20");
        assert_eq!(app.get(&format!("/api/delivery?domain={typed}")).await.status, 422, "{typed}");
    }
    assert_eq!(health(&app, "EXEMPLE.fr").await["domain"], "exemple.fr");
}

#[tokio::test]
async fn the_banner_of_delays_comes_with_the_measured_wait_and_goes() {
    let app = App::new();
    app.portal.tracker.judge_alarm().await;
    // The senders are at mails that were queued twenty minutes ago.
    let outbox = &app.portal.platform("mail-sender").unwrap().outbox;
    let now = || app.portal.platform("mail-sender").unwrap().clock.now();
    let ago = |minutes| now().saturating_sub(domain::time::minutes(minutes)).unwrap();
    applied(&app, SIRET, EMAIL).await;
    app.wait_minutes(20);
    outbox.note_progress(Lane::Links, ago(20)).await.unwrap();
    app.wait_minutes(1);
    outbox.note_progress(Lane::Links, ago(20)).await.unwrap();
    app.portal.tracker.judge_alarm().await;
    app.portal.tracker.judge_alarm().await;
    let notices = app.get("/api/notices").await.body;
    let [notice] = notices.as_array().unwrap().as_slice() else { panic!("{notices}") };
    assert_eq!(
        (&notice["level"], &notice["title"]),
        (&json!("warning"), &json!("Nos courriels ont du retard"))
    );
    assert!(notice["body"].as_str().unwrap().contains("environ 20 minutes après"), "{notice}");
    app.deliver().await;
    app.portal.tracker.judge_alarm().await;
    assert_eq!(app.get("/api/notices").await.body, json!([]));
}

#[tokio::test]
async fn a_mail_that_waits_behind_others_says_how_long() {
    let app = App::new();
    let outbox = &app.portal.platform("mail-sender").unwrap().outbox;
    let now = || app.portal.platform("mail-sender").unwrap().clock.now();
    let ago = |minutes| now().saturating_sub(domain::time::minutes(minutes)).unwrap();
    // In ten minutes the senders come on by five.
    outbox.note_progress(Lane::Links, ago(30)).await.unwrap();
    app.wait_minutes(10);
    outbox.note_progress(Lane::Links, ago(35)).await.unwrap();
    let mail = applied(&app, SIRET, EMAIL).await;
    let ahead = app.mail(&mail).await["ahead_seconds"].as_u64().unwrap();
    assert!((4_190..=4_210).contains(&ahead), "35 minutes of mails at half speed: {ahead}");
    app.deliver().await;
    assert_eq!(app.mail(&mail).await["ahead_seconds"], Value::Null);
}

#[tokio::test]
async fn the_agency_reads_what_the_service_knows() {
    let app = App::new();
    let identifier = app.account(SIRET, EMAIL).await;
    app.wait_seconds(3);
    app.track().await;
    app.login(&identifier, "ce n'est pas lui").await;
    app.login(&identifier, "ni celui-ci").await;
    app.post_proven("/api/submit-ticket", "submit-ticket", ticket(SUBMISSION)).await;
    app.deliver().await;
    let copy = app
        .mails()
        .into_iter()
        .find(|mail| mail.subject.contains("Accès"))
        .or_else(|| app.mails().into_iter().find(|mail| mail.text.contains("Ce que Sésame sait")));
    let copy = copy.unwrap().text;
    assert!(copy.contains("Compte pour ce SIRET\u{a0}: oui"), "{copy}");
    assert!(copy.contains("Mots de passe faux depuis un jour\u{a0}: 2"), "{copy}");
    assert!(copy.contains("- lien d'activation, remis le "), "{copy}");
    assert!(!copy.contains("/mot-de-passe/"), "no link");
    // Somebody else of the same establishment learns nothing of the holder.
    let mut form = ticket("0192d5a2-8f0e-7c3b-9a1d-2b3c4d5e6f71");
    form["email"] = "autre@exemple.fr".into();
    app.post_proven("/api/submit-ticket", "submit-ticket", form).await;
    app.deliver().await;
    let copies: Vec<_> =
        app.mails().into_iter().filter(|mail| mail.text.contains("Ce que Sésame sait")).collect();
    assert!(copies[0].text.contains("aucun compte à cette adresse"), "{}", copies[0].text);
    assert!(!copies[0].text.contains("lien d'activation"), "{}", copies[0].text);
}

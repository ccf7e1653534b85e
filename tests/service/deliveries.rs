//! What becomes of mails: where the page says that they are, what the sender learns, the banner of delays.

use domain::delivery::{Bounce, Event, Reason};
use domain::mail::{ESTABLISHMENT_ACTIVATION_MAILS_MAX, Lane};
use domain::time::{SignedDuration, after, minutes};
use domain::{Email, MailId, MailJob};
use platform::Platform;
use platform::outbox::{Told, Tracked};
use serde_json::{Value, json};
use testkit::form::siret;

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
async fn a_correction_takes_no_other_applicant_s_words_and_no_other_s_link() {
    let app = App::new();
    let strangers = applied(&app, SIRET, EMAIL).await;
    // Who has that address applies too; the application is hers now.
    let mut hers = testkit::form::application(SIRET, EMAIL);
    hers["first_name"] = "Odette".into();
    let answer = app.post_proven("/api/create-account", "create-account", hers).await;
    let hers = answer.body["mail"].as_str().unwrap().to_owned();
    app.deliver().await;
    for email in ["voleur@exemple.fr", EMAIL] {
        let stolen = app.correct(&strangers, email).await;
        assert_eq!((stolen.status, stolen.problem()), (404, "mail-unknown"));
    }
    // Nor can she end what may be the other's.
    assert_eq!(app.correct(&hers, "odette@exemple.fr").await.problem(), "mail-unknown");
    let link = app.mails().into_iter().find(|mail| mail.text.contains("Odette")).unwrap();
    assert_eq!(app.set_password(&token(&link), PASSWORD).await.status, 200);
    assert!(app.mails().iter().all(|mail| mail.to == [EMAIL]), "nothing goes to anybody else");
}

#[tokio::test]
async fn who_sends_the_same_form_again_still_corrects_the_address() {
    let app = App::new();
    let first = applied(&app, SIRET, "jeanne@inconnu.example").await;
    let again = applied(&app, SIRET, "jeanne@inconnu.example").await;
    app.deliver().await;
    let lost: Vec<_> = app.mails().iter().map(token).collect();
    assert_eq!(app.correct(&again, EMAIL).await.status, 202);
    for token in &lost {
        assert_eq!(app.set_password(token, PASSWORD).await.status, 410, "links sent before are dead");
    }
    // The application has another address now: the first mail is of none.
    assert_eq!(app.correct(&first, "autre@exemple.fr").await.problem(), "mail-unknown");
    assert_eq!(app.set_password(&token(&app.next_mail().await), PASSWORD).await.status, 200);
}

#[tokio::test]
async fn words_that_were_mixed_stay_so() {
    let app = App::new();
    let first = applied(&app, SIRET, EMAIL).await;
    let mut others = testkit::form::application(SIRET, EMAIL);
    others["first_name"] = "Odette".into();
    app.post_proven("/api/create-account", "create-account", others).await;
    let last = applied(&app, SIRET, EMAIL).await;
    for mail in [first, last] {
        assert_eq!(app.correct(&mail, "voleur@exemple.fr").await.problem(), "mail-unknown");
    }
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
    let spent = || (app.rows("QUOTA#"), app.rows("LINK#"));
    let before = spent();
    let again = applied(&app, OTHER_SIRET, "jeanne@inconnu.example").await;
    arrive(&app).await;
    assert_eq!(app.mail(&again).await["state"], "suppressed");
    assert_eq!(app.mails().len(), 1);
    assert_eq!(spent(), before, "it takes no quota and no link");
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

/// State, reason and advice, `-` for none.
async fn said_of(app: &App, mail: &str) -> [String; 3] {
    let shown = app.mail(mail).await;
    ["state", "reason", "advice"].map(|name| shown[name].as_str().unwrap_or("-").to_owned())
}

#[tokio::test]
async fn a_mail_that_will_not_come_says_why_and_what_helps() {
    let app = App::new();
    app.takes_no_mail("exmple.fr");
    let mistyped = applied(&app, &siret(0), "jeanne@exmple.fr").await;
    let unknown = applied(&app, &siret(1), "jeanne@inconnu.example").await;
    applied(&app, &siret(1), "jeanne@plainte.example").await;
    let infected = applied(&app, &siret(1), "jeanne@virus.example").await;
    arrive(&app).await;
    let refused = ["refused", "ce domaine n'accepte pas de messages", "correct-address"];
    assert_eq!(said_of(&app, &mistyped).await, refused);
    assert_eq!(said_of(&app, &unknown).await, ["bounced", "adresse inconnue", "correct-address"]);
    // Nothing is known against the address.
    let rejected = ["refused", "notre service d'envoi ne l'a pas accepté", "ask-for-help"];
    assert_eq!(said_of(&app, &infected).await, rejected);

    let bounced = applied(&app, &siret(2), "jeanne@inconnu.example").await;
    let complained = applied(&app, &siret(2), "jeanne@plainte.example").await;
    app.deliver().await;
    let said = ["suppressed", "cette adresse a déjà refusé un message", "correct-address"];
    assert_eq!(said_of(&app, &bounced).await, said);
    let said =
        ["suppressed", "un message à cette adresse a été signalé comme indésirable", "correct-address"];
    assert_eq!(said_of(&app, &complained).await, said);
}

#[tokio::test]
async fn a_mail_that_was_not_sent_may_need_no_correction() {
    let app = App::new();
    for _ in 0..ESTABLISHMENT_ACTIVATION_MAILS_MAX {
        applied(&app, SIRET, EMAIL).await;
    }
    let link = token(&app.next_mail().await);
    let beyond = applied(&app, SIRET, EMAIL).await;
    app.deliver().await;
    let said = "trop de messages ont été demandés pour cette adresse en une heure";
    assert_eq!(said_of(&app, &beyond).await, ["suppressed", said, "try-later"]);

    let late = applied(&app, SIRET, EMAIL).await;
    assert_eq!(said_of(&app, &late).await, ["queued", "-", "-"]);
    assert_eq!(app.set_password(&link, PASSWORD).await.status, 200);
    let replaced = applied(&app, OTHER_SIRET, "a@exemple.fr").await;
    assert_eq!(app.correct(&replaced, "b@exemple.fr").await.status, 202);
    app.deliver().await;
    assert_eq!(said_of(&app, &late).await, ["suppressed", "un autre message a déjà servi", "-"]);
    assert_eq!(said_of(&app, &replaced).await, ["suppressed", "cette demande n'est plus en cours", "-"]);
}

async fn health(app: &App, domain: &str) -> Value {
    let answer = app.get(&format!("/api/delivery?domain={domain}")).await;
    assert_eq!(answer.headers["cache-control"], "public, max-age=60");
    answer.body
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
async fn events_of_the_alarm_come_in_any_order_and_the_latest_decides() {
    let app = App::new();
    let now = app.portal.platform("mail-tracker").unwrap().clock.now();
    app.wait_minutes(10);
    let banners_after = async |state: &str, minute: i64| {
        let at = after(now, minutes(minute)).to_string();
        let state = json!({"value": state, "timestamp": at});
        let event = json!({"source": "aws.cloudwatch", "time": at, "detail": {"state": state}});
        app.portal.tracker.hand(&event).await.unwrap();
        app.get("/api/notices").await.body.as_array().unwrap().len()
    };
    for (state, minute, banners) in
        [("OK", 2, 0), ("ALARM", 1, 0), ("ALARM", 1, 0), ("ALARM", 5, 1), ("OK", 4, 1), ("OK", 6, 0)]
    {
        assert_eq!(banners_after(state, minute).await, banners, "{state} of minute {minute}");
    }
    assert_eq!(app.rows("NOTICE").len(), 1, "one row, by which a late event is known");
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

fn tracker(app: &App) -> &Platform {
    app.portal.platform("mail-tracker").unwrap()
}

/// The newest mail's id.
fn newest(app: &App) -> MailId {
    let ids = app.rows("MAIL#").into_iter().map(|row| row["mail_id"]["S"].as_str().unwrap().to_owned());
    MailId::parse(&ids.max().unwrap()).unwrap()
}

/// An event of a mail, now and so many milliseconds.
fn told(app: &App, event: Event, recipient: &str, millis: i64) -> Told {
    let at = after(tracker(app).clock.now(), SignedDuration::from_millis(millis));
    Told { event, at, taken_at: at, recipient: Email::parse(recipient).unwrap() }
}

fn gone() -> Event {
    Event::Bounced(Bounce { is_permanent: true, reason: Reason::MailboxUnknown })
}

#[tokio::test]
async fn a_recovery_that_bounces_shows_in_no_later_activation() {
    let states = async |has_account: bool| {
        let app = App::new();
        if has_account {
            app.account(SIRET, EMAIL).await;
        }
        // The holder has left: the mailbox is closed. What is sent there bounces, if anything is.
        app.wait_minutes(61);
        app.recover_identifier(SIRET, EMAIL).await;
        app.deliver().await;
        if has_account {
            let bounced = told(&app, gone(), EMAIL, 0);
            assert!(matches!(
                tracker(&app).outbox.track(newest(&app), &bounced).await,
                Ok(Tracked::Moved(_))
            ));
            app.recover_identifier(SIRET, EMAIL).await;
            app.deliver().await;
            assert_eq!(app.mail_states().last().unwrap(), "suppressed", "no more recovery is sent there");
        }
        let mail = applied(&app, OTHER_SIRET, EMAIL).await;
        let mut states = vec![app.mail(&mail).await["state"].clone()];
        app.deliver().await;
        states.push(app.mail(&mail).await["state"].clone());
        states
    };
    assert_eq!(states(true).await, states(false).await);
}

#[tokio::test]
async fn an_event_that_comes_twice_is_no_news_whatever_its_milliseconds() {
    let app = App::new();
    applied(&app, SIRET, EMAIL).await;
    app.deliver().await;
    let delivered = told(&app, Event::Delivered, EMAIL, 1_500);
    let outbox = &tracker(&app).outbox;
    let first = outbox.track(newest(&app), &delivered).await.unwrap();
    let again = outbox.track(newest(&app), &delivered).await.unwrap();
    assert!(matches!((first, again), (Tracked::Moved(_), Tracked::NoNews)), "{first:?} {again:?}");
}

#[tokio::test]
async fn an_old_bounce_that_comes_after_the_corrected_mail_arrived_teaches_nothing() {
    let app = App::new();
    let mail = applied(&app, SIRET, EMAIL).await;
    app.deliver().await;
    let (first, bounced) = (newest(&app), told(&app, gone(), EMAIL, 0));
    app.wait_seconds(60);
    // The mailbox is open again, and its owner says that the address is right.
    assert_eq!(app.correct(&mail, EMAIL).await.status, 202);
    app.deliver().await;
    let delivered = told(&app, Event::Delivered, EMAIL, 0);
    let outbox = &tracker(&app).outbox;
    outbox.track(newest(&app), &delivered).await.unwrap();
    outbox.track(first, &bounced).await.unwrap();
    let next = applied(&app, OTHER_SIRET, EMAIL).await;
    app.deliver().await;
    assert_eq!(app.mail(&next).await["state"], "sent");
}

#[tokio::test]
async fn a_domain_that_puts_mails_off_for_a_minute_is_no_slow_one() {
    let app = App::new();
    for rank in 0..5 {
        applied(&app, &siret(rank), &format!("personne{rank}@exemple.fr")).await;
        app.deliver().await;
        let (outbox, to) = (&tracker(&app).outbox, format!("personne{rank}@exemple.fr"));
        outbox.track(newest(&app), &told(&app, Event::Delayed, &to, 0)).await.unwrap();
        let expected = if rank < 4 { "unknown" } else { "delayed" };
        assert_eq!(health(&app, "exemple.fr").await["state"], expected);
    }
    for row in app.rows("MAIL#") {
        let id = MailId::parse(row["mail_id"]["S"].as_str().unwrap()).unwrap();
        let delivered = told(&app, Event::Delivered, EMAIL, 60_000);
        let taken_at = tracker(&app).clock.now();
        tracker(&app).outbox.track(id, &Told { taken_at, ..delivered }).await.unwrap();
    }
    assert_eq!(health(&app, "exemple.fr").await["state"], "good");
}

#[tokio::test]
async fn a_mail_that_was_overtaken_tells_nothing_of_the_wait() {
    let app = App::new();
    let outbox = &app.portal.platform("mail-sender").unwrap().outbox;
    let now = || app.portal.platform("mail-sender").unwrap().clock.now();
    let ago = |seconds| now().saturating_sub(SignedDuration::from_secs(seconds)).unwrap();
    for _ in 0..10 {
        outbox.note_progress(Lane::Links, ago(120)).await.unwrap();
        app.wait_seconds(15);
    }
    // One of an hour ago, which was put off until now.
    outbox.note_progress(Lane::Links, ago(3_600)).await.unwrap();
    app.wait_seconds(15);
    let wait = tracker(&app).outbox.wait_of(Lane::Links, now()).await.unwrap().unwrap().as_secs();
    assert!((100..=125).contains(&wait), "{wait}");
}

#[tokio::test]
async fn an_agent_reads_of_the_mails_of_the_day_before() {
    let app = App::new();
    app.account(SIRET, EMAIL).await;
    app.wait_minutes(20 * 60);
    app.post_proven("/api/submit-ticket", "submit-ticket", ticket(SUBMISSION)).await;
    app.deliver().await;
    let copy = app.mails().into_iter().find(|mail| mail.text.contains("Ce que Sésame sait")).unwrap();
    assert!(copy.text.contains("- lien d'activation, "), "{}", copy.text);
}

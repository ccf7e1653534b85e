//! Requests for assistance: procedure, cases 2.1 and 3.

use crate::support::{App, EMAIL, ticket};

const SUBMISSION: &str = "0192d5a2-8f0e-7c3b-9a1d-2b3c4d5e6f70";

#[tokio::test]
async fn a_request_reaches_the_agency_and_a_receipt_the_person() {
    let app = App::new();
    let sent = app.post_proven("/api/submit-ticket", "submit-ticket", ticket(SUBMISSION)).await;
    assert_eq!((sent.status, &sent.body["sent_to"]), (201, &"j•••@exemple.fr".into()));
    let reference = sent.body["reference"].as_str().unwrap();
    assert_eq!(reference.len(), "T-261123-7K3MQ2".len());

    app.deliver().await;
    let mails = app.mails();
    let to_agency = mails.iter().find(|mail| mail.to == ["contact-ap@asp-public.fr"]).unwrap();
    assert_eq!(to_agency.reply_to, [EMAIL]);
    assert!(to_agency.subject.contains(reference) && to_agency.subject.contains("Habilitation à l'extranet"));
    for typed in [
        "732 829 320 00074",
        "Boulangerie du Marché",
        "Jeanne Martin-Ruiz",
        EMAIL,
        "Ma collègue est partie.",
        "Sa messagerie est fermée 🙁.",
        "33123456789",
    ] {
        assert!(to_agency.text.replace(['.', ' '], "").contains(&typed.replace(['.', ' '], "")), "{typed}");
    }
    let receipt = mails.iter().find(|mail| mail.to == [EMAIL]).unwrap();
    assert!(receipt.text.contains(reference));
    assert_eq!(receipt.reply_to, ["contact-ap@asp-public.fr"]);
}

#[tokio::test]
async fn the_same_submission_is_the_same_ticket() {
    let app = App::new();
    let first = app.post_proven("/api/submit-ticket", "submit-ticket", ticket(SUBMISSION)).await;
    app.wait_minutes(24 * 60);
    let again = app.post_proven("/api/submit-ticket", "submit-ticket", ticket(SUBMISSION)).await;
    assert_eq!((again.status, &again.body), (201, &first.body));
    assert_eq!(app.rows("TICKET#").len(), 1);
    assert_eq!(app.deliver().await, 2, "one mail to each");
    let other = app
        .post_proven("/api/submit-ticket", "submit-ticket", ticket("0192d5a2-8f0e-7c3b-9a1d-2b3c4d5e6f71"))
        .await;
    assert_ne!(other.body["reference"], first.body["reference"]);
}

#[tokio::test]
async fn nothing_typed_puts_a_line_into_the_head_of_a_mail() {
    let app = App::new();
    let mut form = ticket(SUBMISSION);
    form["description"] = "Subject: faux\r\nBcc: victime@exemple.fr\r\n\r\nsuite du texte".into();
    let sent = app.post_proven("/api/submit-ticket", "submit-ticket", form).await;
    assert_eq!(sent.status, 201);
    app.deliver().await;
    for mail in app.mails() {
        assert_eq!(mail.to.len(), 1);
        assert!(!mail.subject.contains(['\r', '\n']) && !mail.subject.contains("faux"));
    }
    for (field, value) in [
        ("full_name", "Jeanne\r\nBcc: x@exemple.fr"),
        ("establishment_name", "A\nB"),
        ("email", "a@exemple.fr\r\nBcc: x@exemple.fr"),
    ] {
        let mut form = ticket(SUBMISSION);
        form[field] = value.into();
        assert_eq!(app.post_proven("/api/submit-ticket", "submit-ticket", form).await.status, 422, "{field}");
    }
}

#[tokio::test]
async fn a_known_submission_says_where_its_receipt_went_and_spends_the_proof() {
    let app = App::new();
    let first = app.post_proven("/api/submit-ticket", "submit-ticket", ticket(SUBMISSION)).await;
    let proof = app.proof("submit-ticket").await;
    let mut form = ticket(SUBMISSION);
    form["email"] = "autre@ailleurs.fr".into();
    form["proof"] = proof.clone().into();
    for _ in 0..2 {
        let again = app.post("/api/submit-ticket", &form).await;
        assert_eq!((again.status, &again.body), (201, &first.body));
    }
    let mut another = ticket("0192d5a2-8f0e-7c3b-9a1d-2b3c4d5e6f71");
    another["proof"] = proof.into();
    assert_eq!(app.post("/api/submit-ticket", &another).await.problem(), "proof-already-used");
    assert_eq!(app.deliver().await, 2);
}

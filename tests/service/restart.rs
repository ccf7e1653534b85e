//! Durability: a killed portal has lost nothing when it is started again.

use domain::MailId;
use domain::mail::Lane;
use domain::time::Timestamp;
use serde_json::json;
use sesame::emulator::{SCAN_PAGE_ROWS, TABLE};

use crate::support::{App, EMAIL, PASSWORD, SIRET, token};

#[tokio::test]
async fn a_new_process_sends_what_was_left_and_remembers_everything() {
    let folder = std::env::temp_dir().join(format!("sesame-restart-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&folder);
    let identifier = {
        let app = App::open(Some(folder.clone()));
        let identifier = app.account(SIRET, EMAIL).await;
        app.recover_password(&identifier).await;
        identifier
    };
    let app = App::open(Some(folder.clone()));
    assert_eq!(app.mails().len(), 2, "the mails of before are still there");
    assert_eq!(app.portal.take_up_mails().unwrap(), 1);
    let reset = token(&app.next_mail().await);
    assert_eq!(app.set_password(&reset, "violon cascade 88 parapluie").await.status, 200);
    assert_eq!(app.login(&identifier, PASSWORD).await.status, 401);
    std::fs::remove_dir_all(folder).unwrap();
}

#[tokio::test]
async fn mails_beyond_a_page_of_the_table_are_taken_up() {
    let app = App::new();
    let row = |rank: usize| {
        let mut random = [0; 10];
        random[..8].copy_from_slice(&rank.to_be_bytes());
        let pk = format!("MAIL#{}", MailId::new(Timestamp::UNIX_EPOCH, random));
        let lane = Lane::Links.as_str();
        json!({"pk": {"S": pk}, "sk": {"S": "-"}, "mail_state": {"S": "queued"}, "lane": {"S": lane}})
    };
    let rows: Vec<_> = (0..=SCAN_PAGE_ROWS).map(|rank| json!({"PutRequest": {"Item": row(rank)}})).collect();
    for batch in rows.chunks(25) {
        app.operate("BatchWriteItem", &json!({"RequestItems": {TABLE: batch}}));
    }
    assert_eq!(app.portal.take_up_mails().unwrap(), SCAN_PAGE_ROWS + 1);
}

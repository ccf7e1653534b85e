//! Durability: a killed portal has lost nothing when it is started again.

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

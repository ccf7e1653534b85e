//! The ways through the pages, counted: taps, fields and mails of a person who makes no mistake.
//!
//! Taps are clicks: on a link, a button, a box, or a field that has not got the focus yet. A field is one
//! that is typed into. The link of a mail counts among the taps. Counting ends where there is nothing left to
//! find out: an activation has logged in, a recovery stands at the login with its identifier filled in.

use std::cell::Cell;

use serde_json::json;

use crate::accounts::open_account;
use crate::journeys::log_in_where_the_password_was_chosen;
use crate::people::{APPLICATION, EMAIL, OTHER_PASSWORD, PASSWORD, SIRET_DIGITS};
use crate::stage::{Stage, in_every_engine};

/// A person's hand: what it does is counted as it is done.
struct Hand<'a> {
    stage: &'a Stage,
    taps: Cell<u32>,
    fields: Cell<u32>,
    mails: Cell<u32>,
    /// Those that had come before.
    mails_before: usize,
}

fn one_more(count: &Cell<u32>) {
    count.set(count.get() + 1);
}

impl<'a> Hand<'a> {
    /// At the home page.
    async fn at_home(stage: &'a Stage) -> Self {
        let mails_before = stage.portal.mails().await.len();
        stage.browser.go("/").await;
        let none = || Cell::new(0);
        Self { stage, taps: none(), fields: none(), mails: none(), mails_before }
    }

    async fn tap(&self, css: &str) {
        self.stage.browser.click(css).await;
        one_more(&self.taps);
    }

    /// Types into a field, which is clicked before, unless the focus is there.
    async fn write(&self, css: &str, text: &str) {
        let browser = &self.stage.browser;
        let field = browser.ready(css).await;
        let has_focus = "return document.activeElement.matches(arguments[0])";
        if browser.run(has_focus, json!([css])).await != json!(true) {
            self.tap(css).await;
        }
        field.send_keys(text).await.unwrap();
        one_more(&self.fields);
    }

    /// Opens the next mail and taps its link.
    async fn follow_mail(&self) {
        one_more(&self.mails);
        let count = self.mails_before + usize::try_from(self.mails.get()).unwrap();
        let mail = self.stage.portal.mail(count).await;
        self.stage.browser.go(&format!("/mot-de-passe/{}", mail.fragment())).await;
        one_more(&self.taps);
    }

    /// Taps, fields, mails.
    fn counted(&self) -> (u32, u32, u32) {
        (self.taps.get(), self.fields.get(), self.mails.get())
    }
}

fn assert_within(counted: (u32, u32, u32), most: (u32, u32, u32)) {
    println!("taps, fields, mails: {counted:?} of {most:?}");
    let (taps, fields, mails) = counted;
    assert!(taps <= most.0 && fields <= most.1 && mails <= most.2, "{counted:?} is more than {most:?}");
    assert!(taps > fields && fields > 0 && mails > 0, "{counted:?}: something was not counted");
}

#[tokio::test]
async fn a_new_person_is_logged_in_after_13_taps_7_fields_and_1_mail() {
    in_every_engine(async |stage| {
        let hand = Hand::at_home(stage).await;
        hand.tap(".app-card a.govuk-button[href='/creer-mon-espace/']").await;
        hand.write("#check-siret #siret", SIRET_DIGITS).await;
        hand.tap("#check-siret #accept_terms").await;
        hand.tap("#check-siret [type=submit]").await;
        for (field, text) in APPLICATION {
            hand.write(&format!("#create-account #{field}"), text).await;
        }
        hand.tap("#create-account [type=submit]").await;
        stage.browser.sees("#done").await;
        hand.follow_mail().await;
        hand.write("#set-password #password", PASSWORD).await;
        hand.tap("#set-password [type=submit]").await;
        stage.browser.reads("#done h1", "vous êtes connecté").await;
        assert_within(hand.counted(), (13, 7, 1));

        stage.browser.click("#to-space").await;
        stage.browser.sees("#account").await;
    })
    .await;
}

#[tokio::test]
async fn a_lost_password_is_replaced_after_6_taps_2_fields_and_1_mail() {
    in_every_engine(async |stage| {
        let identifier = open_account(stage).await;
        let hand = Hand::at_home(stage).await;
        hand.tap("main a[href='/mot-de-passe-oublie/']").await;
        hand.write("#recover-password #identifier", &identifier).await;
        hand.tap("#recover-password [type=submit]").await;
        stage.browser.sees("#done").await;
        finish(&hand, &identifier, (6, 2, 1)).await;
    })
    .await;
}

#[tokio::test]
async fn who_has_lost_everything_has_it_back_after_7_taps_3_fields_and_1_mail() {
    in_every_engine(async |stage| {
        let identifier = open_account(stage).await;
        let hand = Hand::at_home(stage).await;
        hand.tap("main a[href='/identifiant-oublie/']").await;
        hand.write("#recover-identifier #siret", SIRET_DIGITS).await;
        hand.write("#recover-identifier #email", EMAIL).await;
        hand.tap("#recover-identifier [type=submit]").await;
        stage.browser.sees("#done").await;
        finish(&hand, &identifier, (7, 3, 1)).await;
    })
    .await;
}

/// From the mail of a recovery to the login.
async fn finish(hand: &Hand<'_>, identifier: &str, most: (u32, u32, u32)) {
    hand.follow_mail().await;
    hand.write("#set-password #password", OTHER_PASSWORD).await;
    hand.tap("#set-password [type=submit]").await;
    hand.stage.browser.ready("#login [type=submit]").await;
    assert_within(hand.counted(), most);
    log_in_where_the_password_was_chosen(hand.stage, identifier, OTHER_PASSWORD).await;
}

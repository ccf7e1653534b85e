//! Colleagues: invited, joined, promoted, gone; the last holder leaves nobody locked out.

use std::time::Duration;

use serde_json::json;

use crate::accounts::{colleague, enter_as, log_in, open_account};
use crate::browser::Browser;
use crate::journeys::check_siret;
use crate::people::{
    COLLEAGUE, COLLEAGUE_EMAIL, COLLEAGUE_NAME, EMAIL, ESTABLISHMENT, OTHER_PASSWORD, PASSWORD, PHONE, SIRET,
};
use crate::proxy::Fate;
use crate::space::{fill_login, log_in_as, log_out};
use crate::space_states::{person, space_with};
use crate::stage::{Stage, in_every_engine};

const FIRST_HOLDER: &str = "Jeanne Martin-Ruiz";

#[tokio::test]
async fn a_colleague_is_invited_joins_is_promoted_and_the_first_holder_leaves() {
    in_every_engine(async |stage| {
        let browser = &stage.browser;
        let first = open_account(stage).await;
        browser.go("/mon-espace/").await;
        browser.reads("#to-do-list", "seul titulaire").await;
        browser.click("#add-user").await;
        invite(stage, "member").await;
        browser.reads(&row("#invitations", COLLEAGUE_NAME), "En attente").await;
        log_out(browser).await;
        let second = join(stage, &invited(stage).await).await;
        assert_ne!(first, second);
        browser.reads("#establishments", "Utilisateur").await;
        browser.go("/mon-espace/collegues/").await;
        browser.sees("#for-members").await;
        browser.sees_not("#members").await;
        log_out(browser).await;

        log_in_as(browser, &first, PASSWORD).await;
        browser.go("/mon-espace/collegues/").await;
        browser.sees_not("#invited").await;
        change(browser, COLLEAGUE_NAME, "promote").await;
        browser.reads("#news", "Paul Durand est titulaire").await;
        browser.reads(&row("#members", COLLEAGUE_NAME), "Titulaire").await;
        browser.click("#to-leave").await;
        browser.sees("#leave-now").await;
        browser.submit("#leave-establishment").await;
        browser.reads("#news", "Vous avez quitté").await;
        browser.sees("#no-establishment").await;
        log_out(browser).await;

        log_in_as(browser, &second, OTHER_PASSWORD).await;
        browser.reads("#establishments", "Titulaire").await;
        browser.go("/mon-espace/collegues/").await;
        browser.reads("#members", "Paul Durand (vous)").await;
        browser.sees_not(&row("#members", FIRST_HOLDER)).await;
    })
    .await;
}

#[tokio::test]
async fn a_colleague_is_suspended_resumed_and_removed_each_after_what_happens_was_said() {
    in_every_engine(async |stage| {
        let browser = &stage.browser;
        let first = open_account(stage).await;
        let second = colleague(stage).await;
        browser.go("/mon-espace/collegues/").await;
        // Cancelled, nothing is done.
        browser.click(&action(COLLEAGUE_NAME, "suspend")).await;
        browser.reads("#confirm", "ne peut plus rien faire pour cet établissement").await;
        browser.click("#confirm [data-back]").await;
        browser.sees("#colleagues").await;
        change(browser, COLLEAGUE_NAME, "suspend").await;
        browser.reads(&row("#members", COLLEAGUE_NAME), "Accès suspendu").await;
        enter_as(stage, &second, OTHER_PASSWORD).await;
        browser.go("/mon-espace/").await;
        browser.reads("#establishments", "Un titulaire a suspendu votre accès").await;

        enter_as(stage, &first, PASSWORD).await;
        browser.go("/mon-espace/collegues/").await;
        change(browser, COLLEAGUE_NAME, "resume").await;
        browser.sees(&action(COLLEAGUE_NAME, "promote")).await;
        change(browser, COLLEAGUE_NAME, "remove").await;
        browser.sees_not(&row("#members", COLLEAGUE_NAME)).await;
        enter_as(stage, &second, OTHER_PASSWORD).await;
        browser.go("/mon-espace/").await;
        browser.sees("#no-establishment").await;
    })
    .await;
}

#[tokio::test]
async fn who_cancels_while_the_service_refuses_for_now_has_removed_nobody() {
    in_every_engine(async |stage| {
        let browser = &stage.browser;
        stage.proxy.plan("/api/space", [space_with(json!({}))]);
        browser.go("/mon-espace/collegues/").await;
        for is_by_history in [false, true] {
            browser.click("#members [data-action=remove]").await;
            browser.sees("#confirm").await;
            stage.proxy.plan("/api/space/members/", [Fate::Refused(503, Some(2))]);
            stage.proxy.plan("/api/space", [space_with(json!({}))]);
            browser.submit("#confirm-change").await;
            browser.sees("#confirm .app-sending--waiting button").await;
            if is_by_history {
                browser.client.back().await.unwrap();
            } else {
                browser.click("#confirm [data-back]").await;
            }
            browser.reads("#news", "L'envoi est arrêté").await;
            // The service takes requests again: later than it was to be asked.
            tokio::time::sleep(Duration::from_secs(4)).await;
            let seen = stage.proxy.take_seen().await;
            assert_eq!(seen.iter().filter(|seen| seen.method == "DELETE").count(), 1, "{is_by_history}");
            browser.sees("#members [data-action=remove]").await;
            browser.sees_not("#confirm").await;
        }
    })
    .await;
}

#[tokio::test]
async fn a_removal_whose_answer_was_lost_is_said_to_be_done_and_the_focus_stays_in_the_list() {
    in_every_engine(async |stage| {
        let browser = &stage.browser;
        stage.proxy.plan("/api/space", [space_with(json!({}))]);
        browser.go("/mon-espace/collegues/").await;
        browser.click("#members [data-action=remove]").await;
        browser.sees("#confirm").await;
        let gone = Fate::Given(403, json!({"type": "/problems/not-allowed", "title": "Refus"}));
        stage.proxy.plan("/api/space/members/", [Fate::Broken, gone]);
        // What comes anew comes late, when the person is in the list again.
        stage.proxy.plan("/api/space", [Fate::Refused(503, Some(3)), space_with(json!({}))]);
        browser.submit("#confirm-change").await;
        browser.reads("#news", "n'a sans doute plus accès").await;
        browser.sees(".app-sending--waiting button").await;
        let focus = "document.querySelector('#members [data-action=suspend]').focus(); \
                     window.focused = document.activeElement; return true";
        browser.run(focus, json!([])).await;
        browser.sees_not(".app-sending--waiting button").await;
        let kept = "const now = document.activeElement; return now !== window.focused \
                    && now.dataset.action === 'suspend' && now.closest('#members') !== null";
        browser.until("the same entry has the focus", kept, json!([])).await;
    })
    .await;
}

#[tokio::test]
async fn a_link_of_who_asks_that_is_cut_says_so_and_leads_to_the_form() {
    in_every_engine(async |stage| {
        stage.proxy.plan("/api/space", [space_with(json!({})), space_with(json!({}))]);
        stage.browser.go("/mon-espace/#inviter=eyJzaXJldCI6IjczMjgyOTMyMDAwMDc0IiwiZmlyc3").await;
        stage.browser.reads("#news", "Le lien du courriel est coupé").await;
        stage.browser.ready("#invite-colleague [type=submit]").await;
        assert_eq!(stage.browser.value("#invite-colleague #email").await, "");
    })
    .await;
}

#[tokio::test]
async fn a_space_that_was_closed_without_an_answer_is_said_to_be_closed() {
    in_every_engine(async |stage| {
        let browser = &stage.browser;
        open_account(stage).await;
        browser.go("/mon-espace/depart/").await;
        browser.fill("#close-establishment #closing_password", PASSWORD).await;
        stage.proxy.plan("/api/space/establishments/", [Fate::AnswerLost]);
        browser.submit("#close-establishment").await;
        browser.reads("#news", "est sans doute fermé").await;
        browser.sees("#no-establishment").await;
    })
    .await;
}

#[tokio::test]
async fn a_space_that_has_another_holder_by_now_is_left_and_not_closed() {
    in_every_engine(async |stage| {
        let browser = &stage.browser;
        let alone = json!({"members": [person("me", "Jeanne", "holder", "active", true)]});
        stage.proxy.plan("/api/space", [space_with(alone)]);
        browser.go("/mon-espace/depart/").await;
        browser.fill("#close-establishment #closing_password", PASSWORD).await;
        let other = Fate::Given(409, json!({"type": "/problems/other-holders", "title": "Refus"}));
        stage.proxy.plan("/api/space", [other, space_with(json!({}))]);
        browser.submit("#close-establishment").await;
        browser.reads("#news", "vous pouvez le quitter").await;
        browser.ready("#leave-establishment [type=submit]").await;
    })
    .await;
}

#[tokio::test]
async fn a_successor_takes_the_place_of_the_last_holder() {
    in_every_engine(async |stage| {
        let browser = &stage.browser;
        let first = open_account(stage).await;
        browser.go("/mon-espace/depart/").await;
        browser.sees("#last-holder").await;
        browser.sees_not("#promote-way").await;
        browser.sees_not("#leave-establishment").await;
        for (field, typed) in COLLEAGUE {
            browser.fill(&format!("#invite-successor #successor_{field}"), typed).await;
        }
        browser.submit("#invite-successor").await;
        browser.reads("#news", "Vous restez titulaire jusqu'à son acceptation").await;
        browser.reads("#invitations", "pour prendre votre suite").await;
        log_out(browser).await;
        join(stage, &invited(stage).await).await;
        browser.reads("#establishments", "Titulaire").await;
        log_out(browser).await;
        log_in_as(browser, &first, PASSWORD).await;
        browser.sees("#no-establishment").await;
    })
    .await;
}

#[tokio::test]
async fn a_successor_is_named_in_advance_stays_named_and_is_taken_back() {
    in_every_engine(async |stage| {
        let browser = &stage.browser;
        open_account(stage).await;
        browser.go("/mon-espace/collegues/").await;
        browser.reads("#for-holders", "n'obtient aucun accès et ne reçoit aucun courriel").await;
        browser.click("#open-successor").await;
        browser.sees("#successor").await;
        for (field, typed) in COLLEAGUE {
            browser.fill(&format!("#name-successor #successor_{field}"), typed).await;
        }
        browser.submit("#name-successor").await;
        browser.reads("#news", "Désignation enregistrée : Paul Durand").await;
        let named = row("#successors", COLLEAGUE_NAME);
        browser.reads(&named, "p•••@exemple.fr").await;
        browser.reload().await;
        browser.reads(&named, "Depuis le").await;
        browser.sees_not("#open-successor").await;
        // Neither a colleague nor invited.
        browser.sees_not(&row("#members", COLLEAGUE_NAME)).await;
        browser.sees_not("#invited").await;
        browser.click(&action(COLLEAGUE_NAME, "name")).await;
        browser.reads("#replaced", "remplace celle de Paul Durand").await;
        browser.click("#successor [data-back]").await;
        browser.sees("#colleagues").await;
        change(browser, COLLEAGUE_NAME, "unname").await;
        browser.reads("#news", "La désignation de Paul Durand est retirée").await;
        browser.ready("#open-successor").await;
        browser.sees_not(&named).await;
    })
    .await;
}

#[tokio::test]
async fn the_last_holder_can_promote_a_colleague_and_leave_on_one_page() {
    in_every_engine(async |stage| {
        let browser = &stage.browser;
        open_account(stage).await;
        colleague(stage).await;
        browser.go("/mon-espace/depart/").await;
        browser.submit("#promote-successor").await;
        browser.reads("#promote-successor .govuk-error-summary", "Choisissez un collègue").await;
        browser.click("#promote-successor #successor").await;
        browser.submit("#promote-successor").await;
        browser.reads("#news", "Vous pouvez maintenant quitter l'établissement").await;
        browser.submit("#leave-establishment").await;
        browser.reads("#news", "Vous avez quitté").await;
    })
    .await;
}

#[tokio::test]
async fn who_is_told_that_there_is_an_account_asks_and_a_holder_answers_by_one_click() {
    in_every_engine(async |stage| {
        let browser = &stage.browser;
        let first = open_account(stage).await;
        leave_no_trace(browser).await;
        browser.go("/creer-mon-espace/").await;
        check_siret(stage, SIRET).await;
        browser.click("#exists #ask-invitation").await;
        for (field, typed) in COLLEAGUE {
            browser.fill(&format!("#request-invitation #asker_{field}"), typed).await;
        }
        browser.submit("#request-invitation").await;
        browser.sees("#request-sent").await;
        // Loaded again it says the same, and sends nothing more.
        browser.reload().await;
        browser.sees("#request-sent").await;
        assert_eq!(stage.proxy.bodies("/api/invitation/request").len(), 1);

        let mail = stage.portal.mail_to(EMAIL, "#inviter=").await;
        browser.go(&format!("/mon-espace/{}", mail.fragment_of("/mon-espace/"))).await;
        browser.sees("#no-session").await;
        assert!(!browser.place().await.contains('#'), "who it is stays in the address");
        fill_login(browser, &first, PASSWORD).await;
        browser.sees("#asked-for").await;
        for (field, typed) in COLLEAGUE {
            assert_eq!(browser.value(&format!("#invite-colleague #{field}")).await, typed);
        }
        // The mail may be lost: the space has the request too, until it is answered.
        browser.go("/mon-espace/").await;
        browser.reads("#to-do-list", "demande à vous rejoindre").await;
        browser.go("/mon-espace/collegues/").await;
        browser.click("#requests [data-action=invite]").await;
        browser.sees("#asked-for").await;
        browser.submit("#invite-colleague").await;
        browser.reads("#news", "Invitation envoyée").await;
        browser.sees_not("#asking").await;
        log_out(browser).await;
        join(stage, &invited(stage).await).await;
        browser.reads("#establishments", ESTABLISHMENT).await;
    })
    .await;
}

#[tokio::test]
async fn an_invitation_is_for_its_own_address_and_serves_once() {
    in_every_engine(async |stage| {
        let browser = &stage.browser;
        open_account(stage).await;
        browser.go("/mon-espace/collegues/#invite").await;
        invite(stage, "member").await;
        let fragment = invited(stage).await;
        // Opened by the inviter, who is another.
        browser.go(&format!("/invitation/{fragment}")).await;
        browser.sees("#for-member, #for-other").await;
        browser.sees_not("#open-account").await;
        leave_no_trace(browser).await;
        join(stage, &fragment).await;
        browser.go(&format!("/invitation/{fragment}")).await;
        browser.sees("#accepted").await;
        browser.reload().await;
        browser.sees("#accepted").await;
    })
    .await;
}

#[tokio::test]
async fn an_invitation_that_is_withdrawn_says_so_and_another_can_be_asked_for() {
    in_every_engine(async |stage| {
        let browser = &stage.browser;
        open_account(stage).await;
        browser.go("/mon-espace/collegues/#invite").await;
        invite(stage, "member").await;
        let fragment = invited(stage).await;
        change(browser, COLLEAGUE_NAME, "withdraw").await;
        browser.reads("#news", "est retirée").await;
        browser.sees_not("#invited").await;
        leave_no_trace(browser).await;
        browser.go(&format!("/invitation/{fragment}")).await;
        browser.sees("#withdrawn, #link-unknown").await;
        browser.ready("#request-invitation [type=submit]").await;
    })
    .await;
}

#[tokio::test]
async fn who_has_an_account_invites_another_user_from_the_first_page() {
    in_every_engine(async |stage| {
        log_in(stage).await;
        stage.browser.click("#add-user").await;
        stage.browser.ready("#invite-colleague [type=submit]").await;
        assert_eq!(stage.browser.place().await, "/mon-espace/collegues/");
    })
    .await;
}

/// An entry of a list, by its name.
fn row(list: &str, name: &str) -> String {
    format!("{list} [data-name='{name}']")
}

fn action(name: &str, action: &str) -> String {
    format!("[data-name='{name}'] [data-action={action}]")
}

/// Does something with a colleague or an invitation, and confirms it.
async fn change(browser: &Browser, name: &str, what: &str) {
    browser.click(&action(name, what)).await;
    browser.sees("#confirm").await;
    browser.submit("#confirm-change").await;
    browser.sees("#colleagues").await;
}

/// Fills the invitation in and sends it, where its form is shown.
async fn invite(stage: &Stage, role: &str) {
    let browser = &stage.browser;
    browser.sees("#invite").await;
    browser.fill_all("#invite-colleague", &COLLEAGUE).await;
    browser.click(&format!("#invite-colleague [name=role][value={role}]")).await;
    browser.submit("#invite-colleague").await;
    browser.reads("#news", "Invitation envoyée à p•••@exemple.fr").await;
}

/// The fragment of the invitation's link.
pub async fn invited(stage: &Stage) -> String {
    let mail = stage.portal.mail_to(COLLEAGUE_EMAIL, "/invitation/").await;
    mail.fragment_of("/invitation/").to_owned()
}

/// Opens an account by the invitation, with nobody logged in, and goes to my space. Gives the identifier.
pub async fn join(stage: &Stage, fragment: &str) -> String {
    let browser = &stage.browser;
    browser.go(&format!("/invitation/{fragment}")).await;
    browser.reads("#open", ESTABLISHMENT).await;
    browser.fill("#open-account #phone", PHONE).await;
    browser.fill("#open-account #account_password", OTHER_PASSWORD).await;
    browser.submit("#open-account").await;
    browser.sees("#new-account").await;
    let identifier = browser.text("#done #identifier-value").await;
    browser.click("#to-space").await;
    browser.reads("#who", COLLEAGUE_NAME).await;
    identifier
}

/// Another person comes to the browser.
pub async fn leave_no_trace(browser: &Browser) {
    browser.run("localStorage.clear(); sessionStorage.clear()", json!([])).await;
    browser.forget_cookies().await;
}

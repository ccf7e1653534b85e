//! What the pages say when a rule says no: where, in words, and with a way on.

use serde_json::json;

use crate::accounts::open_account;
use crate::journeys::{apply, apply_as, check_siret, choose_password};
use crate::people::{
    APPLICATION, EMAIL, ESTABLISHMENT, LINK, OTHER_PASSWORD, PASSWORD, SIRET, TICKET, UNKNOWN_IDENTIFIER,
};
use crate::proxy::Fate;
use crate::stage::in_every_engine;

/// A form, what is typed into one of its fields, and a word of what is said beside it.
type Refusal = (&'static str, &'static str, &'static str, &'static str);

#[tokio::test]
async fn an_empty_form_names_every_missing_field_and_takes_the_person_there() {
    in_every_engine(async |stage| {
        let browser = &stage.browser;
        for (path, form, fields) in [
            ("/", "#login", vec!["identifier", "password"]),
            ("/creer-mon-espace/", "#check-siret", vec!["siret", "accept_terms"]),
            ("/identifiant-oublie/", "#recover-identifier", vec!["siret", "email"]),
            ("/mot-de-passe-oublie/", "#recover-password", vec!["identifier"]),
            (LINK, "#set-password", vec!["password"]),
            (
                "/demande-assistance/",
                "#submit-ticket",
                vec!["siret", "establishment_name", "full_name", "phone", "email", "motive", "description"],
            ),
        ] {
            if path == LINK {
                stage.proxy.plan("/api/link", [Fate::open_link()]);
            }
            browser.go(path).await;
            browser.submit(form).await;
            let focus = "return document.activeElement.classList.contains('govuk-error-summary')";
            browser.until("the summary has the focus", focus, json!([])).await;
            for field in &fields {
                assert_ne!(browser.text(&format!("#{field}-error")).await, "", "{form} {field}");
            }
            let first = format!(".govuk-error-summary a[href='#{}']", fields[0]);
            browser.click(&first).await;
            let focus = "return document.activeElement.id === arguments[0]";
            browser.until("the field has the focus", focus, json!([fields[0]])).await;
            browser.until("the title says it", "return document.title.startsWith('Erreur')", json!([])).await;
        }
    })
    .await;
}

#[tokio::test]
async fn a_refused_value_is_explained_beside_its_field_and_nothing_typed_is_lost() {
    const CASES: [Refusal; 8] = [
        ("#submit-ticket", "siret", "123", "14 chiffres"),
        ("#submit-ticket", "siret", "73282932000075", "SIRET"),
        ("#submit-ticket", "phone", "12", "numéro"),
        ("#submit-ticket", "email", "jeanne.exemple.fr", "adresse"),
        ("#submit-ticket", "description", "court", "caractères"),
        ("#recover-identifier", "email", "jeanne@", "adresse"),
        ("#recover-password", "identifier", "jeanne@exemple.fr", "adresse"),
        ("#recover-password", "identifier", "AP-1234-5678", "identifiant"),
    ];
    in_every_engine(async |stage| {
        let browser = &stage.browser;
        for (form, field, typed, said) in CASES {
            let path = match form {
                "#submit-ticket" => "/demande-assistance/",
                "#recover-identifier" => "/identifiant-oublie/",
                _ => "/mot-de-passe-oublie/",
            };
            browser.go(path).await;
            match form {
                "#submit-ticket" => {
                    browser.fill("#siret", SIRET).await;
                    browser.fill_all(form, &TICKET).await;
                    browser.click("#motive").await;
                }
                "#recover-identifier" => browser.fill("#siret", SIRET).await,
                _ => {}
            }
            browser.fill(&format!("{form} #{field}"), typed).await;
            browser.submit(form).await;
            browser.sees(&format!("#{field}-error")).await;
            let explained = browser.text(&format!("#{field}-error")).await.to_lowercase();
            assert!(explained.contains(&said.to_lowercase()), "{field} {typed}: {explained}");
            assert_eq!(browser.value(&format!("{form} #{field}")).await, typed);
            if form == "#submit-ticket" && field != "description" {
                assert_eq!(browser.value("#description").await, TICKET[4].1);
            }
        }
        assert!(stage.portal.mails().await.is_empty());
    })
    .await;
}

#[tokio::test]
async fn a_wrong_password_is_refused_without_saying_which_and_a_proof_is_made_when_asked() {
    in_every_engine(async |stage| {
        let browser = &stage.browser;
        let identifier = open_account(stage).await;
        browser.go("/").await;
        let mut said = Vec::new();
        for who in [UNKNOWN_IDENTIFIER, &identifier] {
            browser.fill_all("#login", &[("identifier", who), ("password", OTHER_PASSWORD)]).await;
            browser.submit("#login").await;
            browser.sees("#login .govuk-error-summary").await;
            said.push(browser.text(".govuk-error-summary").await);
        }
        assert_eq!(said[0], said[1]);
        // Two more failures, then the server wants a proof: the page makes it by itself.
        for _ in 0..2 {
            let posted = stage.proxy.bodies("/api/session").len();
            browser.submit("#login").await;
            stage.proxy.posted("/api/session", posted + 1).await;
            browser.sees("#login .govuk-error-summary").await;
        }
        browser.fill("#login #password", PASSWORD).await;
        browser.submit("#login").await;
        browser.sees("#account").await;
        let last = stage.proxy.bodies("/api/session").pop().unwrap();
        assert!(last["proof"].is_string(), "no proof was asked for");
    })
    .await;
}

#[tokio::test]
async fn used_and_unknown_links_are_told_apart_and_each_leads_to_a_new_one() {
    in_every_engine(async |stage| {
        let browser = &stage.browser;
        let identifier = open_account(stage).await;
        let first = stage.portal.mails().await.pop().unwrap();
        let cut = format!("#{}", &first.fragment()[1..20]);
        for (fragment, view, form) in
            [(first.fragment(), "#link-used", "#renew-link"), (&cut, "#link-unknown", "#recover-password")]
        {
            // On opening, before a password is invented.
            browser.go(&format!("/mot-de-passe/{fragment}")).await;
            browser.sees(view).await;
            browser.sees_not("#set-password").await;
            // Loaded again it says the same.
            browser.reload().await;
            browser.sees(view).await;
            browser.ready(&format!("{form} [type=submit]")).await;
        }
        browser.fill("#recover-password #identifier", &identifier).await;
        browser.submit("#recover-password").await;
        browser.sees("#done").await;
        let mail = stage.portal.mail(3).await;
        assert_eq!(choose_password(stage, mail.fragment(), OTHER_PASSWORD).await, identifier);
        // Without any link the page asks for a code at once.
        browser.run("sessionStorage.clear()", json!([])).await;
        browser.go("/mot-de-passe/").await;
        browser.sees("#code-fields").await;
    })
    .await;
}

#[tokio::test]
async fn a_weak_password_is_refused_with_advice_and_the_link_still_serves() {
    in_every_engine(async |stage| {
        let browser = &stage.browser;
        browser.go("/creer-mon-espace/").await;
        apply(stage).await;
        let mail = stage.portal.mail(1).await;
        browser.go(&format!("/mot-de-passe/{}", mail.fragment())).await;
        for weak in ["court", "motdepasse123", "jeanne martin-ruiz"] {
            browser.fill("#set-password #password", weak).await;
            browser.submit("#set-password").await;
            browser.sees("#password-error").await;
            assert_eq!(browser.value("#set-password #password").await, weak);
        }
        choose_password(stage, mail.fragment(), PASSWORD).await;
    })
    .await;
}

#[tokio::test]
async fn who_comes_second_for_an_establishment_is_shown_the_ways_out() {
    in_every_engine(async |stage| {
        let browser = &stage.browser;
        // Two people apply; one opens their link when the other has an account, one had opened it before.
        let mut links = Vec::new();
        for (email, count) in [("paul@exemple.fr", 1), ("zoe@exemple.fr", 2), (EMAIL, 3)] {
            browser.go("/creer-mon-espace/").await;
            apply_as(stage, email).await;
            links.push(stage.portal.mail(count).await.fragment().to_owned());
        }
        let before = browser.client.window().await.unwrap();
        browser.go(&format!("/mot-de-passe/{}", links[0])).await;
        browser.reads("#for-establishment", ESTABLISHMENT).await;
        let tab = browser.client.new_window(false).await.unwrap();
        browser.client.switch_to_window(tab.handle).await.unwrap();
        choose_password(stage, &links[2], PASSWORD).await;

        browser.go(&format!("/mot-de-passe/{}", links[1])).await;
        browser.sees("#exists").await;
        browser.reads("#exists-message", "avant vous").await;
        browser.ready("#exists a[href='/#login']").await;
        browser.ready("#exists a[href='/identifiant-oublie/']").await;
        browser.reload().await;
        browser.sees("#exists").await;
        browser.client.close_window().await.unwrap();

        browser.client.switch_to_window(before).await.unwrap();
        browser.fill("#set-password #password", OTHER_PASSWORD).await;
        browser.submit("#set-password").await;
        browser.sees("#exists").await;
        browser.reads("#exists-message", "a déjà créé un compte utilisateur").await;
        // And who begins now is told at the first step.
        browser.go("/creer-mon-espace/").await;
        check_siret(stage, SIRET).await;
        browser.sees("#exists").await;
    })
    .await;
}

#[tokio::test]
async fn who_is_overtaken_at_the_second_step_is_shown_the_ways_out() {
    in_every_engine(async |stage| {
        let browser = &stage.browser;
        browser.go("/creer-mon-espace/").await;
        apply(stage).await;
        let first = stage.portal.mail(1).await;
        browser.go("/creer-mon-espace/").await;
        check_siret(stage, SIRET).await;
        browser.sees("#step-account").await;
        choose_password(stage, first.fragment(), PASSWORD).await;
        // Come back to, the page is at its second step still.
        browser.go("/creer-mon-espace/").await;
        browser.fill_all("#create-account", &APPLICATION).await;
        browser.submit("#create-account").await;
        browser.sees("#exists").await;
        browser.reads("#exists-message", "a déjà créé un compte utilisateur").await;
        let said = stage.proxy.statuses("/api/create-account");
        assert_eq!(said, [202, 409]);
    })
    .await;
}

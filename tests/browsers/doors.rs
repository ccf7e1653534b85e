//! The two ways in, four steps and a way back, my space with its open end.

use serde_json::json;

use crate::accounts::{log_in, open_account};
use crate::engines::chosen;
use crate::journeys::{apply, check_siret};
use crate::people::{APPLICATION, EMAIL, PASSWORD, SIRET};
use crate::portal::Portal;
use crate::stage::{Stage, in_every_engine};

const EXTRANET: &str = "https://extranet.exemple.fr/ap/";
/// The first screen of a small phone.
const PHONE: (u32, u32) = (360, 740);
const ON_FIRST_SCREEN: &str = "
    const box = document.querySelector(arguments[0]).getBoundingClientRect();
    return box.height > 0 && box.top >= 0 && box.bottom <= innerHeight && scrollY === 0;";

#[tokio::test]
async fn a_phone_shows_both_doors_on_its_first_screen_and_each_leads_in() {
    in_every_engine(async |stage| {
        let browser = &stage.browser;
        browser.size(PHONE.0, PHONE.1).await;
        for (door, words, form) in
            [("#door-account", "J'ai un compte", "#login"), ("#door-first", "Première fois", "#check-siret")]
        {
            browser.go("/").await;
            browser.reads(door, words).await;
            browser.until("the door is on the first screen", ON_FIRST_SCREEN, json!([door])).await;
            browser.click(door).await;
            browser.ready(&format!("{form} [type=submit]")).await;
        }
        browser.size(1280, 900).await;
        browser.go("/").await;
        browser.sees("#login").await;
        browser.sees_not(".app-doors").await;
    })
    .await;
}

#[tokio::test]
async fn my_space_is_the_login_until_somebody_is_in_and_the_home_page_says_who() {
    in_every_engine(async |stage| {
        let browser = &stage.browser;
        let identifier = open_account(stage).await;
        browser.run("localStorage.clear(); sessionStorage.clear()", json!([])).await;
        browser.forget_cookies().await;
        browser.go("/mon-espace/").await;
        browser.sees("#no-session").await;
        browser.fill_all("#login", &[("identifier", &identifier), ("password", PASSWORD)]).await;
        browser.submit("#login").await;
        browser.reads("#account #who", "Jeanne Martin-Ruiz").await;
        browser.go("/").await;
        browser.sees("#logged-in").await;
        browser.reads("#logged-in", "Vous êtes connecté : Jeanne Martin-Ruiz").await;
        browser.click("#logged-in a[href='/mon-espace/']").await;
        browser.click("#log-out").await;
        browser.sees("#done").await;
        browser.go("/").await;
        browser.reads("#notices", "Aucun incident").await;
        browser.sees("#login").await;
        browser.sees_not("#logged-in").await;
    })
    .await;
}

#[tokio::test]
async fn the_steps_are_four_and_back_leads_to_the_one_before_with_what_was_typed() {
    in_every_engine(async |stage| {
        let browser = &stage.browser;
        browser.go("/creer-mon-espace/").await;
        let has_title = "return document.title.startsWith(arguments[0])";
        browser.until("the title says the step", has_title, json!(["Étape 1 sur 4"])).await;
        check_siret(stage, SIRET).await;
        browser.sees("#step-account").await;
        browser.reads("#step-account h1", "Étape 2 sur 4").await;
        browser.until("the title says the step", has_title, json!(["Étape 2 sur 4"])).await;
        browser.fill("#create-account #first_name", "Jeanne").await;
        browser.client.back().await.unwrap();
        browser.sees("#step-siret").await;
        assert_eq!(browser.value("#check-siret #siret").await, SIRET);
        browser.reload().await;
        browser.sees("#step-siret").await;
        browser.client.forward().await.unwrap();
        browser.sees("#step-account").await;
        assert_eq!(browser.value("#create-account #first_name").await, "Jeanne");
        browser.fill_all("#create-account", &APPLICATION).await;
        browser.submit("#create-account").await;
        browser.sees("#done").await;
        browser.reads("#done h1", "Étape 3 sur 4").await;
        // Back from there is how one corrects.
        browser.client.back().await.unwrap();
        browser.sees("#step-account").await;
        assert_eq!(browser.value("#create-account #email").await, EMAIL);
        stage.portal.mail(1).await;
    })
    .await;
}

#[tokio::test]
async fn my_space_opens_the_extranet_for_each_establishment_or_says_what_comes_next() {
    for engine in chosen() {
        for extranet in [Some(EXTRANET), None] {
            let stage = Stage::set_at(engine, Portal::start_with(extranet).await).await;
            let browser = &stage.browser;
            log_in(&stage).await;
            browser.sees("#account").await;
            let link = "#establishments .app-extranet a";
            match extranet {
                Some(address) => {
                    browser.reads(link, "Déposer une demande d'activité partielle").await;
                    browser.reads(link, SIRET).await;
                    let href = "return document.querySelector(arguments[0]).href === arguments[1]";
                    browser.until("it leads there", href, json!([link, address])).await;
                    browser.sees_not("#no-extranet").await;
                }
                None => {
                    browser.reads("#no-extranet", "se dépose sur l'extranet").await;
                    browser.sees_not(link).await;
                }
            }
            stage.close().await;
        }
    }
}

#[tokio::test]
async fn another_space_begins_with_what_is_the_persons_own() {
    in_every_engine(async |stage| {
        let browser = &stage.browser;
        browser.go("/creer-mon-espace/").await;
        apply(stage).await;
        browser.click("#done #another-space").await;
        browser.ready("#check-siret [type=submit]").await;
        assert_eq!(browser.value("#check-siret #siret").await, "");
        check_siret(stage, "356 000 000 09075").await;
        browser.sees("#step-account").await;
        assert_eq!(browser.value("#create-account #establishment_name").await, "");
        for (field, typed) in &APPLICATION[1..] {
            assert_eq!(browser.value(&format!("#create-account #{field}")).await, *typed);
        }
    })
    .await;
}

#[tokio::test]
async fn my_space_offers_another_space_too() {
    in_every_engine(async |stage| {
        let browser = &stage.browser;
        log_in(stage).await;
        browser.click("#another-space").await;
        browser.ready("#check-siret [type=submit]").await;
        check_siret(stage, "356 000 000 09075").await;
        browser.sees("#step-account").await;
        assert_eq!(browser.value("#create-account #last_name").await, "Martin-Ruiz");
        assert_eq!(browser.value("#create-account #establishment_name").await, "");
    })
    .await;
}

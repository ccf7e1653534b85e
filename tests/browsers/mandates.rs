//! Mandates: given, held, offered to a list; ended in the middle of use, they open nothing any more.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::accounts::{Place, open_account_of};
use crate::browser::Browser;
use crate::engines::Look;
use crate::people::PASSWORD;
use crate::processes::scratch;
use crate::proxy::Fate;
use crate::space::{log_in_as, log_out};
use crate::space_states::{mandate, many, space_with};
use crate::stage::{Stage, in_every_engine};

const CABINET: Place = ("35600000009075", "Cabinet Fiduciaire de l'Ouest", "cabinet@exemple.fr");
const CLIENTS: [Place; 3] = [
    ("73282932000074", "Boulangerie du Marché", "boulangerie@exemple.fr"),
    ("44306184100005", "Garage Lefèvre", "garage@exemple.fr"),
    ("55210055400005", "Menuiserie Roche", "menuiserie@exemple.fr"),
];
/// A SIRET without a space here.
const STRANGER: &str = "54206547900009";

#[tokio::test]
async fn a_cabinet_takes_three_mandates_by_a_list_and_loses_one_in_the_middle_of_use() {
    in_every_engine(async |stage| {
        let mut identifiers = Vec::new();
        for place in CLIENTS {
            identifiers.push(open_account_of(stage, place).await);
        }
        let cabinet = open_account_of(stage, CABINET).await;
        offer_to_all(stage).await;
        for identifier in &identifiers {
            log_out(&stage.browser).await;
            accept(stage, identifier).await;
        }

        // The cabinet works in a browser of its own, by a session that stays open.
        let at_work = Browser::open(stage.browser.engine, Look::default(), stage.proxy.port).await;
        log_in_as(&at_work, &cabinet, PASSWORD).await;
        for (siret, ..) in CLIENTS {
            let access = access(&at_work, siret).await;
            assert_eq!(access["status"], 200, "{access}");
            assert_eq!(access["body"]["may"], json!(["read", "declare"]));
            assert_eq!(access["body"]["through"], "mandate");
        }

        // Whoever accepted last ends the mandate; the next use is refused, and no other.
        end(&stage.browser).await;
        let access_of = async |rank: usize| access(&at_work, CLIENTS[rank].0).await["status"].clone();
        assert_eq!(access_of(2).await, 403);
        assert_eq!((access_of(0).await, access_of(1).await), (json!(200), json!(200)));
        at_work.go("/mon-espace/mandats/").await;
        at_work.reads(&format!("[data-name='{}']", CLIENTS[2].1), "Terminé").await;
        at_work.reads(&format!("[data-name='{}']", CLIENTS[0].1), "En cours").await;
        at_work.close().await;
    })
    .await;
}

#[tokio::test]
async fn a_mandate_is_offered_by_a_client_and_declined_by_the_cabinet() {
    in_every_engine(async |stage| {
        let browser = &stage.browser;
        let cabinet = open_account_of(stage, CABINET).await;
        open_account_of(stage, CLIENTS[0]).await;
        browser.go("/mon-espace/mandats/proposer/").await;
        browser.reads("#mandate-text", "Objet").await;
        browser.submit("#offer-mandate").await;
        for field in ["as", "other_siret", "scope_read"] {
            browser.sees(&format!("#{field}-error")).await;
        }
        browser.click("#offer-mandate [name=as][value=client]").await;
        browser.fill("#offer-mandate #other_siret", CABINET.0).await;
        browser.tick("#offer-mandate #scope_indemnify").await;
        browser.fill("#offer-mandate #until", "31/02/2027").await;
        browser.submit("#offer-mandate").await;
        browser.reads("#until-error", "n'existe pas").await;
        assert_eq!(browser.value("#offer-mandate #other_siret").await, CABINET.0);
        let day = browser.value("#offer-mandate #from").await;
        browser.fill("#offer-mandate #until", &day).await;
        browser.submit("#offer-mandate").await;
        browser.reads("#news", "Mandat proposé").await;
        browser.reads("#given-list", "en attente de réponse").await;
        log_out(browser).await;

        log_in_as(browser, &cabinet, PASSWORD).await;
        browser.reads("#to-do-list", "1 mandat à accepter ou à refuser").await;
        browser.go("/mon-espace/mandats/").await;
        browser.click("#held-list [data-action=open]").await;
        browser.reads("#shown-text", "Objet").await;
        browser.reads("#mandate-rows", "déposer les demandes d'indemnisation").await;
        browser.click("#decline").await;
        browser.submit("#confirm-change").await;
        browser.reads("#news", "Le mandat est refusé").await;
        browser.reads("#mandate-rows", "Refusé").await;
        browser.sees_not("#answer").await;
    })
    .await;
}

#[tokio::test]
async fn what_waits_for_an_answer_is_found_behind_the_first_fifty() {
    in_every_engine(async |stage| {
        let browser = &stage.browser;
        let space = || space_with(json!({"mandates": many(0, 50), "mandates_next": "50"}));
        let page =
            |mandates: Value, next: Value| Fate::Given(200, json!({"mandates": mandates, "next": next}));
        let last =
            json!([mandate(50, "client", "offered", "cabinet"), mandate(51, "client", "ended", "client")]);
        let pages = [page(many(0, 50), json!("50")), page(last, Value::Null)];
        stage.proxy.plan("/api/space", [space(), space()].into_iter().chain(pages));
        browser.go("/mon-espace/").await;
        browser.reads("#to-do-list", "voyez si l'un d'eux attend votre réponse").await;
        browser.click("#to-do-list a[href$='#to-answer']").await;
        browser.sees("#found [data-name='Client 50'] [data-state=to-answer]").await;
        let count = "return document.querySelectorAll('#found li').length";
        assert_eq!(browser.run(count, json!([])).await, 1);
        assert_eq!(browser.value("#search-mandates [name=side]:checked").await, "to-answer");
        let asked = stage.proxy.take_seen().await;
        assert!(asked.iter().all(|seen| !seen.path.contains("as=")), "both sides are asked for");
    })
    .await;
}

#[tokio::test]
async fn a_list_is_interrupted_taken_up_after_a_reload_and_told_line_by_line() {
    in_every_engine(async |stage| {
        let browser = &stage.browser;
        open_account_of(stage, CABINET).await;
        browser.go("/mon-espace/mandats/liste/").await;
        let list = (0..3).fold("SIRET\n".to_owned(), |mut list, _| {
            let _ = writeln!(list, "{STRANGER}\n{}\nabc", CLIENTS[0].0);
            list
        });
        fill_list(browser, &list).await;
        stage.proxy.plan("/api/space/mandates/batch", [Fate::Refused(503, Some(600))]);
        browser.submit("#offer-many").await;
        browser.sees("#batch .app-sending--waiting button").await;
        browser.click("#batch .app-sending--waiting button").await;
        browser.reads("#batch-status", "Envoi interrompu").await;
        browser.reload().await;
        browser.sees("#resume").await;
        browser.run("document.querySelector('#resume').focus()", json!([])).await;
        browser.click("#resume").await;
        browser.reads("#batch-status", "Envoi terminé").await;
        // The buttons take the place of one another, and the focus with it.
        let focus = "return document.activeElement.id === 'download-results'";
        browser.until("the focus is on the button that is left", focus, json!([])).await;
        browser.reads("#batch-count", "9 lignes traitées sur 9").await;
        let rows = "return [...document.querySelectorAll('#results tbody tr')].map((row) => row.innerText)";
        let rows = browser.run(rows, json!([])).await;
        assert_eq!(rows.as_array().map(Vec::len), Some(9), "{rows}");
        browser.reads("#results", "Pas d'espace ouvert ici").await;
        browser.reads("#results", "SIRET non reconnu").await;
        browser.click("#download-results").await;
        browser.reads("#results-file", "mandats-resultats.csv").await;
        // Pieces of eight lines, each with the header.
        let sent = stage.proxy.bodies("/api/space/mandates/batch");
        let lines = |body: &Value| body["list"].as_str().unwrap().lines().count();
        assert_eq!(sent.iter().map(lines).collect::<Vec<_>>(), [9, 9, 2]);
        assert!(sent.iter().all(|body| body["list"].as_str().unwrap().starts_with("SIRET\n")));
    })
    .await;
}

#[tokio::test]
async fn a_cabinet_with_thousands_of_clients_searches_and_turns_pages() {
    in_every_engine(async |stage| {
        let browser = &stage.browser;
        open_account_of(stage, CABINET).await;
        let page =
            |from: usize, next: Value| Fate::Given(200, json!({"mandates": many(from, 50), "next": next}));
        let space = space_with(json!({"mandates": many(0, 50), "mandates_next": "50"}));
        let pages = [page(0, json!("50")), page(50, json!("100")), page(0, json!("50"))];
        // A search by name may come to pages without any.
        let none = Fate::Given(200, json!({"mandates": [], "next": "50"}));
        let found = json!({"mandates": [mandate(7, "cabinet", "active", "cabinet")], "next": null});
        let searched = [none, Fate::Given(200, found)];
        stage.proxy.plan("/api/space", std::iter::once(space).chain(pages).chain(searched));
        browser.go("/mon-espace/mandats/").await;
        browser.reads("#found-title", "Mandats 1 à 50").await;
        browser.click("#after").await;
        browser.reads("#found-title", "Mandats 51 à 100").await;
        let focus = "return document.activeElement.id === 'found-title'";
        browser.until("the page's title has the focus", focus, json!([])).await;
        browser.click("#before").await;
        browser.reads("#found-title", "Mandats 1 à 50").await;
        browser.fill("#search-mandates #search", "Client 7").await;
        browser.submit("#search-mandates").await;
        browser.reads("#found-title", "Mandats 1 à 1").await;
    })
    .await;
}

/// The cabinet, which is logged in, offers a mandate to its clients and to one without a space, twice.
async fn offer_to_all(stage: &Stage) {
    let browser = &stage.browser;
    let list = CLIENTS.iter().fold("Nom;N° SIRET\n".to_owned(), |mut list, (siret, name, _)| {
        let _ = writeln!(list, "{name};{siret}");
        list
    });
    for _ in 0..2 {
        browser.go("/mon-espace/mandats/liste/").await;
        fill_list(browser, &format!("{list}Sans espace;{STRANGER}\n")).await;
        browser.submit("#offer-many").await;
        browser.reads("#batch-status", "Envoi terminé").await;
        browser.reads("#batch-status", "Proposé : 3, Pas d'espace ouvert ici : 1").await;
    }
}

/// The list, as a file, and what is offered.
async fn fill_list(browser: &Browser, list: &str) {
    // Another story in the same engine writes a longer one, or a shorter.
    let file = scratch().join(format!("clients-{:?}-{}.csv", browser.engine, list.len()));
    std::fs::write(&file, list).unwrap();
    let field = browser.ready("#offer-many #file").await;
    field.send_keys(&file.to_string_lossy()).await.unwrap();
    browser.reads("#file-status", "ligne").await;
    browser.reads("#mandate-text", "Objet").await;
    browser.tick("#offer-many #scope_read").await;
    browser.tick("#offer-many #scope_declare").await;
}

/// A client logs in and accepts the mandate that was offered to it.
async fn accept(stage: &Stage, identifier: &str) {
    let browser = &stage.browser;
    log_in_as(browser, identifier, PASSWORD).await;
    browser.go("/mon-espace/mandats/").await;
    browser.click("#given-list [data-action=open]").await;
    browser.submit("#accept-mandate").await;
    browser.reads("#news", "Le mandat est accepté").await;
    browser.reads("#mandate-rows", "En cours").await;
}

/// Ends the mandate that is shown.
async fn end(browser: &Browser) {
    browser.click("#end").await;
    browser.reads("#confirm", "ne peut plus agir pour votre établissement").await;
    browser.submit("#confirm-change").await;
    browser.reads("#news", "Le mandat est terminé").await;
    browser.reads("#mandate-rows", "Terminé").await;
}

/// What the person of this browser may do for that establishment.
async fn access(browser: &Browser, siret: &str) -> Value {
    let ask = "
        const [siret, done] = arguments;
        fetch(`/api/access?siret=${siret}`)
            .then(async (answer) => done({ status: answer.status, body: await answer.json() }));";
    browser.client.execute_async(ask, vec![json!(siret)]).await.unwrap()
}

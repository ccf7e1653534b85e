//! Every page, and every state that a page can be in.

use serde_json::json;

use crate::accounts::open_account;
use crate::browser::Browser;
use crate::desk_states;
use crate::journeys::{apply, apply_as, check_siret, choose_password, fill_ticket};
use crate::people::{EMAIL, LINK, OTHER_PASSWORD, PASSWORD, SIRET, UNKNOWN_IDENTIFIER};
use crate::presence;
use crate::proxy::Fate;
use crate::space_states;
use crate::stage::Stage;
use crate::verifier::{ALTERED, WHOLE, key, verify};

/// Pages that have one state only.
const PLAIN: [(&str, &str); 24] = [
    ("page-inconnue", "/404.html"),
    ("service-ferme", "/503.html"),
    ("accessibilite", "/accessibilite/"),
    ("adresse-sans-lien", "/adresse/"),
    ("agents-connexion", "/agents/connexion/"),
    ("aide", "/aide/"),
    ("aide-ajouter-un-collegue", "/aide/ajouter-un-collegue/"),
    ("aide-changer-d-adresse", "/aide/changer-d-adresse/"),
    ("aide-collegue-parti", "/aide/collegue-parti/"),
    ("aide-difficultes-de-connexion", "/aide/difficultes-de-connexion/"),
    ("aide-je-pars", "/aide/je-pars/"),
    ("aide-lien-du-courriel", "/aide/lien-du-courriel/"),
    ("aide-mon-comptable", "/aide/mon-comptable/"),
    ("aide-trouver-mon-siret", "/aide/trouver-mon-siret/"),
    ("aide-verification-anti-robot", "/aide/verification-anti-robot/"),
    ("conditions-generales", "/conditions-generales/"),
    ("contester-sans-lien", "/contester/"),
    ("contrat-de-prestation", "/contrat-de-prestation/"),
    ("courriel-non-recu", "/courriel-non-recu/"),
    ("donnees-personnelles", "/donnees-personnelles/"),
    ("invitation-sans-lien", "/invitation/"),
    ("ma-demande-sans-lien", "/ma-demande/"),
    ("mentions-legales", "/mentions-legales/"),
    ("mon-espace-sans-session", "/mon-espace/"),
];

/// Forms as they come, and after they were sent empty.
const FORMS: [(&str, &str, &str); 8] = [
    ("accueil", "/", "#login"),
    ("creer-mon-espace", "/creer-mon-espace/", "#check-siret"),
    ("demande-assistance", "/demande-assistance/", "#submit-ticket"),
    ("identifiant-oublie", "/identifiant-oublie/", "#recover-identifier"),
    ("mot-de-passe-oublie", "/mot-de-passe-oublie/", "#recover-password"),
    ("mot-de-passe", LINK, "#set-password"),
    ("simulation", "/simulation/", "#simulate"),
    ("verifier", "/verifier/", "#verify"),
];

/// Has every kind of mail sent; `look` is told the name of each.
pub async fn receive(stage: &Stage, look: impl AsyncFn(&str)) {
    let browser = &stage.browser;
    let identifier = open_account(stage).await;
    ask_identifier(browser).await;
    stage.portal.mail(3).await;
    browser.go("/mot-de-passe-oublie/").await;
    browser.fill("#recover-password #identifier", &identifier).await;
    browser.submit("#recover-password").await;
    let mail = stage.portal.mail(4).await;
    choose_password(stage, mail.fragment(), OTHER_PASSWORD).await;
    stage.portal.mail(5).await;
    ask_assistance(browser).await;
    stage.portal.mail(7).await;

    let mut mails = stage.portal.mails().await;
    mails.reverse();
    // The last two are sent at once.
    mails[5..].sort_by_key(|mail| mail.to != [EMAIL]);
    let kinds = ["activation", "bienvenue", "identifiant", "lien", "changement", "accuse", "agence"];
    for (kind, mail) in kinds.iter().zip(&mails) {
        browser.go(&format!("/mailbox/{}.html", mail.id)).await;
        look(&format!("courriel-{kind}")).await;
    }
    browser.go("/mailbox").await;
    look("boite-aux-lettres").await;
}

/// Goes through all of them; `look` is told the name of each.
pub async fn visit(stage: &Stage, look: impl AsyncFn(&str)) {
    let browser = &stage.browser;
    // First: what the portal itself says of them is kept for half a minute.
    notices(stage, &look).await;
    for (name, path) in PLAIN {
        browser.go(path).await;
        browser.sees("main h1").await;
        look(name).await;
    }
    for (name, path, form) in FORMS {
        if path == LINK {
            stage.proxy.plan("/api/link", [Fate::open_link()]);
        }
        browser.go(path).await;
        browser.ready(&format!("{form} [type=submit]")).await;
        look(name).await;
        browser.submit(form).await;
        browser.sees(".govuk-error-summary").await;
        look(&format!("{name}-erreurs")).await;
    }
    account(stage, &look).await;
    links(stage, &look).await;
    presence::visit(stage, &look).await;
    requests(stage, &look).await;
    worst_day(stage, &look).await;
    simulation(stage, &look).await;
    journals(stage, &look).await;
    space_states::visit(stage, &look).await;
    desk_states::visit(stage, &look).await;
}

async fn notices(stage: &Stage, look: &impl AsyncFn(&str)) {
    let notice = |level: &str, title: &str, body: &str| {
        let closes = level == "closure";
        json!({"level": level, "title": title, "body": body,
            "event_from": closes.then_some("2026-11-24T01:00:00Z"),
            "event_until": closes.then_some("2026-11-24T03:00:00Z"),
            "from": "2026-11-23T16:00:00Z", "until": "2026-11-23T20:00:00Z"})
    };
    let notices = json!([
        notice("closure", "Fermeture du service pour maintenance de 17 h à 21 h ce jour", "Revenez ensuite."),
        notice("warning", "Courriels retardés", "Certains courriels arrivent avec 20 minutes de retard."),
        notice("info", "Échéance de novembre", "Le service reste ouvert tout le week-end."),
    ]);
    stage.proxy.set_notices(Some(Fate::Given(200, notices)));
    stage.browser.go("/").await;
    stage.browser.sees(".app-notice--info").await;
    look("accueil-annonces").await;
    stage.browser.go("/503.html").await;
    stage.browser.sees(".app-notice--closure").await;
    look("service-ferme-annonces").await;
    stage.proxy.set_notices(Some(Fate::Refused(503, None)));
    stage.browser.go("/").await;
    stage.browser.reads("#notices", "pas disponible").await;
    look("accueil-etat-inconnu").await;
    stage.proxy.set_notices(None);
}

async fn account(stage: &Stage, look: &impl AsyncFn(&str)) {
    let browser = &stage.browser;
    browser.go("/creer-mon-espace/").await;
    check_siret(stage, "732 829 320 00075").await;
    browser.sees("#siret-error").await;
    look("creer-mon-espace-siret-faux").await;
    browser.go("/creer-mon-espace/").await;
    check_siret(stage, SIRET).await;
    browser.sees("#step-account").await;
    look("creer-mon-espace-coordonnees").await;
    browser.submit("#create-account").await;
    browser.sees("#create-account .govuk-error-summary").await;
    look("creer-mon-espace-coordonnees-erreurs").await;
    browser.click("#change-siret").await;
    browser.sees("#check-siret").await;
    browser.go("/creer-mon-espace/").await;
    apply(stage).await;
    look("creer-mon-espace-fait").await;

    let mail = stage.portal.mail(1).await;
    browser.go("/creer-mon-espace/").await;
    apply_as(stage, "paul@exemple.fr").await;
    let late_mail = stage.portal.mail(2).await;
    browser.go(&format!("/mot-de-passe/{}", mail.fragment())).await;
    browser.fill("#password", "123456789012").await;
    browser.submit("#set-password").await;
    browser.sees("#password-error").await;
    look("mot-de-passe-trop-simple").await;
    let identifier = choose_password(stage, mail.fragment(), PASSWORD).await;
    look("mot-de-passe-fait").await;
    browser.go(&format!("/mot-de-passe/{}", late_mail.fragment())).await;
    browser.sees("#exists").await;
    look("mot-de-passe-existe").await;

    browser.go("/").await;
    browser.fill("#login #identifier", &identifier).await;
    browser.fill("#login #password", "un autre mot de passe").await;
    browser.submit("#login").await;
    browser.sees("#login .govuk-error-summary").await;
    look("accueil-refus").await;
    browser.fill("#login #password", PASSWORD).await;
    browser.submit("#login").await;
    browser.reads("#identifier-value", &identifier).await;
    look("mon-espace").await;
    stage.proxy.plan("/api/session", [Fate::failed()]);
    browser.click("#log-out").await;
    browser.reads("#progress", "ne savons pas si vous êtes déconnecté").await;
    look("mon-espace-encore-connecte").await;
    browser.click("#log-out").await;
    browser.sees("#done").await;
    look("mon-espace-deconnecte").await;

    browser.go("/creer-mon-espace/").await;
    check_siret(stage, SIRET).await;
    browser.sees("#exists").await;
    look("creer-mon-espace-existe").await;
    browser.click("#ask-invitation").await;
    browser.submit("#request-invitation").await;
    browser.sees("#request-invitation .govuk-error-summary").await;
    look("creer-mon-espace-existe-erreurs").await;
    let asker = [("asker_first_name", "Paul"), ("asker_last_name", "Durand"), ("asker_email", EMAIL)];
    browser.fill_all("#request-invitation", &asker).await;
    stage.proxy.plan("/api/invitation/request", [Fate::Given(202, json!({"valid_days": 7}))]);
    browser.submit("#request-invitation").await;
    browser.sees("#request-sent").await;
    look("creer-mon-espace-existe-demande").await;
}

async fn links(stage: &Stage, look: &impl AsyncFn(&str)) {
    let browser = &stage.browser;
    let used = stage.portal.mails().await.pop().expect("the mail that opened the account");
    let of_mail = format!("/mot-de-passe/{}", used.fragment());
    stage.proxy.plan("/api/link", [Fate::open_link()]);
    stage.proxy.plan("/api/set-password", [Fate::AnswerLost]);
    browser.go(&of_mail).await;
    browser.fill("#set-password #password", OTHER_PASSWORD).await;
    browser.submit("#set-password").await;
    browser.sees("#maybe-set").await;
    look("mot-de-passe-peut-etre-enregistre").await;
    stage.proxy.plan("/api/link", [Fate::link("recovery", "expired")]);
    for (name, path, view) in [
        ("mot-de-passe-expire", of_mail.as_str(), "#link-expired"),
        ("mot-de-passe-deja-servi", &of_mail, "#link-used"),
        ("mot-de-passe-lien-inconnu", "/mot-de-passe/#inconnu", "#link-unknown"),
    ] {
        browser.go(path).await;
        browser.sees(view).await;
        look(name).await;
    }
    stage.proxy.plan("/api/link", [Fate::open_link()]);
    stage.proxy.plan("/api/set-password", [Fate::Given(200, json!({"identifier": UNKNOWN_IDENTIFIER}))]);
    browser.go(LINK).await;
    browser.fill("#set-password #password", OTHER_PASSWORD).await;
    browser.submit("#set-password").await;
    browser.sees("#login").await;
    look("mot-de-passe-change").await;
    browser.go("/mot-de-passe/#inconnu").await;
    browser.sees("#link-unknown").await;
    browser.submit("#recover-password").await;
    browser.sees(".govuk-error-summary").await;
    look("mot-de-passe-lien-inconnu-erreurs").await;
    browser.fill("#recover-password #identifier", UNKNOWN_IDENTIFIER).await;
    browser.submit("#recover-password").await;
    browser.sees("#done").await;
    look("mot-de-passe-nouveau-lien").await;
}

async fn requests(stage: &Stage, look: &impl AsyncFn(&str)) {
    let browser = &stage.browser;
    ask_identifier(browser).await;
    look("identifiant-oublie-fait").await;
    ask_assistance(browser).await;
    look("demande-assistance-faite").await;
}

async fn ask_identifier(browser: &Browser) {
    browser.go("/identifiant-oublie/").await;
    browser.fill_all("#recover-identifier", &[("siret", SIRET), ("email", EMAIL)]).await;
    browser.submit("#recover-identifier").await;
    browser.sees("#done").await;
}

async fn ask_assistance(browser: &Browser) {
    fill_ticket(browser).await;
    browser.submit("#submit-ticket").await;
    browser.sees("#done").await;
}

async fn worst_day(stage: &Stage, look: &impl AsyncFn(&str)) {
    let browser = &stage.browser;
    browser.go("/identifiant-oublie/").await;
    browser.fill_all("#recover-identifier", &[("siret", SIRET), ("email", EMAIL)]).await;
    stage.proxy.plan("/api/recover/identifier", [Fate::Refused(429, Some(300))]);
    browser.submit("#recover-identifier").await;
    browser.sees(".app-sending--waiting button").await;
    look("envoi-en-attente").await;
    browser.click(".app-sending button").await;
    browser.reads(".app-sending", "L'envoi est arrêté.").await;
    look("envoi-arrete").await;
    stage.proxy.plan("/api/recover/identifier", [Fate::Silence]);
    let posted = stage.proxy.bodies("/api/recover/identifier").len();
    browser.submit("#recover-identifier").await;
    stage.proxy.posted("/api/recover/identifier", posted + 1).await;
    browser.fill("#recover-identifier #email", EMAIL).await;
    browser.reads(".app-sending", "peut-être déjà arrivé").await;
    look("envoi-peut-etre-arrive").await;
    browser.reload().await;
    browser.reads(".app-sending", "n'a pas encore reçu de réponse").await;
    look("envoi-sans-reponse").await;
    stage.proxy.plan("/api/recover/identifier", [Fate::failed(), Fate::expired_proof()]);
    browser.submit("#recover-identifier").await;
    browser.reads(".govuk-error-summary", "Une erreur est survenue").await;
    look("envoi-en-echec").await;
    browser.submit("#recover-identifier").await;
    browser.reads(".govuk-error-summary", "peut-être arrivé").await;
    look("envoi-peut-etre-arrive-trop-tard").await;
    stage.proxy.plan("/api/space", [Fate::Refused(503, Some(300))]);
    browser.go("/mon-espace/").await;
    browser.sees(".app-sending--waiting button").await;
    look("mon-espace-en-attente").await;
    browser.click(".app-sending button").await;
    browser.sees("#no-answer").await;
    look("mon-espace-sans-reponse").await;
}

async fn journals(stage: &Stage, look: &impl AsyncFn(&str)) {
    let browser = &stage.browser;
    for (name, what) in [("entier", WHOLE), ("modifie", ALTERED)] {
        browser.go("/verifier/").await;
        verify(browser, what, &key()).await;
        browser.sees("#done").await;
        look(&format!("verifier-{name}")).await;
    }
}

async fn simulation(stage: &Stage, look: &impl AsyncFn(&str)) {
    let browser = &stage.browser;
    browser.go("/simulation/").await;
    let fields = [("gross_pay", "2 500,50"), ("weekly_hours", "35"), ("lost_hours", "70")];
    browser.fill_all("#simulate", &fields).await;
    browser.submit("#simulate").await;
    browser.sees("#done").await;
    look("simulation-resultat").await;
}

//! Every state of my space and of the links that lead into it, by answers given in the portal's place.

use serde_json::{Value, json};

use crate::browser::Browser;
use crate::people::{EMAIL, ESTABLISHMENT, PASSWORD, PHONE, SIRET_DIGITS};
use crate::proxy::Fate;
use crate::stage::Stage;

const SPACE: &str = "/api/space";
const CABINET: &str = "Cabinet Fiduciaire de l'Ouest, expertise comptable et conseil";
const OTHER_SIRET: &str = "35600000009075";
const MOMENT: &str = "2026-11-21T09:42:00Z";
const SHA256: &str = "b5bb9d8014a0f9b1d61e21e796d78dccdf1352f23cd32812f4850b878ae4944c";

/// Pages of my space as they come to a holder: name, path, what is seen.
const PAGES: [(&str, &str, &str); 9] = [
    ("mon-espace-a-faire", "/mon-espace/", "#to-do"),
    ("collegues", "/mon-espace/collegues/", "#members li"),
    ("collegues-inviter", "/mon-espace/collegues/#invite", "#invite"),
    ("collegues-successeur", "/mon-espace/collegues/#successor", "#successor"),
    ("depart", "/mon-espace/depart/", "#leave-now"),
    ("mandats", "/mon-espace/mandats/", "#given-list li"),
    ("journal", "/mon-espace/journal/", "#download-journal"),
    ("mes-donnees", "/mon-espace/mes-donnees/", "#my-data"),
    ("mandats-proposer", "/mon-espace/mandats/proposer/", "#offer-mandate"),
];

/// The same to whom less is permitted: name, path, what is seen.
const OF_MEMBERS: [(&str, &str, &str); 4] = [
    ("collegues-utilisateur", "/mon-espace/collegues/", "#for-members"),
    ("mandats-utilisateur", "/mon-espace/mandats/", "#for-members"),
    ("journal-utilisateur", "/mon-espace/journal/", "#for-members"),
    ("mandats-liste-utilisateur", "/mon-espace/mandats/liste/", "#for-members"),
];

/// Goes through all of them; `look` is told the name of each.
pub async fn visit(stage: &Stage, look: &impl AsyncFn(&str)) {
    for (name, path, seen) in PAGES {
        show(stage, path, space_with(json!({})), seen).await;
        look(name).await;
    }
    for (name, path, seen) in OF_MEMBERS {
        show(stage, path, space_with(of_member("active")), seen).await;
        look(name).await;
    }
    show(stage, "/mon-espace/", space_with(of_member("suspended")), "#account").await;
    look("mon-espace-suspendu").await;
    for (name, path) in [("collegues", "/mon-espace/collegues/"), ("mandats", "/mon-espace/mandats/")] {
        show(stage, path, space_with(of_member("suspended")), "[data-suspended]").await;
        stage.browser.sees_not("#for-members, #no-mandate").await;
        look(&format!("{name}-suspendu")).await;
    }
    show(stage, "/mon-espace/collegues/", space_with(json!({})), "#members").await;
    stage.browser.click("#choose-establishment summary").await;
    stage.browser.sees("#establishments-form").await;
    look("collegues-autre-etablissement").await;
    show(stage, "/mon-espace/", given(&json!([])), "#no-establishment").await;
    look("mon-espace-sans-etablissement").await;
    people(stage, look).await;
    mandates(stage, look).await;
    list(stage, look).await;
    my_data(stage, look).await;
    invitations(stage, look).await;
    addresses(stage, look).await;
}

async fn people(stage: &Stage, look: &impl AsyncFn(&str)) {
    let browser = &stage.browser;
    show(stage, "/mon-espace/collegues/#invite", space_with(json!({})), "#invite").await;
    browser.submit("#invite-colleague").await;
    browser.sees("#invite-colleague .govuk-error-summary").await;
    look("collegues-inviter-erreurs").await;
    show(stage, "/mon-espace/collegues/", space_with(json!({})), "#members").await;
    browser.click("#members [data-action=suspend]").await;
    browser.sees("#confirm").await;
    look("collegues-confirmer").await;
    stage.proxy.plan(SPACE, [problem(403, "not-allowed", "Seul un titulaire peut faire cela")]);
    browser.submit("#confirm-change").await;
    browser.sees("#confirm-change .govuk-error-summary").await;
    look("collegues-confirmer-refus").await;
    browser.click("#confirm [data-back]").await;
    browser.click("#invitations [data-action=correct]").await;
    browser.sees("#correct-invitation").await;
    look("collegues-corriger").await;
    let alone = json!({"members": [person("me", "Jeanne", "holder", "active", true)]});
    show(stage, "/mon-espace/depart/", space_with(alone), "#last-holder").await;
    browser.submit("#close-establishment").await;
    browser.sees("#close-establishment .govuk-error-summary").await;
    look("depart-dernier-titulaire-erreurs").await;
    let two = json!({"members": [
        person("me", "Jeanne", "holder", "active", true), person("p", "Paul", "member", "active", false),
    ]});
    show(stage, "/mon-espace/depart/", space_with(two), "#promote-way").await;
    look("depart-dernier-titulaire").await;
    stage.proxy.plan(SPACE, [problem(401, "no-session", "Vous n'êtes pas connecté")]);
    browser.click("#promote-successor #successor").await;
    browser.submit("#promote-successor").await;
    browser.sees("#session-over").await;
    look("mon-espace-connexion-finie").await;
}

async fn mandates(stage: &Stage, look: &impl AsyncFn(&str)) {
    let browser = &stage.browser;
    let none = space_with(json!({"mandates": []}));
    show(stage, "/mon-espace/mandats/", none, "#no-mandate").await;
    look("mandats-aucun").await;
    let found = Fate::Given(200, json!({"mandates": many(0, 50), "next": "50"}));
    let space = space_with(json!({"mandates": many(0, 50), "mandates_next": "50"}));
    stage.proxy.plan(SPACE, [space, found]);
    browser.go("/mon-espace/mandats/").await;
    browser.sees("#found li").await;
    look("mandats-nombreux").await;
    let page = format!("/mon-espace/mandats/mandat/#{SIRET_DIGITS}.m1");
    for (name, state, seen) in [
        ("a-accepter", "offered", "#answer"),
        ("en-cours", "active", "#end"),
        ("fini", "ended", "#mandate-body"),
    ] {
        stage.proxy.plan(SPACE, [space_with(json!({})), detail(state)]);
        browser.go(&page).await;
        browser.sees(seen).await;
        look(&format!("mandat-{name}")).await;
        if state == "active" {
            browser.click("#end").await;
            browser.sees("#confirm").await;
            look("mandat-mettre-fin").await;
        }
    }
    let gone = problem(403, "not-allowed", "Seul un titulaire peut faire cela");
    stage.proxy.plan(SPACE, [space_with(json!({})), gone]);
    browser.go(&page).await;
    browser.sees("#mandate-gone").await;
    look("mandat-introuvable").await;
    show(stage, "/mon-espace/mandats/proposer/", space_with(json!({})), "#offer-mandate").await;
    browser.reads("#mandate-text", "Objet").await;
    browser.submit("#offer-mandate").await;
    browser.sees("#offer-mandate .govuk-error-summary").await;
    look("mandats-proposer-erreurs").await;
}

async fn list(stage: &Stage, look: &impl AsyncFn(&str)) {
    let browser = &stage.browser;
    show(stage, "/mon-espace/mandats/liste/", space_with(json!({})), "#offer-many").await;
    browser.reads("#mandate-text", "Objet").await;
    look("mandats-liste").await;
    browser.submit("#offer-many").await;
    browser.sees("#offer-many .govuk-error-summary").await;
    look("mandats-liste-erreurs").await;
    browser.fill("#offer-many #list_text", "73282932000074\n35600000009075\nabc").await;
    browser.tick("#offer-many #scope_read").await;
    let line = |line: u8, siret: Value, result: &str| json!({"line": line, "siret": siret, "result": result});
    let results = json!({"results": [
        line(1, json!(SIRET_DIGITS), "offered"),
        line(2, json!(OTHER_SIRET), "unknown-here"),
        line(3, Value::Null, "invalid"),
    ]});
    stage.proxy.plan(SPACE, [Fate::Refused(503, Some(300)), Fate::Given(200, results)]);
    browser.submit("#offer-many").await;
    browser.sees("#batch .app-sending--waiting button").await;
    look("mandats-liste-en-attente").await;
    browser.click("#batch .app-sending--waiting button").await;
    browser.reads("#batch-status", "Envoi interrompu").await;
    look("mandats-liste-interrompue").await;
    browser.click("#resume").await;
    browser.reads("#batch-status", "Envoi terminé").await;
    look("mandats-liste-resultats").await;
    browser.click("#batch [data-back]").await;
    browser.sees("#unfinished").await;
    look("mandats-liste-dernier-envoi").await;
}

async fn my_data(stage: &Stage, look: &impl AsyncFn(&str)) {
    let browser = &stage.browser;
    show(stage, "/mon-espace/mes-donnees/", space_with(json!({})), "#my-data").await;
    browser.click("#open-password").await;
    browser.submit("#change-password").await;
    browser.sees("#change-password .govuk-error-summary").await;
    look("mes-donnees-mot-de-passe-erreurs").await;
    browser.click("#change-password-view [data-back]").await;
    browser.click("#open-closing").await;
    browser.sees("#close-account").await;
    look("mes-donnees-fermer").await;
    browser.click("#closing [data-back]").await;
    browser.click("#open-email").await;
    browser.sees("#change-email").await;
    look("mes-donnees-adresse").await;
    let wrong = problem(401, "wrong-credentials", "Identifiant ou mot de passe incorrect");
    let asked = Fate::Given(202, json!({"sent_to": "j•••@exemple.fr", "valid_minutes": 60}));
    stage.proxy.plan(SPACE, [wrong, asked]);
    browser.fill_all("#change-email", &[("email", EMAIL), ("email_password", PASSWORD)]).await;
    browser.submit("#change-email").await;
    browser.sees("#email_password-error").await;
    look("mes-donnees-adresse-refus").await;
    browser.submit("#change-email").await;
    browser.sees("#email-asked").await;
    look("mes-donnees-adresse-demandee").await;
    let alone = json!({"members": [person("me", "Jeanne", "holder", "active", true)]});
    show(stage, "/mon-espace/mes-donnees/", space_with(alone), "#my-data").await;
    browser.click("#open-closing").await;
    browser.sees("#last-holder-list").await;
    look("mes-donnees-fermer-dernier-titulaire").await;
    show(stage, "/mon-espace/mes-donnees/", space_with(json!({})), "#my-data").await;
    browser.click("#open-closing").await;
    browser.fill("#close-account #closing_password", PASSWORD).await;
    stage.proxy.plan(SPACE, [Fate::Given(200, json!({}))]);
    browser.submit("#close-account").await;
    browser.sees("#closed").await;
    look("mes-donnees-ferme").await;
}

async fn invitations(stage: &Stage, look: &impl AsyncFn(&str)) {
    let browser = &stage.browser;
    for you in ["none", "same", "other", "member"] {
        open_invitation(stage, "open", you).await;
        browser.sees(&format!("#for-{you}")).await;
        let succession = if you == "same" { "vous prenez sa place" } else { "" };
        browser.reads("#open-succession", succession).await;
        look(&format!("invitation-{you}")).await;
        if you == "none" {
            browser.submit("#open-account").await;
            browser.sees("#open-account .govuk-error-summary").await;
            look("invitation-erreurs").await;
        }
    }
    open_invitation(stage, "open", "suspended").await;
    browser.sees("#suspended").await;
    look("invitation-suspendu").await;
    for state in ["accepted", "expired", "withdrawn", "closed"] {
        open_invitation(stage, state, "none").await;
        browser.sees(&format!("#{state}")).await;
        look(&format!("invitation-{state}")).await;
    }
    for (kind, view) in [
        ("already-member", "#already-member"),
        ("account-exists", "#already-member"),
        ("not-allowed", "#suspended"),
    ] {
        open_invitation(stage, "open", "same").await;
        stage.proxy.plan("/api/invitation/accept", [problem(409, kind, "Refus")]);
        browser.submit("#accept-invitation").await;
        browser.sees(view).await;
        look(&format!("invitation-{kind}")).await;
    }
    open_invitation(stage, "open", "none").await;
    let identifier = json!({"identifier": "AP-0000-0000"});
    stage.proxy.plan("/api/invitation/accept", [Fate::Given(200, identifier)]);
    let fields = [("phone", PHONE), ("account_password", PASSWORD)];
    browser.fill_all("#open-account", &fields).await;
    browser.submit("#open-account").await;
    browser.sees("#new-account").await;
    look("invitation-compte-ouvert").await;
    stage.proxy.plan("/api/invitation", [Fate::failed()]);
    browser.go("/invitation/#sans-reponse").await;
    browser.sees("#no-answer").await;
    look("invitation-sans-reponse").await;
}

async fn addresses(stage: &Stage, look: &impl AsyncFn(&str)) {
    let browser = &stage.browser;
    for (purpose, done) in [("confirm", "confirmed"), ("restore", "restored")] {
        for state in ["open", "expired", "used"] {
            let link = json!({"purpose": purpose, "state": state, "sent_to": "j•••@exemple.fr"});
            stage.proxy.plan("/api/address", [Fate::Given(200, link)]);
            browser.go(&format!("/adresse/#{purpose}-{state}-jeton")).await;
            let view = if state == "open" { format!("#{purpose}") } else { format!("#{purpose}-{state}") };
            browser.sees(&view).await;
            look(&format!("adresse-{purpose}-{state}")).await;
            if state == "open" {
                let answer = json!({"identifier": "AP-0000-0000", "sent_to": "j•••@exemple.fr"});
                stage.proxy.plan("/api/address", [Fate::Given(200, answer)]);
                browser.submit(&format!("#{purpose}-address")).await;
                browser.sees(&format!("#{done}")).await;
                look(&format!("adresse-{purpose}-fait")).await;
            }
        }
    }
}

/// Opens the page of an invitation, another one each time.
async fn open_invitation(stage: &Stage, state: &str, you: &str) {
    let invitation = json!({
        "siret": SIRET_DIGITS, "establishment_name": ESTABLISHMENT, "invited_by": "Jeanne Martin-Ruiz",
        "role": "member", "sent_to": "p•••@exemple.fr", "first_name": "Paul", "last_name": "Durand",
        "state": state, "you": you, "is_successor": you == "same",
    });
    stage.proxy.plan("/api/invitation", [Fate::Given(200, invitation)]);
    stage.browser.go(&format!("/invitation/#jeton-{state}-{you}")).await;
}

/// Opens a page of my space that is told `space`.
async fn show(stage: &Stage, path: &str, space: Fate, seen: &str) {
    clear(&stage.browser).await;
    stage.proxy.plan(SPACE, [space]);
    stage.browser.go(path).await;
    stage.browser.sees(seen).await;
}

/// What the page before has kept is not this one's.
async fn clear(browser: &Browser) {
    browser.run("sessionStorage.clear()", json!([])).await;
}

fn problem(status: u16, kind: &str, title: &str) -> Fate {
    Fate::Given(status, json!({"type": format!("/problems/{kind}"), "title": title, "status": status}))
}

/// What `/api/space` says of Jeanne, with these establishments.
fn given(establishments: &Value) -> Fate {
    let me = json!({
        "identifier": "AP-7K3M-Q2FD", "first_name": "Jeanne", "last_name": "Martin-Ruiz", "email": EMAIL,
        "phone": "+33123456789", "password_set_at": "2026-11-02T09:42:00Z",
    });
    let session = |id: &str, is_this: bool| json!({"session": id, "opened_at": MOMENT, "is_this": is_this});
    let sessions = [session("s1", true), session("s2", false)];
    let space = json!({"me": me, "establishments": establishments, "sessions": sessions, "extranet": null});
    Fate::Given(200, space)
}

/// The same of a holder of two establishments; `changes` are those of the first.
pub fn space_with(changes: Value) -> Fate {
    let mut first = json!({
        "siret": SIRET_DIGITS, "name": ESTABLISHMENT, "role": "holder", "state": "active", "member": "me",
        "members": [
            person("me", "Jeanne", "holder", "active", true),
            person("p", "Paul", "member", "active", false),
            person("z", "Zoé", "holder", "active", false),
            person("k", "Karim", "member", "suspended", false),
        ],
        "invitations": [
            invitation("i1", "open", false), invitation("i2", "bounced", false),
            invitation("i3", "expired", true),
        ],
        "successor": {
            "first_name": "Inès", "last_name": "Roche", "sent_to": "i•••@exemple.fr", "named_at": MOMENT,
        },
        "mandates": [
            mandate(1, "client", "offered", "cabinet"), mandate(2, "client", "ended", "client"),
            mandate(3, "cabinet", "active", "cabinet"), mandate(4, "cabinet", "offered", "cabinet"),
        ],
        "mandates_next": null,
    });
    let second = json!({
        "siret": OTHER_SIRET, "name": CABINET, "role": "member", "state": "active", "member": "me2",
        "mandates": [], "mandates_next": null,
    });
    if let (Value::Object(first), Value::Object(changes)) = (&mut first, changes) {
        first.extend(changes);
        first.retain(|_, value| *value != json!("absent"));
    }
    given(&json!([first, second]))
}

/// What a member is told less of.
pub fn of_member(state: &str) -> Value {
    json!({
        "role": "member", "state": state, "members": "absent", "invitations": "absent", "successor": "absent",
    })
}

pub fn person(id: &str, first_name: &str, role: &str, state: &str, is_me: bool) -> Value {
    json!({
        "member": id, "first_name": first_name, "last_name": "Martin-Ruiz", "sent_to": "j•••@exemple.fr",
        "role": role, "state": state, "since": "2026-11-03T10:00:00Z", "is_me": is_me,
    })
}

fn invitation(id: &str, state: &str, is_successor: bool) -> Value {
    let role = if is_successor { "holder" } else { "member" };
    json!({
        "invitation": id, "first_name": "Inès", "last_name": "Roche", "sent_to": "i•••@exemple.fr",
        "role": role, "is_successor": is_successor, "state": state, "until": "2026-12-03T10:00:00Z",
    })
}

pub fn mandate(rank: usize, side: &str, state: &str, offered_by: &str) -> Value {
    json!({
        "mandate": format!("m{rank}"), "as": side, "siret": OTHER_SIRET, "name": format!("Client {rank}"),
        "scopes": ["read", "declare"], "from": "2026-01-01", "until": "2026-12-31", "state": state,
        "offered_by": offered_by,
    })
}

/// Mandates of a cabinet, from that rank on.
pub fn many(from: usize, count: usize) -> Value {
    (from..from + count).map(|rank| mandate(rank, "cabinet", "active", "cabinet")).collect()
}

/// One mandate with its text and what became of it.
fn detail(state: &str) -> Fate {
    let mut detail = mandate(1, "client", state, "cabinet");
    let moment = |is_there: bool| if is_there { json!(MOMENT) } else { Value::Null };
    let more = json!({
        "text_version": "2026-12", "text_sha256": SHA256,
        "text": if state == "ended" { Value::Null } else { json!("MANDAT\n\n1. Objet. Le mandat.") },
        "offered_at": moment(true), "accepted_at": moment(state != "offered"), "declined_at": null,
        "ended_at": moment(state == "ended"), "first_used_at": moment(state == "active"),
    });
    if let (Value::Object(detail), Value::Object(more)) = (&mut detail, more) {
        detail.extend(more);
    }
    Fate::Given(200, detail)
}

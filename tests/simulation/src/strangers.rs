//! Strangers: they enumerate, exhaust bounds, guess passwords, open every link, ask for what is others'.

use std::rc::Rc;
use std::time::Duration;

use domain::Identifier;
use domain::code::CODE_TRIES_MAX;
use domain::mandate::Transition;
use domain::membership::Change;
use domain::proof::Action;
use fastrand::Rng;
use serde_json::{Value, json};
use tokio::task::{JoinHandle, spawn_local};

use crate::colleagues::INVITATION_PAGE;
use crate::known;
use crate::model::{Span, What, session_id};
use crate::own_data::ADDRESS_PAGE;
use crate::people::{Employer, tokens, tokens_of};
use crate::visits::{Insider, Request, Resident};
use crate::world::{Answer, World};

/// Mails that a scanner opens at a visit, and among which somebody finds another's invitation.
const SCANNED_MAILS: usize = 5;
/// Who would have an application sent on that is not theirs.
pub const HIJACKER: &str = "voleur@exemple.fr";
/// How often each of them comes.
const VISITS: u32 = 3;

/// All strangers of a run, at work.
pub fn all(world: &Rc<World>, employers: &[Employer]) -> Vec<JoinHandle<()>> {
    let mut rng = Rng::with_seed(world.plan.seed.wrapping_add(7));
    let Some(victim) = rng.choice(employers.iter()).cloned() else { return Vec::new() };
    let another = rng.choice(employers.iter()).cloned().unwrap_or_else(|| victim.clone());
    vec![
        spawn_local(exhaust(world.clone(), victim.clone(), rng.fork())),
        spawn_local(enumerate(world.clone(), victim, rng.fork())),
        spawn_local(hijack(world.clone(), another, rng.fork())),
        spawn_local(scan(world.clone(), rng.fork())),
        spawn_local(trespass(world.clone(), rng.fork())),
    ]
}

async fn wait(rng: &mut Rng, seconds_max: u64) {
    tokio::time::sleep(Duration::from_secs(rng.u64(1..seconds_max))).await;
}

/// Uses up whatever is bounded for the victim: mails of every kind, and logins.
async fn exhaust(world: Rc<World>, victim: Employer, mut rng: Rng) {
    for _ in 0..VISITS {
        wait(&mut rng, 3_600).await;
        for _ in 0..8 {
            let form = json!({"siret": victim.siret, "email": victim.email});
            ask(&world, "/api/recover/identifier", Action::Recover, form).await;
        }
        let identifier = world.model.borrow().identifier_of(&victim.siret);
        if let Some(identifier) = identifier {
            for guess in 0..5 {
                guess_password(&world, &identifier, &format!("essai {guess}")).await;
            }
            guess_codes(&world, "identifier", &identifier, &mut rng).await;
            for _ in 0..8 {
                let form = json!({"identifier": identifier});
                ask(&world, "/api/recover/password", Action::Recover, form).await;
            }
        }
        guess_codes(&world, "siret", &victim.siret, &mut rng).await;
        for _ in 0..4 {
            let form = json!({
                "siret": victim.siret, "establishment_name": "Personne", "first_name": "Nul",
                "last_name": "Autre", "email": victim.email, "phone": "01 99 99 99 99", "accept_terms": true,
            });
            ask(&world, "/api/create-account", Action::CreateAccount, form).await;
        }
    }
}

async fn guess_password(world: &World, identifier: &str, password: &str) {
    let form = json!({"identifier": identifier, "password": password});
    let from = world.at_ms();
    let answer = world.ask("POST", "/api/session", None, &form).await;
    let span = Span { from, to: world.at_ms() };
    let verdict = world.model.borrow_mut().login(identifier, password, span, answer.as_ref());
    if let Err(what) = verdict {
        world.violation(what);
    }
}

/// Applies with the address that the victim mistypes, and has the application sent on once it may be the
/// victim's.
async fn hijack(world: Rc<World>, victim: Employer, mut rng: Rng) {
    for _ in 0..2 * VISITS {
        let form = json!({
            "siret": victim.siret, "establishment_name": "Personne", "first_name": "Nul",
            "last_name": "Autre", "email": victim.mistyped(), "phone": "01 99 99 99 99",
            "accept_terms": true,
        });
        let answer = ask(&world, "/api/create-account", Action::CreateAccount, form).await;
        let mail = answer.and_then(|answer| answer.body["mail"].as_str().map(str::to_owned));
        wait(&mut rng, 1_800).await;
        if let Some(mail) = mail {
            let form = json!({"email": HIJACKER});
            ask(&world, &format!("/api/mail/{mail}/address"), Action::CreateAccount, form).await;
        }
    }
}

/// More codes than are judged, each made up.
async fn guess_codes(world: &World, of: &str, owner: &str, rng: &mut Rng) {
    let mut code = String::new();
    for _ in 0..CODE_TRIES_MAX + 4 {
        // Now and then the last one again.
        if code.is_empty() || rng.u8(0..4) > 0 {
            code = format!("{:08}", rng.u32(..100_000_000));
        }
        let form = json!({"code": code, of: owner, "password": "01234567k7654321q"});
        let from = world.at_ms();
        let answer = world.ask("POST", "/api/set-password", None, &form).await;
        let span = Span { from, to: world.at_ms() };
        let verdict = world.model.borrow_mut().code_tried(owner, (&code, false), span, answer.as_ref());
        if let Err(what) = verdict {
            world.violation(what);
        }
    }
}

async fn ask(world: &World, path: &str, action: Action, mut form: Value) -> Option<Answer> {
    form["proof"] = world.proof(action)?.into();
    let answer = world.ask("POST", path, None, &form).await?;
    if answer.status == 202 && action == Action::Recover {
        world.model.borrow_mut().recoveries += 1;
    }
    Some(answer)
}

/// Compares what is known with what is not: answers, headers, sizes, calls.
async fn enumerate(world: Rc<World>, victim: Employer, mut rng: Rng) {
    for _ in 0..VISITS {
        wait(&mut rng, 5_400).await;
        let stranger = format!("inconnu{}@exemple.fr", "x".repeat(victim.email.len().saturating_sub(18)));
        let known = json!({"siret": victim.siret, "email": victim.email});
        let unknown = json!({"siret": victim.siret, "email": stranger});
        compare(&world, "/api/recover/identifier", known, unknown).await;
        let identifier = world.model.borrow().identifier_of(&victim.siret);
        if let Some(identifier) = identifier {
            let mut bytes = [0; 7];
            rng.fill(&mut bytes);
            let other = Identifier::from_random(bytes).to_string();
            let (known, unknown) = (json!({"identifier": identifier}), json!({"identifier": other}));
            compare(&world, "/api/recover/password", known, unknown).await;
        }
    }
}

async fn compare(world: &World, path: &str, mut known: Value, mut unknown: Value) {
    let (Some(first), Some(second)) = (world.proof(Action::Recover), world.proof(Action::Recover)) else {
        return;
    };
    known["proof"] = first.into();
    unknown["proof"] = second.into();
    let (Some((known, known_calls)), Some((unknown, unknown_calls))) =
        (world.observe("POST", path, &known).await, world.observe("POST", path, &unknown).await)
    else {
        world.violation(format!("{path} does not answer without any fault"));
        return;
    };
    world.model.borrow_mut().recoveries += 2;
    let seen = |answer: &Answer| {
        let mut headers: Vec<String> =
            answer.headers.iter().map(|(name, value)| format!("{name} {}", value.len())).collect();
        headers.sort();
        (answer.status, answer.bytes, answer.body.to_string(), headers)
    };
    if seen(&known) != seen(&unknown) || known_calls != unknown_calls {
        world.violation(format!("{path} tells whether an account exists: {known_calls:?} {unknown_calls:?}"));
    }
}

/// Opens every link that was sent, as mail scanners do. It consumes none: the model would see it.
async fn scan(world: Rc<World>, mut rng: Rng) {
    for _ in 0..VISITS * 10 {
        wait(&mut rng, 900).await;
        let texts = world.first().mailbox.pick(SCANNED_MAILS, |mail| Some(mail.text.clone()));
        let texts = texts.unwrap_or_default();
        for token in texts.iter().flat_map(|text| tokens(text)) {
            let answer = world.ask("POST", "/api/link", None, &json!({"token": token})).await;
            if answer.is_some_and(|answer| !matches!(answer.status, 200 | 503)) {
                world.violation("a link that was sent is unknown when it is opened");
            }
        }
        // The others now and then.
        if world.plan.has_spaces && rng.u8(0..4) == 0 {
            scan_others(&world, &texts).await;
        }
        for method in ["GET", "HEAD", "OPTIONS"] {
            let answer = world.ask(method, "/api/set-password", None, &Value::Null).await;
            if answer.is_some_and(|answer| answer.status < 300) {
                world.violation(format!("{method} of a link is answered"));
            }
        }
    }
}

/// Opens links of invitations and of changes of address. A closed account has no changes.
async fn scan_others(world: &World, texts: &[String]) {
    for (page, path) in [(INVITATION_PAGE, "/api/invitation"), (ADDRESS_PAGE, "/api/address")] {
        for token in texts.iter().flat_map(|text| tokens_of(text, page)) {
            let answer = world.ask("POST", path, None, &json!({"token": token})).await;
            let is_known = |answer: Answer| match (answer.status, answer.problem()) {
                (200 | 503, _) => true,
                (404, "link-unknown") => page == ADDRESS_PAGE,
                _ => false,
            };
            if !answer.is_none_or(is_known) {
                world.violation(format!("a link that was sent is unknown to {path}"));
            }
        }
    }
}

/// Asks for what is others', with the session of an account and the ids of another establishment.
async fn trespass(world: Rc<World>, mut rng: Rng) {
    if !world.plan.has_spaces {
        return;
    }
    for _ in 0..2 * VISITS {
        wait(&mut rng, 7_200).await;
        let residents = world.residents.borrow().clone();
        let (own, others) = (rng.choice(residents.iter()), rng.choice(residents.iter()));
        let (Some((own_siret, own)), Some((siret, victim))) = (own, others) else { continue };
        if own_siret != siret {
            let mut stranger = Insider::of(&world, own, &mut rng);
            let sirets = (own_siret.as_str(), siret.as_str());
            Box::pin(trespass_once(&world, &mut stranger, (sirets, victim), &mut rng)).await;
        }
    }
}

async fn trespass_once(
    world: &Rc<World>,
    stranger: &mut Insider,
    ((own, siret), victim): ((&str, &str), &Resident),
    rng: &mut Rng,
) {
    match rng.u8(0..7) {
        0 => {
            let victim = Insider::of(world, victim, rng).named();
            let change = rng.choice([Change::Demote, Change::Remove, Change::Suspend]);
            stranger.change_other(siret, &victim, change.unwrap_or(Change::Demote)).await;
        }
        1 => withdraw_anothers(world, stranger, (own, siret), rng).await,
        2 => end_anothers(world, stranger, own, rng).await,
        3 => close_anothers(world, stranger, rng).await,
        4 => accept_anothers(world, stranger, rng).await,
        5 => ask_in_anothers_name(world, siret, victim).await,
        _ => {
            stranger.access(siret).await;
            stranger.read_journal(siret).await;
        }
    }
}

/// Names the invitation as one of the own establishment's, or of the other's.
async fn withdraw_anothers(world: &World, stranger: &mut Insider, (own, siret): (&str, &str), rng: &mut Rng) {
    let known = world.model.borrow().known_invitations();
    let of_other: Vec<usize> =
        known.into_iter().filter(|(_, there, _)| there == siret).map(|(rank, ..)| rank).collect();
    if let Some(invitation) = rng.choice(of_other) {
        let named = if rng.bool() { own } else { siret };
        stranger.withdraw(named, invitation).await;
    }
}

async fn end_anothers(world: &World, stranger: &mut Insider, own: &str, rng: &mut Rng) {
    let known = world.model.borrow().known_mandates();
    let of_others = known.into_iter().filter(|(_, of)| of.client != own && of.cabinet != own);
    if let Some((rank, of)) = rng.choice(of_others.collect::<Vec<_>>()) {
        let named = if rng.bool() { own } else { of.client.as_str() };
        stranger.answer(named, (rank, &*of.name), Transition::End).await;
    }
}

/// Nothing ends: the model would see that a session ends by itself.
async fn close_anothers(world: &World, stranger: &mut Insider, rng: &mut Rng) {
    let open = world.model.borrow().open_sessions();
    let of_others = open.into_iter().filter(|(who, _)| *who != stranger.who);
    let session = rng.choice(of_others.collect::<Vec<_>>()).and_then(|(_, cookie)| session_id(&cookie));
    if let Some(session) = session {
        let path = format!("/api/space/sessions/{session}");
        stranger.act(&Request::plain("DELETE", path, What::Nothing)).await;
    }
}

/// With the account of another mailbox.
async fn accept_anothers(world: &World, stranger: &mut Insider, rng: &mut Rng) {
    let found = world.first().mailbox.pick(SCANNED_MAILS, |mail| {
        let tokens = tokens_of(&mail.text, INVITATION_PAGE);
        tokens.into_iter().next()
    });
    let Some(token) = rng.choice(found.unwrap_or_default()) else { return };
    if let Some(link) = known::invitation(world, &token).await {
        stranger.accept(&link).await;
    }
}

/// Whoever asks is told the same.
async fn ask_in_anothers_name(world: &World, siret: &str, victim: &Resident) {
    let Some(proof) = world.solved(Action::Recover) else { return };
    let form = json!({
        "siret": siret, "first_name": "Nul", "last_name": "Autre", "email": victim.me.email, "proof": proof,
    });
    let answer = world.ask("POST", "/api/invitation/request", None, &form).await;
    if answer.is_some_and(|answer| !matches!(answer.status, 202 | 503)) {
        world.violation("a request for an invitation is refused");
    }
}

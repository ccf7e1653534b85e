//! The year after: each holder is asked «toujours là ?» once, by runs that die, meet, and come late.

use std::rc::Rc;
use std::time::Duration;

use domain::membership::{Change, PRESENCE_PERIOD};
use domain::time::after;
use fastrand::Rng;
use platform::boot::Invocation;

use crate::checkers::Error;
use crate::checkers::presences::{Holder, holders};
use crate::known;
use crate::people::{Employer, Person};
use crate::requests::Named;
use crate::visits::{Insider, pause};
use crate::world::World;

/// What comes before the token in the link of the question.
const PRESENCE_PAGE: &str = "/presence/#";
/// Runs of the schedule, while turns come.
const ROUNDS: u32 = 4;
/// Until the mails of a round are there, as a rule.
const MAILED_AFTER: Duration = Duration::from_secs(20 * 60);
/// Runs in a world that is well until none is cut short.
const CALM_RUNS_MAX: u32 = 3;
/// Tells the generator of a year from those of the people.
const YEAR_SALT: u64 = 365;

/// Nothing happens until the first turn may come. Gives how long there were people before.
pub async fn pass(world: &World) -> Duration {
    let lived = Duration::from_millis(world.at_ms());
    world.note("a year passes");
    tokio::time::sleep(PRESENCE_PERIOD.unsigned_abs().saturating_sub(lived)).await;
    lived
}

/// The turns of all holders come. Gives who was a holder before.
///
/// # Errors
/// When the table cannot be read.
pub async fn question(
    world: &Rc<World>,
    employers: &[Employer],
    lived: Duration,
) -> Result<Vec<Holder>, Error> {
    let mut rng = Rng::with_seed(world.plan.seed.wrapping_add(YEAR_SALT));
    let asked = holders(world)?;
    let round = (lived + Duration::from_secs(3_600)) / ROUNDS;
    let mut heard = Vec::new();
    for _ in 0..ROUNDS {
        tokio::time::sleep(round).await;
        tokio::join!(Box::pin(ask(world, None)), Box::pin(ask(world, rng.bool().then_some(&mut rng))));
        tokio::time::sleep(MAILED_AFTER).await;
        Box::pin(answers(world, employers, (&asked, &mut heard), &mut rng)).await;
    }
    world.calm();
    tokio::time::sleep(Duration::from_secs(60)).await;
    for _ in 0..CALM_RUNS_MAX {
        if !Box::pin(ask(world, None)).await {
            return Ok(asked);
        }
    }
    world.violation("holders are left to ask after runs that nothing disturbs");
    Ok(asked)
}

/// A run of the schedule, on some copy, perhaps after another one. Whether anything was left to the next.
async fn ask(world: &World, late: Option<&mut Rng>) -> bool {
    if let Some(rng) = late {
        tokio::time::sleep(Duration::from_millis(rng.u64(1..400))).await;
    }
    let Some(platform) = world.some_copy().platform(presence::FUNCTION.name) else { return true };
    let limit = presence::FUNCTION.size.request_time_max();
    let invocation =
        Invocation { request_id: "simulated".to_owned(), deadline: after(platform.clock.now(), limit) };
    // Sixty days are looked through before anybody is asked: what kills a run does so later, too.
    let killed_after = world.draw(|rng, weather| {
        let killed = weather.killed_after(rng);
        killed.map(|soon| soon * rng.u32(1..60))
    });
    let work = Box::pin(presence::handle(platform, &invocation));
    let ended = tokio::time::timeout(killed_after.unwrap_or(limit.unsigned_abs()), work).await;
    match ended {
        Ok(Ok(run)) => {
            world.note(&format!("{} turns, {} holders asked", run.turns, run.asked));
            run.is_cut_short
        }
        Ok(Err(error)) => {
            world.note(&format!("the schedule fails: {error}"));
            true
        }
        Err(_) => true,
    }
}

/// Whoever has a mail answers it, or does not; some are holders no longer by then.
async fn answers(
    world: &Rc<World>,
    employers: &[Employer],
    (asked, heard): (&[Holder], &mut Vec<Holder>),
    rng: &mut Rng,
) {
    for holder in asked {
        let Some(employer) = employers.iter().find(|employer| employer.siret == holder.siret) else {
            continue;
        };
        let me = Employer { email: holder.email.clone(), seed: rng.u64(..), ..employer.clone() };
        let person = Person::new(world.clone(), me);
        let tokens = person.tokens_to(&holder.email, PRESENCE_PAGE);
        let mut link = None;
        for token in &tokens {
            let known = known::presence(world, token).await;
            let is_own = |known: &known::KnownPresence| {
                known.identifier == holder.identifier && known.siret == holder.siret
            };
            link = known.filter(is_own).or(link);
        }
        let Some(link) = link.filter(|_| !heard.contains(holder)) else { continue };
        heard.push(holder.clone());
        match rng.u8(0..5) {
            // Nobody reads it.
            0 => {}
            1 => {
                let answers = (person.answer_presence(&link), person.answer_presence(&link));
                tokio::join!(Box::pin(answers.0), Box::pin(answers.1));
            }
            2 => {
                let demoted = Box::pin(demoted(world, holder, rng));
                tokio::join!(demoted, Box::pin(person.answer_presence(&link)));
                pause().await;
                person.answer_presence(&link).await;
            }
            _ => {
                person.answer_presence(&link).await;
            }
        }
    }
}

/// Another holder of the establishment, if there is one at home, demotes somebody or suspends them.
async fn demoted(world: &Rc<World>, holder: &Holder, rng: &mut Rng) {
    let resident = world.residents.borrow().get(&holder.siret).cloned();
    let Some(resident) = resident.filter(|of| of.credentials.identifier != holder.identifier) else { return };
    let mut other = Insider::of(world, &resident, rng);
    let change = if rng.bool() { Change::Demote } else { Change::Suspend };
    let named = Named {
        who: world.model.borrow_mut().who(&holder.identifier),
        identifier: holder.identifier.clone(),
    };
    other.change_other(&holder.siret, &named, change).await;
}

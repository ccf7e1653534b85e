//! The banner that tells of delays while their alarm rings.

use domain::mail::Lane;
use domain::time::{SignedDuration, Timestamp, after, in_paris};
use platform::notices::{Level, Notice};
use platform::{Error, Platform};

/// How long the banner stands if nothing takes it down.
const SHOWN: SignedDuration = SignedDuration::from_hours(12);
/// What it is known by.
const TITLE: &str = "Nos courriels ont du retard";
/// The rounding of the wait that it tells.
const ROUNDING_MINUTES: i64 = 5;

/// Puts the banner up with the measured wait, or takes it down. Events come late, twice and in any order:
/// each adds a banner (that of an end is over as it begins), and only the latest event's stays.
pub async fn tell(platform: &Platform, is_ringing: bool, since: Timestamp) -> Result<(), Error> {
    let now = platform.clock.now();
    let (wait, shown) = if is_ringing {
        (platform.outbox.wait_of(Lane::Links, now).await?, SHOWN)
    } else {
        (None, SignedDuration::ZERO)
    };
    let notice = Notice {
        level: Level::Warning,
        title: TITLE.to_owned(),
        body: body(wait, &in_paris(now).strftime("%-H h %M").to_string()),
        // Of one width: ids begin with it, and are in the order of the events.
        from: since.strftime("%FT%T%.9fZ").to_string(),
        until: after(since, shown).to_string(),
        event_from: None,
        event_until: None,
    };
    platform.notices.add(&notice).await?;
    let mut told = platform.notices.all().await?;
    told.retain(|(_, notice)| notice.title == TITLE);
    told.pop();
    for (id, _) in &told {
        platform.notices.remove(id).await?;
    }
    Ok(())
}

fn body(wait: Option<SignedDuration>, measured_at: &str) -> String {
    const NOTHING_LOST: &str =
        "Rien n'est perdu, ne recommencez pas : le lien vaut 60 minutes à partir de son envoi.";
    match wait.map(|wait| wait.as_mins()) {
        Some(minutes) if minutes >= ROUNDING_MINUTES => {
            let minutes = (minutes + ROUNDING_MINUTES - 1) / ROUNDING_MINUTES * ROUNDING_MINUTES;
            format!(
                "À {measured_at}, un courriel part environ {minutes} minutes après la demande. {NOTHING_LOST}"
            )
        }
        _ => format!("Beaucoup de personnes en attendent un en ce moment. {NOTHING_LOST}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wait_is_rounded_up() {
        let told = body(Some(SignedDuration::from_mins(11)), "21 h 05");
        assert!(
            told.starts_with("À 21 h 05, un courriel part environ 15 minutes après la demande."),
            "{told}"
        );
        assert!(!body(Some(SignedDuration::from_mins(3)), "21 h 05").contains("minutes après"));
        assert!(!body(None, "21 h 05").contains("minutes après"));
    }
}

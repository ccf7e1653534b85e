//! Quotas of mails that a stranger can cause.

use domain::MailId;
use domain::mail::{QUOTA_WINDOW, Quota};
use domain::time::{Timestamp, after};

use super::{MAIL_RETENTION, Outbox};
use crate::error::Error;
use crate::function::Secret;
use crate::table::{Change, Key, Outcome, Row, StringSet};

/// The standing of a mail within its quotas.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It may be sent.
    Within,
    /// It may be sent; the next of its kind not before that moment.
    Last(Timestamp),
    /// It may not be sent: the quota of that name is exhausted.
    Beyond(&'static str),
}

impl Outbox {
    /// Counts a mail against each quota, until one is exhausted. Idempotent for a mail. The address is not
    /// stored.
    pub async fn count(&self, id: MailId, quotas: &[Quota]) -> Result<Standing, Error> {
        let mut next_at: Option<Timestamp> = None;
        for quota in quotas {
            match self.count_one(id, quota).await? {
                Standing::Within => {}
                Standing::Last(until) => next_at = next_at.max(Some(until)),
                beyond @ Standing::Beyond(_) => return Ok(beyond),
            }
        }
        Ok(next_at.map_or(Standing::Within, Standing::Last))
    }

    pub(super) fn quota_key(&self, quota: &Quota) -> Result<Key, Error> {
        let label = format!("{}-quota", quota.name);
        Ok(Key::quota(&self.config.keys.of(Secret::Hash)?.fingerprint(&label, &quota.counted)))
    }

    async fn count_one(&self, id: MailId, quota: &Quota) -> Result<Standing, Error> {
        let now = self.clock.now();
        let key = self.quota_key(quota)?;
        let change = |update, condition| {
            Change::new(key.clone(), update, condition)
                .value("mail", StringSet(vec![id.to_string()]))
                .value("until", after(now, QUOTA_WINDOW))
                .value("kept", after(now, MAIL_RETENTION))
                .value("now", now)
        };
        let count = change(
            "ADD mails :mail SET window_until = if_not_exists(window_until, :until), expires_at = :kept",
            "attribute_not_exists(window_until) OR \
             (window_until > :now AND (size(mails) < :most OR contains(mails, :id)))",
        );
        let count = count.value("id", id.to_string()).value("most", quota.mails_max);
        // The mails of the last window stay: an agent is told of them.
        let begin_anew = change(
            "SET earlier = mails, mails = :mail, window_until = :until, expires_at = :kept",
            "window_until <= :now",
        );
        let is_over = |row: &Row| row.find_moment("window_until").is_some_and(|until| until <= now);
        match self.table.count(&count, &begin_anew, is_over).await? {
            Outcome::Done(counted) => standing_of(&counted, quota),
            Outcome::Refused(_) => Ok(Standing::Beyond(quota.name)),
        }
    }
}

/// The standing of a mail that was just counted.
fn standing_of(counted: &Row, quota: &Quota) -> Result<Standing, Error> {
    if counted.set_size("mails") < quota.mails_max {
        return Ok(Standing::Within);
    }
    Ok(Standing::Last(counted.moment("window_until")?))
}

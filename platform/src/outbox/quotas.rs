//! Quotas of mails that a stranger can cause.

use domain::MailId;
use domain::mail::{QUOTA_WINDOW, Quota};
use domain::time::{Timestamp, after};

use super::Outbox;
use crate::error::Error;
use crate::function::Secret;
use crate::table::{Change, Key, Outcome, Row, StringSet, TableError};

/// Retries when concurrent mails start the same quota.
const QUOTA_ATTEMPTS_MAX: usize = 3;

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
        for _ in 0..QUOTA_ATTEMPTS_MAX {
            let count = Change::new(
                key.clone(),
                "ADD mails :mail SET expires_at = if_not_exists(expires_at, :until)",
                "attribute_not_exists(expires_at) OR \
                 (expires_at > :now AND (size(mails) < :most OR contains(mails, :id)))",
            )
            .value("mail", StringSet(vec![id.to_string()]))
            .value("id", id.to_string())
            .value("until", after(now, QUOTA_WINDOW))
            .value("now", now)
            .value("most", quota.mails_max);
            let standing = match self.table.update(count).await? {
                Outcome::Done(counted) => return standing_of(&counted, quota),
                Outcome::Refused(standing) => standing,
            };
            if !standing.is_some_and(|row| row.is_past(now)) {
                return Ok(Standing::Beyond(quota.name));
            }
            let begin_anew =
                Change::new(key.clone(), "SET mails = :mail, expires_at = :until", "expires_at <= :now")
                    .value("mail", StringSet(vec![id.to_string()]))
                    .value("until", after(now, QUOTA_WINDOW))
                    .value("now", now);
            if let Outcome::Done(counted) = self.table.update(begin_anew).await? {
                return standing_of(&counted, quota);
            }
            // Started by another mail, or by this one when an answer was lost: count again.
        }
        Err(TableError::Unavailable("the quota kept changing".into()).into())
    }
}

/// The standing of a mail that was just counted.
fn standing_of(counted: &Row, quota: &Quota) -> Result<Standing, Error> {
    if counted.set_size("mails") < quota.mails_max {
        return Ok(Standing::Within);
    }
    Ok(Standing::Last(counted.moment("expires_at")?))
}

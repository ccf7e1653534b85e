//! What «Mon espace» may show: a person's establishments, colleagues and sessions as they stand.

use std::collections::BTreeSet;

use domain::Token;
use serde_json::Value;

use super::{Happened, Model, OpenSession, Span, Standing, Verdict, Who, holds};
use crate::world::Answer;

/// Symbols of a session's id: the beginning of its token's hash.
const SESSION_ID_LENGTH: usize = 16;

/// The id by which a person closes the session of a cookie, `name=token`.
#[must_use]
pub fn session_id(cookie: &str) -> Option<String> {
    let (_, token) = cookie.split_once('=')?;
    Some(Token::parse(token)?.key().get(..SESSION_ID_LENGTH)?.to_owned())
}

impl Model {
    /// Every establishment that somebody has opened, or was invited into.
    pub(super) fn sirets(&self) -> BTreeSet<String> {
        let opened = self.settings.iter().filter_map(|setting| setting.link.as_ref());
        let opened = opened.filter(|link| link.is_activation).map(|link| link.siret.clone());
        opened.chain(self.invitations.iter().map(|sent| sent.siret.clone())).collect()
    }

    /// Cookies of sessions that nobody is known to have ended, each with its account.
    #[must_use]
    pub fn open_sessions(&self) -> Vec<(Who, String)> {
        let is_open = |session: &&OpenSession| {
            !self.endings(&session.cookie).any(|ending| ending.happened == Happened::Yes)
        };
        let open = self.sessions.iter().filter(is_open);
        open.map(|session| (session.who, session.cookie.clone())).collect()
    }

    pub(super) fn judge_journal(&self, by: Who, siret: &str, span: Span, answer: &Answer) -> Verdict {
        match (answer.status, answer.problem()) {
            (200, _) => holds(self.can_hold(by, siret, span), || {
                format!("who is no holder of {siret} reads its journal")
            }),
            (403, "not-allowed") => holds(!self.must_hold(by, siret, span), || {
                format!("a holder of {siret} may not read its journal")
            }),
            (status, problem) => Err(format!("the journal of {siret} answers {status} {problem}")),
        }
    }

    pub(super) fn judge_seen(&self, by: Who, span: Span, answer: &Answer) -> Verdict {
        if answer.status != 200 {
            return Err(format!("my space answers {} {}", answer.status, answer.problem()));
        }
        let identifier = answer.body["me"]["identifier"].as_str();
        holds(self.identifier(by).is_none_or(|known| identifier == Some(known)), || {
            "my space is somebody else's".to_owned()
        })?;
        let address = answer.body["me"]["email"].as_str().unwrap_or_default();
        holds(self.can_have_address(by, address, span), || {
            "an account has an address that nobody gave it".to_owned()
        })?;
        let listed: Vec<&Value> = answer.body["establishments"].as_array().into_iter().flatten().collect();
        for siret in self.sirets() {
            let shown = listed.iter().find(|shown| shown["siret"].as_str() == Some(&*siret));
            match shown {
                None => holds(!self.must(by, &siret, Standing::Member, span), || {
                    format!("a member does not see {siret}")
                })?,
                Some(shown) => self.judge_establishment(by, &siret, span, shown)?,
            }
        }
        self.judge_sessions(by, span, &answer.body["sessions"])
    }

    fn judge_establishment(&self, by: Who, siret: &str, span: Span, shown: &Value) -> Verdict {
        holds(self.can(by, siret, Standing::Member, span), || {
            format!("who is no member of {siret} sees it")
        })?;
        self.judge_colleague(by, siret, span, shown)?;
        self.judge_states(&shown["mandates"], span)?;
        let Some(members) = shown["members"].as_array() else {
            holds(shown["requests"].is_null(), || format!("who is no holder of {siret} sees who asks"))?;
            return holds(!self.must_hold(by, siret, span), || {
                format!("a holder of {siret} does not see its members")
            });
        };
        holds(self.can_hold(by, siret, span), || format!("who is no holder of {siret} sees its members"))?;
        self.judge_heir(by, siret, span, shown)?;
        for (rank, account) in self.accounts.iter().enumerate() {
            let Some(name) = account.last_name.as_deref() else { continue };
            let mut of_name = members.iter().filter(|member| member["last_name"].as_str() == Some(name));
            match of_name.next() {
                Some(member) => self.judge_colleague(Who(rank), siret, span, member)?,
                None => holds(!self.must(Who(rank), siret, Standing::Member, span), || {
                    format!("a member of {siret} is not listed")
                })?,
            }
            holds(of_name.next().is_none(), || format!("a member of {siret} is listed twice"))?;
        }
        Ok(())
    }

    /// Role and state of somebody, as they are shown.
    fn judge_colleague(&self, who: Who, siret: &str, span: Span, shown: &Value) -> Verdict {
        let (role, state) = (shown["role"].as_str(), shown["state"].as_str());
        let is_right = self.can(who, siret, Standing::Member, span)
            && match role {
                Some("holder") => self.can(who, siret, Standing::Holder, span),
                _ => !self.must(who, siret, Standing::Holder, span),
            }
            && match state {
                Some("suspended") => self.can(who, siret, Standing::Suspended, span),
                _ => !self.must(who, siret, Standing::Suspended, span),
            };
        holds(is_right, || format!("a member of {siret} is said to be {role:?} {state:?}"))
    }

    fn judge_sessions(&self, by: Who, span: Span, listed: &Value) -> Verdict {
        let listed: Vec<&str> =
            listed.as_array().into_iter().flatten().filter_map(|shown| shown["session"].as_str()).collect();
        for session in self.sessions.iter().filter(|session| session.who == by) {
            let Some(id) = session_id(&session.cookie) else { continue };
            let is_listed = listed.contains(&&*id);
            let is_open = self.judge_open(session, span).is_ok();
            let must_be_open = session.opened.is_before(span) && !self.may_have_ended(session, span);
            holds(is_listed || !must_be_open, || "an open session is not listed".to_owned())?;
            holds(is_open || !is_listed, || "a session that has ended is listed".to_owned())?;
        }
        Ok(())
    }
}

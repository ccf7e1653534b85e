//! The opening of a space: by the first activation of an establishment, or by the next one after a closing.

use domain::journal::{Chain, Entry};
use domain::membership::{HOLDERS_MIN, Presence};
use domain::time::Timestamp;
use domain::{Email, FullName, Identifier, Membership, Name, Opening, Role, Siret};

use super::change::line_row;
use super::rows::{self, opening_of};
use super::{Colleague, chain_of};
use crate::presences::first_turn;
use crate::table::{Change, Guard, Key, Row, TableError, Transaction};

/// No space of the establishment is open.
pub(crate) const FREE_SPACE: Guard = Guard::new("free space");

/// Anew, by an activation.
const REOPEN: &str = "SET establishment_name = :name, journal_entries = :entries_after, \
                      journal_head = :head, holders = :holders";
const CLOSED: &str = "opening = :opening AND journal_entries = :entries AND holders = :none";
/// No row, or that of a closed space.
const FREE: &str = "attribute_not_exists(pk) OR holders = :none";

/// Adds the condition that no space of the establishment is open.
pub(crate) fn assert_free(transaction: &mut Transaction, siret: &Siret) {
    let condition = Change::condition(Key::establishment(siret), FREE).value("none", 0);
    transaction.assert(FREE_SPACE, condition);
}

/// Who activates an establishment's space.
#[derive(Debug, Clone)]
pub(crate) struct Founder {
    pub identifier: Identifier,
    pub name: FullName,
    pub email: Email,
}

/// The opening of a space by an activation.
#[derive(Debug)]
pub(crate) struct Founding<'a> {
    pub siret: &'a Siret,
    pub name: &'a Name,
    pub founder: Founder,
    pub now: Timestamp,
}

impl Founding<'_> {
    /// Adds the rows of a space that was never open, with its first holder.
    pub(crate) fn create(&self, transaction: &mut Transaction) {
        let chain = self.join(transaction, &Chain::new(self.siret), Opening::FIRST);
        let row = Row::new(&Key::establishment(self.siret))
            .with("establishment_name", self.name.as_str())
            .with("created_at", self.now)
            .with("opening", Opening::FIRST.0)
            .with("holders", HOLDERS_MIN)
            .with("journal_entries", chain.entries)
            .with("journal_head", chain.head.as_str());
        transaction.create(FREE_SPACE, row);
    }

    /// Adds the changes that open a closed space anew, by the row that stands there. Its journal is its own.
    pub(crate) fn reopen(&self, transaction: &mut Transaction, closed: &Row) -> Result<(), TableError> {
        let (before, opening) = (chain_of(closed)?, opening_of(closed)?);
        let chain = self.join(transaction, &before, opening);
        let change = Change::new(Key::establishment(self.siret), REOPEN, CLOSED)
            .value("name", self.name.as_str())
            .value("entries", before.entries)
            .value("entries_after", chain.entries)
            .value("head", chain.head.as_str())
            .value("holders", HOLDERS_MIN)
            .value("opening", opening.0)
            .value("none", 0);
        transaction.change(FREE_SPACE, change);
        Ok(())
    }

    /// Adds the first holder, and the line that tells of them. The space's own condition guards both.
    fn join(&self, transaction: &mut Transaction, before: &Chain, opening: Opening) -> Chain {
        let Founder { identifier, name, email } = self.founder.clone();
        let (line, chain) = before.append(self.now, &Entry::Joined { who: name.clone(), role: Role::Holder });
        let membership = Membership::active(Role::Holder);
        let presence = Presence::new(self.now);
        let turn = first_turn(self.siret, &identifier, presence);
        let holder = Colleague {
            identifier,
            membership,
            name,
            email,
            since: self.now,
            mark: chain.entries,
            presence,
            heir: None,
        };
        transaction
            .put(rows::member(self.siret, opening, &holder))
            .put(line_row(self.siret, opening, (chain.entries, &line)))
            .put(turn);
        chain
    }
}

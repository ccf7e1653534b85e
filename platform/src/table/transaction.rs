//! Transactions, and guards that name their conditions.

use std::collections::HashMap;

use aws_sdk_dynamodb::error::BuildError;
use aws_sdk_dynamodb::types::{
    CancellationReason, ConditionCheck, Delete, Put, ReturnValuesOnConditionCheckFailure, TransactWriteItem,
    Update,
};
use domain::time::Timestamp;

use super::{Attributes, IntoAttribute, Key, NOT_THERE, Row};
use crate::metrics::Event;

/// DynamoDB's reason for a failed condition.
const CONDITION_FAILED: &str = "ConditionalCheckFailed";

const NOT_THERE_OR_PAST: &str = "attribute_not_exists(pk) OR expires_at <= :now";

/// The name of a condition in a transaction, by which a refusal tells which one failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Guard {
    name: &'static str,
    rank: usize,
}

impl Guard {
    #[must_use]
    pub const fn new(name: &'static str) -> Self {
        Self { name, rank: 0 }
    }

    /// The same condition of another of several things that are written at once.
    #[must_use]
    pub const fn of(self, rank: usize) -> Self {
        Self { rank, ..self }
    }
}

/// A conditional update of one row. Its values are bound with [`value`](Self::value).
#[derive(Debug, Clone)]
pub struct Change {
    pub(super) key: Key,
    pub(super) update: &'static str,
    pub(super) condition: &'static str,
    pub(super) values: Attributes,
}

impl Change {
    /// A condition alone, to assert or to delete by.
    #[must_use]
    pub fn condition(key: Key, condition: &'static str) -> Self {
        Self::new(key, "", condition)
    }

    /// `update` is an update expression, `condition` a condition expression.
    #[must_use]
    pub fn new(key: Key, update: &'static str, condition: &'static str) -> Self {
        Self { key, update, condition, values: HashMap::new() }
    }

    /// Binds `:name`.
    #[must_use]
    pub fn value(mut self, name: &str, value: impl IntoAttribute) -> Self {
        self.values.insert(format!(":{name}"), value.into_attribute());
        self
    }
}

/// One write of a transaction.
#[derive(Debug, Clone)]
enum Write {
    Create(Row),
    Put(Row),
    Change(Change),
    Assert(Change),
    DeleteIf(Change),
    AssertAbsent { key: Key, unless_past: Option<Timestamp> },
    Delete(Key),
}

/// Writes that are committed together.
#[derive(Debug, Clone, Default)]
pub struct Transaction {
    writes: Vec<(Option<Guard>, Write)>,
    pub(super) events: Vec<Event>,
}

impl Transaction {
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.writes.is_empty()
    }

    /// Writes a row under a key that has none.
    pub fn create(&mut self, guard: Guard, row: Row) -> &mut Self {
        self.push(Some(guard), Write::Create(row))
    }

    /// Writes a row unconditionally.
    pub fn put(&mut self, row: Row) -> &mut Self {
        self.push(None, Write::Put(row))
    }

    pub fn change(&mut self, guard: Guard, change: Change) -> &mut Self {
        self.push(Some(guard), Write::Change(change))
    }

    /// Checks a condition of a row.
    pub fn assert(&mut self, guard: Guard, condition: Change) -> &mut Self {
        self.push(Some(guard), Write::Assert(condition))
    }

    /// Deletes a row under a condition.
    pub fn delete_if(&mut self, guard: Guard, condition: Change) -> &mut Self {
        self.push(Some(guard), Write::DeleteIf(condition))
    }

    /// Adds the writes and events of another.
    pub fn append(&mut self, other: Self) -> &mut Self {
        self.writes.extend(other.writes);
        self.events.extend(other.events);
        self
    }

    /// Checks that a key has no row.
    pub fn assert_absent(&mut self, guard: Guard, key: Key) -> &mut Self {
        self.push(Some(guard), Write::AssertAbsent { key, unless_past: None })
    }

    /// Checks that a key has no row, or an expired one.
    pub fn assert_absent_or_past(&mut self, guard: Guard, key: Key, now: Timestamp) -> &mut Self {
        self.push(Some(guard), Write::AssertAbsent { key, unless_past: Some(now) })
    }

    pub fn delete(&mut self, key: Key) -> &mut Self {
        self.push(None, Write::Delete(key))
    }

    /// Counts an event when the transaction is committed.
    pub fn count(&mut self, event: Event) -> &mut Self {
        self.events.push(event);
        self
    }

    fn push(&mut self, guard: Option<Guard>, write: Write) -> &mut Self {
        self.writes.push((guard, write));
        self
    }

    /// The row of a transaction that is a single `create`, which needs no transaction.
    pub(super) fn single_create(&self) -> Option<(Guard, &Row)> {
        match self.writes.as_slice() {
            [(Some(guard), Write::Create(row))] => Some((*guard, row)),
            _ => None,
        }
    }

    pub(super) fn items(&self, table: &str) -> Result<Vec<TransactWriteItem>, BuildError> {
        self.writes.iter().map(|(_, write)| item(table, write.clone())).collect()
    }

    /// The failed guards, from DynamoDB's reasons, which are in the order of the writes.
    pub(super) fn refused(&self, reasons: &[CancellationReason]) -> Option<Refused> {
        let failed =
            self.writes.iter().zip(reasons).filter(|(_, reason)| reason.code() == Some(CONDITION_FAILED));
        let failed: Vec<_> = failed
            .filter_map(|((guard, _), reason)| Some((guard.as_ref().copied()?, reason.item.clone().map(Row))))
            .collect();
        (!failed.is_empty()).then_some(Refused { failed })
    }
}

/// The failed guards of a transaction, each with the row that stands there.
#[derive(Debug)]
pub struct Refused {
    failed: Vec<(Guard, Option<Row>)>,
}

impl Refused {
    pub(super) fn by(guard: Guard, standing: Option<Row>) -> Self {
        Self { failed: vec![(guard, standing)] }
    }

    #[must_use]
    pub fn is_by(&self, guard: Guard) -> bool {
        self.failed.iter().any(|(failed, _)| *failed == guard)
    }

    /// The row that stands where this guard failed, if there is one.
    #[must_use]
    pub fn standing(&self, guard: Guard) -> Option<&Row> {
        self.failed.iter().find(|(failed, _)| *failed == guard)?.1.as_ref()
    }
}

/// DynamoDB refuses an empty map of values.
fn bound(values: Attributes) -> Option<Attributes> {
    (!values.is_empty()).then_some(values)
}

fn item(table: &str, write: Write) -> Result<TransactWriteItem, BuildError> {
    let all_old = ReturnValuesOnConditionCheckFailure::AllOld;
    let item = TransactWriteItem::builder();
    let built = match write {
        Write::Create(row) => item.put(
            Put::builder()
                .table_name(table)
                .set_item(Some(row.0))
                .condition_expression(NOT_THERE)
                .return_values_on_condition_check_failure(all_old)
                .build()?,
        ),
        Write::Put(row) => item.put(Put::builder().table_name(table).set_item(Some(row.0)).build()?),
        Write::Change(change) => item.update(
            Update::builder()
                .table_name(table)
                .set_key(Some(change.key.attributes()))
                .update_expression(change.update)
                .condition_expression(change.condition)
                .set_expression_attribute_values(Some(change.values))
                .return_values_on_condition_check_failure(all_old)
                .build()?,
        ),
        Write::Assert(asserted) => item.condition_check(
            ConditionCheck::builder()
                .table_name(table)
                .set_key(Some(asserted.key.attributes()))
                .condition_expression(asserted.condition)
                .set_expression_attribute_values(bound(asserted.values))
                .return_values_on_condition_check_failure(all_old)
                .build()?,
        ),
        Write::DeleteIf(deleted) => item.delete(
            Delete::builder()
                .table_name(table)
                .set_key(Some(deleted.key.attributes()))
                .condition_expression(deleted.condition)
                .set_expression_attribute_values(bound(deleted.values))
                .return_values_on_condition_check_failure(all_old)
                .build()?,
        ),
        Write::AssertAbsent { key, unless_past } => {
            let check = ConditionCheck::builder()
                .table_name(table)
                .set_key(Some(key.attributes()))
                .return_values_on_condition_check_failure(all_old);
            let check = match unless_past {
                None => check.condition_expression(NOT_THERE),
                Some(now) => check
                    .condition_expression(NOT_THERE_OR_PAST)
                    .expression_attribute_values(":now", now.into_attribute()),
            };
            item.condition_check(check.build()?)
        }
        Write::Delete(key) => {
            item.delete(Delete::builder().table_name(table).set_key(Some(key.attributes())).build()?)
        }
    };
    Ok(built.build())
}

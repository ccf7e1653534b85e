//! The one table: its keys, its rows, and the five ways to reach them.

mod failure;
mod key;
mod row;

use std::collections::HashMap;
use std::time::{Duration, Instant};

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::error::ConditionalCheckFailedException;
use aws_sdk_dynamodb::types::{
    AttributeValue, ConditionCheck, Delete, Put, ReturnValue, ReturnValuesOnConditionCheckFailure,
    TransactWriteItem, Update,
};

pub use self::failure::{Failure, Source};
pub use self::key::Key;
pub use self::row::{IntoAttribute, Row, StringSet};
use crate::world::Random;

/// Times a transaction is tried when another one holds its rows.
const CONFLICT_ATTEMPTS_MAX: u32 = 6;
/// The longest pause before the first new try, in milliseconds; it doubles at each.
const CONFLICT_PAUSE_MS_MAX: u64 = 20;
/// No new try is begun after this, in milliseconds: a function's own time is short.
const CONFLICT_MS_MAX: u64 = 3_000;
/// What DynamoDB says of a single write when a transaction holds its row.
const CONFLICT: &str = "TransactionConflictException";
/// Pages of one query that are read before we say that something is wrong.
const QUERY_PAGES_MAX: usize = 10;

/// The attributes of one item.
type Attributes = HashMap<String, AttributeValue>;

/// A conditional change of one row. Every value it names is bound with [`value`](Self::value).
#[derive(Debug, Clone)]
pub struct Change {
    key: Key,
    update: &'static str,
    condition: &'static str,
    values: Attributes,
}

impl Change {
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
pub enum Write {
    /// A row that must not be there yet.
    Create(Row),
    /// A row, whatever stands there.
    Put(Row),
    /// A conditional change.
    Change(Change),
    /// No write: that key must have no row.
    Absent(Key),
    /// No row is left at that key.
    Delete(Key),
}

/// What came of a conditional write.
#[derive(Debug)]
pub enum Outcome<T> {
    /// Done.
    Done(T),
    /// A condition did not hold; nothing was written. The row that stood in the way, if any.
    Refused(Option<Row>),
}

/// What came of a transaction.
#[derive(Debug)]
pub enum Committed {
    /// All of it is written.
    Yes,
    /// None of it is: for each write whether its condition failed, and the row that stood in its way.
    No(Vec<Option<Option<Row>>>),
}

const NOT_THERE: &str = "attribute_not_exists(pk)";

/// The table, as its client reaches it.
#[derive(Debug, Clone)]
pub struct Table {
    client: Client,
    name: String,
    random: Random,
}

impl Table {
    /// The table of that name.
    #[must_use]
    pub fn new(client: Client, name: impl Into<String>, random: Random) -> Self {
        Self { client, name: name.into(), random }
    }

    /// Reads one row, as it is now.
    ///
    /// # Errors
    /// `Failure` when the table cannot be read.
    pub async fn find(&self, key: &Key) -> Result<Option<Row>, Failure> {
        let request = self.client.get_item().table_name(&self.name).set_key(Some(key.attributes()));
        let found = request.consistent_read(true).send().await.map_err(|error| Failure::from_sdk(&error))?;
        Ok(found.item.map(Row))
    }

    /// Reads the rows of a partition whose sort keys begin with `prefix`, in their order.
    ///
    /// # Errors
    /// `Failure` when the table cannot be read, or the partition is beyond all reason.
    pub async fn find_all(&self, partition: &str, prefix: &str) -> Result<Vec<Row>, Failure> {
        let mut values = HashMap::from([(":pk".to_owned(), partition.into_attribute())]);
        // DynamoDB refuses an empty prefix.
        let condition = if prefix.is_empty() {
            "pk = :pk"
        } else {
            values.insert(":prefix".to_owned(), prefix.into_attribute());
            "pk = :pk AND begins_with(sk, :prefix)"
        };
        let mut rows = Vec::new();
        let mut start = None;
        for _ in 0..QUERY_PAGES_MAX {
            let page = self
                .client
                .query()
                .table_name(&self.name)
                .key_condition_expression(condition)
                .set_expression_attribute_values(Some(values.clone()))
                .consistent_read(true)
                .set_exclusive_start_key(start)
                .send()
                .await
                .map_err(|error| Failure::from_sdk(&error))?;
            rows.extend(page.items.unwrap_or_default().into_iter().map(Row));
            start = page.last_evaluated_key;
            if start.is_none() {
                return Ok(rows);
            }
        }
        Err(Failure::Broken(format!("over {QUERY_PAGES_MAX} pages in one partition").into()))
    }

    /// Writes a row that must not be there yet.
    ///
    /// # Errors
    /// `Failure` when the table cannot be written.
    pub async fn create(&self, row: Row) -> Result<Outcome<()>, Failure> {
        let put = self
            .client
            .put_item()
            .table_name(&self.name)
            .set_item(Some(row.0))
            .condition_expression(NOT_THERE)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        match self.outlast(|| put.clone().send()).await {
            Ok(_) => Ok(Outcome::Done(())),
            Err(error) => refused_or_failed(&error),
        }
    }

    /// Changes a row under a condition and gives it as it is then.
    ///
    /// # Errors
    /// `Failure` when the table cannot be written.
    pub async fn update(&self, change: Change) -> Result<Outcome<Row>, Failure> {
        let update = self
            .client
            .update_item()
            .table_name(&self.name)
            .set_key(Some(change.key.attributes()))
            .update_expression(change.update)
            .condition_expression(change.condition)
            .set_expression_attribute_values(Some(change.values))
            .return_values(ReturnValue::AllNew)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        match self.outlast(|| update.clone().send()).await {
            Ok(done) => Ok(Outcome::Done(Row(done.attributes.unwrap_or_default()))),
            Err(error) => refused_or_failed(&error),
        }
    }

    /// Deletes a row, if it is there.
    ///
    /// # Errors
    /// `Failure` when the table cannot be written.
    pub async fn delete(&self, key: &Key) -> Result<(), Failure> {
        let request = self.client.delete_item().table_name(&self.name).set_key(Some(key.attributes()));
        let deleted = self.outlast(|| request.clone().send()).await;
        deleted.map(|_| ()).map_err(|error| Failure::from_sdk(&error))
    }

    /// Sends a single write again, after a pause, as long as a transaction holds its row.
    async fn outlast<T, E: ProvideErrorMetadata, F>(&self, send: impl Fn() -> F) -> Result<T, SdkError<E>>
    where
        F: Future<Output = Result<T, SdkError<E>>>,
    {
        let started = Instant::now();
        let mut attempt = 0;
        loop {
            let answer = send().await;
            let is_held = answer.as_ref().is_err_and(|error| error.code() == Some(CONFLICT));
            if !is_held || !self.may_try_again(attempt, started).await {
                return answer;
            }
            attempt += 1;
        }
    }

    /// Waits before a new try, unless there were enough.
    async fn may_try_again(&self, attempt: u32, started: Instant) -> bool {
        if attempt + 1 >= CONFLICT_ATTEMPTS_MAX || started.elapsed() > Duration::from_millis(CONFLICT_MS_MAX)
        {
            return false;
        }
        tokio::time::sleep(self.pause(attempt)).await;
        true
    }

    /// Writes all or nothing. A conflict with another transaction on the same rows is tried again,
    /// after a pause of its own, a bounded number of times.
    ///
    /// # Errors
    /// `Failure` when the table cannot be written.
    pub async fn transact(&self, writes: Vec<Write>) -> Result<Committed, Failure> {
        let items: Vec<_> = writes.into_iter().map(|write| self.item(write)).collect::<Result<_, _>>()?;
        let started = Instant::now();
        let mut attempt = 0;
        loop {
            let request = self.client.transact_write_items().set_transact_items(Some(items.clone()));
            let Err(error) = request.send().await else {
                return Ok(Committed::Yes);
            };
            let Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) =
                error.as_service_error()
            else {
                return Err(Failure::from_sdk(&error));
            };
            let reasons = cancelled.cancellation_reasons();
            if reasons.iter().any(|reason| reason.code() == Some("ConditionalCheckFailed")) {
                let failed = reasons.iter().map(|reason| {
                    (reason.code() == Some("ConditionalCheckFailed")).then(|| reason.item.clone().map(Row))
                });
                return Ok(Committed::No(failed.collect()));
            }
            if !reasons.iter().any(|reason| reason.code() == Some("TransactionConflict")) {
                return Err(Failure::from_cancelled(reasons.iter().filter_map(|reason| reason.code())));
            }
            if !self.may_try_again(attempt, started).await {
                return Err(Failure::Unavailable("transaction conflicts did not end".into()));
            }
            attempt += 1;
        }
    }

    /// Full jitter: from nothing to a bound that doubles at each attempt.
    fn pause(&self, attempt: u32) -> Duration {
        let bound_ms = CONFLICT_PAUSE_MS_MAX << attempt;
        Duration::from_millis(u64::from_le_bytes(self.random.bytes()) % bound_ms)
    }

    fn item(&self, write: Write) -> Result<TransactWriteItem, Failure> {
        let all_old = ReturnValuesOnConditionCheckFailure::AllOld;
        let item = TransactWriteItem::builder();
        let built = match write {
            Write::Create(row) => item.put(
                Put::builder()
                    .table_name(&self.name)
                    .set_item(Some(row.0))
                    .condition_expression(NOT_THERE)
                    .return_values_on_condition_check_failure(all_old)
                    .build()?,
            ),
            Write::Put(row) => item.put(Put::builder().table_name(&self.name).set_item(Some(row.0)).build()?),
            Write::Change(change) => item.update(
                Update::builder()
                    .table_name(&self.name)
                    .set_key(Some(change.key.attributes()))
                    .update_expression(change.update)
                    .condition_expression(change.condition)
                    .set_expression_attribute_values(Some(change.values))
                    .return_values_on_condition_check_failure(all_old)
                    .build()?,
            ),
            Write::Absent(key) => item.condition_check(
                ConditionCheck::builder()
                    .table_name(&self.name)
                    .set_key(Some(key.attributes()))
                    .condition_expression(NOT_THERE)
                    .return_values_on_condition_check_failure(all_old)
                    .build()?,
            ),
            Write::Delete(key) => {
                item.delete(Delete::builder().table_name(&self.name).set_key(Some(key.attributes())).build()?)
            }
        };
        Ok(built.build())
    }
}

/// A failed condition is an outcome; anything else a failure.
fn refused_or_failed<T, E: Conditional>(error: &SdkError<E>) -> Result<Outcome<T>, Failure> {
    match error.as_service_error().and_then(Conditional::failed_condition) {
        Some(failed) => Ok(Outcome::Refused(failed.item.clone().map(Row))),
        None => Err(Failure::from_sdk(error)),
    }
}

/// The error of an operation that may carry a condition.
trait Conditional: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static {
    fn failed_condition(&self) -> Option<&ConditionalCheckFailedException>;
}

impl Conditional for PutItemError {
    fn failed_condition(&self) -> Option<&ConditionalCheckFailedException> {
        match self {
            Self::ConditionalCheckFailedException(failed) => Some(failed),
            _ => None,
        }
    }
}

impl Conditional for UpdateItemError {
    fn failed_condition(&self) -> Option<&ConditionalCheckFailedException> {
        match self {
            Self::ConditionalCheckFailedException(failed) => Some(failed),
            _ => None,
        }
    }
}

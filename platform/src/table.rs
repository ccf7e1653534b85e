//! The table: find, create, update, delete and commit, with retries on conflict and the request's deadline.

mod error;
mod key;
mod row;
pub mod schema;
mod transaction;

use std::collections::HashMap;
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::error::ConditionalCheckFailedException;
use aws_sdk_dynamodb::types::{
    AttributeValue, CancellationReason, KeysAndAttributes, ReturnValue, ReturnValuesOnConditionCheckFailure,
    TransactWriteItem,
};
use domain::time::Timestamp;

pub use self::error::TableError;
pub use self::key::Key;
pub use self::row::{IntoAttribute, Row, StringSet};
pub use self::transaction::{Change, Guard, Refused, Transaction};
use crate::clock::Clock;
use crate::random::Random;
use crate::{metrics, scope};

/// Attempts of a write on a transaction conflict, or when DynamoDB throttles inside a transaction.
const ATTEMPTS_MAX: u32 = 6;
/// Upper bound of the backoff before the first retry; doubles at each.
const RETRY_PAUSE_MS_MAX: u64 = 20;
/// No retry begins later than this after the first attempt.
const RETRIES_MS_MAX: i64 = 3_000;
/// DynamoDB's code for a single write that conflicts with a transaction.
const CONFLICT: &str = "TransactionConflictException";
/// Attempts of a count whose row others begin at the same time.
const COUNT_ATTEMPTS_MAX: usize = 3;
/// Pages of one query; more than that is a bug.
const QUERY_PAGES_MAX: usize = 10;
/// Keys of one batch (DynamoDB's limit).
const BATCH_KEYS_MAX: usize = 100;
const NOT_THERE: &str = "attribute_not_exists(pk)";

/// The attributes of one item.
type Attributes = HashMap<String, AttributeValue>;

/// The result of a conditional write.
#[derive(Debug)]
pub enum Outcome<T> {
    Done(T),
    /// The condition failed and nothing was written. The row that stands there, if any.
    Refused(Option<Row>),
}

/// Rows of a query, as far as it was asked.
#[derive(Debug)]
pub struct Page {
    pub rows: Vec<Row>,
    /// The sort key after which the next page begins.
    pub next: Option<String>,
}

/// The result of a transaction.
#[derive(Debug)]
pub enum Committed {
    Yes,
    /// A guard failed and nothing was written.
    No(Refused),
}

#[derive(Debug, Clone)]
pub struct Table {
    client: Client,
    name: String,
    clock: Clock,
    random: Random,
}

impl Table {
    #[must_use]
    pub fn new(client: Client, name: impl Into<String>, clock: Clock, random: Random) -> Self {
        Self { client, name: name.into(), clock, random }
    }

    /// Reads one row, strongly consistent.
    pub async fn find(&self, key: &Key) -> Result<Option<Row>, TableError> {
        let request = self.client.get_item().table_name(&self.name).set_key(Some(key.attributes()));
        let found = self.in_time(request.consistent_read(true).send()).await?;
        Ok(found.map_err(|error| TableError::from_sdk(&error))?.item.map(Row))
    }

    /// Reads rows by their keys, strongly consistent, in no order. Those that are not there are left out.
    pub async fn find_many(&self, keys: &[Key]) -> Result<Vec<Row>, TableError> {
        let (mut rows, started, mut attempt) = (Vec::new(), self.clock.now(), 0);
        let mut left: Vec<Attributes> = Vec::new();
        for key in keys.iter().map(Key::attributes) {
            // DynamoDB refuses a batch with the same key twice.
            if !left.contains(&key) {
                left.push(key);
            }
        }
        while !left.is_empty() {
            let later = left.split_off(left.len().min(BATCH_KEYS_MAX));
            let batch = KeysAndAttributes::builder().set_keys(Some(left)).consistent_read(true).build()?;
            let request = self.client.batch_get_item().request_items(&self.name, batch);
            let answer = self.in_time(request.send()).await?.map_err(|error| TableError::from_sdk(&error))?;
            rows.extend(answer.responses.into_iter().flat_map(HashMap::into_values).flatten().map(Row));
            let throttled = answer.unprocessed_keys.into_iter().flat_map(HashMap::into_values);
            left = throttled.flat_map(|batch| batch.keys).collect();
            if !left.is_empty() && !self.may_retry(attempt, started).await {
                return Err(TableError::Unavailable("a batch was throttled".into()));
            }
            attempt += u32::from(!left.is_empty());
            left.extend(later);
        }
        Ok(rows)
    }

    /// Reads rows of a partition in the order of their sort keys, strongly consistent: those that begin with
    /// `prefix`, after the sort key `after`, `rows_max` of them.
    pub async fn find_page(
        &self,
        partition: &str,
        prefix: &str,
        after: Option<&str>,
        rows_max: i32,
    ) -> Result<Page, TableError> {
        let (condition, values) = prefixed(partition, prefix);
        let start = after.map(|after| Key::new(partition.to_owned(), after).attributes());
        let request = self
            .client
            .query()
            .table_name(&self.name)
            .key_condition_expression(condition)
            .set_expression_attribute_values(Some(values))
            .consistent_read(true)
            .limit(rows_max)
            .set_exclusive_start_key(start);
        let page = self.in_time(request.send()).await?.map_err(|error| TableError::from_sdk(&error))?;
        let next = page.last_evaluated_key.map(Row).map(|key| key.text("sk").map(str::to_owned));
        let rows = page.items.unwrap_or_default().into_iter().map(Row).collect();
        Ok(Page { rows, next: next.transpose()? })
    }

    /// Reads the last rows of a partition, strongly consistent, the last one first.
    pub async fn find_last(&self, partition: &str, rows_max: i32) -> Result<Vec<Row>, TableError> {
        let (condition, values) = prefixed(partition, "");
        let request = self
            .client
            .query()
            .table_name(&self.name)
            .key_condition_expression(condition)
            .set_expression_attribute_values(Some(values))
            .consistent_read(true)
            .scan_index_forward(false)
            .limit(rows_max);
        let page = self.in_time(request.send()).await?.map_err(|error| TableError::from_sdk(&error))?;
        Ok(page.items.unwrap_or_default().into_iter().map(Row).collect())
    }

    /// Reads the rows of a partition whose sort keys begin with `prefix`, in order.
    pub async fn find_all(&self, partition: &str, prefix: &str) -> Result<Vec<Row>, TableError> {
        let (condition, values) = prefixed(partition, prefix);
        self.query_all(condition, values).await
    }

    async fn query_all(&self, condition: &str, values: Attributes) -> Result<Vec<Row>, TableError> {
        let mut rows = Vec::new();
        let mut start = None;
        for _ in 0..QUERY_PAGES_MAX {
            let request = self
                .client
                .query()
                .table_name(&self.name)
                .key_condition_expression(condition)
                .set_expression_attribute_values(Some(values.clone()))
                .consistent_read(true)
                .set_exclusive_start_key(start);
            let page = self.in_time(request.send()).await?.map_err(|error| TableError::from_sdk(&error))?;
            rows.extend(page.items.unwrap_or_default().into_iter().map(Row));
            start = page.last_evaluated_key;
            if start.is_none() {
                return Ok(rows);
            }
        }
        Err(TableError::Broken(format!("over {QUERY_PAGES_MAX} pages in one partition").into()))
    }

    /// Reads the rows of a partition from one sort key to another, both included, in order.
    pub async fn find_between(
        &self,
        partition: &str,
        first: &str,
        last: &str,
    ) -> Result<Vec<Row>, TableError> {
        let values = [(":pk", partition), (":first", first), (":last", last)];
        let values = values.into_iter().map(|(name, value)| (name.to_owned(), value.into_attribute()));
        self.query_all("pk = :pk AND sk BETWEEN :first AND :last", values.collect()).await
    }

    /// Writes a row under a key that has none.
    pub async fn create(&self, row: Row) -> Result<Outcome<()>, TableError> {
        let put = self
            .client
            .put_item()
            .table_name(&self.name)
            .set_item(Some(row.0))
            .condition_expression(NOT_THERE)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        match self.retry_on_conflict(|| put.clone().send()).await? {
            Ok(_) => Ok(Outcome::Done(())),
            Err(error) => refused_or_failed(&error),
        }
    }

    /// Changes a row under a condition and returns the new row.
    pub async fn update(&self, change: Change) -> Result<Outcome<Row>, TableError> {
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
        match self.retry_on_conflict(|| update.clone().send()).await? {
            Ok(done) => Ok(Outcome::Done(Row(done.attributes.unwrap_or_default()))),
            Err(error) => refused_or_failed(&error),
        }
    }

    /// Changes a row by `count`, or by `begin_anew` if what stands there is over, as the conditions of both
    /// say too. Refused by a row that is not.
    pub async fn count(
        &self,
        count: &Change,
        begin_anew: &Change,
        is_over: impl Fn(&Row) -> bool,
    ) -> Result<Outcome<Row>, TableError> {
        for _ in 0..COUNT_ATTEMPTS_MAX {
            match self.update(count.clone()).await? {
                Outcome::Refused(Some(standing)) if is_over(&standing) => {}
                counted => return Ok(counted),
            }
            if let begun @ Outcome::Done(_) = self.update(begin_anew.clone()).await? {
                return Ok(begun);
            }
            // Begun by another caller, or by this one when an answer was lost: count again.
        }
        Err(TableError::Unavailable("the count kept changing".into()))
    }

    /// Deletes a row, if it is there.
    pub async fn delete(&self, key: &Key) -> Result<(), TableError> {
        let request = self.client.delete_item().table_name(&self.name).set_key(Some(key.attributes()));
        let deleted = self.retry_on_conflict(|| request.clone().send()).await?;
        deleted.map(|_| ()).map_err(|error| TableError::from_sdk(&error))
    }

    /// Commits a transaction. Retries conflicts and throttling inside it, which the SDK does not. A single
    /// `create` is a plain put, at half the price.
    pub async fn commit(&self, transaction: Transaction) -> Result<Committed, TableError> {
        self.commit_by(transaction, ATTEMPTS_MAX).await
    }

    /// The same, without waiting for others: in a conflict the other write comes first.
    pub async fn commit_once(&self, transaction: Transaction) -> Result<Committed, TableError> {
        self.commit_by(transaction, 1).await
    }

    async fn commit_by(&self, transaction: Transaction, attempts_max: u32) -> Result<Committed, TableError> {
        let committed = match transaction.single_create() {
            Some((guard, row)) => match self.create(row.clone()).await? {
                Outcome::Done(()) => Committed::Yes,
                Outcome::Refused(standing) => Committed::No(Refused::by(guard, standing)),
            },
            None => self.transact(&transaction, attempts_max).await?,
        };
        if matches!(committed, Committed::Yes) {
            transaction.events.into_iter().for_each(|event| metrics::count(event, self.clock.now()));
        }
        Ok(committed)
    }

    async fn transact(&self, transaction: &Transaction, attempts_max: u32) -> Result<Committed, TableError> {
        let items = transaction.items(&self.name)?;
        let started = self.clock.now();
        let mut attempt = 0;
        loop {
            let reasons = match self.send(items.clone()).await? {
                Sent::Committed => return Ok(Committed::Yes),
                Sent::Cancelled(reasons) => reasons,
            };
            if let Some(refused) = transaction.refused(&reasons) {
                return Ok(Committed::No(refused));
            }
            let codes: Vec<&str> =
                reasons.iter().filter_map(CancellationReason::code).filter(|code| *code != "None").collect();
            let source = format!("transaction cancelled: {}", codes.join(", ")).into();
            if codes.is_empty() || !codes.iter().all(|code| error::is_temporary(code)) {
                return Err(TableError::Broken(source));
            }
            if attempt + 1 >= attempts_max || !self.may_retry(attempt, started).await {
                return Err(TableError::Unavailable(source));
            }
            attempt += 1;
        }
    }

    async fn send(&self, items: Vec<TransactWriteItem>) -> Result<Sent, TableError> {
        let request = self.client.transact_write_items().set_transact_items(Some(items));
        match self.in_time(request.send()).await? {
            Ok(_) => Ok(Sent::Committed),
            Err(error) => match error.as_service_error() {
                Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) => {
                    Ok(Sent::Cancelled(cancelled.cancellation_reasons().to_vec()))
                }
                _ => Err(TableError::from_sdk(&error)),
            },
        }
    }

    /// Retries a single write that conflicts with a transaction.
    async fn retry_on_conflict<T, E: ProvideErrorMetadata, F>(
        &self,
        send: impl Fn() -> F,
    ) -> Result<Result<T, SdkError<E>>, TableError>
    where
        F: Future<Output = Result<T, SdkError<E>>>,
    {
        let started = self.clock.now();
        let mut attempt = 0;
        loop {
            let answer = self.in_time(send()).await?;
            let is_held = answer.as_ref().is_err_and(|error| error.code() == Some(CONFLICT));
            if !is_held || !self.may_retry(attempt, started).await {
                return Ok(answer);
            }
            attempt += 1;
        }
    }

    /// Backs off before a retry, with full jitter. False when attempts are used up or the deadline comes
    /// first.
    async fn may_retry(&self, attempt: u32, started: Timestamp) -> bool {
        let pause = Duration::from_millis(
            u64::from(self.random.below(u32::MAX)) % (RETRY_PAUSE_MS_MAX << attempt.min(ATTEMPTS_MAX)),
        );
        let now = self.clock.now();
        let is_late = now.duration_since(started).as_millis() > i128::from(RETRIES_MS_MAX)
            || scope::deadline().is_some_and(|deadline| self.clock.until(deadline) <= pause);
        if attempt + 1 >= ATTEMPTS_MAX || is_late {
            return false;
        }
        self.clock.sleep(pause).await;
        true
    }

    /// Gives a call up at the request's deadline, so that the function answers before Lambda kills it.
    fn in_time<T>(&self, call: impl Future<Output = T>) -> impl Future<Output = Result<T, TableError>> {
        // Boxed before another future holds it: the SDK's have 7 KB, which each caller's would hold and move.
        let call = Box::pin(call);
        async { scope::in_time(&self.clock, call).await.ok_or_else(TableError::out_of_time) }
    }
}

/// The condition of a query, and its values.
fn prefixed(partition: &str, prefix: &str) -> (&'static str, Attributes) {
    let mut values = HashMap::from([(":pk".to_owned(), partition.into_attribute())]);
    // DynamoDB refuses an empty prefix.
    if prefix.is_empty() {
        return ("pk = :pk", values);
    }
    values.insert(":prefix".to_owned(), prefix.into_attribute());
    ("pk = :pk AND begins_with(sk, :prefix)", values)
}

enum Sent {
    Committed,
    Cancelled(Vec<CancellationReason>),
}

fn refused_or_failed<T, E>(error: &SdkError<E>) -> Result<Outcome<T>, TableError>
where
    E: ProvideErrorMetadata + Conditional + std::error::Error + Send + Sync + 'static,
{
    match error.as_service_error().and_then(Conditional::failed_condition) {
        Some(failed) => Ok(Outcome::Refused(failed.item.clone().map(Row))),
        None => Err(TableError::from_sdk(error)),
    }
}

/// The error of an operation that has a condition.
trait Conditional {
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

//! The one table: its keys, its rows, and the five ways to reach them.

use std::collections::HashMap;
use std::time::Duration;

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
use domain::time::Timestamp;
use domain::{Identifier, MailId, Siret, Submission, Token};

use crate::world::Random;

/// Times a transaction is tried when another one holds its rows.
const CONFLICT_ATTEMPTS_MAX: u32 = 6;
/// The longest pause before the first new try, in milliseconds; it doubles at each.
const CONFLICT_PAUSE_MS_MAX: u64 = 20;
/// Pages of one query that are read before we say that something is wrong.
const QUERY_PAGES_MAX: usize = 10;

/// The attributes of one item.
type Attributes = HashMap<String, AttributeValue>;

/// Where a row stands: partition and sort key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    pk: String,
    sk: String,
}

impl Key {
    fn new(pk: String, sk: impl Into<String>) -> Self {
        Self { pk, sk: sk.into() }
    }

    /// The establishment, once an account is active for it.
    #[must_use]
    pub fn establishment(siret: &Siret) -> Self {
        Self::new(format!("SIRET#{siret}"), "ESTABLISHMENT")
    }

    /// A member of the establishment.
    #[must_use]
    pub fn member(siret: &Siret, identifier: &Identifier) -> Self {
        Self::new(format!("SIRET#{siret}"), format!("{}{identifier}", Self::MEMBERS))
    }

    /// What the sort keys of an establishment's members begin with.
    pub const MEMBERS: &str = "MEMBER#";

    /// The account.
    #[must_use]
    pub fn account(identifier: &Identifier) -> Self {
        Self::new(format!("ACCOUNT#{identifier}"), "ACCOUNT")
    }

    /// The link of a token, by its hash.
    #[must_use]
    pub fn link(token: &Token) -> Self {
        Self::new(format!("LINK#{}", token.key()), "LINK")
    }

    /// A proof that has served, by its signature.
    #[must_use]
    pub fn proof(signature: &str) -> Self {
        Self::new(format!("PROOF#{signature}"), "PROOF")
    }

    /// The session of a cookie's token, by its hash.
    #[must_use]
    pub fn session(token: &Token) -> Self {
        Self::new(format!("SESSION#{}", token.key()), "SESSION")
    }

    /// The count of failed logins on an identifier.
    #[must_use]
    pub fn attempts(identifier: &Identifier) -> Self {
        Self::new(format!("ATTEMPTS#{identifier}"), "ATTEMPTS")
    }

    /// The recovery mails lately sent to an address, by a keyed hash of it.
    #[must_use]
    pub fn recovery_quota(address_fingerprint: &str) -> Self {
        Self::new(format!("QUOTA#{address_fingerprint}"), "QUOTA")
    }

    /// The partition of all notices.
    pub const NOTICES: &str = "NOTICE";

    /// A ticket.
    #[must_use]
    pub fn ticket(reference: &str) -> Self {
        Self::new(format!("TICKET#{reference}"), "TICKET")
    }

    /// The ticket that a sending of the form became.
    #[must_use]
    pub fn submission(submission: &Submission) -> Self {
        Self::new(format!("SUBMISSION#{submission}"), "SUBMISSION")
    }

    /// A mail of the outbox.
    #[must_use]
    pub fn mail(id: MailId) -> Self {
        Self::new(format!("MAIL#{id}"), "MAIL")
    }

    /// A row that does not exist, for a read that warms the connection.
    #[must_use]
    pub fn warm_up() -> Self {
        Self::new("WARMUP".to_owned(), "WARMUP")
    }

    fn attributes(&self) -> Attributes {
        HashMap::from([
            ("pk".to_owned(), AttributeValue::S(self.pk.clone())),
            ("sk".to_owned(), AttributeValue::S(self.sk.clone())),
        ])
    }
}

/// A value on its way into a row.
pub trait IntoAttribute {
    /// As DynamoDB keeps it.
    fn into_attribute(self) -> AttributeValue;
}

impl IntoAttribute for &str {
    fn into_attribute(self) -> AttributeValue {
        AttributeValue::S(self.to_owned())
    }
}

impl IntoAttribute for String {
    fn into_attribute(self) -> AttributeValue {
        AttributeValue::S(self)
    }
}

impl IntoAttribute for u64 {
    fn into_attribute(self) -> AttributeValue {
        AttributeValue::N(self.to_string())
    }
}

impl IntoAttribute for bool {
    fn into_attribute(self) -> AttributeValue {
        AttributeValue::Bool(self)
    }
}

impl IntoAttribute for Timestamp {
    /// Epoch seconds: what TTL reads.
    fn into_attribute(self) -> AttributeValue {
        AttributeValue::N(self.as_second().to_string())
    }
}

/// A set of strings, to be added to one that stands.
#[derive(Debug)]
pub struct StringSet(pub Vec<String>);

impl IntoAttribute for StringSet {
    fn into_attribute(self) -> AttributeValue {
        AttributeValue::Ss(self.0)
    }
}

/// One row, read or to be written.
#[derive(Debug, Clone)]
pub struct Row(Attributes);

impl Row {
    /// A row with its key only.
    #[must_use]
    pub fn new(key: &Key) -> Self {
        Self(key.attributes())
    }

    /// With one attribute more.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl IntoAttribute) -> Self {
        self.0.insert(name.to_owned(), value.into_attribute());
        self
    }

    /// A text that must be there.
    ///
    /// # Errors
    /// `Failure::Broken` when it is not: the row is not one of ours.
    pub fn text(&self, name: &'static str) -> Result<&str, Failure> {
        self.find_text(name).ok_or(Failure::corrupt(name))
    }

    /// A text that may be there.
    #[must_use]
    pub fn find_text(&self, name: &str) -> Option<&str> {
        self.0.get(name)?.as_s().ok().map(String::as_str)
    }

    /// A text that must be there and that `parse` must take.
    ///
    /// # Errors
    /// `Failure::Broken`.
    pub fn parsed<T, E>(
        &self,
        name: &'static str,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Result<T, Failure> {
        parse(self.text(name)?).map_err(|_| Failure::corrupt(name))
    }

    /// A number that must be there.
    ///
    /// # Errors
    /// `Failure::Broken`.
    pub fn number(&self, name: &'static str) -> Result<u64, Failure> {
        let number = self.0.get(name).and_then(|value| value.as_n().ok()?.parse().ok());
        number.ok_or(Failure::corrupt(name))
    }

    /// A moment that must be there.
    ///
    /// # Errors
    /// `Failure::Broken`.
    pub fn moment(&self, name: &'static str) -> Result<Timestamp, Failure> {
        self.find_moment(name).ok_or(Failure::corrupt(name))
    }

    /// A moment that may be there.
    #[must_use]
    pub fn find_moment(&self, name: &str) -> Option<Timestamp> {
        let seconds = self.0.get(name)?.as_n().ok()?.parse().ok()?;
        Timestamp::from_second(seconds).ok()
    }

    /// A flag; absent is false.
    #[must_use]
    pub fn is(&self, name: &str) -> bool {
        self.0.get(name).and_then(|value| value.as_bool().ok()).copied().unwrap_or(false)
    }
}

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
        let mut rows = Vec::new();
        let mut start = None;
        for _ in 0..QUERY_PAGES_MAX {
            let page = self
                .client
                .query()
                .table_name(&self.name)
                .key_condition_expression("pk = :pk AND begins_with(sk, :prefix)")
                .expression_attribute_values(":pk", partition.into_attribute())
                .expression_attribute_values(":prefix", prefix.into_attribute())
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
        match put.send().await {
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
        match update.send().await {
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
        request.send().await.map(|_| ()).map_err(|error| Failure::from_sdk(&error))
    }

    /// Writes all or nothing. A conflict with another transaction on the same rows is tried again,
    /// after a pause of its own, a bounded number of times.
    ///
    /// # Errors
    /// `Failure` when the table cannot be written.
    pub async fn transact(&self, writes: Vec<Write>) -> Result<Committed, Failure> {
        let items: Vec<_> = writes.into_iter().map(|write| self.item(write)).collect::<Result<_, _>>()?;
        for attempt in 0..CONFLICT_ATTEMPTS_MAX {
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
            tokio::time::sleep(self.pause(attempt)).await;
        }
        Err(Failure::Unavailable("transaction conflicts did not end".into()))
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

/// What an error may be made of.
pub type Source = Box<dyn std::error::Error + Send + Sync>;

/// The table could not do what was asked, through no fault of the asker.
#[derive(Debug)]
pub enum Failure {
    /// For now: throttled, timed out, unreachable. Asking again later helps.
    Unavailable(Source),
    /// Until somebody mends it: no such table, no permission, a row that is not ours.
    Broken(Source),
}

/// What DynamoDB says when it would take the request later.
const PASSING: [&str; 9] = [
    "ProvisionedThroughputExceededException",
    "ProvisionedThroughputExceeded",
    "RequestLimitExceeded",
    "ThrottlingException",
    "ThrottlingError",
    "TransactionInProgressException",
    "TransactionConflictException",
    "InternalServerError",
    "ServiceUnavailable",
];

impl Failure {
    fn corrupt(name: &'static str) -> Self {
        Self::Broken(format!("attribute `{name}` is missing or of another type").into())
    }

    fn from_cancelled<'a>(codes: impl Iterator<Item = &'a str>) -> Self {
        let codes: Vec<&str> = codes.filter(|code| *code != "None").collect();
        let source = format!("transaction cancelled: {}", codes.join(", ")).into();
        if !codes.is_empty() && codes.iter().all(|code| PASSING.contains(code)) {
            Self::Unavailable(source)
        } else {
            Self::Broken(source)
        }
    }

    fn from_sdk<E>(error: &SdkError<E>) -> Self
    where
        E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
    {
        let is_passing = match error {
            SdkError::ServiceError(service) => {
                service.raw().status().as_u16() >= 500
                    || service.err().code().is_some_and(|code| PASSING.contains(&code))
            }
            SdkError::ConstructionFailure(_) => false,
            _ => true,
        };
        // The SDK's own words may repeat the request: only the code goes on.
        let source = match error {
            SdkError::ServiceError(service) => service.err().code().unwrap_or("no code").to_owned(),
            other => other.to_string(),
        };
        if is_passing { Self::Unavailable(source.into()) } else { Self::Broken(source.into()) }
    }
}

impl From<aws_sdk_dynamodb::error::BuildError> for Failure {
    fn from(error: aws_sdk_dynamodb::error::BuildError) -> Self {
        Self::Broken(error.into())
    }
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Unavailable(source) => write!(f, "table unavailable: {source}"),
            Self::Broken(source) => write!(f, "table broken: {source}"),
        }
    }
}

impl std::error::Error for Failure {}

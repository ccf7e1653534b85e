//! DynamoDB on one machine: an embedded database, in process and over HTTP.

use std::collections::HashMap;
use std::fmt;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use aws_sdk_dynamodb::config::{Builder, Region};
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, SharedHttpClient, SharedHttpConnector, http_client_fn,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::body::SdkBody;
use domain::MailId;
use domain::mail::Lane;
use dynoxide::actions::batch_get_item::BatchGetItemRequest;
use dynoxide::actions::delete_item::DeleteItemRequest;
use dynoxide::actions::get_item::GetItemRequest;
use dynoxide::actions::put_item::PutItemRequest;
use dynoxide::actions::query::QueryRequest;
use dynoxide::actions::scan::ScanRequest;
use dynoxide::actions::transact_write_items::{TransactWriteItem, TransactWriteItemsRequest};
use dynoxide::actions::update_item::UpdateItemRequest;
use dynoxide::storage_backend::Clock as DatabaseClock;
use dynoxide::{AttributeValue, Database, DynoxideError};
use platform::clock::Clock;
use platform::function::Operation;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::grants::Caller;

pub const TABLE: &str = "sesame";
const FILE: &str = "table.sqlite";
/// Rows of one page of a scan. Without a limit the database reads every row that is left, for each page of
/// a megabyte.
pub const SCAN_PAGE_ROWS: usize = 1_000;
/// Between two pages, so that who waits for the database gets it: its lock is not fair.
const SCAN_PAUSE: Duration = Duration::from_millis(1);
const TARGET_PREFIX: &str = "DynamoDB_20120810.";

/// An answer of an emulated service.
#[derive(Debug)]
pub struct ServiceResponse {
    pub status: u16,
    pub body: String,
}

impl ServiceResponse {
    #[must_use]
    pub fn ok(body: String) -> Self {
        Self { status: 200, body }
    }
}

/// A queued mail and its lane.
pub type QueuedMail = (MailId, Lane);

/// Called for each mail that was committed to the outbox.
pub type OnMail = Arc<dyn Fn(QueuedMail) + Send + Sync>;

/// The part of DynamoDB that Sésame and the AWS CLI need.
#[derive(Clone)]
pub struct Emulator {
    database: Database,
    on_mail: OnMail,
}

impl Emulator {
    /// A database in memory; rows expire by this clock.
    pub fn in_memory(clock: &Clock, on_mail: OnMail) -> Result<Self, DynoxideError> {
        let clock = Arc::new(SweepClock(clock.clone()));
        Self::new(Database::memory_with_clock(clock)?, on_mail)
    }

    /// The database of a data folder, made if it is missing.
    pub fn in_folder(folder: &Path, on_mail: OnMail) -> Result<Self, DynoxideError> {
        let database = Database::new(&folder.join(FILE).to_string_lossy())?;
        // Leaves SQLite at `synchronous = NORMAL`: in WAL mode a killed process loses nothing, and a commit
        // costs a third of one at `FULL`.
        database.enable_bulk_loading()?;
        database.disable_bulk_loading()?;
        Self::new(database, on_mail)
    }

    fn new(database: Database, on_mail: OnMail) -> Result<Self, DynoxideError> {
        if database.get_table_metadata(TABLE)?.is_none() {
            database.create_table(request(table_definition())?)?;
            let ttl = json!({"Enabled": true, "AttributeName": "expires_at"});
            database
                .update_time_to_live(request(json!({"TableName": TABLE, "TimeToLiveSpecification": ttl}))?)?;
        }
        Ok(Self { database, on_mail })
    }

    /// Answers a request; `target` is its `X-Amz-Target`.
    #[must_use]
    pub fn answer(&self, caller: &Caller, target: &str, body: &[u8]) -> ServiceResponse {
        let operation = target.strip_prefix(TARGET_PREFIX).unwrap_or("");
        match self.dispatch(caller, operation, body) {
            Ok(body) => ServiceResponse::ok(body),
            Err(error) => ServiceResponse { status: error.status_code(), body: error.to_json() },
        }
    }

    fn dispatch(&self, caller: &Caller, operation: &str, body: &[u8]) -> Result<String, DynoxideError> {
        let db = &self.database;
        match operation {
            "TransactWriteItems" => self.transact(caller, read(body)?),
            "GetItem" => {
                let request: GetItemRequest = read(body)?;
                caller.check(Operation::GetItem, &request.key)?;
                written(&db.get_item(request)?)
            }
            "BatchGetItem" => {
                let request: BatchGetItemRequest = read(body)?;
                for key in request.request_items.values().flat_map(|asked| &asked.keys) {
                    caller.check(Operation::BatchGetItem, key)?;
                }
                written(&db.batch_get_item(request)?)
            }
            "PutItem" => {
                let request: PutItemRequest = read(body)?;
                caller.check(Operation::PutItem, &request.item)?;
                let mail = queued_mail(&request.item);
                let body = written(&db.put_item(request)?)?;
                mail.into_iter().for_each(|mail| (self.on_mail)(mail));
                Ok(body)
            }
            "UpdateItem" => {
                let request: UpdateItemRequest = read(body)?;
                caller.check(Operation::UpdateItem, &request.key)?;
                written(&db.update_item(request)?)
            }
            "DeleteItem" => {
                let request: DeleteItemRequest = read(body)?;
                caller.check(Operation::DeleteItem, &request.key)?;
                written(&db.delete_item(request)?)
            }
            "Query" => {
                let request: QueryRequest = read(body)?;
                caller.check_partition(Operation::Query, partition_of(&request))?;
                written(&db.query(request)?)
            }
            _ => {
                caller.check_operator(operation)?;
                self.operate(operation, body)
            }
        }
    }

    /// Operations of operators and their tools.
    fn operate(&self, operation: &str, body: &[u8]) -> Result<String, DynoxideError> {
        let db = &self.database;
        match operation {
            "Scan" => written(&db.scan(read(body)?)?),
            "BatchWriteItem" => written(&db.batch_write_item(read(body)?)?),
            "TransactGetItems" => written(&db.transact_get_items(read(body)?)?),
            "CreateTable" => written(&db.create_table(read(body)?)?),
            "DescribeTable" => written(&db.describe_table(read(body)?)?),
            "DeleteTable" => written(&db.delete_table(read(body)?)?),
            "ListTables" => written(&db.list_tables(read(body)?)?),
            "UpdateTimeToLive" => written(&db.update_time_to_live(read(body)?)?),
            "DescribeTimeToLive" => written(&db.describe_time_to_live(read(body)?)?),
            _ => Err(DynoxideError::ValidationException(format!("no operation {operation:?} here"))),
        }
    }

    /// Commits a transaction, and calls `on_mail` for the mails that it put into the outbox.
    fn transact(
        &self,
        caller: &Caller,
        mut request: TransactWriteItemsRequest,
    ) -> Result<String, DynoxideError> {
        for write in &request.transact_items {
            check_write(caller, write)?;
        }
        // The SDK adds a token to every call, and the database scans those of the last ten minutes at each.
        // Proofs make requests idempotent: the token is not needed.
        request.client_request_token = None;
        let puts = request.transact_items.iter().filter_map(|write| write.put.as_ref());
        let mails: Vec<QueuedMail> = puts.filter_map(|put| queued_mail(&put.item)).collect();
        let body = written(&self.database.transact_write_items(request)?)?;
        mails.into_iter().for_each(|mail| (self.on_mail)(mail));
        Ok(body)
    }

    /// Every unsent mail. Scans the table: for the start only, on a thread of its own.
    pub fn mails_due(&self) -> Result<Vec<QueuedMail>, DynoxideError> {
        let mut due = Vec::new();
        let mut start = None;
        loop {
            let mut scan: ScanRequest = request(json!({
                "TableName": TABLE,
                "Limit": SCAN_PAGE_ROWS,
                "FilterExpression": "mail_state IN (:queued, :sending)",
                "ProjectionExpression": "pk, lane",
                "ExpressionAttributeValues": {":queued": {"S": "queued"}, ":sending": {"S": "sending"}},
            }))?;
            scan.exclusive_start_key = start;
            let page = self.database.scan(scan)?;
            due.extend(page.items.iter().flatten().filter_map(queued_mail));
            start = page.last_evaluated_key;
            if start.is_none() {
                return Ok(due);
            }
            thread::sleep(SCAN_PAUSE);
        }
    }

    /// Deletes expired rows. Returns their number.
    pub fn sweep(&self) -> Result<usize, DynoxideError> {
        self.database.sweep_ttl()
    }
}

fn check_write(caller: &Caller, write: &TransactWriteItem) -> Result<(), DynoxideError> {
    match write {
        TransactWriteItem { put: Some(put), .. } => caller.check(Operation::PutItem, &put.item),
        TransactWriteItem { update: Some(update), .. } => caller.check(Operation::UpdateItem, &update.key),
        TransactWriteItem { delete: Some(delete), .. } => caller.check(Operation::DeleteItem, &delete.key),
        TransactWriteItem { condition_check: Some(check), .. } => {
            caller.check(Operation::ConditionCheckItem, &check.key)
        }
        // The database refuses it.
        _ => Ok(()),
    }
}

/// The partition of a query: the value of its condition `pk = :name`.
fn partition_of(request: &QueryRequest) -> Option<&AttributeValue> {
    let (_, rest) = request.key_condition_expression.as_deref()?.split_once("pk = ")?;
    request.expression_attribute_values.as_ref()?.get(rest.split_whitespace().next()?)
}

/// The mail of an outbox row.
fn queued_mail(item: &HashMap<String, AttributeValue>) -> Option<QueuedMail> {
    let (Some(AttributeValue::S(pk)), Some(AttributeValue::S(lane))) = (item.get("pk"), item.get("lane"))
    else {
        return None;
    };
    let lane = Lane::ALL.into_iter().find(|known| known.as_str() == lane)?;
    Some((MailId::parse(pk.strip_prefix("MAIL#")?)?, lane))
}

/// The way to a service and back, awaited before a call arrives and before its answer does.
pub type Transit = Arc<dyn Fn() -> Pin<Box<dyn Future<Output = ()> + Send>> + Send + Sync>;

/// An SDK client whose requests are answered by a function, without socket or TLS. Tests lose, delay or
/// repeat answers there. Without a transit no time passes.
pub fn client(
    transit: Option<Transit>,
    answer: impl Fn(&str, &[u8]) -> Result<ServiceResponse, ConnectorError> + Send + Sync + 'static,
) -> aws_sdk_dynamodb::Client {
    let answered = move |request: &HttpRequest| {
        let target = request.headers().get("x-amz-target").unwrap_or("");
        answer(target, request.body().bytes().unwrap_or_default())
    };
    let config = local_config().endpoint_url("http://localhost").http_client(in_process(transit, answered));
    aws_sdk_dynamodb::Client::from_conf(config.build())
}

/// An SDK client of the table that a running portal serves on its port.
#[must_use]
pub fn client_at(portal: &str) -> aws_sdk_dynamodb::Client {
    aws_sdk_dynamodb::Client::from_conf(local_config().endpoint_url(portal).build())
}

/// As on AWS, without signatures.
fn local_config() -> Builder {
    platform::boot::dynamodb_config().region(Region::from_static("local")).allow_no_auth()
}

/// An HTTP client of the SDK that is a function.
pub fn in_process(
    transit: Option<Transit>,
    answer: impl Fn(&HttpRequest) -> Result<ServiceResponse, ConnectorError> + Send + Sync + 'static,
) -> SharedHttpClient {
    let connector = SharedHttpConnector::new(Function { transit, answer: Arc::new(answer) });
    http_client_fn(move |_, _| connector.clone())
}

type AnswerFn = dyn Fn(&HttpRequest) -> Result<ServiceResponse, ConnectorError> + Send + Sync;

struct Function {
    transit: Option<Transit>,
    answer: Arc<AnswerFn>,
}

impl fmt::Debug for Function {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Function")
    }
}

impl HttpConnector for Function {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let Some(transit) = self.transit.clone() else {
            return HttpConnectorFuture::ready((self.answer)(&request).and_then(http_response));
        };
        let answer = self.answer.clone();
        HttpConnectorFuture::new(async move {
            transit().await;
            let answered = answer(&request);
            transit().await;
            answered.and_then(http_response)
        })
    }
}

fn http_response(answer: ServiceResponse) -> Result<HttpResponse, ConnectorError> {
    let status = answer.status.try_into().map_err(|error| ConnectorError::other(Box::new(error), None))?;
    Ok(HttpResponse::new(status, SdkBody::from(answer.body)))
}

struct SweepClock(Clock);

impl DatabaseClock for SweepClock {
    fn now_unix_secs(&self) -> u64 {
        u64::try_from(self.0.now().as_second()).unwrap_or(0)
    }

    fn now_unix_secs_f64(&self) -> f64 {
        self.0.now().as_duration().as_secs_f64()
    }
}

fn table_definition() -> Value {
    json!({
        "TableName": TABLE,
        "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [
            {"AttributeName": "pk", "AttributeType": "S"},
            {"AttributeName": "sk", "AttributeType": "S"},
        ],
        "KeySchema": [
            {"AttributeName": "pk", "KeyType": "HASH"},
            {"AttributeName": "sk", "KeyType": "RANGE"},
        ],
    })
}

fn request<T: DeserializeOwned>(body: Value) -> Result<T, DynoxideError> {
    serde_json::from_value(body).map_err(unreadable)
}

fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, DynoxideError> {
    serde_json::from_slice(body).map_err(unreadable)
}

fn written(response: &impl Serialize) -> Result<String, DynoxideError> {
    serde_json::to_string(response).map_err(|error| DynoxideError::InternalServerError(error.to_string()))
}

#[expect(clippy::needless_pass_by_value, reason = "the shape of `map_err`")]
fn unreadable(error: serde_json::Error) -> DynoxideError {
    DynoxideError::SerializationException(error.to_string())
}

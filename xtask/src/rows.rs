//! Rows of the table as an operator reads and changes them: at the portal of this machine, or on AWS.

use std::collections::{BTreeMap, HashMap};

use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::{Value, json};

use crate::deploy::environment::Environment;
use crate::deploy::stack::Stack;
use crate::tools::Tools;
use crate::{Error, notice};

const CONDITION: &str = "pk = :pk AND sk BETWEEN :first AND :last";
const BEGINS: &str = "begins_with(pk, :prefix)";

/// Rows of a partition whose sort keys are between these, as the AWS command line prints them: on one machine
/// without an environment.
pub fn find(
    environment: Option<&str>,
    partition: &str,
    (first, last): (&str, &str),
) -> Result<Vec<Value>, Error> {
    let values = [(":pk", partition), (":first", first), (":last", last)];
    match environment {
        None => local(values),
        Some(environment) => on_aws(environment, values),
    }
}

fn local(values: [(&str, &str); 3]) -> Result<Vec<Value>, Error> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let (client, table) = notice::table()?;
    let asked = client.query().table_name(table).key_condition_expression(CONDITION);
    let asked = values.into_iter().fold(asked, |asked, (name, value)| {
        asked.expression_attribute_values(name, AttributeValue::S(value.to_owned()))
    });
    let found = runtime.block_on(asked.send())?.items.unwrap_or_default();
    Ok(found.into_iter().map(printed).collect())
}

/// The texts and numbers of a row.
fn printed(row: HashMap<String, AttributeValue>) -> Value {
    let attributes = row.into_iter().filter_map(|(name, value)| match value {
        AttributeValue::S(text) => Some((name, json!({"S": text}))),
        AttributeValue::N(number) => Some((name, json!({"N": number}))),
        _ => None,
    });
    Value::Object(attributes.collect())
}

fn on_aws(environment: &str, values: [(&str, &str); 3]) -> Result<Vec<Value>, Error> {
    let values: Value =
        values.into_iter().map(|(name, value)| (name.to_owned(), json!({"S": value}))).collect();
    let values = values.to_string();
    let asked = ["--key-condition-expression", CONDITION, "--expression-attribute-values", &values];
    listed(&ask_aws(environment, "query", &asked)?)
}

/// The answer of the table of an environment.
fn ask_aws(environment: &str, operation: &str, arguments: &[&str]) -> Result<Value, Error> {
    let tools = Tools::find()?;
    let environment = Environment::find(&tools, environment)?;
    let stack = Stack::of(&tools, &environment);
    let described = stack.describe()?.ok_or("there is no such stack")?;
    let table = described.output("TableName")?;
    stack.aws(&[&["dynamodb", operation, "--table-name", table][..], arguments].concat())
}

fn listed(found: &Value) -> Result<Vec<Value>, Error> {
    Ok(found["Items"].as_array().cloned().unwrap_or_default())
}

/// Every row whose partition begins so. It reads the whole table: for who wants a list now and then.
pub fn scan(environment: Option<&str>, prefix: &str) -> Result<Vec<Value>, Error> {
    let Some(environment) = environment else { return scan_local(prefix) };
    let values = json!({":prefix": {"S": prefix}}).to_string();
    let asked = ["--filter-expression", BEGINS, "--expression-attribute-values", &values];
    listed(&ask_aws(environment, "scan", &asked)?)
}

fn scan_local(prefix: &str) -> Result<Vec<Value>, Error> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let (client, table) = notice::table()?;
    let mut rows = Vec::new();
    let mut start = None;
    loop {
        let asked = client.scan().table_name(&table).filter_expression(BEGINS);
        let asked = asked.expression_attribute_values(":prefix", AttributeValue::S(prefix.to_owned()));
        let page = runtime.block_on(asked.set_exclusive_start_key(start).send())?;
        rows.extend(page.items.unwrap_or_default().into_iter().map(printed));
        start = page.last_evaluated_key;
        if start.is_none() {
            return Ok(rows);
        }
    }
}

/// A change of one row.
pub struct Written {
    pub pk: String,
    pub sk: String,
    pub update: &'static str,
    pub condition: Option<&'static str>,
    /// As the AWS command line takes them: `{"S": …}` or `{"N": …}`.
    pub values: BTreeMap<&'static str, Value>,
}

/// Changes a row. False when its condition does not hold.
pub fn update(environment: Option<&str>, written: &Written) -> Result<bool, Error> {
    let Some(environment) = environment else { return update_local(written) };
    let key = json!({"pk": {"S": written.pk}, "sk": {"S": written.sk}}).to_string();
    let values = json!(written.values).to_string();
    let mut asked = vec!["--key", &*key, "--update-expression", written.update];
    asked.extend(["--expression-attribute-values", &values]);
    if let Some(condition) = written.condition {
        asked.extend(["--condition-expression", condition]);
    }
    match ask_aws(environment, "update-item", &asked) {
        Err(error) if error.to_string().contains("ConditionalCheckFailed") => Ok(false),
        Err(error) => Err(error),
        Ok(_) => Ok(true),
    }
}

fn update_local(written: &Written) -> Result<bool, Error> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let (client, table) = notice::table()?;
    let mut asked = client
        .update_item()
        .table_name(table)
        .key("pk", AttributeValue::S(written.pk.clone()))
        .key("sk", AttributeValue::S(written.sk.clone()))
        .update_expression(written.update)
        .set_condition_expression(written.condition.map(str::to_owned));
    for (name, value) in &written.values {
        let text = |kind: &str| value[kind].as_str().map(str::to_owned);
        let number = text("N").map(AttributeValue::N);
        let value = number.or_else(|| text("S").map(AttributeValue::S)).ok_or("neither text nor number")?;
        asked = asked.expression_attribute_values(*name, value);
    }
    match runtime.block_on(asked.send()) {
        Ok(_) => Ok(true),
        Err(error) => match error.as_service_error() {
            Some(UpdateItemError::ConditionalCheckFailedException(_)) => Ok(false),
            _ => Err(error.into()),
        },
    }
}

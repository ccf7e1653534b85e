//! Rows of the table as an operator reads them: at the portal of this machine, or on AWS.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::{Value, json};

use crate::deploy::environment::Environment;
use crate::deploy::stack::Stack;
use crate::tools::Tools;
use crate::{Error, notice};

const CONDITION: &str = "pk = :pk AND sk BETWEEN :first AND :last";

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
    let tools = Tools::find()?;
    let environment = Environment::find(&tools, environment)?;
    let stack = Stack::of(&tools, &environment);
    let described = stack.describe()?.ok_or("there is no such stack")?;
    let values: Value =
        values.into_iter().map(|(name, value)| (name.to_owned(), json!({"S": value}))).collect();
    let (table, values) = (described.output("TableName")?, values.to_string());
    let asked = ["dynamodb", "query", "--table-name", table, "--key-condition-expression", CONDITION];
    let found = stack.aws(&[&asked[..], &["--expression-attribute-values", &values]].concat())?;
    Ok(found["Items"].as_array().cloned().unwrap_or_default())
}

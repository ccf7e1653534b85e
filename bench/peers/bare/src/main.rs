//! `lambda_http`, a DynamoDB client, and the two calls of `check-siret`: no rule, no proof, no log.

use std::env;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::{BehaviorVersion, Builder, Credentials, Region};
use aws_sdk_dynamodb::types::AttributeValue;
use lambda_http::{Body, Error, Request, Response, service_fn};
use serde_json::{Value, json};

/// As long as the signature by which a proof is known.
const PROOF_ID_LENGTH: usize = 64;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let (client, table) = (&client()?, &*env::var("SESAME_TABLE")?);
    lambda_http::run(service_fn(|request: Request| handle(client, table, request))).await
}

fn client() -> Result<Client, Error> {
    let (key, secret) = (env::var("AWS_ACCESS_KEY_ID")?, env::var("AWS_SECRET_ACCESS_KEY")?);
    let credentials = Credentials::new(key, secret, env::var("AWS_SESSION_TOKEN").ok(), None, "environment");
    let mut config = Builder::new()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(env::var("AWS_REGION")?))
        .credentials_provider(credentials);
    config.set_endpoint_url(env::var("AWS_ENDPOINT_URL").ok());
    Ok(Client::from_conf(config.build()))
}

async fn handle(client: &Client, table: &str, request: Request) -> Result<Response<Body>, Error> {
    let form: Value = serde_json::from_slice(request.body())?;
    let (siret, proof) = (form["siret"].as_str().unwrap_or(""), form["proof"].as_str().unwrap_or(""));
    let text = |value: &str| AttributeValue::S(value.to_owned());
    let find = client
        .get_item()
        .table_name(table)
        .key("pk", text(&format!("SIRET#{siret}")))
        .key("sk", text("ESTABLISHMENT"))
        .consistent_read(true);
    let spend = client
        .put_item()
        .table_name(table)
        .item("pk", text(&format!("PROOF#{}", proof.get(..PROOF_ID_LENGTH).unwrap_or(proof))))
        .item("sk", text("PROOF"))
        .condition_expression("attribute_not_exists(pk)");
    let (found, _) = tokio::try_join!(async { find.send().await.map_err(Error::from) }, async {
        spend.send().await.map_err(Error::from)
    })?;
    let account = if found.item.is_some() { "exists" } else { "none" };
    let body = json!({"siret": siret, "account": account}).to_string();
    Ok(Response::builder().header("content-type", "application/json").body(body.into())?)
}

//! Boot: settings from the environment and clients, made once, before the first request.

use std::env;
use std::fmt;

use aws_sdk_dynamodb::config::timeout::TimeoutConfig;
use aws_sdk_dynamodb::config::{BehaviorVersion, Builder, Credentials, Region};
use aws_sdk_dynamodb::{Client, Config as ClientConfig};
use aws_smithy_http_client::Connector;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore};
use aws_smithy_runtime_api::client::http::{SharedHttpClient, SharedHttpConnector, http_client_fn};
use domain::succession::{SUCCESSION_DAYS, SUCCESSION_DAYS_MAX};
use domain::time::{SignedDuration, Timestamp};
use domain::{Network, SecretKey};
use http::HeaderValue;
use http::header::HOST;
use lambda_http::aws_lambda_events::apigw::ApiGatewayV2httpRequest;
use lambda_http::request::{LambdaRequest, RequestContext};
use lambda_http::tower::ServiceBuilder;
use lambda_http::{Adapter, LambdaEvent, RequestExt, service_fn};
use std::sync::OnceLock;
use std::time::Duration;
use url::Url;

use crate::clock::Clock;
use crate::config::{Config, DeskConfig, Extranet, Keys, LoginProof, ProviderConfig};
use crate::function::{Function, Secret, Share};
use crate::http::respond;
use crate::outside::Outside;
use crate::passwords::Hashing;
use crate::proofs::{PROOF_COUNTER_MAX, PROOF_COUNTER_MIN};
use crate::random::Random;
use crate::table::{Key, Table};
use crate::telemetry::Ids;
use crate::{Platform, metrics, outside, telemetry};

/// Default of `SESAME_PROOF_COUNTER`: about one second in a browser.
pub const PROOF_COUNTER_DEFAULT: u32 = 1_000;
/// Timeout of one call of the table, the SDK's retries included.
const CALL_MS_MAX: u64 = 4_000;
/// Timeout of one attempt of it.
const CALL_ATTEMPT_MS_MAX: u64 = 1_500;
/// The margin between an invocation's deadline and Lambda's timeout.
const ANSWER_TIME_MAX: SignedDuration = SignedDuration::from_secs(1);
/// The header of the scheme by which a client came.
const FORWARDED_PROTO: &str = "x-forwarded-proto";

/// Why a function could not start.
pub type BootError = lambda_http::Error;

/// A setting that is missing or wrong, by its name.
#[derive(Debug)]
struct BadSetting {
    name: &'static str,
    wanted: &'static str,
}

impl fmt::Display for BadSetting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "set {} to {}", self.name, self.wanted)
    }
}

impl std::error::Error for BadSetting {}

/// Serves a function of HTTP routes on Lambda until the environment is shut down.
pub fn serve(function: &'static Function) -> Result<(), BootError> {
    block_on(async { answer(function, &start(function).await?).await })
}

/// The same with a platform that was made for the function.
pub async fn answer(function: &'static Function, platform: &Platform) -> Result<(), BootError> {
    let service = service_fn(|request: lambda_http::Request| async move {
        let ids = ids_of(&request);
        Ok::<_, BootError>(respond(function, platform, &ids, request).await)
    });
    let with_readable =
        |event: LambdaEvent<LambdaRequest>| LambdaEvent::new(readable(event.payload), event.context);
    let service = ServiceBuilder::new().map_request(with_readable).service(Adapter::from(service));
    lambda_http::lambda_runtime::run(service).await
}

/// Lambda's id of the invocation, and the API's id of the request.
fn ids_of(request: &lambda_http::Request) -> Ids {
    let function_request_id =
        request.lambda_context_ref().map(|context| context.request_id.clone()).unwrap_or_default();
    let correlation_id = match request.request_context_ref() {
        Some(RequestContext::ApiGatewayV2(context)) => context.request_id.clone(),
        _ => None,
    };
    Ids { correlation_id: correlation_id.unwrap_or_else(|| function_request_id.clone()), function_request_id }
}

/// Drops query, scheme and host of an event when they make no URI: `lambda_http` takes for granted that they
/// do, and panics.
#[must_use]
pub fn readable(mut event: LambdaRequest) -> LambdaRequest {
    if let LambdaRequest::ApiGatewayV2(request) = &mut event {
        let drops: [fn(&mut ApiGatewayV2httpRequest); 3] = [
            |request| request.raw_query_string = None,
            |request| drop(request.headers.remove(FORWARDED_PROTO)),
            |request| drop(request.headers.remove(HOST)),
        ];
        for drop_part in drops {
            if !makes_uri(request) {
                drop_part(request);
            }
        }
    }
    event
}

/// Whether `lambda_http` will make a URI of it.
fn makes_uri(request: &ApiGatewayV2httpRequest) -> bool {
    let header = |name| request.headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    let host = header(HOST.as_str()).or(request.request_context.domain_name.as_deref()).unwrap_or_default();
    let scheme = header(FORWARDED_PROTO).unwrap_or("https");
    let path = request.raw_path.as_deref().unwrap_or_default();
    let query = request.raw_query_string.as_deref().unwrap_or_default();
    let url = Url::parse(&format!("{scheme}://{host}{path}"));
    url.is_ok_and(|url| format!("{url}?{query}").parse::<http::Uri>().is_ok())
}

/// An invocation of a function that no request calls.
#[derive(Debug, Clone)]
pub struct Invocation {
    pub request_id: String,
    /// No call begins after it.
    pub deadline: Timestamp,
}

impl From<lambda_http::Context> for Invocation {
    fn from(context: lambda_http::Context) -> Self {
        let end = i64::try_from(context.deadline).unwrap_or(i64::MAX);
        let end = Timestamp::from_millisecond(end).unwrap_or(Timestamp::MAX);
        let deadline = end.saturating_sub(ANSWER_TIME_MAX).unwrap_or(Timestamp::MIN);
        Self { request_id: context.request_id, deadline }
    }
}

/// Starts logs and metrics, and makes a function's platform from the environment. Warms the connection to the
/// table.
pub async fn start(function: &Function) -> Result<Platform, BootError> {
    telemetry::init();
    metrics::begin();
    let (clock, random) = (Clock::system(), Random::system());
    let name = required("SESAME_TABLE", "the name of the table")?;
    let table = Table::new(dynamodb_client()?, name, clock.clone(), random.clone());
    // Lambda gives a whole processor during initialisation: TCP and TLS are set up here. A failure is
    // ignored, since the first request connects again.
    let _ = table.find(&Key::warm_up()).await;
    Ok(Platform::new(config(function)?, &table, clock, random))
}

/// Runs a function's work on one thread: Lambda gives one request at a time.
pub fn block_on<T>(work: impl Future<Output = Result<T, BootError>>) -> Result<T, BootError> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(work)
}

/// Region and credentials of the environment, where Lambda puts them: for any AWS client.
pub fn credentials() -> Result<(Region, Credentials), BootError> {
    let key = required("AWS_ACCESS_KEY_ID", "an access key")?;
    let secret = required("AWS_SECRET_ACCESS_KEY", "its secret")?;
    let credentials = Credentials::new(key, secret, env::var("AWS_SESSION_TOKEN").ok(), None, "environment");
    Ok((Region::new(required("AWS_REGION", "the region of the table")?), credentials))
}

/// Timeouts of a DynamoDB client, the same everywhere.
#[must_use]
pub fn dynamodb_config() -> Builder {
    let timeouts = TimeoutConfig::builder()
        .operation_timeout(Duration::from_millis(CALL_MS_MAX))
        .operation_attempt_timeout(Duration::from_millis(CALL_ATTEMPT_MS_MAX))
        .build();
    ClientConfig::builder().behavior_version(BehaviorVersion::latest()).timeout_config(timeouts)
}

/// A DynamoDB client from the environment.
pub fn dynamodb_client() -> Result<Client, BootError> {
    let (region, credentials) = credentials()?;
    let endpoint = endpoint("AWS_ENDPOINT_URL_DYNAMODB");
    let http = http_client(endpoint.as_deref())?;
    let mut config = dynamodb_config().region(region).credentials_provider(credentials).http_client(http);
    config.set_endpoint_url(endpoint);
    Ok(Client::from_conf(config.build()))
}

/// The HTTP client of one AWS client: one connector, made at the first call. The SDK's own makes two, and
/// each parses the machine's root certificates, also for an endpoint without TLS.
pub fn http_client(endpoint: Option<&str>) -> Result<SharedHttpClient, BootError> {
    let has_tls = endpoint.is_none_or(|url| url.starts_with("https:"));
    let roots = if has_tls { TrustStore::default() } else { TrustStore::empty() };
    let tls = TlsContext::builder().with_trust_store(roots).build()?;
    let made = OnceLock::new();
    Ok(http_client_fn(move |settings, components| {
        let make = || {
            let mut builder = Connector::builder().connector_settings(settings.clone());
            builder.set_sleep_impl(components.sleep_impl());
            let builder = builder.tls_provider(Provider::rustls(CryptoMode::AwsLc)).tls_context(tls.clone());
            SharedHttpConnector::new(builder.build())
        };
        made.get_or_init(make).clone()
    }))
}

/// The HTTP client of services that are not AWS's: the SDK's own connector, so that nothing more is linked.
/// Of timeouts it has none: [`Outside`] bounds each call.
pub fn outside() -> Result<Outside, BootError> {
    let tls = TlsContext::builder().with_trust_store(TrustStore::default()).build()?;
    let builder = Connector::builder().tls_provider(Provider::rustls(CryptoMode::AwsLc));
    let connector = SharedHttpConnector::new(builder.tls_context(tls).build());
    Ok(Outside::new(move |request| {
        let connector = connector.clone();
        async move { outside::client::answer(&connector, request).await }
    }))
}

/// The endpoint of a service that is not AWS's own: from the service's variable, else from
/// `AWS_ENDPOINT_URL`.
#[must_use]
pub fn endpoint(variable: &str) -> Option<String> {
    env::var(variable).or_else(|_| env::var("AWS_ENDPOINT_URL")).ok().filter(|url| !url.is_empty())
}

fn config(function: &Function) -> Result<Config, BootError> {
    let proof_counter = match optional("SESAME_PROOF_COUNTER") {
        Some(text) => proof_counter(&text)
            .ok_or(BadSetting { name: "SESAME_PROOF_COUNTER", wanted: "a whole number from 1 to 100000" })?,
        None => PROOF_COUNTER_DEFAULT,
    };
    let login_proof = match optional("SESAME_LOGIN_PROOF") {
        Some(text) => LoginProof::parse(&text)
            .ok_or(BadSetting { name: "SESAME_LOGIN_PROOF", wanted: "`after-failures` or `always`" })?,
        None => LoginProof::AfterFailures,
    };
    let origin_secrets = ["SESAME_ORIGIN_SECRET", "SESAME_ORIGIN_SECRET_PREVIOUS"].into_iter();
    Ok(Config {
        site: required("SESAME_SITE", "the address of the pages")?.trim_end_matches('/').to_owned(),
        proof_counter,
        login_proof,
        extranet: extranet()?,
        origin_secrets: origin_secrets.filter_map(optional).map(SecretKey::new).collect(),
        succession_days: succession_days()?,
        hashing: Hashing::OWASP,
        desk: if function.size.share == Share::Desk { desk(function)? } else { DeskConfig::default() },
        keys: keys(function)?,
    })
}

/// `SESAME_SUCCESSION_DAYS`, or seven.
fn succession_days() -> Result<u32, BadSetting> {
    let wanted = "a whole number from 1 to 60";
    let Some(text) = optional("SESAME_SUCCESSION_DAYS") else { return Ok(SUCCESSION_DAYS) };
    let days = text.parse().ok().filter(|days| (1..=SUCCESSION_DAYS_MAX).contains(days));
    days.ok_or(BadSetting { name: "SESAME_SUCCESSION_DAYS", wanted })
}

/// `SESAME_EXTRANET`, if it is set.
pub fn extranet() -> Result<Option<Extranet>, BootError> {
    let wanted = "an https:// address (http:// at localhost only)";
    let Some(text) = optional("SESAME_EXTRANET") else { return Ok(None) };
    let parsed = Extranet::parse(&text).ok_or(BadSetting { name: "SESAME_EXTRANET", wanted })?;
    Ok(Some(parsed))
}

/// Where agents come from, and for the function that logs them in, the provider that it asks.
fn desk(function: &Function) -> Result<DeskConfig, BootError> {
    let addresses = optional("SESAME_AGENTS_ADDRESSES").unwrap_or_default();
    let wanted = "addresses or networks like 192.0.2.0/24, between commas";
    let networks =
        Network::parse_list(&addresses).ok_or(BadSetting { name: "SESAME_AGENTS_ADDRESSES", wanted })?;
    let issuer = optional("SESAME_AGENTS_ISSUER").filter(|_| function.secrets.contains(&Secret::Agents));
    let Some(issuer) = issuer else { return Ok(DeskConfig { provider: None, networks }) };
    let client_id = required("SESAME_AGENTS_CLIENT_ID", "our name at the provider")?;
    let acr = optional("SESAME_AGENTS_ACR").unwrap_or_default();
    let wanted = "an https:// address (http:// at localhost only) without query";
    let provider = ProviderConfig::parse(&issuer, &client_id, &acr)
        .ok_or(BadSetting { name: "SESAME_AGENTS_ISSUER", wanted })?;
    Ok(DeskConfig { provider: Some(provider), networks })
}

/// The keys that the function states. The current one is required, previous ones are optional.
fn keys(function: &Function) -> Result<Keys, BootError> {
    let mut keys = Keys::default();
    for secret in function.secrets {
        let mut of_secret = Vec::new();
        for (rank, name) in secret.variables().iter().enumerate() {
            let text = if rank == 0 { Some(required(name, "a secret key")?) } else { optional(name) };
            of_secret.extend(text.map(|text| key(*secret, name, text)).transpose()?);
        }
        keys = keys.with(*secret, of_secret);
    }
    Ok(keys)
}

fn key(secret: Secret, name: &'static str, text: String) -> Result<SecretKey, BadSetting> {
    let key = SecretKey::new(text);
    if secret.takes(&key) { Ok(key) } else { Err(BadSetting { name, wanted: "32 bytes in base64" }) }
}

/// Parses `SESAME_PROOF_COUNTER`; `None` outside its limits.
fn proof_counter(text: &str) -> Option<u32> {
    text.parse().ok().filter(|counter| (PROOF_COUNTER_MIN..=PROOF_COUNTER_MAX).contains(counter))
}

/// A required setting.
pub fn required(name: &'static str, wanted: &'static str) -> Result<String, BootError> {
    optional(name).ok_or_else(|| BadSetting { name, wanted }.into())
}

/// An optional setting; empty is absent.
#[must_use]
pub fn optional(name: &str) -> Option<String> {
    env::var(name).ok().filter(|value| !value.is_empty())
}

//! The desk's login at a provider that others made: the npm package `oidc-provider`, so that ours cannot
//! drift from the standard. `cargo xtask test openid` installs it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use domain::Name;
use domain::agent::{AgentRole, AgentSub};
use http::Request;
use platform::agents::{Agent, row};
use platform::boot;
use platform::config::{DeskConfig, ProviderConfig};
use platform::http::{Body, Response};
use platform::table::Transaction;
use sesame::{Hooks, Options, Portal};
use testkit::program::Program;
use testkit::provider;

const SITE: &str = "http://localhost:8080";
/// As `provider.js` knows them.
const CLIENT: &str = "sesame desk";
const SUB: &str = "f3b8-agent";
const READY_DELAY_MAX: Duration = Duration::from_secs(60);

/// Starts the provider; its issuer.
fn start(algorithm: &str) -> (Program, String) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/openid");
    let installed = folder.join("node_modules/oidc-provider").exists();
    assert!(installed, "oidc-provider is not installed: run `cargo xtask test openid`");
    let callback = format!("{SITE}/api/agents/callback");
    let mut node = Command::new("node");
    node.current_dir(folder).args(["provider.js", &callback, algorithm]);
    let program = Program::start(&node).unwrap();
    let issuer = |printed: &str| {
        let (_, rest) = printed.split_once("ready ")?;
        rest.contains('\n').then(|| rest.lines().next().unwrap_or_default().to_owned())
    };
    let issuer = program.wait_for(READY_DELAY_MAX, issuer).unwrap();
    (program, issuer)
}

/// A portal whose desk knows one agent of that provider, and reaches it over the network.
async fn portal(issuer: &str, acr: &str) -> Portal {
    let options = Options {
        desk: DeskConfig { provider: ProviderConfig::parse(issuer, CLIENT, acr), networks: Vec::new() },
        hooks: Hooks { outside: Some(boot::outside().unwrap()), ..Hooks::default() },
        ..Options::in_memory(SITE)
    };
    let portal = Portal::open(&options).unwrap();
    let (sub, name) = (AgentSub::parse(SUB).unwrap(), Name::parse("Camille Moreau").unwrap());
    let mut transaction = Transaction::new();
    transaction.put(row(&Agent { sub, name, role: AgentRole::Agent }, true));
    portal.operator_table.commit(transaction).await.unwrap();
    portal
}

async fn ask(portal: &Portal, path: &str, cookie: &str) -> Response {
    let request = Request::get(path).header("accept", "text/html").header("cookie", cookie);
    portal.answer(request.body(Body::Empty).unwrap()).await
}

fn header(response: &Response, name: &str) -> String {
    response.headers().get(name).map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default()
}

fn pair(set_cookie: &str) -> String {
    set_cookie.split(';').next().unwrap().to_owned()
}

/// A whole login; where the browser lands, and what it brings from then on.
async fn login(portal: &Portal) -> (String, String, String) {
    let begun = ask(portal, "/api/agents/login", "").await;
    let cookie = pair(&header(&begun, "set-cookie"));
    let path = provider::pass(&header(&begun, "location"), SITE, &[]).await.unwrap();
    let ended = ask(portal, &path, &cookie).await;
    let session = pair(&header(&ended, "set-cookie"));
    // The same answer of the provider, to the same login.
    let again = ask(portal, &path, &cookie).await;
    (header(&ended, "location"), session, header(&again, "location"))
}

#[tokio::test]
async fn an_agent_logs_in_at_a_provider_that_others_made() {
    for algorithm in ["ES256", "RS256"] {
        let (_program, issuer) = start(algorithm);
        let desk = portal(&issuer, "").await;
        let (landed, session, again) = login(&desk).await;
        assert_eq!(landed, "/agents/", "{algorithm}");
        let me = ask(&desk, "/api/agents/me", &session).await;
        let Body::Text(text) = me.body() else { panic!("no text") };
        assert_eq!(text, r#"{"name":"Camille Moreau","roles":["agent"]}"#);
        assert_eq!(again, "/agents/connexion/?refus=agent-login-refused", "a code serves once");
        // What the provider says of the authentication is held to.
        let (landed, ..) = login(&portal(&issuer, "eidas2").await).await;
        assert_eq!(landed, "/agents/", "{algorithm}");
        let (landed, ..) = login(&portal(&issuer, "eidas3").await).await;
        assert_eq!(landed, "/agents/connexion/?refus=agent-login-refused", "eidas2 is not enough");
    }
}

#[tokio::test]
async fn a_provider_that_is_gone_is_unavailable() {
    let (program, issuer) = start("ES256");
    drop(program);
    let begun = ask(&portal(&issuer, "").await, "/api/agents/login", "").await;
    assert_eq!(header(&begun, "location"), "/agents/connexion/?refus=agent-login-unavailable");
}

//! Agents log in by OpenID Connect, at the provider of this machine; their sessions end when they should.

mod hostile;

use domain::Name;
use domain::agent::{AgentRole, AgentSub};
use http::Request;
use platform::agents::{Agent, row};
use platform::config::DeskConfig;
use serde_json::{Value, json};
use sesame::Options;

use crate::support::{Answer, App, SITE};

pub const CAMILLE: &str = "demo-agent-1";
const SACHA: &str = "demo-superviseur";
const LOGIN: &str = "/api/agents/login";
const CALLBACK: &str = "/api/agents/callback";
const ME: &str = "/api/agents/me";
const SESSION: &str = "/api/agents/session";
const PAGE: (&str, &str) = ("accept", "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8");

/// A request with headers.
pub async fn send(app: &App, method: &str, path: &str, headers: &[(&str, &str)]) -> Answer {
    let request = Request::builder().method(method).uri(path);
    let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
    app.send(request.body(Vec::new()).unwrap()).await
}

/// Where an answer sends the browser.
pub fn location(answer: &Answer) -> &str {
    assert_eq!(answer.status, 302, "{}", answer.body);
    answer.headers["location"].to_str().unwrap()
}

/// The `name=value` of every cookie that an answer sets, by its name.
fn cookie_of<'a>(answer: &'a Answer, name: &str) -> &'a str {
    let set = answer.headers.get_all("set-cookie").iter().map(|value| value.to_str().unwrap());
    let mut pairs = set.map(|value| value.split(';').next().unwrap());
    pairs.find(|pair| pair.starts_with(&format!("{name}="))).expect("the cookie is set")
}

/// A login that a browser has begun: its cookie, and where the provider is asked.
pub struct Begun {
    pub cookie: String,
    pub address: String,
}

impl Begun {
    pub async fn at(app: &App) -> Self {
        let answer = send(app, "GET", LOGIN, &[PAGE]).await;
        let cookie = cookie_of(&answer, "sesame-agent-login").to_owned();
        Self { cookie, address: location(&answer).to_owned() }
    }

    /// A parameter of the request to the provider.
    pub fn asked(&self, name: &str) -> String {
        parameter(&self.address, name).expect("the parameter is there")
    }

    /// Somebody says at the provider who they are; where it sends the browser back to.
    fn choose(&self, app: &App, who: &str) -> String {
        let address = self.address.replace("/provider/authorize?", "/provider/choose?");
        let request = Request::get(format!("{address}&who={who}")).body(Vec::new()).unwrap();
        let answer = app.portal.provider.as_ref().unwrap().answer(&request);
        answer.headers()["location"].to_str().unwrap().to_owned()
    }

    /// The browser comes back from the provider.
    pub async fn comes_back(&self, app: &App, address: &str) -> Answer {
        let path = address.strip_prefix(SITE).unwrap();
        send(app, "GET", path, &[PAGE, ("cookie", &self.cookie)]).await
    }
}

/// Percent-decoded, of an address with a query.
pub fn parameter(address: &str, name: &str) -> Option<String> {
    let request = Request::get(address).body(platform::http::Body::Empty).unwrap();
    platform::http::query_text(&request, name)
}

/// Logs somebody of the demonstration in; the session's cookie.
pub async fn log_in(app: &App, who: &str) -> String {
    let begun = Begun::at(app).await;
    let answer = begun.comes_back(app, &begun.choose(app, who)).await;
    assert_eq!(location(&answer), "/agents/");
    cookie_of(&answer, "sesame-agent").to_owned()
}

async fn me(app: &App, cookie: &str) -> Answer {
    app.with_cookie("GET", ME, cookie).await
}

/// An application whose desk takes the people of its provider.
async fn with_agents() -> App {
    let app = App::new();
    app.portal.add_agents().await.unwrap();
    app
}

/// Adds an agent, changes one, or removes one: what the operator's chore writes.
async fn put_agent(app: &App, sub: &str, name: &str, role: AgentRole, is_active: bool) {
    let (sub, name) = (AgentSub::parse(sub).unwrap(), Name::parse(name).unwrap());
    let mut transaction = platform::table::Transaction::new();
    transaction.put(row(&Agent { sub, name, role }, is_active));
    app.portal.operator_table.commit(transaction).await.unwrap();
}

/// A login that uses every grant of `agents`, for the story of all functions.
pub async fn story(app: &App, look: &mut impl FnMut(&App)) {
    app.portal.add_agents().await.unwrap();
    let cookie = log_in(app, CAMILLE).await;
    look(app);
    app.wait_minutes(6);
    assert_eq!(me(app, &cookie).await.status, 200);
    assert_eq!(app.with_cookie("DELETE", SESSION, &cookie).await.status, 204);
}

#[tokio::test]
async fn an_agent_logs_in_is_known_and_logs_out() {
    let app = with_agents().await;
    let begun = Begun::at(&app).await;
    for (name, value) in [
        ("response_type", "code"),
        ("scope", "openid"),
        ("code_challenge_method", "S256"),
        ("redirect_uri", "http://localhost:8080/api/agents/callback"),
    ] {
        assert_eq!(begun.asked(name), value);
    }
    app.table.calls();
    let answer = begun.comes_back(&app, &begun.choose(&app, SACHA)).await;
    assert_eq!(app.table.calls(), ["GetItem", "TransactWriteItems"]);
    assert_eq!(
        (location(&answer), &answer.headers["cache-control"]),
        ("/agents/", &"no-store".parse().unwrap())
    );
    let cookie = cookie_of(&answer, "sesame-agent").to_owned();
    assert_eq!(cookie_of(&answer, "sesame-agent-login"), "sesame-agent-login=");

    let shown = me(&app, &cookie).await;
    let known = json!({"name": "Sacha Bernard", "roles": ["agent", "supervisor"]});
    assert_eq!((shown.status, shown.body), (200, known));
    assert_eq!(app.table.calls(), ["GetItem", "GetItem"]);
    let other = log_in(&app, CAMILLE).await;
    assert_eq!(me(&app, &other).await.body["roles"], json!(["agent"]));

    let out = app.with_cookie("DELETE", SESSION, &cookie).await;
    let set = out.headers["set-cookie"].to_str().unwrap();
    assert_eq!((out.status, set), (204, "sesame-agent=; Path=/; Max-Age=0; HttpOnly; SameSite=Strict"));
    assert_eq!(me(&app, &cookie).await.problem(), "no-session");
    assert_eq!(me(&app, &other).await.status, 200, "another's session goes on");
    assert_eq!(app.with_cookie("DELETE", SESSION, &cookie).await.status, 204, "again");
    assert_eq!(send(&app, "DELETE", SESSION, &[]).await.status, 204, "without a session");
}

#[tokio::test]
async fn a_cookie_is_for_the_very_host_and_no_script() {
    let app = with_agents().await;
    let begun = send(&app, "GET", LOGIN, &[PAGE]).await;
    let set = begun.headers["set-cookie"].to_str().unwrap();
    assert!(set.ends_with("; Path=/; Max-Age=600; HttpOnly; SameSite=Lax"), "{set}");
    let mut config = (*app.portal.platform("agents").unwrap().config).clone();
    config.site = "https://sesame.example".to_owned();
    let token = domain::Token::from_bytes([7; 32]);
    for (set, name) in [
        (platform::agents::opening(&config, &token), "__Host-sesame-agent="),
        (platform::agents::closing(&config), "__Host-sesame-agent="),
        (platform::agents::login_opening(&config, &token), "__Host-sesame-agent-login="),
        (platform::agents::login_closing(&config), "__Host-sesame-agent-login="),
    ] {
        assert!(set.starts_with(name) && set.ends_with("; Secure") && set.contains("; HttpOnly;"), "{set}");
    }
    assert!(platform::agents::opening(&config, &token).contains("Max-Age=28800; HttpOnly; SameSite=Strict"));
}

#[tokio::test]
async fn a_session_ends_after_half_an_hour_without_a_request_and_after_eight_hours() {
    let app = with_agents().await;
    let idle = log_in(&app, CAMILLE).await;
    app.wait_minutes(31);
    assert_eq!(me(&app, &idle).await.problem(), "no-session");

    let busy = log_in(&app, CAMILLE).await;
    for _ in 0..16 {
        app.wait_minutes(29);
        assert_eq!(me(&app, &busy).await.status, 200);
    }
    // 464 minutes have passed.
    app.wait_minutes(15);
    assert_eq!(me(&app, &busy).await.status, 200);
    app.wait_minutes(2);
    assert_eq!(me(&app, &busy).await.problem(), "no-session");
}

#[tokio::test]
async fn a_busy_session_is_written_every_five_minutes_at_most() {
    let app = with_agents().await;
    let cookie = log_in(&app, CAMILLE).await;
    for (minutes, calls) in [
        (4, &["GetItem", "GetItem"][..]),
        (1, &["GetItem", "GetItem", "UpdateItem"]),
        (0, &["GetItem", "GetItem"]),
        (4, &["GetItem", "GetItem"]),
        (2, &["GetItem", "GetItem", "UpdateItem"]),
    ] {
        app.wait_minutes(minutes);
        app.table.calls();
        assert_eq!(me(&app, &cookie).await.status, 200);
        assert_eq!(app.table.calls(), calls, "after {minutes} more");
    }
}

#[tokio::test]
async fn an_agent_who_is_removed_is_out_at_once_and_one_who_changes_is_another() {
    let app = with_agents().await;
    let cookie = log_in(&app, CAMILLE).await;
    put_agent(&app, CAMILLE, "Camille Moreau-Petit", AgentRole::Supervisor, true).await;
    let known = json!({"name": "Camille Moreau-Petit", "roles": ["agent", "supervisor"]});
    assert_eq!(me(&app, &cookie).await.body, known);
    put_agent(&app, CAMILLE, "Camille Moreau-Petit", AgentRole::Supervisor, false).await;
    assert_eq!(me(&app, &cookie).await.problem(), "no-session");

    // They log in at the provider, and are told whom to name to who may add them.
    let begun = Begun::at(&app).await;
    let answer = begun.comes_back(&app, &begun.choose(&app, CAMILLE)).await;
    assert_eq!(location(&answer), "/agents/connexion/?refus=agent-unknown#demo-agent-1");
    assert!(
        answer.headers.get_all("set-cookie").iter().all(|set| !set.to_str().unwrap().contains("agent=d"))
    );
    // One machine starts again: who was removed stays so.
    app.portal.add_agents().await.unwrap();
    assert_eq!(me(&app, &cookie).await.problem(), "no-session");
    put_agent(&app, CAMILLE, "Camille Moreau", AgentRole::Agent, true).await;
    assert_eq!(me(&app, &cookie).await.status, 200, "the row says so again, within the session");
}

#[tokio::test]
async fn whom_the_desk_does_not_know_gets_no_session_and_is_named_in_no_log() {
    let app = App::new();
    let begun = Begun::at(&app).await;
    let back = begun.choose(&app, "demo-agent-2");
    let answer = send(&app, "GET", back.strip_prefix(SITE).unwrap(), &[("cookie", &begun.cookie)]).await;
    assert_eq!((answer.status, answer.problem()), (403, "agent-unknown"));
    assert!(app.rows("DESK#").is_empty());
    let log = String::from_utf8(crate::support::LOG.lock().unwrap().clone()).unwrap();
    assert!(!log.contains("demo-agent-2"));
}

#[tokio::test]
async fn only_the_browser_that_began_a_login_ends_it_and_once() {
    let app = with_agents().await;
    let (begun, other) = (Begun::at(&app).await, Begun::at(&app).await);
    let back = begun.choose(&app, CAMILLE);
    let path = back.strip_prefix(SITE).unwrap();
    let refused = "/agents/connexion/?refus=agent-login-refused";
    for cookie in ["", &other.cookie, "sesame-agent-login=x", "sesame-agent-login="] {
        let answer = send(&app, "GET", path, &[PAGE, ("cookie", cookie)]).await;
        assert_eq!(location(&answer), refused, "{cookie}");
    }
    // The code was not spent by any of these.
    assert_eq!(location(&begun.comes_back(&app, &back).await), "/agents/");
    assert_eq!(location(&begun.comes_back(&app, &back).await), refused, "the code has served");
    // The code of one login is no good for another: its verifier differs.
    let code = parameter(&begun.choose(&app, CAMILLE), "code").unwrap();
    let mixed = format!("{SITE}{CALLBACK}?code={code}&state={}", other.asked("state"));
    assert_eq!(location(&other.comes_back(&app, &mixed).await), refused);
    assert_eq!(app.rows("DESK#").len(), 1);
}

#[tokio::test]
async fn who_does_not_want_to_or_comes_too_late_is_told() {
    let app = with_agents().await;
    let begun = Begun::at(&app).await;
    let refused = "/agents/connexion/?refus=agent-login-refused";
    assert_eq!(location(&begun.comes_back(&app, &begun.choose(&app, "")).await), refused);
    let back = begun.choose(&app, CAMILLE);
    app.wait_minutes(2);
    assert_eq!(location(&begun.comes_back(&app, &back).await), refused, "the code is over");
    let state = begun.asked("state");
    for (query, name) in [
        ("error=server_error", "agent-login-unavailable"),
        ("error=temporarily_unavailable", "agent-login-unavailable"),
        ("error=access_denied", "agent-login-refused"),
        ("code=", "agent-login-refused"),
        ("", "agent-login-refused"),
        ("code=x&iss=https://other.example", "agent-login-refused"),
    ] {
        let answer = begun.comes_back(&app, &format!("{SITE}{CALLBACK}?{query}&state={state}")).await;
        assert_eq!(location(&answer), format!("/agents/connexion/?refus={name}"), "{query}");
    }
}

#[tokio::test]
async fn a_request_of_another_site_changes_nothing() {
    let app = with_agents().await;
    let cookie = log_in(&app, CAMILLE).await;
    for origin in ["https://elsewhere.example", "http://localhost:3000", "null"] {
        let answer = send(&app, "DELETE", SESSION, &[("origin", origin), ("cookie", &cookie)]).await;
        assert_eq!((answer.status, answer.problem()), (403, "cross-site"), "{origin}");
    }
    assert_eq!(me(&app, &cookie).await.status, 200);
    let own = send(&app, "DELETE", SESSION, &[("origin", SITE), ("cookie", &cookie)]).await;
    assert_eq!(own.status, 204);
}

#[tokio::test]
async fn agents_come_from_the_operators_networks_alone() {
    let networks = domain::Network::parse_list("192.0.2.0/24, 2001:db8::/32").unwrap();
    let app = App::by(|options| Options { desk: DeskConfig { networks, provider: None }, ..options });
    app.portal.add_agents().await.unwrap();
    let from = |address: &'static str| ("x-forwarded-for", address);
    let inside = [from("192.0.2.7"), from("203.0.113.9, 192.0.2.7"), from("2001:db8::1")];
    let outside = [from("203.0.113.9"), from("192.0.2.7, 203.0.113.9"), from("192.0.2.7,"), from("unknown")];
    for (method, path) in [("GET", LOGIN), ("GET", CALLBACK), ("DELETE", SESSION), ("GET", ME)] {
        for address in outside {
            let answer = send(&app, method, path, &[address]).await;
            assert_eq!((answer.status, answer.problem()), (403, "address-not-allowed"), "{path} {address:?}");
        }
        assert_eq!(send(&app, method, path, &[]).await.problem(), "address-not-allowed", "from nowhere");
        for address in inside {
            let answer = send(&app, method, path, &[address]).await;
            let is_refused = answer.status == 403 && answer.problem() == "address-not-allowed";
            assert!(!is_refused, "{path} {address:?}");
        }
    }
    let answer = send(&app, "GET", LOGIN, &[PAGE, outside[0]]).await;
    assert_eq!(location(&answer), "/agents/connexion/?refus=address-not-allowed");
}

/// API Gateway adds what it saw itself: CloudFront.
#[tokio::test]
async fn behind_cloudfront_the_visitors_address_is_the_one_that_cloudfront_saw() {
    let event = |forwarded: &str| {
        json!({
            "version": "2.0", "routeKey": "GET /api/agents/me", "rawPath": ME, "rawQueryString": "",
            "headers": {"host": "localhost", "x-forwarded-for": forwarded}, "isBase64Encoded": false,
            "requestContext": {
                "accountId": "1", "apiId": "1", "domainName": "localhost", "domainPrefix": "1",
                "requestId": "1", "routeKey": "GET /api/agents/me", "stage": "$default", "time": "",
                "timeEpoch": 0,
                "http": {
                    "method": "GET", "path": ME, "protocol": "HTTP/1.1", "userAgent": "",
                    "sourceIp": "130.176.0.9",
                },
            },
        })
    };
    let seen = |forwarded: &str| {
        let request = lambda_http::request::from_str(&event(forwarded).to_string()).unwrap();
        platform::http::client_address(&request).map(|address| address.to_string())
    };
    for (forwarded, address) in [
        ("192.0.2.7, 130.176.0.9", Some("192.0.2.7")),
        ("10.0.0.1, 192.0.2.7, 130.176.0.9", Some("192.0.2.7")),
        ("192.0.2.7", Some("192.0.2.7")),
        ("10.0.0.1, 192.0.2.7", Some("192.0.2.7")),
        ("130.176.0.9", None),
        ("", None),
    ] {
        assert_eq!(seen(forwarded).as_deref(), address, "{forwarded}");
    }
}

#[tokio::test]
async fn where_no_provider_is_set_nobody_logs_in_and_it_is_no_fault_of_ours() {
    let app = App::by(|options| Options { site: "https://sesame.example".to_owned(), ..options });
    assert!(app.portal.provider.is_none());
    let answer = send(&app, "GET", LOGIN, &[]).await;
    assert_eq!((answer.status, answer.problem()), (503, "agent-login-unavailable"));
    assert!(answer.headers.contains_key("retry-after"));
    let answer = send(&app, "GET", LOGIN, &[PAGE]).await;
    assert_eq!(location(&answer), "/agents/connexion/?refus=agent-login-unavailable");
    assert_eq!(me(&app, "__Host-sesame-agent=x").await.problem(), "no-session");
}

#[tokio::test]
async fn the_provider_is_served_beside_the_site_and_describes_itself() {
    let app = with_agents().await;
    let ask = |path: &str| {
        let request = Request::get(format!("{SITE}/provider{path}")).body(Vec::new()).unwrap();
        app.portal.provider.as_ref().unwrap().answer(&request)
    };
    let described: Value = serde_json::from_slice(ask("/.well-known/openid-configuration").body()).unwrap();
    assert_eq!(described["issuer"], format!("{SITE}/provider"));
    let keys: Value = serde_json::from_slice(ask("/jwks").body()).unwrap();
    assert_eq!((&keys["keys"][0]["kty"], &keys["keys"][0]["d"]), (&json!("EC"), &Value::Null));
    assert_eq!(ask("/token").status(), 404, "by POST alone");
    assert_eq!(ask("/userinfo").status(), 401);
}

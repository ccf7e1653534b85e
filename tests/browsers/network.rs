//! Requests of a page: few, of this site only, within its content security policy.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::engines::{Look, chosen};
use crate::http;
use crate::journeys::{apply, choose_password};
use crate::people::{ESTABLISHMENT, LINK, PASSWORD};
use crate::portal::Portal;
use crate::processes::POLL;
use crate::proxy::Fate;
use crate::stage::{Stage, in_chromium, in_every_engine};

/// The budget of the home page until it can be used, in bytes on the wire.
const HOME_BYTES_MAX: usize = 48_000;

/// Styles show within a second what scripts would have shown.
const SHOWN_DELAY_MAX: Duration = Duration::from_secs(10);

const PAGES: [&str; 25] = [
    "/",
    "/creer-mon-espace/",
    "/identifiant-oublie/",
    "/mot-de-passe-oublie/",
    LINK,
    "/courriel-non-recu/",
    "/demande-assistance/",
    "/mon-espace/",
    "/mon-espace/collegues/",
    "/mon-espace/depart/",
    "/mon-espace/journal/",
    "/mon-espace/mandats/",
    "/mon-espace/mandats/liste/",
    "/mon-espace/mandats/mandat/",
    "/mon-espace/mandats/proposer/",
    "/mon-espace/mes-donnees/",
    "/invitation/",
    "/adresse/",
    "/ma-demande/",
    "/contester/",
    "/agents/",
    "/agents/connexion/",
    "/agents/demande/",
    "/simulation/",
    "/aide/",
];

/// Cumulative layout shift.
const SHIFTS: &str = "
    const done = arguments[arguments.length - 1];
    const moved = [];
    const name = ({ node, previousRect: from, currentRect: to }) =>
        `${node?.nodeName} ${node?.id || node?.className || ''} ${from.top} to ${to.top}`;
    const add = (list) => list.filter((entry) => entry.value >= 0.001)
        .forEach((entry) => moved.push(entry.value, ...entry.sources.map(name)));
    const observer = new PerformanceObserver((list) => add(list.getEntries()));
    observer.observe({ type: 'layout-shift', buffered: true });
    requestAnimationFrame(() => setTimeout(() => { add(observer.takeRecords()); done(moved); }, 200));";

#[tokio::test]
async fn the_home_page_can_be_used_after_48_kilobytes_and_again_after_few() {
    in_every_engine(async |stage| {
        let browser = &stage.browser;
        stage.proxy.stop_listening();
        browser.go("/").await;
        browser.ready("#login [type=submit]").await;
        browser.reads("#notices", "Aucun incident").await;
        let seen = stage.proxy.take_seen().await;
        let bytes: usize = seen.iter().map(|seen| seen.answer_bytes).sum();
        let paths: Vec<_> = seen.iter().map(|seen| (seen.path.as_str(), seen.answer_bytes)).collect();
        println!("{:?}: {bytes} bytes, {paths:?}", browser.engine);
        assert!(bytes <= HOME_BYTES_MAX, "{bytes} bytes: {paths:?}");
        assert!(bytes > 10_000 && seen.iter().all(|seen| seen.status == 200), "{paths:?}");
        // What carries a hash is not asked for again.
        browser.go("/identifiant-oublie/").await;
        browser.ready("#recover-identifier [type=submit]").await;
        let again = stage.proxy.take_seen().await;
        let again: Vec<_> = again.into_iter().map(|seen| seen.path).collect();
        assert!(again.iter().all(|path| !path.ends_with(".woff2") && !path.ends_with(".css")), "{again:?}");
    })
    .await;
}

#[tokio::test]
async fn no_page_asks_another_host_for_anything() {
    in_every_engine(async |stage| {
        let browser = &stage.browser;
        for path in PAGES {
            browser.go(path).await;
            browser.sees("main h1").await;
            let others = "return performance.getEntriesByType('resource').map((entry) => entry.name)
                .filter((name) => !name.startsWith(location.origin))";
            assert_eq!(browser.run(others, json!([])).await, json!([]), "{path}");
        }
    })
    .await;
}

#[tokio::test]
async fn every_answer_bears_the_stated_security_headers() {
    let portal = Portal::start().await;
    let stated: BTreeMap<String, BTreeMap<String, String>> =
        serde_json::from_str(include_str!("../../web/headers.json")).unwrap();
    assert!(stated["/"]["Content-Security-Policy"].starts_with("default-src 'none';"));
    let home = http::ask(portal.port, "GET", "/", "").await.unwrap();
    let home = String::from_utf8(home.body).unwrap();
    let (_, style) = home.split_once("rel=\"stylesheet\" href=\"").unwrap();
    let style = style.split('"').next().unwrap();
    for path in PAGES.into_iter().chain(["/nulle-part/", "/api/notices", "/api/session", "/mailbox", style]) {
        let path = path.split('#').next().unwrap();
        let answer = http::ask(portal.port, "GET", path, "").await.unwrap();
        let mut wanted = stated["/"].clone();
        if path.starts_with("/agents/") {
            wanted.extend(stated["/agents/"].clone());
        }
        for (name, value) in &wanted {
            assert_eq!(answer.header(name), Some(value.as_str()), "{name} of {path}");
        }
        let caching = answer.header("cache-control").unwrap_or_default();
        assert_eq!(caching.contains("immutable"), path == style, "{path}: {caching}");
    }
}

#[tokio::test]
async fn what_is_not_there_is_404_and_kept_by_nobody() {
    let portal = Portal::start().await;
    for path in ["/nulle-part/", "/mot-de-passe-oublie/x", "/assets/sesame.00000000.css"] {
        let answer = http::ask(portal.port, "GET", path, "").await.unwrap();
        assert_eq!((answer.status(), answer.header("cache-control")), (404, Some("no-cache")), "{path}");
        assert!(String::from_utf8_lossy(&answer.body).contains("Cette page n'existe pas"), "{path}");
    }
}

#[tokio::test]
async fn nothing_moves_while_a_page_loads() {
    in_chromium(Look::default(), async |stage| {
        let browser = &stage.browser;
        for width in [1280, 320] {
            browser.size(width, 900).await;
            for path in PAGES {
                if path == LINK {
                    stage.proxy.plan("/api/link", [Fate::open_link()]);
                }
                browser.go(path).await;
                browser.sees("main h1").await;
                if path == "/" {
                    browser.reads("#notices", "Aucun incident").await;
                }
                if path == LINK {
                    browser.reads("#for-establishment", ESTABLISHMENT).await;
                }
                let moved = browser.client.execute_async(SHIFTS, vec![]).await.unwrap();
                assert_eq!(moved, json!([]), "{path} at {width}");
            }
        }
    })
    .await;
}

#[tokio::test]
async fn a_breach_of_the_policy_and_a_line_in_the_console_are_heard_of() {
    for engine in chosen() {
        let stage = Stage::set(engine, Look::default()).await;
        let browser = &stage.browser;
        browser.go("/aide/").await;
        browser.sees("main h1").await;
        let breach = "
            const image = document.createElement('img');
            image.src = 'http://localhost:1/x.png';
            document.body.append(image);
            const script = document.createElement('script');
            script.textContent = 'window.hasRun = true';
            document.body.append(script);
            setTimeout(() => { throw new Error('thrown on purpose'); });
            console.error('written on purpose');
            return true;";
        assert_eq!(browser.run(breach, json!([])).await, true);
        browser.until("time passes", "return performance.now() > 1500", json!([])).await;
        assert_eq!(browser.run("return window.hasRun === undefined", json!([])).await, true);
        let complaints = [browser.complaints().await, stage.proxy.reports()].concat().join("\n");
        for words in ["thrown on purpose", "written on purpose"] {
            assert!(complaints.contains(words), "{words} is not among {complaints:?} in {engine:?}");
        }
        let reports = stage.proxy.reports().join("\n");
        assert!(reports.contains("img-src") && reports.contains("script-src"), "{reports:?} in {engine:?}");
        stage.browser.close().await;
    }
}

#[tokio::test]
async fn a_page_whose_script_does_not_come_says_that_it_is_late() {
    for engine in chosen() {
        let stage = Stage::set(engine, Look::default()).await;
        for (path, script) in [
            ("/creer-mon-espace/", "/assets/create"),
            ("/mon-espace/", "/assets/space"),
            ("/mon-espace/collegues/", "/assets/colleagues"),
            ("/invitation/", "/assets/invitation"),
        ] {
            // A browser may ask a few times before it tells.
            stage.proxy.plan(script, vec![Fate::Cut; 20]);
            stage.browser.go(path).await;
            stage.browser.sees("main .app-late").await;
            stage.browser.reads("main .app-late", "Rechargez-la").await;
        }
        // Its console tells of the script, rightly.
        stage.browser.close().await;
    }
}

#[tokio::test]
async fn without_scripts_a_page_says_what_it_needs_and_whom_to_write_to() {
    in_chromium(Look::default(), async |stage| {
        stage.browser.go("/creer-mon-espace/").await;
        apply(stage).await;
        let mail = stage.portal.mail(1).await;
        let plain = Look { has_scripts: false, ..Look::default() };
        let scanner = crate::browser::Browser::open(stage.browser.engine, plain, stage.proxy.port).await;
        for path in
            ["/", "/creer-mon-espace/", "/demande-assistance/", &format!("/mot-de-passe/{}", mail.fragment())]
        {
            scanner.go(path).await;
            let source = fantoccini::Locator::Css("main noscript a[href^='mailto:']");
            let start = Instant::now();
            while !scanner.client.find(source).await.unwrap().is_displayed().await.unwrap() {
                assert!(start.elapsed() < SHOWN_DELAY_MAX, "{path}");
                tokio::time::sleep(POLL).await;
            }
        }
        scanner.close().await;
        // That was a mail scanner's visit: the link still serves.
        choose_password(stage, mail.fragment(), PASSWORD).await;
    })
    .await;
}

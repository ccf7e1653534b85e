//! The fixture of one test: portal, network and browser; the console must be empty in the end.

use std::time::Duration;

use crate::browser::Browser;
use crate::engines::{Engine, Look, chosen};
use crate::portal::Portal;
use crate::processes::beside;
use crate::proxy::Proxy;

/// Timeout of a story that hangs; the longest looks at every state of every page, beside all the others.
const STORY_DELAY_MAX: Duration = Duration::from_secs(1_800);

#[derive(Debug)]
pub struct Stage {
    pub portal: Portal,
    pub proxy: Proxy,
    pub browser: Browser,
}

impl Stage {
    pub async fn set(engine: Engine, look: Look) -> Self {
        Self::open(engine, look, Portal::start().await).await
    }

    /// With a portal of its own settings.
    pub async fn set_at(engine: Engine, portal: Portal) -> Self {
        Self::open(engine, Look::default(), portal).await
    }

    async fn open(engine: Engine, look: Look, portal: Portal) -> Self {
        let proxy = Proxy::start(portal.port, engine == Engine::WebKit).await;
        let browser = Browser::open(engine, look, proxy.port).await;
        Self { portal, proxy, browser }
    }

    /// Ends the browser. No page may have broken its policy, thrown, or written to the console.
    pub async fn close(self) {
        let Self { portal, proxy, browser } = self;
        let complaints = browser.complaints().await;
        browser.close().await;
        beside(move || drop(portal)).await;
        assert_eq!(complaints, Vec::<String>::new(), "in the browser's console");
        assert_eq!(proxy.reports(), Vec::<String>::new(), "against the policy");
    }
}

/// Runs `story` in every chosen engine concurrently.
pub async fn in_every_engine(story: impl AsyncFn(&Stage)) {
    let chosen = chosen();
    let perform = async |engine| {
        if chosen.contains(&engine) {
            play(engine, Look::default(), &story).await;
        }
    };
    tokio::join!(perform(Engine::Chromium), perform(Engine::Firefox), perform(Engine::WebKit));
}

/// Runs it in Chromium only, if that is chosen.
pub async fn in_chromium(look: Look, story: impl AsyncFn(&Stage)) {
    if chosen().contains(&Engine::Chromium) {
        play(Engine::Chromium, look, &story).await;
    }
}

async fn play(engine: Engine, look: Look, story: &impl AsyncFn(&Stage)) {
    let stage = Stage::set(engine, look).await;
    let told = tokio::time::timeout(STORY_DELAY_MAX, story(&stage)).await;
    assert!(told.is_ok(), "the story has no end in {engine:?}");
    stage.close().await;
}

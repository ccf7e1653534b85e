//! Every page in every state: measured in each engine, wide and at 320 pixels, its colours also in dark.
//! Pictured to be looked at, where `SESAME_SCREENSHOTS` names a folder for that.

use std::path::PathBuf;

use serde_json::json;

use crate::access::{assert_contrasts, assert_follows_wcag, assert_nothing_sticks_out};
use crate::browser::Browser;
use crate::engines::Engine;
use crate::stage::in_every_engine;
use crate::states;

const WIDTHS: [(&str, u32); 2] = [("wide", 1280), ("narrow", 320)];
/// The screen ends there.
const HEIGHT_MAX: u32 = 5000;

#[tokio::test]
async fn every_state_of_every_page_follows_wcag_and_fits_320_pixels() {
    in_every_engine(async |stage| {
        states::visit(stage, async |name| measure(&stage.browser, name).await).await;
    })
    .await;
}

#[tokio::test]
async fn every_mail_follows_wcag_and_fits_320_pixels() {
    in_every_engine(async |stage| {
        states::receive(stage, async |name| measure(&stage.browser, name).await).await;
    })
    .await;
}

/// Looks at the page in every width, and at the last in dark.
async fn measure(browser: &Browser, name: &str) {
    for (size, width) in WIDTHS {
        browser.size(width, 800).await;
        let height = browser.run("return document.documentElement.scrollHeight", json!([])).await;
        let height = u32::try_from(height.as_u64().unwrap_or(0)).unwrap_or(0);
        browser.size(width, height.clamp(400, HEIGHT_MAX)).await;
        assert_eq!(browser.run("return innerWidth", json!([])).await, width, "{:?}", browser.engine);
        assert_nothing_sticks_out(browser, &format!("{name} at {width}")).await;
        if browser.engine == Engine::Chromium {
            assert_follows_wcag(browser, &format!("{name} at {width}")).await;
        }
        picture(browser, &format!("{name}-{size}-light")).await;
    }
    if browser.engine == Engine::Chromium {
        browser.prefers("dark").await;
        assert_contrasts(browser, &format!("{name} in dark")).await;
        picture(browser, &format!("{name}-narrow-dark")).await;
        browser.prefers("light").await;
    }
    browser.size(1280, 900).await;
}

async fn picture(browser: &Browser, name: &str) {
    let Ok(parent) = std::env::var("SESAME_SCREENSHOTS") else { return };
    let folder = PathBuf::from(parent).join(browser.engine.name());
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join(format!("{name}.png")), browser.picture().await).unwrap();
}

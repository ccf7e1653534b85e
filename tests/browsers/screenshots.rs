//! Every page in every state, wide and at 320 pixels in light, at 320 in dark, in each engine: measured, and
//! pictured to be looked at, in the folder that `SESAME_SCREENSHOTS` names.

use std::path::PathBuf;

use serde_json::json;

use crate::access::{assert_follows_wcag, assert_nothing_sticks_out};
use crate::browser::Browser;
use crate::engines::{Engine, Look};
use crate::stage::in_every_engine_as;
use crate::states;

/// The places are the same in dark, where only colours are others: the last alone is looked at.
const WIDTHS: [(&str, u32); 2] = [("wide", 1280), ("narrow", 320)];
/// The screen ends there.
const HEIGHT_MAX: u32 = 5000;

#[tokio::test]
async fn every_state_of_every_page_follows_wcag_and_fits_320_pixels_in_light() {
    picture(Look::default(), "light").await;
}

#[tokio::test]
async fn every_state_of_every_page_follows_wcag_and_fits_320_pixels_in_dark() {
    picture(Look::dark(), "dark").await;
}

#[tokio::test]
async fn every_mail_follows_wcag_and_fits_320_pixels_in_light() {
    picture_mails(Look::default(), "light").await;
}

#[tokio::test]
async fn every_mail_follows_wcag_and_fits_320_pixels_in_dark() {
    picture_mails(Look::dark(), "dark").await;
}

async fn picture(look: Look, scheme: &str) {
    in_every_engine_as(look, async |stage| {
        states::visit(stage, async |name| measure(&stage.browser, name, scheme).await).await;
    })
    .await;
}

async fn picture_mails(look: Look, scheme: &str) {
    in_every_engine_as(look, async |stage| {
        states::receive(stage, async |name| measure(&stage.browser, name, scheme).await).await;
    })
    .await;
}

/// Looks at the page in the widths of a scheme.
async fn measure(browser: &Browser, name: &str, scheme: &str) {
    let parent = std::env::var("SESAME_SCREENSHOTS").unwrap_or_else(|_| "target/screenshots".to_owned());
    let folder = PathBuf::from(&parent).join(browser.engine.name());
    std::fs::create_dir_all(&folder).unwrap();
    let widths = if scheme == "dark" { &WIDTHS[1..] } else { &WIDTHS[..] };
    for (size, width) in widths.iter().copied() {
        browser.size(width, 800).await;
        let height = browser.run("return document.documentElement.scrollHeight", json!([])).await;
        let height = u32::try_from(height.as_u64().unwrap_or(0)).unwrap_or(0);
        browser.size(width, height.clamp(400, HEIGHT_MAX)).await;
        assert_eq!(browser.run("return innerWidth", json!([])).await, width, "{:?}", browser.engine);
        if browser.engine == Engine::Chromium {
            assert_follows_wcag(browser, &format!("{name} at {width}")).await;
        }
        assert_nothing_sticks_out(browser, &format!("{name} at {width}")).await;
        let png = browser.picture().await;
        std::fs::write(folder.join(format!("{name}-{size}-{scheme}.png")), png).unwrap();
    }
    browser.size(1280, 900).await;
}

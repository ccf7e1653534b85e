//! Pictures of every page and state, to be looked at: wide and at 320 pixels, light and dark, in each
//! engine, in the folder that `SESAME_SCREENSHOTS` names.

use std::path::PathBuf;

use serde_json::json;

use crate::engines::{Look, chosen};
use crate::stage::play;
use crate::states;

const WIDTHS: [(&str, u32); 2] = [("wide", 1280), ("narrow", 320)];
/// The screen ends there.
const HEIGHT_MAX: u32 = 5000;

#[tokio::test]
async fn every_page_and_state_is_pictured_light() {
    picture(Look::default(), "light").await;
}

#[tokio::test]
async fn every_page_and_state_is_pictured_dark() {
    picture(Look::dark(), "dark").await;
}

async fn picture(look: Look, scheme: &str) {
    let parent = std::env::var("SESAME_SCREENSHOTS").unwrap_or_else(|_| "target/screenshots".to_owned());
    for engine in chosen() {
        let folder = PathBuf::from(&parent).join(engine.name());
        std::fs::create_dir_all(&folder).unwrap();
        play(engine, look, &async |stage| {
            let browser = &stage.browser;
            states::visit(stage, async |name| {
                for (size, width) in WIDTHS {
                    browser.size(width, 800).await;
                    let height = browser.run("return document.documentElement.scrollHeight", json!([])).await;
                    let height = u32::try_from(height.as_u64().unwrap_or(0)).unwrap_or(0);
                    browser.size(width, height.clamp(400, HEIGHT_MAX)).await;
                    let png = browser.client.screenshot().await.unwrap();
                    std::fs::write(folder.join(format!("{name}-{size}-{scheme}.png")), png).unwrap();
                }
                browser.size(1280, 900).await;
            })
            .await;
        })
        .await;
    }
}

//! Pages that everybody can use: axe-core's rules of WCAG 2.2 A and AA, narrow screens, large text.

use std::path::Path;
use std::sync::LazyLock;

use serde_json::{Value, json};

use crate::browser::Browser;
use crate::engines::Look;
use crate::stage::in_chromium;
use crate::states;

const WCAG: [&str; 6] = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa"];

/// Runs axe in the page with those rules; the answer is a list of `rule: where`.
const RUN_AXE: &str = "
    const [runOnly, done] = arguments;
    axe.run(document, { runOnly, resultTypes: ['violations'] }).then(
        ({ violations, passes }) => done(passes.length === 0
            ? ['axe looked at nothing']
            : violations.flatMap(({ id, nodes }) =>
                nodes.map((node) => `${id}: ${node.target.join(' ')} (${node.failureSummary})`))),
        (error) => done([String(error)]));";

/// What sticks out of the page, or is cut off in its box.
const OVERFLOW: &str = "
    const root = document.documentElement;
    const faults = root.scrollWidth > innerWidth ? [`the page is ${root.scrollWidth} wide`] : [];
    for (const element of document.querySelectorAll('body *')) {
        const box = element.getBoundingClientRect();
        const style = getComputedStyle(element);
        const hidden = '.govuk-visually-hidden, .govuk-skip-link, .app-late';
        const isHidden = style.visibility === 'hidden' || element.closest(hidden);
        if (!box.width || isHidden) continue;
        const isCut = element.scrollWidth > element.clientWidth + 1 && style.overflowX !== 'visible'
            && !element.matches('input, textarea');
        const isOut = box.right > innerWidth + 1 || box.left < -1;
        if (isOut || isCut) faults.push(element.outerHTML.slice(0, 100));
    }
    return faults;";

#[tokio::test]
async fn text_twice_as_large_is_neither_cut_nor_pushed_out_even_at_320_pixels() {
    in_chromium(Look { text_percent: 200, ..Look::default() }, async |stage| {
        let browser = &stage.browser;
        states::visit(stage, async |name| {
            for width in [1280, 320] {
                browser.size(width, 900).await;
                assert_nothing_sticks_out(browser, &format!("{name} at {width}")).await;
            }
            browser.size(1280, 900).await;
        })
        .await;
    })
    .await;
}

pub async fn assert_follows_wcag(browser: &Browser, name: &str) {
    assert_follows(browser, name, json!({"type": "tag", "values": WCAG})).await;
}

/// The contrasts alone: of a page in dark, where only colours are others.
pub async fn assert_contrasts(browser: &Browser, name: &str) {
    assert_follows(browser, name, json!({"type": "rule", "values": ["color-contrast"]})).await;
}

async fn assert_follows(browser: &Browser, name: &str, rules: Value) {
    static AXE: LazyLock<String> = LazyLock::new(|| {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("web/node_modules/axe-core/axe.min.js");
        std::fs::read_to_string(file).expect("axe-core: npm ci in web/")
    });
    // Half a megabyte: once a page.
    if browser.run("return window.axe === undefined", json!([])).await == json!(true) {
        browser.client.execute(&AXE, vec![]).await.unwrap();
    }
    let faults = browser.client.execute_async(RUN_AXE, vec![rules]).await.unwrap();
    assert_eq!(faults, json!([]), "{name} in {:?}", browser.engine);
}

pub async fn assert_nothing_sticks_out(browser: &Browser, name: &str) {
    let faults = browser.run(OVERFLOW, json!([])).await;
    assert_eq!(faults, Value::Array(vec![]), "{name} in {:?}", browser.engine);
}

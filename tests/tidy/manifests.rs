//! What is deployed is built of nothing that only tests need.

use crate::sources::check;

fn faults(manifest: &str) -> Vec<(usize, String)> {
    let mut section = "";
    let mut faults = Vec::new();
    for (rank, line) in manifest.lines().enumerate() {
        if line.starts_with('[') {
            section = line;
        }
        if section == "[dependencies]" && line.starts_with("testkit") {
            faults.push((rank + 1, "only tests and chores know the testkit".to_owned()));
        }
    }
    faults
}

#[test]
fn no_function_knows_the_testkit() {
    check(&["domain", "platform", "functions"], "Cargo.toml", faults);
    assert_eq!(
        faults("[dependencies]\ntestkit.workspace = true\n[dev-dependencies]\ntestkit.workspace = true")
            .len(),
        1
    );
}

//! Everything has a limit, a named constant with its unit.

use crate::sources::{SERVICE, check, code};

/// Calls whose number is a limit, whatever it is.
const SPANS: [&str; 8] = [
    "from_secs(",
    "from_millis(",
    "from_micros(",
    "from_mins(",
    "from_hours(",
    "minutes(",
    "in 0..",
    "in 1..=",
];
/// Calls whose number is a limit from ten on; a smaller one is a shape.
const AMOUNTS: [&str; 3] = [".take(", "with_capacity(", "to_bytes(body, "];
/// What has no limit at all.
const ENDLESS: [&str; 5] = [
    "to_bytes(body, usize::MAX",
    "unbounded_channel",
    ".read_to_end(",
    ".read_to_string(",
    "DefaultBodyLimit::disable",
];

fn faults(text: &str) -> Vec<(usize, String)> {
    let mut faults = Vec::new();
    let mut is_constant = false;
    for (number, line) in code(text) {
        let item = ["pub ", "pub(crate) ", "pub(super) "]
            .into_iter()
            .find_map(|public| line.strip_prefix(public))
            .unwrap_or(line);
        if item.starts_with("const ") && !item.starts_with("const fn") || item.starts_with("static ") {
            is_constant = true;
            faults.extend(unit_fault(item).map(|fault| (number, fault)));
        }
        if !is_constant {
            faults.extend(bare_fault(line).map(|fault| (number, fault)));
        }
        is_constant &= !line.ends_with(';');
    }
    faults
}

/// A number whose name says that it is a limit says of what: a plural (`BYTES`, `ATTEMPTS`), or one of the
/// words for characters and steps. The unit of a duration is in its type.
fn unit_fault(item: &str) -> Option<String> {
    let (name, kind) = item.split_once(' ')?.1.split_once(": ")?;
    let is_limit = name.ends_with("_MAX") || name.ends_with("_MIN");
    let has_unit = name.split('_').any(|word| word.ends_with('S') || ["LENGTH", "COUNTER"].contains(&word));
    (is_limit && !has_unit && !kind.contains("Duration")).then(|| format!("{name}: of what, in which unit?"))
}

fn bare_fault(line: &str) -> Option<String> {
    let number_after = |call: &&str| {
        let (_, rest) = line.split_once(*call)?;
        let digits: String = rest.chars().take_while(|c| c.is_ascii_digit() || *c == '_').collect();
        digits.replace('_', "").parse::<u64>().ok()
    };
    let bare = SPANS.iter().find(|call| number_after(call).is_some());
    let bare =
        bare.or_else(|| AMOUNTS.iter().find(|call| number_after(call).is_some_and(|number| number >= 10)));
    let endless =
        || ENDLESS.iter().find(|word| line.contains(**word)).map(|word| format!("{word} is no limit"));
    bare.map(|call| format!("a number without a name: {call}…")).or_else(endless)
}

#[test]
fn everything_has_a_limit_that_is_a_named_constant_with_its_unit() {
    check(&SERVICE, ".rs", faults);
}

#[test]
fn what_breaks_the_rule_is_found() {
    let lines = |text: &str| faults(text).into_iter().map(|(line, _)| line).collect::<Vec<_>>();
    let broken = "\
const BATCH_MAX: usize = 10;
tokio::time::sleep(Duration::from_secs(3)).await;
for _ in 0..3 {
let all = rows.take(100);
to_bytes(body, 1_000_000).await
let (sender, receiver) = mpsc::unbounded_channel();
stream.read_to_end(&mut bytes).await?;
after(now, minutes(60))";
    assert_eq!(lines(broken), [1, 2, 3, 4, 5, 6, 7, 8]);
    let right = "\
/// Never more than minutes(60).
pub const LEASE: SignedDuration =
    SignedDuration::from_secs(60);
const BODY_BYTES_MAX: usize = 16 * 1024;
pub const SEND_DELAY_MAX: Duration = Duration::from_secs(10);
for _ in 0..CONFLICT_ATTEMPTS_MAX {
let next = characters.take(2);
to_bytes(body, BODY_BYTES_MAX).await
#[cfg(test)]
Duration::from_secs(3)";
    assert_eq!(lines(right), [] as [usize; 0]);
}

//! What property tests share: one seed, and text as hostile as a form may bring it.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::RngSeed;

/// Every property draws the same cases on every run; `PROPTEST_RNG_SEED` draws others.
const SEED: u64 = 20_261_123;

/// The configuration of every property test. `PROPTEST_*` variables come before it.
pub fn config() -> ProptestConfig {
    let mut config = ProptestConfig { failure_persistence: None, ..ProptestConfig::default() };
    if config.rng_seed == RngSeed::Random {
        config.rng_seed = RngSeed::Fixed(SEED);
    }
    // The harness shows it with a failure.
    println!("PROPTEST_RNG_SEED={} PROPTEST_CASES={}", config.rng_seed, config.cases);
    config
}

/// The longest text that a parser is shown, in characters: more than a request's body can hold.
pub const TEXT_LENGTH_MAX: usize = 20_000;

/// What parsers look for, and what people and programs paste around it: separators, look-alikes,
/// direction marks, controls, combining marks, symbols of four bytes.
const AWKWARD: &[char] = &[
    '0',
    '1',
    '9',
    '3',
    '5',
    '6',
    'A',
    'P',
    'a',
    'p',
    'O',
    'I',
    'L',
    'U',
    'k',
    '@',
    '.',
    '-',
    '+',
    '/',
    '(',
    ')',
    '[',
    '"',
    '<',
    '>',
    ',',
    ';',
    ' ',
    '\t',
    '\n',
    '\r',
    '\0',
    '\u{1B}',
    '\u{7F}',
    '\u{85}',
    '\u{A0}',
    '\u{AD}',
    '\u{301}',
    '\u{61C}',
    '\u{200B}',
    '\u{200C}',
    '\u{200D}',
    '\u{200E}',
    '\u{200F}',
    '\u{2007}',
    '\u{2010}',
    '\u{2011}',
    '\u{2028}',
    '\u{2029}',
    '\u{202A}',
    '\u{202E}',
    '\u{202F}',
    '\u{2060}',
    '\u{2066}',
    '\u{2212}',
    '\u{3000}',
    '\u{FEFF}',
    '\u{FFFD}',
    'é',
    'ß',
    'İ',
    'ı',
    'K',
    '０',
    '٣',
    '漢',
    '𝟘',
    '🦀',
    '\u{10FFFF}',
];

/// Any text at all: any characters, awkward ones in any order, and either of them very long.
pub fn any_text() -> impl Strategy<Value = String> {
    prop_oneof![
        6 => vec(any::<char>(), 0..80),
        6 => vec(select(AWKWARD), 0..80),
        1 => vec(select(AWKWARD), 0..=TEXT_LENGTH_MAX),
        1 => (select(AWKWARD), 0..=TEXT_LENGTH_MAX).prop_map(|(c, length)| vec![c; length]),
    ]
    .prop_map(|characters| characters.into_iter().collect())
}

/// `text` with one of `separators`, or none, before each of its characters and at its end.
pub fn spread(text: &str, separators: &'static [&'static str]) -> impl Strategy<Value = String> + use<> {
    let characters: Vec<char> = text.chars().collect();
    let gap = prop_oneof![2 => Just(""), 1 => select(separators)];
    vec(gap, characters.len() + 1).prop_map(move |gaps| {
        let mut typed = String::new();
        for (index, gap) in gaps.into_iter().enumerate() {
            typed.push_str(gap);
            typed.extend(characters.get(index));
        }
        typed
    })
}

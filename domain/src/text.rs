//! What a field may be made of: characters that a person can see.

use crate::refusal::FaultCode;

/// Joins letters and pictures into one, or keeps them apart: part of how some names are written.
const JOINERS: [char; 2] = ['\u{200C}', '\u{200D}'];

/// A character that changes how a line reads without being seen: controls, line and paragraph
/// separators, direction marks and zero-width characters but the joiners (Unicode Cc, Zl, Zp, Bidi).
pub(crate) fn is_invisible(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{00AD}' | '\u{061C}' | '\u{180E}' | '\u{200B}' | '\u{200E}' | '\u{200F}'
            | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{2069}' | '\u{FEFF}' | '\u{FFF9}'..='\u{FFFB}')
}

/// A character that comes along when a number is pasted, and means nothing in it: white space of every
/// kind, soft hyphens, zero-width characters and direction marks.
pub(crate) fn is_ignorable(c: char) -> bool {
    c.is_whitespace() || JOINERS.contains(&c) || (is_invisible(c) && !c.is_control())
}

/// Text in which there is nothing to see: white space, and joiners that have nothing to join.
pub(crate) fn is_blank(text: &str) -> bool {
    text.chars().all(|c| c.is_whitespace() || JOINERS.contains(&c))
}

/// The characters that `is_member` takes, as the inside of a class of a regular expression. It must take none
/// beyond U+FFFF, which regular expressions spell in different ways.
pub(crate) fn class(is_member: impl Fn(char) -> bool) -> String {
    let members: Vec<char> = ('\0'..='\u{FFFF}').filter(|&c| is_member(c)).collect();
    let ranges = members.chunk_by(|&a, &b| u32::from(a) + 1 == u32::from(b));
    let written = |range: &[char]| match range {
        [first, .., last] => format!("{}-{}", escaped(*first), escaped(*last)),
        single => single.iter().copied().map(escaped).collect(),
    };
    ranges.map(written).collect()
}

fn escaped(c: char) -> String {
    if c.is_ascii_alphanumeric() { c.to_string() } else { format!("\\u{:04x}", u32::from(c)) }
}

/// The class of the characters that can be seen, white space among them.
pub(crate) fn visible_class() -> String {
    format!("[^{}]", class(is_invisible))
}

/// The class of the characters that leave ink.
pub(crate) fn ink_class() -> String {
    format!("[^{}]", class(|c| is_invisible(c) || c.is_whitespace() || JOINERS.contains(&c)))
}

/// One line of text, trimmed, of 1 to `length_max` characters that can all be seen.
pub(crate) fn line(input: &str, length_max: usize) -> Result<String, FaultCode> {
    let trimmed = input.trim();
    if is_blank(trimmed) {
        return Err(FaultCode::Required);
    }
    if trimmed.chars().count() > length_max {
        return Err(FaultCode::TooLong);
    }
    if trimmed.chars().any(is_invisible) {
        return Err(FaultCode::ControlCharacter);
    }
    Ok(trimmed.to_owned())
}

//! Characters of text fields: visible ones, and which are ignored.

use crate::refusal::FieldCode;

/// Zero-width joiners, which some names and emoji need.
const JOINERS: [char; 2] = ['\u{200C}', '\u{200D}'];

/// Controls, line and paragraph separators, direction marks and zero-width characters except the joiners
/// (Unicode Cc, Zl, Zp, Bidi).
pub(crate) fn is_invisible(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{00AD}' | '\u{061C}' | '\u{180E}' | '\u{200B}' | '\u{200E}' | '\u{200F}'
            | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{2069}' | '\u{FEFF}' | '\u{FFF9}'..='\u{FFFB}')
}

/// Ignored in numbers, where they are pasted along: white space, soft hyphens, zero-width characters,
/// direction marks.
pub(crate) fn is_ignorable(c: char) -> bool {
    c.is_whitespace() || JOINERS.contains(&c) || (is_invisible(c) && !c.is_control())
}

/// Hyphens and dashes, and the minus sign, which programs put in their place.
pub(crate) fn is_dash(c: char) -> bool {
    matches!(c, '-' | '\u{2010}'..='\u{2015}' | '\u{2212}')
}

/// Apostrophes and quotes, straight and curved: a spreadsheet puts one before a number that it keeps as text.
pub(crate) fn is_quote(c: char) -> bool {
    matches!(
        c,
        '\'' | '"' | '`' | '´' | '«' | '»' | '\u{02BC}' | '\u{2018}'..='\u{201F}' | '\u{2039}' | '\u{203A}'
    )
}

/// Blank: white space, and joiners alone.
pub(crate) fn is_blank(text: &str) -> bool {
    text.chars().all(|c| c.is_whitespace() || JOINERS.contains(&c))
}

/// The characters of `is_member`, as the inside of a regular expression's class. None may be beyond U+FFFF,
/// which regular expressions spell in different ways.
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

/// The class of visible characters and white space.
pub(crate) fn visible_class() -> String {
    format!("[^{}]", class(is_invisible))
}

/// The class of visible characters without white space.
pub(crate) fn ink_class() -> String {
    format!("[^{}]", class(|c| is_invisible(c) || c.is_whitespace() || JOINERS.contains(&c)))
}

/// The class of what no text of several lines holds, as the inside of a class.
pub(crate) fn line_class() -> String {
    class(|c| is_invisible(c) && !matches!(c, '\n' | '\t'))
}

/// Several lines as they are kept, trimmed: line ends become `\n`; invisible characters are dropped, since
/// nobody could find them to correct them.
pub(crate) fn lines(input: &str) -> String {
    let lines = input.replace("\r\n", "\n").replace(['\r', '\u{2028}', '\u{2029}'], "\n");
    let visible: String = lines.chars().filter(|&c| matches!(c, '\n' | '\t') || !is_invisible(c)).collect();
    visible.trim().to_owned()
}

/// Parses one line, trimmed, of 1 to `length_max` visible characters.
pub(crate) fn line(input: &str, length_max: usize) -> Result<String, FieldCode> {
    let trimmed = input.trim();
    if is_blank(trimmed) {
        return Err(FieldCode::Required);
    }
    if trimmed.chars().count() > length_max {
        return Err(FieldCode::TooLong);
    }
    if trimmed.chars().any(is_invisible) {
        return Err(FieldCode::ControlCharacter);
    }
    Ok(trimmed.to_owned())
}

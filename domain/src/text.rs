//! What a field may be made of: characters that a person can see.

use crate::refusal::FaultCode;

/// A character that changes how a line reads without being seen: controls, line and paragraph
/// separators, direction marks and zero-width characters (Unicode Cc, Zl, Zp and the Bidi controls).
pub(crate) fn is_invisible(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{00AD}' | '\u{061C}' | '\u{180E}' | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}'
            | '\u{2060}'..='\u{2069}' | '\u{FEFF}' | '\u{FFF9}'..='\u{FFFB}')
}

/// A character that comes along when a number is pasted, and means nothing in it: white space of every
/// kind, soft hyphens, zero-width characters and direction marks.
pub(crate) fn is_ignorable(c: char) -> bool {
    c.is_whitespace() || (is_invisible(c) && !c.is_control())
}

/// One line of text, trimmed, of 1 to `length_max` characters that can all be seen.
pub(crate) fn line(input: &str, length_max: usize) -> Result<String, FaultCode> {
    let trimmed = input.trim();
    if trimmed.is_empty() {
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

//! A file of SIRETs, from a spreadsheet or typed by hand: one result a line.

use std::collections::HashMap;

use crate::form::present;
use crate::refusal::FieldCode;
use crate::siret::Siret;
use crate::text;

/// The largest file.
pub const LIST_BYTES_MAX: usize = 1024 * 1024;
/// The most lines with something on them, besides the header: what a cabinet has of clients.
pub const LIST_LINES_MAX: usize = 5_000;
/// The fewest digits that are not a header's: those of a SIREN.
const NUMBER_DIGITS_MIN: usize = 9;
/// Separators of cells, the likelier first.
const SEPARATORS: [char; 3] = [';', '\t', ','];

/// The result of one line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListLine {
    /// The line of the file, from 1.
    pub number: usize,
    pub siret: Result<Siret, ListError>,
}

/// Why a line gives no SIRET.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ListError {
    /// No cell of it is one; what is wrong with the likeliest.
    Invalid(FieldCode),
    /// An earlier line has the same.
    Duplicate {
        /// That line of the file, from 1.
        first: usize,
    },
}

/// Reads a file in UTF-8, UTF-16 with its mark, or any encoding that has ASCII digits. Cells are separated by
/// semicolons, tabs or commas, whichever most lines have; quotes may enclose them, on one line. A first line
/// without numbers is a header, and its cell «SIRET» names the column; else the first SIRET of a line counts.
/// Blank lines are skipped. The same file gives the same results.
///
/// # Errors
/// `TooLong` over [`LIST_BYTES_MAX`] or [`LIST_LINES_MAX`]; `Required` when no line has anything on it.
pub fn parse(file: &[u8]) -> Result<Vec<ListLine>, FieldCode> {
    if file.len() > LIST_BYTES_MAX {
        return Err(FieldCode::TooLong);
    }
    let text = decoded(file).replace("\r\n", "\n").replace('\r', "\n");
    let mut lines: Vec<(usize, &str)> =
        (1..).zip(text.split('\n')).filter(|(_, line)| !is_blank(line)).collect();
    let separator = separator_of(&lines);
    let header = lines.first().and_then(|(_, line)| header_of(&cells(line, separator)));
    if header.is_some() {
        lines.remove(0);
    }
    let column = header.flatten();
    match lines.len() {
        0 => return Err(FieldCode::Required),
        count if count > LIST_LINES_MAX => return Err(FieldCode::TooLong),
        _ => {}
    }
    let mut known: HashMap<Siret, usize> = HashMap::new();
    let results = lines.into_iter().map(|(number, line)| {
        let siret = siret_of(&cells(line, separator), column).map_err(ListError::Invalid);
        let siret = siret.and_then(|siret| match *known.entry(siret.clone()).or_insert(number) {
            first if first < number => Err(ListError::Duplicate { first }),
            _ => Ok(siret),
        });
        ListLine { number, siret }
    });
    Ok(results.collect())
}

/// The text of a file. What is not of its encoding becomes U+FFFD, which no SIRET has.
fn decoded(file: &[u8]) -> String {
    match file {
        [0xFF, 0xFE, rest @ ..] => from_utf16(rest, u16::from_le_bytes),
        [0xFE, 0xFF, rest @ ..] => from_utf16(rest, u16::from_be_bytes),
        [0xEF, 0xBB, 0xBF, rest @ ..] => String::from_utf8_lossy(rest).into_owned(),
        _ => String::from_utf8_lossy(file).into_owned(),
    }
}

fn from_utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> String {
    let (pairs, _) = bytes.as_chunks::<2>();
    let units = pairs.iter().map(|&pair| unit(pair));
    char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
}

fn is_blank(line: &str) -> bool {
    line.chars().all(|c| text::is_ignorable(c) || text::is_quote(c) || SEPARATORS.contains(&c))
}

/// The separator that stands in most lines, outside quotes; none where no line has any.
fn separator_of(lines: &[(usize, &str)]) -> Option<char> {
    let count =
        |separator: char| lines.iter().filter(|(_, line)| cells(line, Some(separator)).len() > 1).count();
    // Of equals `max_by_key` gives the last.
    let counted = SEPARATORS.into_iter().rev().map(|separator| (separator, count(separator)));
    counted.max_by_key(|&(_, count)| count).filter(|&(_, count)| count > 0).map(|(separator, _)| separator)
}

/// The cells of a line, without quotes. Quotes that do not come in pairs are characters like others.
fn cells(line: &str, separator: Option<char>) -> Vec<String> {
    let has_pairs = line.matches('"').count().is_multiple_of(2);
    let mut is_quoted = false;
    let mut cells = vec![String::new()];
    for c in line.chars() {
        if c == '"' && has_pairs {
            is_quoted = !is_quoted;
        } else if Some(c) == separator && !is_quoted {
            cells.push(String::new());
        } else if let Some(cell) = cells.last_mut() {
            cell.push(c);
        }
    }
    cells
}

/// Whether a line is a header, and which of its columns is the SIRET's.
fn header_of(cells: &[String]) -> Option<Option<usize>> {
    let named = cells.iter().position(|cell| cell.to_lowercase().contains("siret"));
    let has_number = cells.iter().any(|cell| digits_of(cell) >= NUMBER_DIGITS_MIN);
    let has_digits = cells.iter().any(|cell| digits_of(cell) > 0);
    (!has_number && (named.is_some() || !has_digits)).then_some(named)
}

fn siret_of(cells: &[String], column: Option<usize>) -> Result<Siret, FieldCode> {
    if let Some(column) = column {
        return cells.get(column).map_or(Err(FieldCode::Required), |cell| read(cell));
    }
    if let Some(siret) = cells.iter().find_map(|cell| read(cell).ok()) {
        return Ok(siret);
    }
    let likeliest = cells.iter().rev().max_by_key(|cell| digits_of(cell));
    likeliest.map_or(Err(FieldCode::Required), |cell| read(cell))
}

/// Reads a cell. Spreadsheets that keep a number as text may write it as a formula, `="…"`.
fn read(cell: &str) -> Result<Siret, FieldCode> {
    Siret::parse(present(cell)?.trim().trim_start_matches('='))
}

fn digits_of(cell: &str) -> usize {
    cell.chars().filter(char::is_ascii_digit).count()
}

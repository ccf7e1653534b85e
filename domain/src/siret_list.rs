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
/// The words of a header's cell that names the column, «siret» among them: «N° SIRET», «Numéro de SIRET».
const LABEL_WORDS: [&str; 11] =
    ["siret", "n", "no", "num", "numéro", "numero", "code", "de", "du", "client", "établissement"];
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
/// with a cell «SIRET» is a header, and that cell names the column; else the first SIRET of a line counts.
/// Blank lines and the header alone are skipped. The same file gives the same results.
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
    let column = lines.first().and_then(|(_, line)| column_of(&cells(line, separator)));
    if column.is_some() {
        lines.remove(0);
    }
    match lines.len() {
        0 => return Err(FieldCode::Required),
        count if count > LIST_LINES_MAX => return Err(FieldCode::TooLong),
        _ => {}
    }
    let mut known: HashMap<Siret, usize> = HashMap::new();
    let results = lines.into_iter().map(|(number, line)| {
        let siret = siret_of(&cells(line, separator), separator, column).map_err(ListError::Invalid);
        let siret = siret.and_then(|siret| match *known.entry(siret.clone()).or_insert(number) {
            first if first < number => Err(ListError::Duplicate { first }),
            _ => Ok(siret),
        });
        ListLine { number, siret }
    });
    Ok(results.collect())
}

/// The text of a file: Latin-1 when it is no UTF-8, as spreadsheets on Windows write it. What is not of a
/// marked encoding becomes U+FFFD, which no SIRET has.
fn decoded(file: &[u8]) -> String {
    match file {
        [0xFF, 0xFE, rest @ ..] => from_utf16(rest, u16::from_le_bytes),
        [0xFE, 0xFF, rest @ ..] => from_utf16(rest, u16::from_be_bytes),
        [0xEF, 0xBB, 0xBF, rest @ ..] => String::from_utf8_lossy(rest).into_owned(),
        _ => match std::str::from_utf8(file) {
            Ok(text) => text.to_owned(),
            Err(_) => file.iter().map(|&byte| char::from(byte)).collect(),
        },
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

/// The separator that stands in most lines, outside quotes; the first where no line has any.
fn separator_of(lines: &[(usize, &str)]) -> char {
    let count = |separator: &char| lines.iter().filter(|(_, line)| cells(line, *separator).len() > 1).count();
    // Of equals `max_by_key` gives the last.
    SEPARATORS.into_iter().rev().max_by_key(count).unwrap_or(SEPARATORS[0])
}

/// The cells of a line, without quotes. Quotes that do not come in pairs are characters like others.
fn cells(line: &str, separator: char) -> Vec<String> {
    let has_pairs = line.matches('"').count().is_multiple_of(2);
    let mut is_quoted = false;
    let mut cells = vec![String::new()];
    for c in line.chars() {
        if c == '"' && has_pairs {
            is_quoted = !is_quoted;
        } else if c == separator && !is_quoted {
            cells.push(String::new());
        } else if let Some(cell) = cells.last_mut() {
            cell.push(c);
        }
    }
    cells
}

/// Which cell of a first line names the column of the SIRET; none when the line is no header.
fn column_of(cells: &[String]) -> Option<usize> {
    cells.iter().position(|cell| is_label(cell))
}

fn is_label(cell: &str) -> bool {
    let is_gap = |c: char| !c.is_alphanumeric() || c == 'º';
    let lower = cell.to_lowercase();
    let words: Vec<&str> = lower.split(is_gap).filter(|word| !word.is_empty()).collect();
    words.contains(&LABEL_WORDS[0]) && words.iter().all(|word| LABEL_WORDS.contains(word))
}

fn siret_of(cells: &[String], separator: char, column: Option<usize>) -> Result<Siret, FieldCode> {
    let read = |cell: &String| read(cell, separator);
    if let Some(column) = column {
        return cells.get(column).map_or(Err(FieldCode::Required), read);
    }
    if let Some(siret) = cells.iter().find_map(|cell| read(cell).ok()) {
        return Ok(siret);
    }
    cells.iter().rev().max_by_key(|cell| digits_of(cell)).map_or(Err(FieldCode::Required), read)
}

/// Reads a cell. Spreadsheets that keep a number as text may write it as a formula, `="…"`. Between digits
/// another of the separators may be the end of a cell: two of them are never joined into a SIRET.
fn read(cell: &str, separator: char) -> Result<Siret, FieldCode> {
    let cell = present(cell)?.trim().trim_start_matches('=');
    let is_digit = |c: char| c.is_ascii_digit();
    let ends = cell.find(is_digit).zip(cell.rfind(is_digit));
    let digits = ends.map_or("", |(first, last)| &cell[first..=last]);
    if digits.contains(|c: char| SEPARATORS.contains(&c) && c != separator) {
        return Err(FieldCode::SiretFormat);
    }
    Siret::parse(cell)
}

fn digits_of(cell: &str) -> usize {
    cell.chars().filter(char::is_ascii_digit).count()
}

//! Tests of files of SIRETs: one result a line, from whatever a spreadsheet writes.

use domain::siret_list::{LIST_BYTES_MAX, LIST_LINES_MAX, ListError, ListLine, parse};
use domain::{FieldCode, Siret};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use crate::common;

const ONE: &str = "73282932000074";
const TWO: &str = "35600000009075";
const THREE: &str = "55210055400013";

/// Each line's number, with its SIRET or what is wrong.
fn results(file: &[u8]) -> Vec<(usize, String)> {
    let told = |line: ListLine| match line.siret {
        Ok(siret) => (line.number, siret.to_string()),
        Err(ListError::Invalid(code)) => (line.number, code.as_str().to_owned()),
        Err(ListError::Duplicate { first }) => (line.number, format!("as line {first}")),
    };
    parse(file).unwrap().into_iter().map(told).collect()
}

fn is_read_as(file: &str, expected: &[(usize, &str)]) {
    let expected: Vec<(usize, String)> =
        expected.iter().map(|&(number, told)| (number, told.to_owned())).collect();
    assert_eq!(results(file.as_bytes()), expected, "{file:?}");
}

#[test]
fn one_siret_a_line_with_whatever_ends_it() {
    for end in ["\n", "\r\n", "\r"] {
        is_read_as(&[ONE, TWO, THREE].join(end), &[(1, ONE), (2, TWO), (3, THREE)]);
        is_read_as(&format!("{ONE}{end}{end}  {end}{TWO}{end}"), &[(1, ONE), (4, TWO)]);
    }
}

#[test]
fn semicolons_tabs_and_commas_separate_cells_and_a_header_names_the_column() {
    for separator in [";", "\t", ","] {
        let row = |cells: [&str; 3]| cells.join(separator);
        let lines = [
            row(["Client", "N° SIRET", "Ville"]),
            row(["Boulangerie", ONE, "Lyon"]),
            row(["Poste 12345678901234", TWO, ""]),
            row(["Rien", "", "Paris"]),
            row(["", "", ""]),
            row(["Faux", "73282932000075", ""]),
        ];
        let expected = [(2, ONE), (3, TWO), (4, "required"), (6, "siret-checksum")];
        is_read_as(&lines.join("\n"), &expected);
    }
}

#[test]
fn without_a_header_the_first_siret_of_a_line_counts() {
    is_read_as(
        &format!("12;{ONE};{TWO}\nMartin;{TWO}\nDupont;732829320"),
        &[(1, ONE), (2, TWO), (3, "siret-is-siren")],
    );
    is_read_as(&format!("{ONE}\npas un siret\n"), &[(1, ONE), (2, "siret-format")]);
    is_read_as(&format!("SIRET : {ONE}"), &[(1, ONE)]);
    is_read_as("SIRET : 73282932000075", &[(1, "siret-checksum")]);
}

#[test]
fn a_header_is_a_first_line_that_names_the_column_and_every_other_line_is_told() {
    for label in [
        "SIRET",
        "siret",
        " Siret : ",
        "N° SIRET",
        "Nº Siret",
        "№ SIRET",
        "No_Siret",
        "Num. SIRET",
        "Numéro de SIRET",
        "NUMÉRO SIRET",
        "Code SIRET du client",
        "SIRET établissement",
    ] {
        is_read_as(&format!("{label}\n{ONE}"), &[(2, ONE)]);
        is_read_as(&format!("Nom;{label}\n{TWO};{ONE}"), &[(2, ONE)]);
    }
    for other in ["Mes clients", "Siret ou siren", "Liste des siret", "Désiret", "Client"] {
        is_read_as(&format!("{other}\n{ONE}"), &[(1, "siret-format"), (2, ONE)]);
    }
    is_read_as(&format!("{ONE}\nSIRET\n{TWO}"), &[(1, ONE), (2, "siret-format"), (3, TWO)]);
}

#[test]
fn two_cells_are_never_joined_into_a_siret() {
    is_read_as("732829320,00074\n7,3282932000074", &[(1, "siret-is-siren"), (2, "siret-format")]);
    is_read_as(
        &format!("{ONE};x\n{TWO};x\n732829320,00074;x\n732829320\t00074;x\n7,32829320\t00074"),
        &[(1, ONE), (2, TWO), (3, "siret-format"), (4, "siret-format"), (5, "siret-format")],
    );
    is_read_as(&format!("SIRET;Nom\n732829320,00074;x\n{ONE},;x"), &[(2, "siret-format"), (3, ONE)]);
    is_read_as("\"732829320\",\"00074\"\n\"732,829,320,00074\",x", &[(1, "siret-is-siren"), (2, ONE)]);
}

#[test]
fn the_separator_is_that_of_most_lines() {
    is_read_as(&format!("{ONE}\tMartin; fils\n{TWO}\tDupont"), &[(1, ONE), (2, TWO)]);
    is_read_as(&format!("{ONE};Martin, fils\n{TWO};Dupont, père"), &[(1, ONE), (2, TWO)]);
}

#[test]
fn quotes_enclose_separators_and_a_stray_one_spoils_its_line_alone() {
    is_read_as(
        &format!("\"Martin; fils\";\"732 829 320 00074\"\n\"Chez \"\"Léa\"\"\";\"{TWO}\"\n5\" x;{THREE}"),
        &[(1, ONE), (2, TWO), (3, THREE)],
    );
    is_read_as(&format!("=\"{ONE}\";x\n'{TWO};x"), &[(1, ONE), (2, TWO)]);
}

#[test]
fn a_number_that_a_spreadsheet_has_rounded_is_told() {
    is_read_as(&format!("7,32829E+13;x\n{ONE};x"), &[(1, "siret-format"), (2, ONE)]);
}

#[test]
fn a_second_time_names_the_first() {
    is_read_as(
        &format!("{ONE}\n{TWO}\n732 829 320 00074\n{ONE}"),
        &[(1, ONE), (2, TWO), (3, "as line 1"), (4, "as line 1")],
    );
}

#[test]
fn every_encoding_of_a_spreadsheet_is_read() {
    let text = "Numéro de SIRET;Nom\r\n732\u{A0}829\u{A0}320\u{A0}00074;Épicerie\r\n";
    let expected = vec![(2, ONE.to_owned())];
    let with_mark = [[0xEF, 0xBB, 0xBF].as_slice(), text.as_bytes()].concat();
    assert_eq!(results(&with_mark), expected);
    let latin: Vec<u8> = text.chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect();
    assert_eq!(results(&latin), expected);
    let little: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert_eq!(results(&[vec![0xFF, 0xFE], little].concat()), expected);
    let big: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
    assert_eq!(results(&[vec![0xFE, 0xFF], big].concat()), expected);
}

#[test]
fn what_a_marked_file_has_of_another_encoding_is_no_siret() {
    let file = [[0xEF, 0xBB, 0xBF].as_slice(), b"SIRET\n732829320\xA000074\n", TWO.as_bytes()].concat();
    assert_eq!(results(&file), [(2, "siret-format".to_owned()), (3, TWO.to_owned())]);
}

#[test]
fn an_empty_file_is_required() {
    for file in ["", "\n\r\n", "\u{FEFF}", ";;;\n;;;", "\"\"", "SIRET;Nom\n"] {
        assert_eq!(parse(file.as_bytes()), Err(FieldCode::Required), "{file:?}");
    }
}

#[test]
fn bytes_and_lines_are_bounded() {
    assert_eq!((LIST_BYTES_MAX, LIST_LINES_MAX), (1_048_576, 5_000));
    let lines = |count: usize| format!("SIRET\n{}", format!("{ONE}\n").repeat(count));
    assert_eq!(results(lines(5_000).as_bytes()).len(), 5_000);
    assert_eq!(parse(lines(5_001).as_bytes()), Err(FieldCode::TooLong));
    let padded = |bytes: usize| format!("{ONE}{}", "\n".repeat(bytes - ONE.len()));
    assert_eq!(results(padded(LIST_BYTES_MAX).as_bytes()).len(), 1);
    assert_eq!(parse(padded(LIST_BYTES_MAX + 1).as_bytes()), Err(FieldCode::TooLong));
}

/// Any SIRET that passes Luhn's check.
fn any_siret() -> impl Strategy<Value = String> {
    "[1-9][0-9]{12}".prop_map(|digits| {
        (0..10).map(|digit| format!("{digits}{digit}")).find(|siret| Siret::parse(siret).is_ok()).unwrap()
    })
}

/// What a result says besides its line.
fn sirets(file: &str) -> Vec<Option<String>> {
    let lines = parse(file.as_bytes()).unwrap();
    lines.into_iter().map(|line| line.siret.ok().map(|siret| siret.to_string())).collect()
}

proptest! {
    #![proptest_config(common::config())]

    #[test]
    fn any_bytes_are_read_without_a_panic_and_twice_alike(
        file in prop_oneof![
            vec(any::<u8>(), 0..400),
            common::any_text().prop_map(String::into_bytes),
            vec(select(b"0123456789;,\t\"\r\n= SIRET\xFF\xFE\xEF\xBB\xBF".to_vec()), 0..400),
        ]
    ) {
        let once = parse(&file);
        prop_assert_eq!(&once, &parse(&file));
        if let Ok(lines) = once {
            prop_assert!(!lines.is_empty() && lines.len() <= LIST_LINES_MAX);
            prop_assert!(lines.windows(2).all(|pair| pair[0].number < pair[1].number));
            for line in &lines {
                if let Err(ListError::Duplicate { first }) = line.siret {
                    let is_first = |other: &&ListLine| other.number == first && other.siret.is_ok();
                    prop_assert!(first < line.number && lines.iter().any(|other| is_first(&other)));
                }
            }
        }
    }

    #[test]
    fn every_siret_of_a_table_is_found_whatever_separates_its_cells(
        rows in vec(("[A-Za-zé' ]{0,12}", any_siret(), "[a-z]{0,6}"), 1..20),
        separator in select(vec![";", "\t", ","]), end in select(vec!["\n", "\r\n", "\r"]),
        has_header in any::<bool>(), is_quoted in any::<bool>(),
    ) {
        let cell = |text: &str| if is_quoted { format!("\"{text}\"") } else { text.to_owned() };
        let header = has_header.then(|| ["Nom", "Siret", "Ville"].map(cell).join(separator));
        let row = |cells: [&String; 3]| cells.map(|text| cell(text)).join(separator);
        let rows_written = rows.iter().map(|(name, siret, town)| row([name, siret, town]));
        let file = header.into_iter().chain(rows_written).collect::<Vec<_>>().join(end);
        let mut known = std::collections::HashSet::new();
        let expected: Vec<Option<String>> =
            rows.iter().map(|(_, siret, _)| known.insert(siret).then(|| siret.clone())).collect();
        prop_assert_eq!(sirets(&file), expected);
    }
}

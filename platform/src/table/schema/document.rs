//! The table's document, and what its words are made of.

use std::fmt::{self, Display, Formatter};

use domain::time::SignedDuration;

use super::{Attribute, Personal, Presence, Retention, kinds};

/// `docs/table.md`.
#[must_use]
pub fn document() -> String {
    let mut document = String::from(INTRODUCTION);
    for kind in kinds() {
        document += &format!("| {} | `{}` | `{}` | {} |\n", kind.name, kind.pk, kind.sk, kind.retention);
    }
    for kind in kinds() {
        document += &format!("\n## {}\n\n`{}` · `{}`\n\n{}\n\n", kind.name, kind.pk, kind.sk, kind.meaning);
        document += "| attribute | type | there | personal | |\n|---|---|---|---|---|\n";
        for attribute in kind.attributes {
            document += &format!("{attribute}\n");
        }
    }
    document
}

const INTRODUCTION: &str = "\
# The table

Made from `platform/src/table/schema/` by `cargo xtask generate`: change it there, not here.
`service::table` holds every row of a whole story against it.

One DynamoDB table; partition key `pk` and sort key `sk`, both strings; on demand; no index. `expires_at` is
the expiry (epoch seconds). DynamoDB deletes expired rows days late: every read and every condition checks it.
The stream has new images; the pipe takes insertions of `MAIL#` rows from it.

*Personal*: *clear* is a name, an address, a number or the words of a person; *pseudonym* leads to one only
for who holds another row or a key.

| row | pk | sk | kept |
|---|---|---|---|
";

impl Display for Attribute {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Self { name, kind, presence, personal, meaning } = self;
        let presence = match presence {
            Presence::Always => "always",
            Presence::Sometimes => "sometimes",
        };
        let personal = match personal {
            Personal::No => "",
            Personal::Pseudonym => "pseudonym",
            Personal::Clear => "clear",
        };
        write!(f, "| `{name}` | {} | {presence} | {personal} | {meaning} |", kind.dynamodb_type())
    }
}

impl Display for Retention {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Kept => f.write_str("without end"),
            Self::After(span, moment) => write!(f, "{} after {moment}", in_words(*span)),
        }
    }
}

/// `2 years`, `7 days 1 h`, `80 min`: days from two of them on, and no zeros.
fn in_words(span: SignedDuration) -> String {
    let (hours, minutes_left) = (span.as_hours(), span.as_mins() % 60);
    let (years, days) = (hours / 24 / 365, hours / 24 % 365);
    let parts = if hours < 2 {
        vec![(span.as_mins(), "min")]
    } else if hours <= 24 {
        vec![(hours, "h"), (minutes_left, "min")]
    } else {
        vec![(years, "years"), (days, "days"), (hours % 24, "h"), (minutes_left, "min")]
    };
    let parts = parts.into_iter().filter(|(count, _)| *count != 0);
    parts.map(|(count, unit)| format!("{count} {unit}")).collect::<Vec<_>>().join(" ")
}

//! `cargo xtask successors`: whom the holders of an establishment named, for who decides a succession.

use domain::Siret;
use domain::time::{Timestamp, in_paris};
use serde_json::Value;

use crate::{Outcome, Usage, rows};

/// Prints the successors of a SIRET, on one machine or on AWS.
pub fn run(arguments: &[&str]) -> Outcome {
    let (siret, environment) = match arguments {
        [siret] => (siret, None),
        [siret, "--env", environment] => (siret, Some(*environment)),
        _ => return Err(Usage.into()),
    };
    let siret = Siret::parse(siret).map_err(|code| format!("the SIRET is not one: {}", code.as_str()))?;
    let rows = rows::find(environment, &format!("SIRET#{siret}"), ("ESTABLISHMENT", "MEMBER#~"))?;
    print!("{}", shown(&rows));
    Ok(())
}

/// A line for each successor that an active holder of the present opening has named.
fn shown(rows: &[Value]) -> String {
    let text = |row: &Value, name: &str| row[name]["S"].as_str().unwrap_or_default().to_owned();
    let own = rows.iter().find(|row| text(row, "sk") == "ESTABLISHMENT");
    let stands = |row: &&Value| {
        own.is_some_and(|own| own["opening"] == row["opening"])
            && text(row, "member_role") == "holder"
            && text(row, "member_state") == "active"
            && !row["heir_named_at"].is_null()
    };
    let line = |row: &Value| {
        let at = row["heir_named_at"]["N"].as_str().and_then(|at| at.parse().ok());
        let at = Timestamp::from_second(at.unwrap_or(0)).unwrap_or(Timestamp::UNIX_EPOCH);
        let at = in_paris(at).strftime("%Y-%m-%d %H:%M");
        let named = format!("{} {}", text(row, "heir_first_name"), text(row, "heir_last_name"));
        let by = format!("{} {}", text(row, "first_name"), text(row, "last_name"));
        format!("{named} <{}>, named {at} by {by}\n", text(row, "heir_email"))
    };
    let lines: String = rows.iter().filter(stands).map(line).collect();
    if lines.is_empty() { "nobody is named\n".to_owned() } else { lines }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn successors_are_shown_that_active_holders_named() {
        let member = |opening: &str, role: &str, state: &str| {
            json!({
                "sk": {"S": "MEMBER#AP-7K3M-Q2FD"}, "opening": {"N": opening}, "member_role": {"S": role},
                "member_state": {"S": state}, "first_name": {"S": "Jeanne"}, "last_name": {"S": "Martin"},
                "heir_first_name": {"S": "Paul"}, "heir_last_name": {"S": "Durand"},
                "heir_email": {"S": "paul@exemple.fr"}, "heir_named_at": {"N": "1795428000"},
            })
        };
        let own = json!({"sk": {"S": "ESTABLISHMENT"}, "opening": {"N": "2"}});
        let of = |member| shown(&[own.clone(), member]);
        let named = "Paul Durand <paul@exemple.fr>, named 2026-11-23 11:00 by Jeanne Martin\n";
        assert_eq!(of(member("2", "holder", "active")), named);
        for gone in [member("1", "holder", "active"), member("2", "member", "active")] {
            assert_eq!(of(gone), "nobody is named\n");
        }
        assert_eq!(of(member("2", "holder", "suspended")), "nobody is named\n");
        assert_eq!(shown(&[]), "nobody is named\n");
    }
}

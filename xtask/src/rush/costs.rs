//! What each route and each mail costs: measured (`docs/benchmarks.json`), or counted by hand.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::Error;

/// Where `cargo xtask bench` writes what it measured.
pub const FILE: &str = "docs/benchmarks.json";
/// The name of a mail among the routes.
pub const MAIL: &str = "mail";

/// The mail that stands for all of them in the report.
const MAIL_MEASURED: &str = "mail of POST /api/recover/password";

/// What one request, or one mail, costs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Cost {
    /// Calls of DynamoDB, one after another.
    pub calls: f64,
    pub read_units: f64,
    pub write_units: f64,
    /// To and from the table.
    pub bytes: f64,
    /// Of one processor of the machine that measured.
    pub cpu_ms: f64,
}

/// Costs by `METHOD /path`, and of a mail.
#[derive(Debug, Clone)]
pub struct Costs {
    routes: BTreeMap<String, Cost>,
    pub is_measured: bool,
}

const fn cost(calls: f64, read_units: f64, write_units: f64, bytes: f64, cpu_ms: f64) -> Cost {
    Cost { calls, read_units, write_units, bytes, cpu_ms }
}

/// Calls are those of `service::counts`; a unit is one row under 1 KB written, two in a transaction, and 4 KB
/// read. Processor time is of the portal, without its own HTTP.
const COUNTED: [(&str, Cost); 17] = [
    ("GET /api/challenge", cost(0.0, 0.0, 0.0, 0.0, 0.1)),
    ("POST /api/check-siret", cost(1.0, 1.0, 1.0, 900.0, 0.5)),
    ("POST /api/create-account", cost(2.0, 1.0, 8.0, 4_000.0, 1.0)),
    ("POST /api/set-password", cost(2.0, 1.0, 12.0, 6_000.0, 40.0)),
    ("POST /api/link", cost(1.0, 1.0, 0.0, 800.0, 0.3)),
    ("POST /api/link/renew", cost(2.0, 1.0, 4.0, 2_500.0, 0.6)),
    ("POST /api/recover/identifier", cost(1.0, 0.0, 4.0, 1_800.0, 0.5)),
    ("POST /api/recover/password", cost(1.0, 0.0, 4.0, 1_800.0, 0.5)),
    ("POST /api/submit-ticket", cost(2.0, 1.0, 18.0, 6_000.0, 1.0)),
    ("GET /api/session", cost(2.0, 2.0, 0.0, 1_500.0, 0.3)),
    ("POST /api/session", cost(2.0, 1.0, 5.0, 3_000.0, 40.0)),
    ("DELETE /api/session", cost(1.0, 0.0, 1.0, 300.0, 0.3)),
    ("GET /api/notices", cost(1.0, 1.0, 0.0, 500.0, 0.3)),
    ("GET /api/mail/{id}", cost(1.0, 1.0, 0.0, 900.0, 0.3)),
    ("GET /api/delivery", cost(2.0, 1.0, 0.0, 600.0, 0.3)),
    ("GET /api/openapi.json", cost(0.0, 0.0, 0.0, 0.0, 0.1)),
    (MAIL, cost(5.0, 1.0, 4.0, 6_000.0, 1.5)),
];

impl Costs {
    /// The measured costs of a checkout; what was not measured is counted.
    pub fn read(root: &Path) -> Result<Self, Error> {
        let counted = COUNTED.iter().map(|(name, cost)| ((*name).to_owned(), *cost)).collect();
        let mut costs = Self { routes: counted, is_measured: false };
        if let Ok(text) = fs::read_to_string(root.join(FILE)) {
            let report: Value = serde_json::from_str(&text).map_err(|error| format!("{FILE}: {error}"))?;
            costs.measure(&report);
        }
        Ok(costs)
    }

    /// Takes what the report's sections say of a route: units of `costs`, processor time of `load`.
    fn measure(&mut self, report: &Value) {
        let units = &report["costs"]["values"];
        self.is_measured = units.is_object();
        for (name, cost) in &mut self.routes {
            let (units, cpu) = match name.as_str() {
                MAIL => (&units[MAIL_MEASURED], &report["recovery"]["values"][MAIL]),
                _ => (&units[name.as_str()], &report["load"]["values"][name.as_str()]),
            };
            let measured =
                |value: &Value, field: &str, counted: f64| value[field].as_f64().unwrap_or(counted);
            *cost = Cost {
                calls: measured(units, "calls", cost.calls),
                read_units: measured(units, "read_units", cost.read_units),
                write_units: measured(units, "write_units", cost.write_units),
                bytes: measured(units, "bytes", cost.bytes),
                cpu_ms: measured(cpu, "cpu_ms", cost.cpu_ms),
            };
        }
    }

    /// Of a route, or of [`MAIL`].
    pub fn of(&self, name: &str) -> Cost {
        self.routes.get(name).copied().unwrap_or(cost(1.0, 1.0, 1.0, 1_000.0, 1.0))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn measured_costs_come_before_counted_ones() {
        let folder = std::env::temp_dir().join(format!("sesame-costs-{}", std::process::id()));
        fs::create_dir_all(folder.join("docs")).unwrap();
        let counted = Costs::read(&folder).unwrap();
        assert!(!counted.is_measured);
        let measured = r#"{
            "costs": {"values": {"mail of POST /api/recover/password":
                {"calls": 7, "read_units": 2.5, "write_units": 6, "bytes": 1}}},
            "recovery": {"values": {"mail": {"cpu_ms": 3}}},
            "load": {"values": {"GET /api/session": {"cpu_ms": 0.25, "rate": 1}}}
        }"#;
        fs::write(folder.join(FILE), measured).unwrap();
        let costs = Costs::read(&folder).unwrap();
        assert_eq!(costs.of(MAIL), cost(7.0, 2.5, 6.0, 1.0, 3.0));
        let session = Cost { cpu_ms: 0.25, ..counted.of("GET /api/session") };
        assert_eq!(costs.of("GET /api/session"), session);
        fs::remove_dir_all(folder).unwrap();
    }
}

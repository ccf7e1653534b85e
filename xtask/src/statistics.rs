//! The middle of measured values, how far they lie apart, and the share that lies below a value.

use serde::Serialize;

/// Median and quartiles.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Spread {
    pub lower: f64,
    pub median: f64,
    pub upper: f64,
}

impl Spread {
    /// Of at least one value; zero of none.
    pub fn of(values: &[f64]) -> Self {
        let sorted = sorted(values.to_vec());
        let at = |permille| between(&sorted, permille);
        Self { lower: at(250), median: at(500), upper: at(750) }
    }
}

/// The value below which that share of them lies, in thousandths, on the line between its neighbours; zero of
/// none.
pub fn quantile(values: impl IntoIterator<Item = f64>, permille: u32) -> f64 {
    between(&sorted(values.into_iter().collect()), permille)
}

pub fn mean(values: impl IntoIterator<Item = f64>) -> f64 {
    let add = |(sum, count): (f64, f64), value| (sum + value, count + 1.0);
    let (sum, count) = values.into_iter().fold((0.0, 0.0), add);
    sum / f64::max(count, 1.0)
}

pub fn median(values: impl IntoIterator<Item = f64>) -> f64 {
    quantile(values, 500)
}

fn sorted(mut values: Vec<f64>) -> Vec<f64> {
    values.sort_by(f64::total_cmp);
    values
}

fn between(sorted: &[f64], permille: u32) -> f64 {
    let place = sorted.len().saturating_sub(1) as f64 * f64::from(permille) / 1_000.0;
    let (before, share) = (place.floor() as usize, place.fract());
    let value = |rank: usize| sorted.get(rank).or(sorted.last()).copied().unwrap_or(0.0);
    value(before) * (1.0 - share) + value(before + 1) * share
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quartiles_lie_between_values() {
        let of = |values: &[f64]| {
            let Spread { lower, median, upper } = Spread::of(values);
            [lower, median, upper]
        };
        assert_eq!(of(&[3.0, 1.0, 2.0]), [1.5, 2.0, 2.5]);
        assert_eq!(of(&[1.0, 2.0, 3.0, 4.0]), [1.75, 2.5, 3.25]);
        assert_eq!(of(&[7.0]), [7.0; 3]);
        assert_eq!(of(&[]), [0.0; 3]);
    }

    #[test]
    fn a_quantile_is_the_value_below_which_its_share_lies() {
        let values = || (0..=1_000).rev().map(f64::from);
        assert_eq!(
            [0, 500, 900, 999, 1_000].map(|permille| quantile(values(), permille)),
            [0.0, 500.0, 900.0, 999.0, 1_000.0]
        );
    }
}

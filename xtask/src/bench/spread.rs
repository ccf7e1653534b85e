//! The middle of measured values, and how far they lie apart.

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
        let mut sorted = values.to_vec();
        sorted.sort_by(f64::total_cmp);
        let at = |quarter: usize| {
            let place = (sorted.len().saturating_sub(1) * quarter) as f64 / 4.0;
            let (before, share) = (place.floor() as usize, place.fract());
            let value = |rank: usize| sorted.get(rank).or(sorted.last()).copied().unwrap_or(0.0);
            value(before) * (1.0 - share) + value(before + 1) * share
        };
        Self { lower: at(1), median: at(2), upper: at(3) }
    }
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
}

//! Welch's t of two samples.

use std::fmt;

use crate::statistics::{median, quantile};

/// A latency, in nanoseconds, and whether it was of somebody who has an account.
pub type Sample = (bool, f64);

/// The share of both samples that is left when extremes are left out, in thousandths: interruptions by the
/// machine are long and rare, and would hide a difference.
const INCLUDED_PERMILLE: u32 = 950;

/// Two samples compared.
#[derive(Debug, Clone, Copy)]
pub struct Comparison {
    median_known_us: f64,
    median_unknown_us: f64,
    t: f64,
    t_cropped: f64,
}

impl Comparison {
    /// Compares the latencies of known and unknown people.
    pub fn of(samples: &[Sample]) -> Self {
        let longest = quantile(samples.iter().map(|(_, latency)| *latency), INCLUDED_PERMILLE);
        let of = |is_known: bool, longest: f64| -> Vec<f64> {
            let kept = samples.iter().filter(|(known, latency)| *known == is_known && *latency <= longest);
            kept.map(|(_, latency)| *latency).collect()
        };
        let (known, unknown) = (of(true, f64::MAX), of(false, f64::MAX));
        Self {
            median_known_us: median(known.iter().copied()) / 1e3,
            median_unknown_us: median(unknown.iter().copied()) / 1e3,
            t: welch(&known, &unknown),
            t_cropped: welch(&of(true, longest), &of(false, longest)),
        }
    }

    /// The larger |t|.
    pub fn t_max(&self) -> f64 {
        self.t.abs().max(self.t_cropped.abs())
    }
}

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { median_known_us, median_unknown_us, t, t_cropped } = self;
        write!(f, "{median_known_us:>10.1} {median_unknown_us:>10.1} {t:>8.2} {t_cropped:>10.2}")
    }
}

/// Difference of the means over its standard error, the variances being unequal.
fn welch(a: &[f64], b: &[f64]) -> f64 {
    let (mean_a, square_a) = mean_and_squared_error(a);
    let (mean_b, square_b) = mean_and_squared_error(b);
    (mean_a - mean_b) / (square_a + square_b).sqrt()
}

fn mean_and_squared_error(sample: &[f64]) -> (f64, f64) {
    let count = sample.len() as f64;
    let mean = sample.iter().sum::<f64>() / count;
    let variance = sample.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / (count - 1.0);
    (mean, variance / count)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn welch_is_the_difference_of_means_over_its_standard_error() {
        // Means 2 and 6, variances 1 and 4: (2 - 6) / sqrt(1/3 + 4/3).
        assert!((welch(&[1.0, 2.0, 3.0], &[4.0, 6.0, 8.0]) + 3.098_387).abs() < 1e-6);
    }

    #[test]
    fn a_shift_is_seen_and_an_extreme_does_not_hide_it() {
        let mut samples: Vec<Sample> =
            (0..2_000).map(|rank| (rank % 2 == 0, 1_000.0 + f64::from(rank % 97))).collect();
        assert!(Comparison::of(&samples).t_max() < 4.5);
        samples.iter_mut().filter(|(is_known, _)| *is_known).for_each(|(_, latency)| *latency += 10.0);
        samples[0].1 = 10_000_000.0;
        let compared = Comparison::of(&samples);
        assert!(compared.t.abs() < 4.5 && compared.t_cropped.abs() > 4.5, "{compared}");
    }
}

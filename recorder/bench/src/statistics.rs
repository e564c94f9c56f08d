//! Medians, and how far they can be trusted.
//!
//! The interval of a median is taken from order statistics (the ranks between
//! which the true median lies in 95 % of samples, by the normal approximation
//! of the binomial), so nothing is assumed about the shape of the noise.

use std::fmt;

/// A median with its 95 % interval.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Median {
    /// The sample's median.
    pub value: f64,
    /// Lower end of the interval.
    pub low: f64,
    /// Upper end of the interval.
    pub high: f64,
}

impl Median {
    /// The median of a sample; `None` of an empty one.
    #[must_use]
    pub fn of(mut sample: Vec<f64>) -> Option<Median> {
        sample.sort_by(f64::total_cmp);
        let count = sample.len();
        let half_width = 0.98 * (count as f64).sqrt();
        let middle = count as f64 / 2.0;
        let low = (middle - half_width).floor().max(0.0) as usize;
        let high = ((middle + half_width).ceil() as usize).min(count.saturating_sub(1));
        Some(Median {
            value: *sample.get(count / 2)?,
            low: sample[low],
            high: sample[high],
        })
    }

    /// The median of ratios of pairs.
    #[must_use]
    pub fn of_ratios(over: &[f64], under: &[f64]) -> Option<Median> {
        Median::of(over.iter().zip(under).map(|(a, b)| a / b).collect())
    }

    /// The median of differences of pairs.
    #[must_use]
    pub fn of_differences(from: &[f64], what: &[f64]) -> Option<Median> {
        Median::of(from.iter().zip(what).map(|(a, b)| a - b).collect())
    }
}

/// A median with so many digits, or a dash.
#[must_use]
pub fn shown(median: Option<Median>, digits: usize) -> String {
    median.map_or("-".into(), |median| format!("{median:.digits$}"))
}

/// `1.04 (1.02-1.07)`, with the precision asked for (2 where none is).
impl fmt::Display for Median {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = f.precision().unwrap_or(2);
        let Median { value, low, high } = self;
        let to = if *low < 0.0 || *high < 0.0 {
            " to "
        } else {
            "-"
        };
        write!(f, "{value:.digits$} ({low:.digits$}{to}{high:.digits$})")
    }
}

#[cfg(test)]
mod tests {
    use super::Median;

    #[test]
    fn the_interval_of_a_hundred_is_that_of_the_tables() {
        let median = Median::of((1..=100).map(f64::from).collect()).unwrap();
        // Ranks 40 and 61 of 100, as tables of the sign test give them.
        assert_eq!((median.low, median.high), (41.0, 61.0));
        assert_eq!(median.value, 51.0);
    }

    #[test]
    fn small_samples_span_their_whole_range() {
        let median = Median::of(vec![3.0, 1.0, 2.0]).unwrap();
        assert_eq!((median.low, median.value, median.high), (1.0, 2.0, 3.0));
        assert_eq!(Median::of(Vec::new()), None);
    }

    #[test]
    fn pairs_cancel_what_drifts() {
        let slow = [1.0, 10.0, 100.0];
        let fast = [2.0, 20.0, 200.0];
        let ratio = Median::of_ratios(&fast, &slow).unwrap();
        assert_eq!((ratio.low, ratio.value, ratio.high), (2.0, 2.0, 2.0));
    }

    #[test]
    fn intervals_below_zero_are_told_apart_from_their_dash() {
        let median = Median {
            value: 0.1,
            low: -0.25,
            high: 0.3,
        };
        assert_eq!(format!("{median:.1}"), "0.1 (-0.2 to 0.3)");
    }
}

//! Round times along an axis.

/// Round times from 0 up to `length`, at most ten of them.
pub(super) fn ticks(length: u64) -> Vec<u64> {
    let mut step: u64 = 1;
    while length / step > 9 {
        step = match leading_digit(step) {
            1 => step.saturating_mul(2),
            2 => (step / 2).saturating_mul(5),
            _ => step.saturating_mul(2),
        };
    }
    (0..=length / step).map(|tick| tick * step).collect()
}

fn leading_digit(mut number: u64) -> u64 {
    while number >= 10 {
        number /= 10;
    }
    number
}

/// A round time as a tick: `0`, `250 ms`, `1.5 s`.
pub(super) fn tick(ns: u64) -> String {
    let (scale, unit) = match ns {
        0 => return "0".to_owned(),
        1..1_000 => (1.0, "ns"),
        1_000..1_000_000 => (1e3, "\u{b5}s"),
        1_000_000..1_000_000_000 => (1e6, "ms"),
        _ => (1e9, "s"),
    };
    format!("{} {unit}", ns as f64 / scale)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_and_few() {
        assert_eq!(ticks(10), [0, 2, 4, 6, 8, 10]);
        assert_eq!(ticks(0), [0]);
        for length in [1, 9, 99, 12_345, u64::MAX] {
            let ticks = ticks(length);
            assert!(ticks.len() <= 10 && ticks.iter().all(|tick| *tick <= length));
        }
    }
}

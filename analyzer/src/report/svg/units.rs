//! Times and shares as people read them.

/// A duration with three digits: `1.24 s`, `532 ms`, `12.3 µs`, `7 ns`.
pub(super) fn duration(ns: u64) -> String {
    let (scale, unit) = match ns {
        0..1_000 => return format!("{ns} ns"),
        1_000..1_000_000 => (1e3, "\u{b5}s"),
        1_000_000..1_000_000_000 => (1e6, "ms"),
        _ => (1e9, "s"),
    };
    let value = ns as f64 / scale;
    match value {
        ..9.995 => format!("{value:.2} {unit}"),
        ..99.95 => format!("{value:.1} {unit}"),
        _ => format!("{value:.0} {unit}"),
    }
}

/// A share in per cent: `62 %`, `0.4 %`, `< 0.1 %`.
pub(super) fn share(part: u64, whole: u64) -> String {
    if part == 0 || whole == 0 {
        return "0 %".to_owned();
    }
    let percent = part as f64 * 100.0 / whole as f64;
    match percent {
        ..0.1 => "< 0.1 %".to_owned(),
        ..9.95 => format!("{percent:.1} %"),
        _ => format!("{percent:.0} %"),
    }
}

/// A count with its thousands apart: `41,000`.
pub(super) fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

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
    fn durations_have_three_digits() {
        let shown = [7, 1_234, 99_960, 532_000_000, 1_240_000_000, 62_000_000_000].map(duration);
        let expected = [
            "7 ns",
            "1.23 \u{b5}s",
            "100 \u{b5}s",
            "532 ms",
            "1.24 s",
            "62.0 s",
        ];
        assert_eq!(shown, expected);
    }

    #[test]
    fn ticks_are_round_and_few() {
        assert_eq!(ticks(10), [0, 2, 4, 6, 8, 10]);
        assert_eq!(ticks(0), [0]);
        for length in [1, 9, 99, 12_345, u64::MAX] {
            let ticks = ticks(length);
            assert!(ticks.len() <= 10 && ticks.iter().all(|tick| *tick <= length));
        }
    }

    #[test]
    fn thousands_stand_apart() {
        assert_eq!(
            [0, 999, 1_000, 1_234_567].map(count),
            ["0", "999", "1,000", "1,234,567"]
        );
    }
}

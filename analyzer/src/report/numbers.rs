//! Counts, times and shares as every report for people shows them.

/// `1 race`, `2,000 races`.
pub(super) fn counted(number: u64, noun: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{} {noun}{plural}", grouped(number))
}

/// `12,345,678`.
#[must_use]
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut shown = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            shown.push(',');
        }
        shown.push(digit);
    }
    shown
}

/// A time with three significant digits: `1.23 ms`.
#[must_use]
pub fn duration(ns: u64) -> String {
    let (unit, per_unit) = match ns {
        0..1_000 => return format!("{ns} ns"),
        1_000..1_000_000 => ("µs", 1e3),
        1_000_000..1_000_000_000 => ("ms", 1e6),
        _ => ("s", 1e9),
    };
    let value = ns as f64 / per_unit;
    let decimals = match value {
        value if value < 9.995 => 2,
        value if value < 99.95 => 1,
        _ => 0,
    };
    format!("{value:.decimals$} {unit}")
}

/// `part` of `whole` in per cent: `62 %`, `1.4 %`, `< 0.1 %`.
pub(super) fn percent(part: u64, whole: u64) -> String {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_by_thousands() {
        assert_eq!(grouped(0), "0");
        assert_eq!(grouped(999), "999");
        assert_eq!(grouped(1_000), "1,000");
        assert_eq!(counted(12_345_678, "event"), "12,345,678 events");
        assert_eq!(counted(1, "race"), "1 race");
    }

    #[test]
    fn a_little_is_not_nothing() {
        assert_eq!(percent(0, 7), "0 %");
        assert_eq!(percent(1, 1_000_000), "< 0.1 %");
        assert_eq!(percent(1, 100), "1.0 %");
        assert_eq!(percent(1, 2), "50 %");
        assert_eq!(percent(1, 0), "0 %");
    }

    #[test]
    fn durations_have_three_digits() {
        assert_eq!(duration(0), "0 ns");
        assert_eq!(duration(1_500), "1.50 µs");
        assert_eq!(duration(99_960_000), "100 ms");
        assert_eq!(duration(2_000_000_000), "2.00 s");
        assert_eq!(duration(3_600_000_000_000), "3600 s");
    }

    #[test]
    fn a_small_part_is_not_told_as_none() {
        let shown = [0, 1, 14, 620, 1_000].map(|part| percent(part, 1_000));
        assert_eq!(shown, ["0 %", "0.1 %", "1.4 %", "62 %", "100 %"]);
        assert_eq!(percent(1, 10_000), "< 0.1 %");
        assert_eq!(percent(1, 0), "0 %");
    }
}

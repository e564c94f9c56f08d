//! Level of detail: what happened within each pixel column.
//!
//! A row of the timeline may hold millions of spans and has some hundred
//! pixels. Each column keeps how much of its time went into each layer; a row
//! is drawn as layers stacked in the height of the row, so what is wider than
//! a pixel fills the height, and what is finer shows its share. The same row
//! serves one thread or a thousand together.

use std::fmt::Write as _;

/// Shares of layers by column.
pub(super) struct Columns {
    layers: usize,
    /// Length of the run.
    length: u64,
    /// By column, then layer: share of the column's time.
    shares: Vec<f64>,
}

impl Columns {
    /// `width` columns over a run of `length` nanoseconds, with nothing in them.
    pub(super) fn new(width: usize, layers: usize, length: u64) -> Columns {
        Columns {
            layers,
            length,
            shares: vec![0.0; width * layers],
        }
    }

    /// Adds the time `from..to` to a layer.
    pub(super) fn add(&mut self, layer: usize, from: u64, to: u64) {
        let (width, length) = (
            (self.shares.len() / self.layers) as u128,
            u128::from(self.length),
        );
        let (from, to) = (u128::from(from) * width, u128::from(to) * width);
        if length == 0 || from >= to {
            return;
        }
        let first = (from / length).min(width);
        let end = to.div_ceil(length).min(width);
        for column in first..end {
            let start = column * length;
            let part = to.min(start + length) - from.max(start);
            self.shares[column as usize * self.layers + layer] += part as f64 / length as f64;
        }
    }

    /// Number of columns.
    pub(super) fn width(&self) -> usize {
        self.shares.len() / self.layers
    }

    /// The share of one layer in one column.
    pub(super) fn share(&self, column: usize, layer: usize) -> f64 {
        self.shares[column * self.layers + layer]
    }

    /// Path data of each layer, to be drawn from the last to the first: each
    /// reaches from the base line to its top, so that the ones drawn later
    /// leave of it what is its own. A share of `full` fills `height` pixels.
    pub(super) fn paths(&self, full: f64, at: (u32, u32), height: u32) -> Vec<String> {
        let mut below = vec![0; self.width()];
        let mut paths = Vec::new();
        let mut sums = vec![0.0; self.width()];
        for layer in 0..self.layers {
            for (column, sum) in sums.iter_mut().enumerate() {
                *sum += self.share(column, layer);
            }
            let height = f64::from(height);
            let tops: Vec<u32> = sums
                .iter()
                .map(|sum| (sum / full * height).min(height).round() as u32)
                .collect();
            paths.push(match tops == below {
                true => String::new(),
                false => steps(&tops, at),
            });
            below = tops;
        }
        paths
    }
}

/// A stepped area over the base line at `at`, one pixel a column.
pub(super) fn steps(tops: &[u32], at: (u32, u32)) -> String {
    let mut data = String::new();
    let mut column = 0;
    while column < tops.len() {
        if tops[column] == 0 {
            column += 1;
            continue;
        }
        let _ = write!(data, "M{} {}", at.0 as usize + column, at.1);
        let mut level: u32 = 0;
        while column < tops.len() && tops[column] > 0 {
            let top = tops[column];
            let run = tops[column..]
                .iter()
                .take_while(|next| **next == top)
                .count();
            let _ = write!(data, "v{}h{run}", i64::from(level) - i64::from(top));
            level = top;
            column += run;
        }
        let _ = write!(data, "v{level}z");
    }
    data
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_add_up_to_the_time_added() {
        let mut columns = Columns::new(7, 2, 100);
        columns.add(0, 3, 61);
        columns.add(1, 61, 100);
        let sum = |layer| (0..7).map(|c| columns.share(c, layer)).sum::<f64>() * 100.0 / 7.0;
        assert!((sum(0) - 58.0).abs() < 1e-9);
        assert!((sum(1) - 39.0).abs() < 1e-9);
    }

    #[test]
    fn a_run_shorter_than_its_columns_is_drawn() {
        let mut columns = Columns::new(900, 1, 3);
        columns.add(0, 1, 2);
        assert!((columns.share(450, 0) - 1.0).abs() < 1e-9);
        assert!(columns.share(299, 0) == 0.0 && columns.share(600, 0) == 0.0);
    }

    #[test]
    fn steps_rise_and_fall_by_column() {
        assert_eq!(
            steps(&[0, 2, 2, 5, 0, 1], (10, 50)),
            "M11 50v-2h2v-3h1v5zM15 50v-1h1v1z"
        );
    }
}

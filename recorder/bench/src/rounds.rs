//! Rounds of several sides by turns.
//!
//! Before each turn of all sides there is a pause. Without it, sides that record
//! would write without an end, and what is measured is how fast
//! their helpers find them pages (`sustained` measures that), on a machine that
//! is never quiet: a plain access took 1.0 or 3.2 ns, by whether a helper kept up.
//! A bare loop finds its pages populated before it starts as well.

use std::io;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::arguments::Arguments;
use crate::child::Side;
use crate::rows::Row;
use crate::statistics::Median;
use crate::variant::Variant;

/// Helpers make ready again what a round has used up.
const PAUSE: Duration = Duration::from_millis(10);

/// The rounds of one side for one row.
#[derive(Default)]
pub struct Rounds {
    /// The side's name.
    pub name: &'static str,
    /// Nanoseconds per operation, of each round; empty if it has no such row.
    pub ns: Vec<f64>,
    /// What else the rounds told.
    pub others: Vec<Vec<f64>>,
}

impl Rounds {
    /// The median of something else that the rounds told.
    #[must_use]
    pub fn other(&self, number: usize) -> Option<Median> {
        let values = self.others.iter().filter_map(|told| told.get(number));
        Median::of(values.copied().collect())
    }
}

/// All rounds of a row: every side starts several times, and takes turns.
///
/// # Errors
/// If a side can't be started or ends early.
pub fn by_turns(
    row: &Row,
    variants: &[Variant],
    arguments: &Arguments,
    folder: &Path,
) -> io::Result<Vec<Rounds>> {
    let named = |variant: &Variant| Rounds {
        name: variant.name,
        ..Rounds::default()
    };
    let mut all: Vec<Rounds> = variants.iter().map(named).collect();
    let most = Duration::from_secs_f64(arguments.seconds / f64::from(arguments.starts.max(1)));
    for _ in 0..arguments.starts {
        let start = Instant::now();
        let sides = variants.iter().map(|variant| variant.start(folder));
        let mut sides = sides.collect::<io::Result<Vec<Side>>>()?;
        for round in 0..=arguments.rounds as usize {
            if start.elapsed() > most {
                break;
            }
            std::thread::sleep(PAUSE);
            for turn in 0..sides.len() {
                // Who follows whom changes from round to round.
                let side = (turn + round) % sides.len();
                let outcome = sides[side].ask(row.name, row.count)?;
                // The first round is for caches and fresh pages.
                if let Some(outcome) = outcome.filter(|_| round > 0) {
                    all[side].ns.push(outcome.ns / f64::from(row.count));
                    all[side].others.push(outcome.others);
                }
            }
        }
        sides.into_iter().try_for_each(Side::end)?;
        variants
            .iter()
            .try_for_each(|variant| variant.clean(folder))?;
    }
    Ok(all)
}

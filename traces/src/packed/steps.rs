//! The steps in which values of a block move.
//!
//! Addresses are aligned, and the clocks of many processors tick by more than
//! one: all values of a column are multiples of a *step*, plus one of few
//! *rests* (clocks of several processors may be some ticks apart). What is
//! foretold and stored are the *numbers* of such values among themselves.

use super::Fault;
use super::streams::{Input, put_number};

/// Most rests.
const RESTS: usize = 8;
/// Steps that are tried, and values on which they are tried first.
const TRIED: u64 = 64;
const SAMPLE: usize = 512;

/// A step and its rests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Steps {
    step: u64,
    /// Ascending, all less than the step.
    rests: [u64; RESTS],
    count: u64,
}

impl Steps {
    /// Values that may be any.
    pub(super) const ONE: Steps = Steps {
        step: 1,
        rests: [0; RESTS],
        count: 1,
    };

    /// The number of a value that has one of the rests.
    pub(super) fn number(&self, value: u64) -> u64 {
        if self.step == 1 {
            return value;
        }
        let (times, rest) = (value / self.step, value % self.step);
        let place = self.rests().iter().position(|it| *it == rest);
        times * self.count + place.unwrap_or_default() as u64
    }

    /// The value of a number.
    #[inline]
    pub(super) fn value(&self, number: u64) -> u64 {
        if self.count == 1 {
            return number.wrapping_mul(self.step).wrapping_add(self.rests[0]);
        }
        let (times, place) = (number / self.count, number % self.count);
        times
            .wrapping_mul(self.step)
            .wrapping_add(self.rests[place as usize])
    }

    fn rests(&self) -> &[u64] {
        &self.rests[..self.count as usize]
    }

    /// The rests of all values by this step, if they are few.
    fn of(step: u64, values: &[u64]) -> Option<Steps> {
        let mut found = Steps {
            step,
            rests: [0; RESTS],
            count: 0,
        };
        for value in values {
            let rest = value % step;
            if !found.rests().contains(&rest) {
                let place = found.rests.get_mut(found.count as usize)?;
                *place = rest;
                found.count += 1;
            }
        }
        found.rests[..found.count as usize].sort_unstable();
        (found.count > 0).then_some(found)
    }

    /// The best that there is for these values.
    pub(super) fn find(values: &[u64]) -> Steps {
        // Odd, so that it divides few steps itself.
        let every = values.len().div_ceil(SAMPLE) | 1;
        let sample: Vec<u64> = values.iter().step_by(every).copied().collect();
        let tried = (2..=TRIED).filter_map(|step| Steps::of(step, &sample));
        let mut tried: Vec<Steps> = tried.filter(|found| found.gain() > 1).collect();
        // Of equals, the least.
        tried.sort_by_key(|found| std::cmp::Reverse(found.gain()));
        let whole = tried.iter().find_map(|found| {
            let found = Steps::of(found.step, values)?;
            (found.gain() > 1).then_some(found)
        });
        whole.unwrap_or(Steps::ONE)
    }

    /// Values for each number, about.
    fn gain(&self) -> u64 {
        self.step / self.count
    }

    pub(super) fn put(&self, out: &mut Vec<u8>) {
        put_number(self.step, out);
        put_number(self.count, out);
        self.rests().iter().for_each(|rest| put_number(*rest, out));
    }

    pub(super) fn take(input: &mut Input<'_>) -> Result<Steps, Fault> {
        let mut steps = Steps {
            step: input.number()?,
            count: input.number()?,
            rests: [0; RESTS],
        };
        if steps.count == 0 || steps.count > RESTS as u64 {
            let count = steps.count;
            return Err(Fault::new(format!("1 to {RESTS} rests, found {count}")));
        }
        for rest in &mut steps.rests[..steps.count as usize] {
            *rest = input.number()?;
        }
        Ok(steps)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ticks_of_two_processors_are_found() {
        let ticks = |at: u64| 1_000_000_007 + at * at * 26 + at % 3 / 2;
        let values: Vec<u64> = (0..5000).map(ticks).collect();
        let steps = Steps::find(&values);
        assert_eq!((steps.step, steps.count), (26, 2));
        let mut last = None;
        for value in values {
            let number = steps.number(value);
            assert_eq!(steps.value(number), value);
            assert!(last.is_none_or(|last| last < number));
            last = Some(number);
        }
    }

    #[test]
    fn values_of_all_sorts_have_no_steps() {
        let values: Vec<u64> = (0..5000_u64).map(|at| at * at * at / 7).collect();
        assert_eq!(Steps::find(&values), Steps::ONE);
        assert_eq!(Steps::find(&[]), Steps::ONE);
    }
}

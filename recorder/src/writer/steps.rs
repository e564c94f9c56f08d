//! The steps of an event, between which a signal handler may come.
//!
//! Where the cursor or a word of the file is touched, [`step`] is called. It is
//! nothing, but in tests: there, a test says after how many steps the event is
//! interrupted, and by what. Between two steps there is one access at most to
//! what a handler shares with the event that it interrupts.

#[cfg(test)]
pub(super) use interrupt::step;

/// A signal handler may come here.
#[cfg(not(test))]
#[inline(always)]
pub(super) fn step() {}

#[cfg(test)]
mod interrupt {
    use std::cell::{Cell, RefCell};

    thread_local! {
        /// Steps until each of the handlers that are to come, the first one
        /// last. The second counts from the first one's beginning.
        static LEFT: RefCell<Vec<usize>> = const { RefCell::new(Vec::new()) };
        static HANDLER: Cell<fn()> = const { Cell::new(|| ()) };
    }

    pub(in crate::writer) fn step() {
        let comes = LEFT.with_borrow_mut(|all| {
            let left = all.last_mut()?;
            match left.checked_sub(1) {
                Some(less) => *left = less,
                None => return all.pop(),
            }
            None
        });
        if comes.is_some() {
            HANDLER.get()();
        }
    }

    /// Runs `event`, which `handler` interrupts after `steps[0]` steps, and is
    /// interrupted itself by the same after `steps[1]` steps. Returns how many
    /// did not come.
    pub(super) fn interrupted(steps: &[usize], handler: fn(), event: impl FnOnce()) -> usize {
        HANDLER.set(handler);
        LEFT.set(steps.iter().rev().copied().collect());
        event();
        LEFT.take().len()
    }
}

#[cfg(all(test, not(loom)))]
#[allow(clippy::unwrap_used, clippy::print_stdout, reason = "tests")]
mod tests;

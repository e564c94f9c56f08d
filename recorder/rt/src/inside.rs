//! Whether this thread is within this library or the recorder: what it does
//! there (it allocates and locks as any code does) is not the program's.

use std::cell::Cell;

use hbtrace_recorder::raw;

thread_local! {
    static DEPTH: Cell<u32> = const { Cell::new(0) };
}

/// Whether the thread is inside.
#[inline]
pub(crate) fn is_inside() -> bool {
    DEPTH.with(Cell::get) != 0 || raw::is_inside()
}

/// The thread is inside until this is dropped.
#[must_use]
pub(crate) struct Inside(());

/// Enters.
#[inline]
pub(crate) fn enter() -> Inside {
    DEPTH.with(|depth| depth.set(depth.get() + 1));
    Inside(())
}

impl Drop for Inside {
    #[inline]
    fn drop(&mut self) {
        DEPTH.with(|depth| depth.set(depth.get() - 1));
    }
}

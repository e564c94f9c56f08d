//! Begin and end of the program, and of its functions.

/// The first call of instrumented code, before `main`.
#[unsafe(no_mangle)]
pub(crate) extern "C" fn __tsan_init() {
    crate::lives::instrumented();
    let _ = hbtrace_recorder::raw::recording();
}

/// A function is entered that returns to `_back`.
#[unsafe(no_mangle)]
pub(crate) extern "C" fn __tsan_func_entry(_back: usize) {}

/// A function is left.
#[unsafe(no_mangle)]
pub(crate) extern "C" fn __tsan_func_exit() {}

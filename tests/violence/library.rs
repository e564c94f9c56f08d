//! A shared library that links the recorder: loaded twice, from two files,
//! there are two recorders in one process.
#![allow(unsafe_code)] // A name that the loader finds.

use hbtrace_recorder::sync::Mutex;

/// Takes a lock so often.
// SAFETY: no other symbol of the library is called so.
#[unsafe(no_mangle)]
pub extern "C" fn hold(times: u64) {
    let own = Mutex::new(0_u64);
    for _ in 0..times {
        *own.lock().expect("nothing panics here") += 1;
    }
}

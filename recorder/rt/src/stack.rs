//! A thread's stack, which libc gives to a later thread: its thread-locals lie
//! there as well.
//!
//! Its life begins and ends with the thread's own, as a block's does. So what a
//! detached thread had there is not compared with what the next one has. (Libc
//! hands the stack on under a lock, which is the order that this tells.)

use std::mem::MaybeUninit;

use hbtrace_recorder::raw::{self, Place};

use crate::record::active;
use crate::{errno, inside};

/// The bytes of a stack, until the thread ends.
#[must_use]
pub(crate) struct Stack {
    start: usize,
    len: usize,
    place: Place,
}

impl Stack {
    /// This thread's, which was created at `place` and has begun. `None`:
    /// nothing is recorded, or the stack is not known.
    pub(crate) fn begin(place: Place) -> Option<Stack> {
        if !active() {
            return None;
        }
        let _errno = errno::keep();
        let (start, len) = {
            let _inside = inside::enter();
            bytes()?
        };
        raw::alloc(start, len, place);
        Some(Stack { start, len, place })
    }
}

impl Drop for Stack {
    fn drop(&mut self) {
        if active() {
            let _errno = errno::keep();
            raw::free(self.start, self.len, self.place);
        }
    }
}

/// Where this thread's stack is, and how long.
fn bytes() -> Option<(usize, usize)> {
    let mut attributes = MaybeUninit::uninit();
    let attributes = attributes.as_mut_ptr();
    // SAFETY: a place for the attributes of this thread.
    if unsafe { libc::pthread_getattr_np(libc::pthread_self(), attributes) } != 0 {
        return None;
    }
    let (mut start, mut len) = (std::ptr::null_mut(), 0);
    // SAFETY: they are there now.
    let found = unsafe { libc::pthread_attr_getstack(attributes, &raw mut start, &raw mut len) };
    // SAFETY: likewise; nobody uses them any more.
    unsafe { libc::pthread_attr_destroy(attributes) };
    (found == 0).then_some((start.addr(), len))
}

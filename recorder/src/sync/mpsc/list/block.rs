//! Blocks of the list.
#![allow(unsafe_code)] // Written in place, as they are too large to be moved.

use std::mem::MaybeUninit;
use std::ptr;

use super::{EMPTY, LAP};
use crate::primitive::{AtomicU8, Link, Ordering, Place};

pub(super) struct Slot<T> {
    pub(super) state: AtomicU8,
    pub(super) value: Place<MaybeUninit<T>>,
}

pub(super) struct Block<T> {
    pub(super) slots: [Slot<T>; LAP as usize],
    pub(super) next: Link<Block<T>>,
}

impl<T> Block<T> {
    /// An empty one, in a box that whoever takes its last place frees.
    pub(super) fn new() -> *mut Block<T> {
        let mut block = Box::<Block<T>>::new_uninit();
        let at = block.as_mut_ptr();
        for index in 0..LAP as usize {
            // SAFETY: a slot within the box, of which nothing is read.
            let slot = unsafe { &raw mut (*at).slots[index] };
            // SAFETY: as above.
            unsafe { (&raw mut (*slot).state).write(AtomicU8::new(EMPTY)) };
            // SAFETY: as above.
            unsafe { (&raw mut (*slot).value).write(Place::new(MaybeUninit::uninit())) };
        }
        // SAFETY: as above.
        unsafe { (&raw mut (*at).next).write(Link::new(ptr::null_mut())) };
        // SAFETY: all of it is written now.
        let block = unsafe { block.assume_init() };
        if cfg!(loom) {
            // Made before they are shared.
            for slot in &block.slots {
                slot.state.load(Ordering::Relaxed);
            }
        }
        Box::into_raw(block)
    }

    /// Makes it as a new one. Relaxed, all: the caller has it alone, and
    /// publishes it.
    pub(super) fn empty(&self) {
        for slot in &self.slots {
            slot.state.store(EMPTY, Ordering::Relaxed);
        }
        self.next.store(ptr::null_mut(), Ordering::Relaxed);
    }
}

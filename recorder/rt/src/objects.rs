//! What the program's objects are in the trace: found by their addresses, as
//! their layout is not ours.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Parts of the table, each with a lock of its own.
const PARTS: usize = 64;

/// Objects of one kind, by address.
pub(crate) struct Objects<T> {
    parts: [Mutex<Option<HashMap<usize, T>>>; PARTS],
}

impl<T> Objects<T> {
    pub(crate) const fn new() -> Objects<T> {
        Objects {
            parts: [const { Mutex::new(None) }; PARTS],
        }
    }

    /// Runs `then` on the object at `address`, made by `make` if it is new,
    /// while nobody else is at it. Nothing of that is recorded but what `then`
    /// tells.
    pub(crate) fn with<R>(
        &self,
        address: usize,
        make: impl FnOnce() -> T,
        then: impl FnOnce(&mut T) -> R,
    ) -> R {
        let inside = crate::inside::enter();
        let mut part = self.part(address);
        let part = part.get_or_insert_default();
        let object = part.entry(address).or_insert_with(make);
        let result = then(object);
        drop(inside);
        result
    }

    /// What `then` makes of the object at `address`, if it is known.
    pub(crate) fn get<R>(&self, address: usize, then: impl FnOnce(&T) -> R) -> Option<R> {
        let _inside = crate::inside::enter();
        self.part(address).as_ref()?.get(&address).map(then)
    }

    /// Forgets the object at `address`, if it is known.
    pub(crate) fn remove(&self, address: usize) -> Option<T> {
        let _inside = crate::inside::enter();
        self.part(address).as_mut()?.remove(&address)
    }

    fn part(&self, address: usize) -> MutexGuard<'_, Option<HashMap<usize, T>>> {
        let part = (address >> 3 ^ address >> 12) % PARTS;
        self.parts[part]
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

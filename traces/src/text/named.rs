//! What the state of objects needs to know of the tables.

use rustc_hash::FxHashMap;

use crate::trace::Object;

/// Names, for messages, and what lines declare.
pub(super) struct Named<'a> {
    pub(super) threads: &'a [String],
    pub(super) objects: &'a [Object],
    pub(super) declared: &'a FxHashMap<u32, u64>,
}

impl Named<'_> {
    /// A thread's name.
    pub(super) fn thread(&self, id: u32) -> &str {
        self.threads.get(id as usize).map_or("?", String::as_str)
    }

    /// An object's name.
    pub(super) fn object(&self, id: u32) -> &str {
        self.objects
            .get(id as usize)
            .map_or("?", |object| &object.name)
    }

    /// Capacity, parties or initial count.
    pub(super) fn declared(&self, object: u32) -> Option<u64> {
        self.declared.get(&object).copied()
    }
}

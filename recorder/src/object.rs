//! Identity of recorded objects.

use std::panic::Location;

use hbtrace_traces::event::NONE;
use hbtrace_traces::format::table::Record;
use hbtrace_traces::id::{self as trace, ObjectId};
use hbtrace_traces::object::ObjectKind;

use crate::emit;
use crate::primitive::{AtomicU32, Mutex, Ordering, lock};
use crate::shared::Shared;
use crate::writer;

/// What every mirror carries: an id that is drawn at the first recorded use,
/// and the place of its creation.
pub(crate) struct Object {
    /// 0: not drawn yet; otherwise id + 1.
    id: AtomicU32,
    site: &'static Location<'static>,
}

/// The next id. Its lock is held while an object's record is
/// written, so that the record of its name is always the later one.
static NEXT: Mutex<u32> = Mutex::new(0);

impl Object {
    /// A new object, created by the caller (`const`, for statics).
    #[track_caller]
    pub(crate) const fn new() -> Object {
        Object {
            id: AtomicU32::new(0),
            site: Location::caller(),
        }
    }

    /// Its id. The first call draws it and writes the object's table record.
    /// Without a session: [`NONE`].
    #[inline]
    pub(crate) fn id(&self, kind: ObjectKind) -> u32 {
        self.id_sized(kind, 0)
    }

    /// Its id; the object is a location of `len` bytes (atomics and cells).
    #[inline]
    pub(crate) fn id_sized(&self, kind: ObjectKind, len: u64) -> u32 {
        // Relaxed: the id is only compared, it publishes nothing.
        match self.id.load(Ordering::Relaxed) {
            0 => self.draw(kind, len),
            id => id - 1,
        }
    }

    /// Its id, plus 1; 0 as long as it is not drawn.
    #[inline(always)]
    pub(crate) fn drawn(&self) -> u32 {
        // Relaxed: as in `id_sized`.
        self.id.load(Ordering::Relaxed)
    }

    #[cold]
    fn draw(&self, kind: ObjectKind, len: u64) -> u32 {
        if !emit::recording() {
            return NONE;
        }
        #[cfg(loom)]
        return self.draw_from(&crate::models::log::NEXT, false, |_| ());
        #[cfg(not(loom))]
        writer::quietly(|shared| self.register(shared, kind, len, None)).unwrap_or(NONE)
    }

    /// Draws an id if there is none, and writes the record. The caller sees to
    /// it that nothing of that is recorded.
    pub(crate) fn register(
        &self,
        shared: &Shared,
        kind: ObjectKind,
        len: u64,
        name: Option<&str>,
    ) -> u32 {
        self.draw_from(&NEXT, name.is_some(), |id| {
            let _ = shared.announce(&Record::Object {
                object: id,
                kind: kind as u8,
                name: name.map(str::to_owned),
                site: shared.site(self.site.into()),
                len,
                address: 0,
            });
        })
    }

    /// Draws an id if there is none, and announces it if it is new or `named`.
    pub(crate) fn draw_from(
        &self,
        next: &Mutex<u32>,
        named: bool,
        announce: impl FnOnce(u32),
    ) -> u32 {
        let mut next = lock(next);
        // Relaxed: only changed under the lock.
        let known = self.id.load(Ordering::Relaxed);
        if known != 0 && !named {
            return known - 1;
        }
        let id = match known {
            0 => *next,
            known => known - 1,
        };
        *next = (*next).max(id + 1);
        announce(id);
        // Relaxed: the id publishes nothing. Within the file the record may
        // come after the id's first use by another thread.
        self.id.store(id + 1, Ordering::Relaxed);
        id
    }

    /// Gives it a name, drawing its id.
    pub(crate) fn name(&self, kind: ObjectKind, name: &str) {
        self.name_sized(kind, 0, name);
    }

    /// Gives a name to an object that is a location of `len` bytes.
    pub(crate) fn name_sized(&self, kind: ObjectKind, len: u64, name: &str) {
        if emit::recording() {
            writer::quietly(|shared| self.register(shared, kind, len, Some(name)));
        }
    }

    /// Gives a cell of `len` bytes a name.
    pub(crate) fn name_cell(&self, len: u64, name: &str) {
        self.name_sized(ObjectKind::Cell, len, name);
    }

    /// Records a plain access to a cell of `len` bytes. One that has none
    /// can't be touched.
    #[inline(always)]
    pub(crate) fn access(&self, write: bool, len: u64, site: &'static Location<'static>) {
        if len == 0 || emit::is_off() {
            return;
        }
        // Relaxed: as in `id_sized`.
        let id = match self.id.load(Ordering::Relaxed) {
            0 => self.draw(ObjectKind::Cell, len),
            id => id - 1,
        };
        if id == NONE {
            return emit::lose_access();
        }
        let bytes = trace::Location::of_object(ObjectId(id), len);
        emit::access(write, bytes.start, bytes.len, site);
    }
}

/// Draws the id of an object that is kept elsewhere, and announces it.
#[cfg(feature = "raw")]
pub(crate) fn draw(announce: impl FnOnce(u32)) -> u32 {
    let mut next = lock(&NEXT);
    let id = *next;
    *next += 1;
    announce(id);
    id
}

#[cfg(all(test, loom))]
mod models;

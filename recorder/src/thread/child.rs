//! What creating and ending a thread records.
//!
//! The parent draws the child's id and records `fork` before it creates the
//! thread, so that no child is in the file without its fork. The child records
//! `thread_end` when its closure is done; what its thread-locals' destructors
//! do still follows.

use std::panic::Location;
use std::sync::Arc;

use hbtrace_traces::kind::Kind;

use super::handle;
use super::parking::{Parking, THREAD};
use crate::emit::{self, Event};

type Site = &'static Location<'static>;

/// A thread to be.
pub(super) struct Child {
    /// Its id in the trace, if it is recorded.
    pub(super) id: Option<u32>,
    pub(super) parking: Arc<Parking>,
    site: Site,
}

/// Records the end of a closure when dropped, also by a panic.
struct Ending<E: FnOnce()> {
    recorded: bool,
    site: Site,
    /// What else ends with it.
    also: Option<E>,
}

impl Child {
    /// Records the creation, which is yet to come.
    pub(super) fn fork(site: Site) -> Child {
        let id = emit::recording().then(emit::new_thread).flatten();
        if let Some(id) = id {
            emit::sync(Event::new(Kind::Fork, id, site).timed(true));
        }
        Child {
            id,
            parking: Arc::new(Parking::new(id)),
            site,
        }
    }

    /// Runs the child's closure, on its thread; then, whatever became of it,
    /// `also`.
    pub(super) fn run<T>(self, closure: impl FnOnce() -> T, also: impl FnOnce()) -> T {
        if let Some(id) = self.id {
            emit::adopt(id);
        }
        handle::adopt(self.parking);
        let _ending = Ending {
            recorded: self.id.is_some(),
            site: self.site,
            also: Some(also),
        };
        closure()
    }
}

impl<E: FnOnce()> Drop for Ending<E> {
    fn drop(&mut self) {
        if let Some(also) = self.also.take() {
            also();
        }
        if self.recorded {
            emit::sync(
                Event::new(Kind::ThreadEnd, hbtrace_traces::event::NONE, self.site).timed(true),
            );
        }
    }
}

/// Joins by `join`, which blocks unless the thread `id` has `finished`.
pub(super) fn join<R>(id: Option<u32>, site: Site, finished: bool, join: impl FnOnce() -> R) -> R {
    let Some(id) = id else { return join() };
    if !finished {
        emit::sync(Event::new(Kind::Req, id, site).extra(THREAD).timed(true));
    }
    let result = join();
    emit::sync(Event::new(Kind::Join, id, site).timed(!finished));
    result
}

//! Holds that end for a while, to wait for a condition variable.

use std::panic::Location;

use hbtrace_traces::kind::Kind;
use hbtrace_traces::object::ObjectKind;

use super::{Exclusive, Head, Hold};
use crate::emit::{self, Event};
use crate::object::Object;
use crate::primitive::Ordering;

impl<'a> Exclusive<'a> {
    /// Records that it ends to wait for `condition`; the lock is still held.
    pub(in crate::sync) fn suspend(
        self,
        condition: &Object,
        site: &'static Location<'static>,
    ) -> Suspended<'a> {
        let head = self.head;
        let recorded = self.site != 0;
        if recorded {
            let wait = Event::new(Kind::Wait, condition.id(ObjectKind::Condvar), site);
            emit::sync(wait.other(head.id()).number(head.number()).timed(true));
            // Relaxed: ordered by the lock, which this hold still has.
            head.advance(head.ended.load(Ordering::Relaxed));
        }
        // Its end is recorded already, as the wait.
        std::mem::forget(self);
        Suspended { head, recorded }
    }
}

/// A hold that was let go of to wait for a condition.
pub(in crate::sync) struct Suspended<'a> {
    head: &'a Head,
    /// Whether the hold was recorded.
    recorded: bool,
}

impl<'a> Suspended<'a> {
    /// Records that the wait is over and the lock held again.
    pub(in crate::sync) fn resume(
        self,
        condition: &Object,
        site: &'static Location<'static>,
    ) -> Exclusive<'a> {
        let head = self.head;
        if !self.recorded {
            return Hold { head, site: 0 };
        }
        let woken = Event::new(Kind::Woken, condition.id(ObjectKind::Condvar), site);
        let event = woken.other(head.id()).number(head.number());
        let site = head.begun(emit::sync_at(event.timed(true)));
        Hold { head, site }
    }
}

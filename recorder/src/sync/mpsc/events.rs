//! What is recorded of a channel, whatever stands behind it.

use std::panic::Location;

use hbtrace_traces::event::MemoryOrder;
use hbtrace_traces::kind::Kind;
use hbtrace_traces::object::ObjectKind;

use super::departure::Departure;
use crate::emit::{self, Event};
use crate::object::Object;

pub(super) type Site = &'static Location<'static>;

/// The events of a channel.
pub(super) struct Events {
    object: Object,
    pub(super) departure: Departure,
}

impl Events {
    /// With the caller as the channel's site.
    #[track_caller]
    pub(super) const fn new() -> Events {
        Events {
            object: Object::new(),
            departure: Departure::new(),
        }
    }

    pub(super) fn record(&self, kind: Kind, site: Site, fill: impl FnOnce(Event) -> Event) {
        if emit::recording() {
            let event = Event::new(kind, self.object.id(ObjectKind::Channel), site);
            emit::sync(fill(event));
        }
    }

    /// Records a numbered event. The caller has asked whether anything is
    /// recorded.
    #[inline(always)]
    pub(super) fn record_number(&self, kind: Kind, number: u64, timed: bool, site: Site) {
        let channel = self.object.id(ObjectKind::Channel);
        match timed {
            false => emit::quick(kind, MemoryOrder::Relaxed, channel, number, site),
            true => emit::timed(kind, MemoryOrder::Relaxed, channel, number, site),
        }
    }

    /// As [`record_number`](Events::record_number), for a message whose place is
    /// its number.
    #[inline(always)]
    pub(super) fn record_place(&self, kind: Kind, number: u64, timed: bool, site: Site) {
        let channel = self.object.id(ObjectKind::Channel);
        match timed {
            false => emit::quick_twice(kind, channel, number, site),
            true => emit::timed_twice(kind, channel, number, site),
        }
    }

    pub(super) fn set_name(&self, name: &str) {
        self.object.name(ObjectKind::Channel, name);
        self.departure.name_after(name);
    }

    /// Gives it its id, before threads share it.
    #[cfg(all(test, loom))]
    pub(super) fn touch(&self) {
        self.object.id(ObjectKind::Channel);
    }
}

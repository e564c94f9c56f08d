//! Mirror of [`std::sync::Barrier`].
//!
//! An own barrier, since the generation has to be known and recorded under the
//! lock that decides it: each `arrive` stands in the trace before it counts,
//! so no `depart` of a generation is ever there without all its arrivals.

use std::fmt;
use std::panic::Location;

use hbtrace_traces::kind::Kind;
use hbtrace_traces::object::ObjectKind;

use super::poison;
use crate::emit::{self, Event};
use crate::object::Object;
use crate::primitive::{Condvar, Mutex, MutexGuard, lock};

/// A barrier that records its generations; see [`std::sync::Barrier`].
pub struct Barrier {
    object: Object,
    parties: usize,
    state: Mutex<State>,
    passed: Condvar,
}

struct State {
    /// Threads that have arrived in this generation.
    arrived: usize,
    generation: u64,
    /// The trace knows the number of parties.
    declared: bool,
}

/// Whether the caller was the leader; see [`std::sync::BarrierWaitResult`].
pub struct BarrierWaitResult(bool);

impl Barrier {
    /// As [`std::sync::Barrier::new`].
    #[must_use]
    #[track_caller]
    pub const fn new(n: usize) -> Barrier {
        Barrier {
            object: Object::new(),
            parties: n,
            state: Mutex::new(State {
                arrived: 0,
                generation: 0,
                declared: false,
            }),
            passed: Condvar::new(),
        }
    }

    /// As [`std::sync::Barrier::wait`].
    #[track_caller]
    pub fn wait(&self) -> BarrierWaitResult {
        let site = Location::caller();
        let mut state = lock(&self.state);
        let generation = state.generation;
        let last = state.arrived + 1 >= self.parties;
        if emit::recording() {
            self.arrive(&mut state, site, last);
        }
        state.arrived += 1;
        if last {
            state.arrived = 0;
            state.generation += 1;
            self.passed.notify_all();
            drop(state);
        } else {
            self.await_others(state, generation);
        }
        if emit::recording() {
            // What ends a wait is stamped; the last arrival did not wait.
            emit::sync(
                self.event(Kind::Depart, site)
                    .number(generation)
                    .timed(!last),
            );
        }
        BarrierWaitResult(last)
    }

    /// Records an arrival (under the internal lock), and that a wait begins.
    fn arrive(&self, state: &mut State, site: &'static Location<'static>, last: bool) {
        if !state.declared {
            state.declared = true;
            emit::sync(self.event(Kind::Barrier, site).number(self.parties as u64));
        }
        emit::sync(
            self.event(Kind::Arrive, site)
                .number(state.generation)
                .timed(last),
        );
        if !last {
            emit::sync(self.event(Kind::Req, site).timed(true));
        }
    }

    fn await_others(&self, state: MutexGuard<'_, State>, generation: u64) {
        drop(poison::ignore(
            self.passed
                .wait_while(state, |state| state.generation == generation),
        ));
    }

    fn event(&self, kind: Kind, site: &'static Location<'static>) -> Event {
        Event::new(kind, self.object.id(ObjectKind::Barrier), site)
    }

    pub(crate) fn set_name(&self, name: &str) {
        self.object.name(ObjectKind::Barrier, name);
    }
}

impl fmt::Debug for Barrier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Barrier").finish_non_exhaustive()
    }
}

impl BarrierWaitResult {
    /// As [`std::sync::BarrierWaitResult::is_leader`].
    #[must_use]
    pub fn is_leader(&self) -> bool {
        self.0
    }
}

impl fmt::Debug for BarrierWaitResult {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BarrierWaitResult")
            .field("is_leader", &self.is_leader())
            .finish()
    }
}

//! The queue behind rendezvous channels.
//!
//! **The model.** Messages are numbered from 1 as their sends start, receives
//! as they complete; the k-th receive takes the k-th message. A send of message
//! `k` on a channel of capacity `C` completes when receive `k - C` has: that
//! one freed its slot. A rendezvous is `C = 0`: a send completes when its own
//! receive has. So the queue holds all messages whose sends have started, and
//! each send waits. (Channels with room are a [list](super::buffered).)
//!
//! **The protocol.** One internal lock; `send` and `recv` are numbered and
//! recorded under it, before anyone can act on them, so the trace's order is
//! the true one. The receiver waits on `arrived`; whoever adds a message or
//! drops the last sender wakes it. The sender of message `k` waits on
//! `freed[k % BUCKETS]`; each receive wakes the bucket of the one sender that
//! it completes, and the receiver's drop wakes all. Nobody waits without having
//! looked at the state under the lock, so no wake-up is lost.
//!
//! **Ends.** When the receiver goes, senders that wait take their values back.

use std::collections::VecDeque;
use std::sync::mpsc::{RecvTimeoutError, SendError, TrySendError};
use std::time::Instant;

use hbtrace_traces::kind::Kind;

use super::events::{Events, Site};
use crate::emit;
use crate::primitive::{Condvar, Mutex, MutexGuard, lock};
use crate::sync::poison;

/// Condition variables that waiting senders share.
const BUCKETS: u64 = 8;

/// How long a receive may wait.
#[derive(Clone, Copy)]
pub(super) enum Patience {
    /// Not at all.
    None,
    /// Until then.
    Until(Instant),
    /// For ever.
    Endless,
}

pub(super) struct Queue<T> {
    events: Events,
    state: Mutex<State<T>>,
    arrived: Condvar,
    freed: [Condvar; BUCKETS as usize],
}

struct State<T> {
    /// Messages `received + 1` to `sent`. Empty places: taken back, once the
    /// receiver is gone.
    messages: VecDeque<Option<T>>,
    sent: u64,
    received: u64,
    senders: usize,
    /// And nobody has woken it yet.
    receiver_waits: bool,
    receiver_gone: bool,
}

impl<T> Queue<T> {
    /// A queue with one sender.
    #[track_caller]
    pub(super) fn new() -> Queue<T> {
        let queue = Queue {
            events: Events::new(),
            state: Mutex::new(State {
                messages: VecDeque::new(),
                sent: 0,
                received: 0,
                senders: 1,
                receiver_waits: false,
                receiver_gone: false,
            }),
            arrived: Condvar::new(),
            freed: [const { Condvar::new() }; BUCKETS as usize],
        };
        let site = std::panic::Location::caller();
        queue
            .events
            .record(Kind::Chan, site, |event| event.number(0));
        queue
    }

    pub(super) fn send(&self, value: T, site: Site) -> Result<(), SendError<T>> {
        let state = self.lock();
        if state.receiver_gone {
            self.events.departure.seen(site);
            return Err(SendError(value));
        }
        self.send_now(state, value, site)
    }

    pub(super) fn try_send(&self, value: T, site: Site) -> Result<(), TrySendError<T>> {
        let state = self.lock();
        if state.receiver_gone {
            self.events.departure.seen(site);
            return Err(TrySendError::Disconnected(value));
        }
        if !state.receiver_waits || !state.messages.is_empty() {
            return Err(TrySendError::Full(value));
        }
        self.send_now(state, value, site)
            .map_err(|SendError(value)| TrySendError::Disconnected(value))
    }

    /// Starts a send and waits until it has completed.
    fn send_now<'a>(
        &'a self,
        mut state: MutexGuard<'a, State<T>>,
        value: T,
        site: Site,
    ) -> Result<(), SendError<T>> {
        let number = state.sent + 1;
        // Woken once: who sends before it has the lock need not wake it again.
        let wakes = std::mem::take(&mut state.receiver_waits);
        self.record_message(Kind::Send, number, wakes, site);
        state.sent = number;
        state.messages.push_back(Some(value));
        if wakes {
            self.arrived.notify_one();
        }
        let state = self.await_receive(state, number, site);
        if state.received < number {
            return Err(SendError(self.take_back(state, number, site)));
        }
        drop(state);
        // Its receive has enabled it.
        if emit::recording() {
            self.events.record_number(Kind::Sent, number, true, site);
        }
        Ok(())
    }

    /// Waits until receive `number` has completed or the receiver is gone.
    fn await_receive<'a>(
        &'a self,
        state: MutexGuard<'a, State<T>>,
        number: u64,
        site: Site,
    ) -> MutexGuard<'a, State<T>> {
        self.events
            .record(Kind::Req, site, |event| event.timed(true));
        let waits = |state: &mut State<T>| state.received < number && !state.receiver_gone;
        poison::ignore(self.bucket(number).wait_while(state, waits))
    }

    /// The value of a send that failed because the receiver is gone.
    fn take_back(&self, mut state: MutexGuard<'_, State<T>>, number: u64, site: Site) -> T {
        self.events
            .record(Kind::Unsent, site, |event| event.timed(true));
        self.events.departure.seen(site);
        let place = (number - state.received - 1) as usize;
        let value = state.messages.get_mut(place).and_then(Option::take);
        value.expect("a waiting sender's value is its own to take back")
    }

    pub(super) fn receive(&self, patience: Patience, site: Site) -> Result<T, RecvTimeoutError> {
        let mut state = self.lock();
        let mut waited = false;
        loop {
            if let Some((value, number)) = self.take_first(&mut state, site) {
                drop(state);
                // Not under the lock, for which the sender would have to wait.
                self.bucket(number).notify_all();
                return Ok(value);
            }
            if state.senders == 0 {
                self.events
                    .record(Kind::RecvClosed, site, |event| event.timed(waited));
                return Err(RecvTimeoutError::Disconnected);
            }
            let left = match patience {
                Patience::None => None,
                Patience::Until(end) => end.checked_duration_since(Instant::now()),
                Patience::Endless => Some(std::time::Duration::MAX),
            };
            let Some(left) = left.filter(|left| !left.is_zero()) else {
                if waited {
                    self.events
                        .record(Kind::Unreq, site, |event| event.timed(true));
                }
                return Err(RecvTimeoutError::Timeout);
            };
            if !waited {
                waited = true;
                self.events
                    .record(Kind::Req, site, |event| event.timed(true));
            }
            state.receiver_waits = true;
            state = match patience {
                Patience::Endless => poison::ignore(self.arrived.wait(state)),
                _ => poison::ignore(self.arrived.wait_timeout(state, left)).0,
            };
            state.receiver_waits = false;
        }
    }

    /// Completes a receive, if there is a message; its number.
    fn take_first(&self, state: &mut State<T>, site: Site) -> Option<(T, u64)> {
        let value = state.messages.pop_front()?;
        let number = state.received + 1;
        // Its sender waits.
        self.record_message(Kind::Recv, number, true, site);
        state.received = number;
        Some((value?, number))
    }

    pub(super) fn add_sender(&self) {
        self.lock().senders += 1;
    }

    pub(super) fn remove_sender(&self, site: Site) {
        let mut state = self.lock();
        let wakes = state.receiver_waits && state.senders == 1;
        self.events
            .record(Kind::Close, site, |event| event.timed(wakes));
        state.senders -= 1;
        if wakes {
            self.arrived.notify_one();
        }
    }

    /// The receiver goes: sends that wait for it fail.
    pub(super) fn remove_receiver(&self, site: Site) {
        let mut state = self.lock();
        if state.senders > 0 {
            self.events.departure.begins(site);
        }
        state.receiver_gone = true;
        for bucket in &self.freed {
            bucket.notify_all();
        }
    }

    fn bucket(&self, number: u64) -> &Condvar {
        &self.freed[(number % BUCKETS) as usize]
    }

    fn lock(&self) -> MutexGuard<'_, State<T>> {
        lock(&self.state)
    }

    /// Records the start of a send, or a receive.
    fn record_message(&self, kind: Kind, number: u64, timed: bool, site: Site) {
        if emit::recording() {
            self.events.record_place(kind, number, timed, site);
        }
    }

    pub(super) fn set_name(&self, name: &str) {
        self.events.set_name(name);
    }
}

#[cfg(all(test, loom))]
mod models;

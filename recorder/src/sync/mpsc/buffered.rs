//! Channels with room for one message or more: the unbounded
//! [list](super::list), and a count of what was received.
//!
//! **The model.** It is that of [`queue`](super::queue): messages are numbered
//! from 1 as their sends start, and a send of message `k` on a channel of
//! capacity `C` completes when receive `k - C` has. So a send claims its place
//! and puts its message there, and then waits if it has to.
//!
//! **Waiting senders.** One word, `received`, counts receives and, in its lower
//! bits, senders that are about to sleep. Both are added to it, so either the
//! sender sees the receive or the receive sees the sender: then it rings the
//! bell of the one message that it makes room for, of which there are `BELLS`.
//!
//! **Who touches what.** The receiver writes `received` at each message, so
//! senders keep what they last saw of it in a word of their own, `known`, and
//! look again only where that does not do.
//!
//! **Ends.** When the receiver goes, it takes what lies within the capacity
//! (those sends have succeeded) and wakes all; senders that wait see that it is
//! gone and take their values back, out of places that it no longer looks at.

use std::sync::mpsc::{SendError, TrySendError};

use hbtrace_traces::kind::Kind;

use super::events::Site;
use super::half::{Bound, Half, Head};
use super::list::{self, Claimed, Filled, LOOKS, List, Refusal};
use crate::emit;
use crate::primitive::{self, Apart, Arc, AtomicU32, AtomicU64, Backoff, Ordering};

/// Bells that waiting senders share.
const BELLS: u64 = if cfg!(loom) { 2 } else { 8 };
/// Bits of [`Room::received`] that count senders: more than there can be
/// threads.
const SLEEPERS: u32 = 22;
/// One more receive. Receives are counted modulo 2^42, and compared as if those
/// that two threads speak of at once lay less than half of that apart.
const RECEIVE: u64 = 1 << SLEEPERS;

/// The room of a channel.
pub(super) struct Room {
    capacity: u64,
    /// Receives, and below them senders that are about to sleep.
    received: Apart<AtomicU64>,
    /// What a sender last saw of `received`.
    known: Apart<AtomicU64>,
    /// Of message `k`: bell `k % BELLS`.
    bells: [AtomicU32; BELLS as usize],
}

/// What senders share with the receiver.
pub(super) type Shared<T> = List<T, Head<Room>>;

/// A channel with one sender, made by the caller.
#[track_caller]
pub(super) fn buffered<T>(capacity: u64) -> (Arc<Shared<T>>, Half<T, Room>) {
    let head = Head::new(Room {
        capacity,
        received: Apart(AtomicU64::new(0)),
        known: Apart(AtomicU64::new(0)),
        bells: [const { AtomicU32::new(0) }; BELLS as usize],
    });
    let site = std::panic::Location::caller();
    head.events
        .record(Kind::Chan, site, |event| event.number(capacity));
    let (list, taker) = list::list(head);
    (list, Half::new(taker))
}

/// Whether `received` says that receive `needed` has completed.
#[inline(always)]
fn has(received: u64, needed: u64) -> bool {
    let ahead = (received | (RECEIVE - 1)).wrapping_sub(needed << SLEEPERS);
    ahead.cast_signed() >= 0
}

/// How many senders it counts.
#[inline(always)]
fn sleepers(received: u64) -> u64 {
    received % RECEIVE
}

impl Room {
    /// The receive that message `number` needs; 0: none.
    #[inline(always)]
    fn needed(&self, number: u64) -> u64 {
        number.saturating_sub(self.capacity)
    }

    /// Whether receive `needed` has completed.
    #[inline(always)]
    fn has_received(&self, needed: u64) -> bool {
        // Acquire: pairs with the store below, and so with the receive's
        // addition.
        if needed == 0 || has(self.known.load(Ordering::Acquire), needed) {
            return true;
        }
        // Acquire: pairs with the receive's addition.
        let received = self.received.load(Ordering::Acquire);
        if !has(received, needed) {
            return false;
        }
        // Release: hands on what was acquired. An older count may replace a
        // newer one: it is only looked at first.
        self.known.store(received, Ordering::Release);
        true
    }

    /// Whether receive `needed` completes while the sender looks again a few
    /// times, more and more seldom: it finds room for several messages then.
    #[cold]
    #[inline(never)]
    fn has_soon_received(&self, needed: u64) -> bool {
        let mut backoff = Backoff::default();
        (0..LOOKS).any(|_| {
            backoff.pause();
            self.has_received(needed)
        })
    }

    fn bell(&self, number: u64) -> &AtomicU32 {
        &self.bells[(number % BELLS) as usize]
    }

    fn ring(&self, number: u64) {
        let bell = self.bell(number);
        // Release: who sees that it rang sees why.
        bell.fetch_add(1, Ordering::Release);
        primitive::wake_all(bell);
    }

    /// A receive was completed while senders sleep: wakes the one that needed
    /// it, if it has started.
    #[cold]
    #[inline(never)]
    fn wake(&self, number: u64, claimed: u64) {
        let enabled = number.saturating_add(self.capacity);
        if enabled <= claimed {
            self.ring(enabled);
        }
    }
}

impl Bound for Room {
    const IS_ONE: bool = true;

    fn capacity(&self) -> u64 {
        self.capacity
    }

    #[inline(always)]
    fn is_waited_for(&self) -> bool {
        // Relaxed: a hint, as a sender may begin to sleep just now.
        sleepers(self.received.load(Ordering::Relaxed)) > 0
    }

    #[inline(always)]
    fn received(&self, number: u64, claimed: impl FnOnce() -> u64) {
        // AcqRel: the receive is published, and what a sender that is counted
        // has claimed is seen.
        let before = self.received.fetch_add(RECEIVE, Ordering::AcqRel);
        if sleepers(before) > 0 {
            self.wake(number, claimed());
        }
    }

    fn closed(&self) {
        for number in 0..BELLS {
            self.ring(number);
        }
    }
}

/// Sends, and waits until there is room.
#[inline(always)]
pub(super) fn send<T>(list: &Shared<T>, value: T, site: Site) -> Result<(), SendError<T>> {
    match list.claim() {
        Some(claimed) => complete(list, claimed, value, site),
        // Not ordered after the receiver's drop: see `Departure`.
        None => Err(SendError(value)),
    }
}

/// Sends if there is room.
#[inline(always)]
pub(super) fn try_send<T>(list: &Shared<T>, value: T, site: Site) -> Result<(), TrySendError<T>> {
    let room = &list.beside.bound;
    match list.claim_if(|number| room.has_received(room.needed(number))) {
        Ok(claimed) => complete(list, claimed, value, site)
            .map_err(|SendError(value)| TrySendError::Disconnected(value)),
        Err(Refusal::Full) => Err(TrySendError::Full(value)),
        Err(Refusal::Gone) => Err(TrySendError::Disconnected(value)),
    }
}

/// Fills the place, and waits until the send has completed.
#[inline(always)]
fn complete<T>(
    list: &Shared<T>,
    claimed: Claimed<'_, T, Head<Room>>,
    value: T,
    site: Site,
) -> Result<(), SendError<T>> {
    let (head, room) = (&list.beside, &list.beside.bound);
    let number = claimed.number;
    let told = emit::recording();
    if told {
        head.record_message(Kind::Send, number, claimed.awaited, site);
    }
    let filled = claimed.put(value, told);
    let needed = room.needed(number);
    let waits = !room.has_received(needed) && !room.has_soon_received(needed);
    if waits && let Some(value) = await_receive(list, filled, (number, needed), site) {
        return Err(SendError(value));
    }
    // Asked again: the receiver may have seen the end before it received.
    if emit::recording() {
        head.events.record_number(Kind::Sent, needed, waits, site);
    }
    Ok(())
}

/// Waits until receive `needed` has completed. The value, if the receiver is
/// gone before.
#[cold]
#[inline(never)]
fn await_receive<T>(
    list: &Shared<T>,
    filled: Filled<'_, T, Head<Room>>,
    (number, needed): (u64, u64),
    site: Site,
) -> Option<T> {
    let (head, room) = (&list.beside, &list.beside.bound);
    head.events
        .record(Kind::Req, site, |event| event.timed(true));
    // Release: the receive that sees this one counted sees what it has claimed.
    room.received.fetch_add(1, Ordering::Release);
    loop {
        // Acquire: pairs with `ring`.
        let rung = room.bell(number).load(Ordering::Acquire);
        if room.has_received(needed) || list.is_closed() {
            break;
        }
        primitive::wait(room.bell(number), rung, None);
    }
    // Relaxed: it only tells that there is one less to wake.
    room.received.fetch_sub(1, Ordering::Relaxed);
    // Behind the look at the end, all receives are seen that there were.
    let value = filled.take_back()?;
    head.events
        .record(Kind::Unsent, site, |event| event.timed(true));
    head.send_failed(site);
    Some(value)
}

#[cfg(all(test, loom))]
mod models;

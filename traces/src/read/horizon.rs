//! Up to which instant a damaged trace is whole.
//!
//! A process that is killed leaves every thread's events up to the same
//! instant, and releases are written before acquires, so such a trace is whole.
//! Not so a file that was cut later, that has damaged chunks, or whose recorder
//! lost sync events: some threads' events are missing while others go on, and
//! an acquire whose release is missing would look like a race.
//!
//! The *horizon* is an instant up to which no event is missing: the first loss
//! of a sync event; the last stamp before a thread's damage; for a cut file,
//! when its last chunk was drawn (chunks are handed out in order, so whatever
//! is missing was written later); for a file that is still recorded into, the
//! latest calibration before it was read; for a copy that was taken while the
//! process went on, the instant that its header names. All events up to the horizon are kept, and
//! so is everything that they rest on. Behind it sync events are kept as well,
//! since events without a stamp may lie on either side; but each thread's
//! accesses end at its last stamp before the horizon, its atomic operations and
//! frees count as accesses no longer, and what it takes behind it is no part of
//! a potential deadlock ([`Stream::whole`](crate::trace::Stream::beyond)), so
//! that nothing of what is compared can rest on what is missing.

use rustc_hash::FxHashMap;

use super::chunks::Index;
use super::header::Header;
use super::streams::ThreadStreams;
use crate::event::NO_TIME;

/// The horizon in ticks; `None` if the trace is whole.
pub(super) fn find(
    header: &Header,
    index: &Index,
    cut: bool,
    live: bool,
    threads: &FxHashMap<u32, ThreadStreams>,
) -> Option<u64> {
    let lost = (header.lost_sync > 0 && !header.rewritten()).then_some(header.lost_from);
    let cut = cut.then_some(index.last_drawn);
    let live = live.then_some(header.last_ticks);
    let copied = header.whole_until();
    let broken = threads.values().filter_map(|thread| thread.broken_at).min();
    let horizon = lost
        .into_iter()
        .chain(cut)
        .chain(live)
        .chain(copied)
        .chain(broken)
        .min()?;
    // What a damage took away of such a trace may be of any time, since it was not written as it happened.
    // What its source had lost, it has not.
    let damaged = header.rewritten() && Some(horizon) != copied;
    Some(if damaged { 0 } else { horizon })
}

/// Ends the thread's accesses at its last stamp before the horizon. Returns
/// where they end, and how many sync events lie behind.
pub(super) fn clip(thread: &mut ThreadStreams, horizon: Option<u64>) -> (u64, usize) {
    let Some(horizon) = horizon else {
        return (thread.access_words(), 0);
    };
    let known = thread
        .sync
        .iter()
        .rposition(|event| event.time != NO_TIME && event.time <= horizon);
    let end = known.map_or(0, |last| thread.sync[last].accesses);
    for event in &mut thread.sync {
        event.accesses = event.accesses.min(end);
    }
    let before = known.map_or(0, |last| last + 1);
    (end, thread.sync.len() - before)
}

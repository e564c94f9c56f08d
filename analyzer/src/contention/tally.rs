//! What each object cost: counted while the trace is walked.

use hbtrace_traces::id::{ObjectId, SiteId, ThreadId};
use rustc_hash::FxHashMap;

use super::strand::Hold;

/// Figures of one object.
#[derive(Clone, Debug, Default)]
pub(super) struct Tally {
    /// Attempts to get it: each gave it, or waited for it in vain.
    pub(super) acquisitions: u64,
    /// Lengths of the attempts that had to wait.
    pub(super) waits: Vec<u64>,
    /// Summed holds as timed, at least, and at most.
    pub(super) hold: u64,
    pub(super) hold_least: u64,
    pub(super) hold_most: u64,
    pub(super) owner_changes: u64,
    /// It is one that threads hold.
    pub(super) is_lock: bool,
    owner: Option<ThreadId>,
}

/// Figures of all objects.
pub(super) struct Tallies {
    /// By object.
    pub(super) objects: Vec<Tally>,
    /// Summed holds by the place where they began.
    pub(super) sites: FxHashMap<(ObjectId, SiteId), u64>,
    /// Summed waits by the place where they began.
    pub(super) wait_sites: FxHashMap<(ObjectId, SiteId), u64>,
    /// Where the holds of a thread were certainly over: their possible
    /// extents overlap between two stamps, and count once.
    counted_to: FxHashMap<(ObjectId, ThreadId), u64>,
}

impl Tallies {
    /// Nothing counted for `objects` objects.
    pub(super) fn new(objects: usize) -> Tallies {
        Tallies {
            objects: vec![Tally::default(); objects],
            sites: FxHashMap::default(),
            wait_sites: FxHashMap::default(),
            counted_to: FxHashMap::default(),
        }
    }

    /// An attempt, with the time it waited if it had to wait.
    pub(super) fn attempt(&mut self, object: ObjectId, wait: Option<u64>) {
        if let Some(tally) = self.objects.get_mut(object.index()) {
            tally.acquisitions += 1;
            tally.waits.extend(wait);
        }
    }

    /// The thread holds the lock from now on.
    pub(super) fn take(&mut self, lock: ObjectId, thread: ThreadId) {
        if let Some(tally) = self.objects.get_mut(lock.index()) {
            tally.is_lock = true;
            let changed = tally.owner.is_some_and(|owner| owner != thread);
            tally.owner_changes += u64::from(changed);
            tally.owner = Some(thread);
        }
    }

    /// A hold ends at `until`, which certainly lies in `range`.
    pub(super) fn hold(&mut self, thread: ThreadId, hold: &Hold, until: u64, range: (u64, u64)) {
        let Some(tally) = self.objects.get_mut(hold.lock.index()) else {
            return;
        };
        let length = until.saturating_sub(hold.since);
        tally.hold = tally.hold.saturating_add(length);
        let least = range.0.saturating_sub(hold.since_range.1);
        tally.hold_least = tally.hold_least.saturating_add(least);
        let counted_to = self.counted_to.entry((hold.lock, thread)).or_insert(0);
        let from = hold.since_range.0.max(*counted_to);
        let most = range.1.saturating_sub(from);
        tally.hold_most = tally.hold_most.saturating_add(most);
        *counted_to = range.1.max(*counted_to);
        let of_site = self.sites.entry((hold.lock, hold.site)).or_insert(0);
        *of_site = of_site.saturating_add(length);
    }
}

impl Tally {
    /// How far the summed holds may be off.
    pub(super) fn hold_error(&self) -> u64 {
        let over = self.hold.saturating_sub(self.hold_least);
        let under = self.hold_most.saturating_sub(self.hold);
        over.max(under)
    }
}

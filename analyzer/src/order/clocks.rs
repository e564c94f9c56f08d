//! The clocks of all threads along a walk over the steps of a trace.

use std::sync::Arc;

use hbtrace_traces::event::{MemoryOrder, NO_NUMBER, SyncEvent};
use hbtrace_traces::id::ThreadId;
use hbtrace_traces::kind::{Effect, Slot};
use hbtrace_traces::trace::{Step, Trace};
use rustc_hash::FxHashSet;

use super::Order;
use super::atomics::{Atomics, Carried};
use super::lives::Lives;
use super::slots::Slots;
use crate::clock::VectorClock;

/// The clocks of all threads, at one point of a walk over the steps.
///
/// ```
/// use hbtrace_analyzer::order::{Clocks, Order};
/// use hbtrace_traces::{read::Options, text, trace::Step};
///
/// let trace = text::parse("x.std".as_ref(), b"A|fork(B)|\nB|w(x)|\n", Options::default())?;
/// let mut clocks = Clocks::new(&trace, Order::HappensBefore);
/// let mut moments = Vec::new();
/// for step in &trace.steps {
///     let epoch = clocks.step(*step);
///     moments.push(clocks.moment(*step, epoch));
/// }
/// assert!(moments[0].happens_before(&moments[1]));
/// # Ok::<(), hbtrace_traces::error::Error>(())
/// ```
#[derive(Debug)]
pub struct Clocks<'t> {
    trace: &'t Trace,
    order: Order,
    strands: Vec<Strand>,
    slots: Slots,
    atomics: Atomics,
    lives: Lives,
    /// The last step was a cut.
    has_cut: bool,
}

/// An event's place in the order: enough to compare it with any other.
#[derive(Clone, Debug)]
pub struct Moment {
    /// Whose event it is.
    pub thread: ThreadId,
    /// The epoch of its thread that it belongs to.
    pub epoch: u32,
    /// All that happens before it.
    pub clock: Arc<VectorClock>,
}

/// A thread's state.
#[derive(Debug)]
struct Strand {
    clock: VectorClock,
    /// A copy of `clock` to share, until it changes.
    shared: Carried,
    begun: bool,
    /// The clock at its last release fence.
    release_fence: Carried,
    /// What its relaxed loads have read, for the next acquire fence.
    relaxed: VectorClock,
    /// Versions that this rests on and that were not written yet.
    unwritten: FxHashSet<(u32, u64)>,
}

impl Moment {
    /// Whether this event of one thread happens before `later` of another.
    #[must_use]
    pub fn happens_before(&self, later: &Moment) -> bool {
        self.epoch <= later.clock.get(self.thread)
    }
}

impl<'t> Clocks<'t> {
    /// The clocks before the first step.
    #[must_use]
    pub fn new(trace: &'t Trace, order: Order) -> Clocks<'t> {
        Clocks {
            trace,
            order,
            strands: (0..trace.streams.len())
                .map(|thread| Strand::new(ThreadId(thread as u32)))
                .collect(),
            slots: Slots::default(),
            atomics: Atomics::new(trace),
            lives: Lives::default(),
            has_cut: false,
        }
    }

    /// Goes on over one step, and gives the epoch of its thread that its
    /// events belong to. Afterwards [`clock`](Clocks::clock) is what happens
    /// before them (their own thread's epoch aside).
    pub fn step(&mut self, step: Step) -> u32 {
        match step {
            Step::Accesses { thread, .. } => {
                self.has_cut = false;
                self.begin(thread);
                self.epoch(thread)
            }
            Step::Sync { thread, index } => {
                self.begin(thread);
                let trace = self.trace;
                let epoch = self.epoch(thread);
                self.apply(thread, trace.sync(thread, index));
                epoch
            }
        }
    }

    /// The clock of `thread`.
    #[must_use]
    pub fn clock(&self, thread: ThreadId) -> &VectorClock {
        &self.strands[thread.index()].clock
    }

    /// The place of the events of `step`, which has just been walked and
    /// belongs to `epoch`.
    pub fn moment(&mut self, step: Step, epoch: u32) -> Moment {
        let (Step::Accesses { thread, .. } | Step::Sync { thread, .. }) = step;
        Moment {
            thread,
            epoch,
            clock: self.strands[thread.index()].share(),
        }
    }

    fn epoch(&self, thread: ThreadId) -> u32 {
        self.clock(thread).get(thread)
    }

    /// Joins the thread's start before its first event.
    fn begin(&mut self, thread: ThreadId) {
        let strand = &mut self.strands[thread.index()];
        if !strand.begun {
            strand.begun = true;
            strand.shared = None;
            self.slots.start(thread, &mut strand.clock);
        }
    }

    fn apply(&mut self, thread: ThreadId, event: &SyncEvent) {
        let had_cut = std::mem::replace(&mut self.has_cut, false);
        for effect in event.effects() {
            match effect {
                Effect::Acquire(slot) if self.order.keeps(*slot) => {
                    self.acquire(*slot, thread, event);
                }
                Effect::Release(slot) if self.order.keeps(*slot) => {
                    self.release(*slot, thread, event);
                }
                Effect::AtomicLoad => self.load(thread, event),
                Effect::AtomicStore => self.write(thread, event, false),
                Effect::AtomicRmw => {
                    let _ = self.read(thread, event, event.number.saturating_sub(1));
                    self.write(thread, event, true);
                }
                Effect::Fence => self.fence(thread, event.order),
                Effect::Cut => {
                    // All threads may pass one, each by an event of its own.
                    if !had_cut {
                        self.cut();
                    }
                    self.has_cut = true;
                }
                _ => {}
            }
        }
    }

    fn acquire(&mut self, slot: Slot, thread: ThreadId, event: &SyncEvent) {
        let news = match slot {
            Slot::End => self.acquire_end(thread, event.target_thread()),
            Slot::Life => match self.trace.location_of(event) {
                Some(block) => {
                    let clock = &mut self.strands[thread.index()].clock;
                    self.lives.acquire(block, clock)
                }
                None => false,
            },
            _ => {
                let clock = &mut self.strands[thread.index()].clock;
                self.slots.acquire(slot, thread, event, clock)
            }
        };
        self.strands[thread.index()].changed(news);
    }

    /// A thread that has ended publishes nothing: its clock is still there.
    fn acquire_end(&mut self, thread: ThreadId, ended: ThreadId) -> bool {
        if ended == thread || self.strands.len() <= ended.index() {
            return false;
        }
        self.begin(ended);
        let (low, high) = (ended.min(thread).index(), ended.max(thread).index());
        let (left, right) = self.strands.split_at_mut(high);
        let (one, other) = (&mut left[low], &mut right[0]);
        if thread.index() == low {
            one.clock.join(&other.clock)
        } else {
            other.clock.join(&one.clock)
        }
    }

    fn release(&mut self, slot: Slot, thread: ThreadId, event: &SyncEvent) {
        let strand = &mut self.strands[thread.index()];
        match slot {
            Slot::Life => {
                if let Some(block) = self.trace.location_of(event) {
                    self.lives.free(block, &strand.clock);
                }
            }
            _ => self.slots.release(slot, event, &strand.clock),
        }
        strand.next_epoch(thread);
    }

    fn load(&mut self, thread: ThreadId, event: &SyncEvent) {
        if self.read(thread, event, event.number) {
            self.atomics.forget_load(event.object, event.number);
        }
    }

    /// An atomic read of `version`. Tells whether it is done with; a relaxed
    /// one of a version that is not written yet is not.
    fn read(&mut self, thread: ThreadId, event: &SyncEvent, version: u64) -> bool {
        if !self.order.keeps_atomics() || event.number == NO_NUMBER {
            return true;
        }
        let strand = &mut self.strands[thread.index()];
        let acquires = event.order.acquires();
        let clock = if acquires {
            &mut strand.clock
        } else {
            &mut strand.relaxed
        };
        let news = match self.atomics.load(event.object, version, clock) {
            Some(news) => news,
            None if acquires => {
                let clock = &mut strand.clock;
                self.atomics.settle(event.object, version, clock)
            }
            None => {
                let clock = &mut strand.relaxed;
                let before = self.atomics.load_open(event.object, version, clock);
                strand.unwritten.insert((event.object, before));
                return before != version;
            }
        };
        strand.changed(news && acquires);
        true
    }

    /// An atomic write of the event's version.
    fn write(&mut self, thread: ThreadId, event: &SyncEvent, continues: bool) {
        if !self.order.keeps_atomics() {
            return;
        }
        let strand = &mut self.strands[thread.index()];
        let releases = event.order.releases();
        let own = if releases {
            Some(strand.share())
        } else {
            strand.release_fence.clone()
        };
        self.atomics
            .write(event.object, event.number, own, continues);
        if releases {
            strand.next_epoch(thread);
        }
    }

    fn fence(&mut self, thread: ThreadId, order: MemoryOrder) {
        if !self.order.keeps_atomics() {
            return;
        }
        let strand = &mut self.strands[thread.index()];
        if order.acquires() {
            let mut news = strand.clock.join(&strand.relaxed);
            strand.relaxed.clear();
            for (object, version) in std::mem::take(&mut strand.unwritten) {
                news |= self.atomics.settle(object, version, &mut strand.clock);
            }
            strand.changed(news);
        }
        if order.releases() {
            strand.release_fence = Some(strand.share());
            strand.next_epoch(thread);
        }
    }

    /// Everything so far happens before everything from here on.
    fn cut(&mut self) {
        let mut all = VectorClock::new();
        for strand in &self.strands {
            all.join(&strand.clock);
        }
        for (thread, strand) in self.strands.iter_mut().enumerate() {
            strand.clock.join(&all);
            strand.next_epoch(ThreadId(thread as u32));
        }
    }
}

impl Strand {
    fn new(thread: ThreadId) -> Strand {
        let mut clock = VectorClock::new();
        clock.set(thread, 1);
        Strand {
            clock,
            shared: None,
            begun: false,
            release_fence: None,
            relaxed: VectorClock::new(),
            unwritten: FxHashSet::default(),
        }
    }

    /// The clock as it is now, to keep.
    fn share(&mut self) -> Arc<VectorClock> {
        let clock = &self.clock;
        Arc::clone(self.shared.get_or_insert_with(|| Arc::new(clock.clone())))
    }

    fn changed(&mut self, news: bool) {
        if news {
            self.shared = None;
        }
    }

    /// Begins a new epoch: what follows is not part of what was published.
    fn next_epoch(&mut self, thread: ThreadId) {
        let epoch = self.clock.get(thread);
        self.clock.set(thread, epoch + 1);
        self.shared = None;
    }
}

//! Lets threads run until none is left.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use rustc_hash::FxHashMap;

use super::lanes::{Lanes, Place, mark, turn};
use super::need::{Limit, Lives, Need, Rules, need, reads_early};
use super::stuck::{self, Stuck};
use crate::error::Error;
use crate::event::SyncEvent;
use crate::id::ThreadId;
use crate::kind::Gate;
use crate::trace::{Step, Stream, Trace};

/// Fills [`Trace::steps`]. An incomplete trace whose rest waits for what it
/// does not hold is cut there, with a warning.
///
/// # Errors
/// If no order satisfies program order and the gates of all events.
pub fn replay(trace: &mut Trace) -> Result<(), Error> {
    match run(trace, false).pop() {
        Some(stuck) => Err(stuck.into_error(trace)),
        None => Ok(()),
    }
}

/// As [`replay`], and returns the event that it can't get past; with `forced`
/// it goes on behind each such event, and returns all of them.
pub(crate) fn run(trace: &mut Trace, forced: bool) -> Vec<Stuck> {
    let mut walk = Walk::new(trace, None);
    walk.all(forced);
    let Walk {
        steps,
        cursors,
        mut stuck,
        ..
    } = walk;
    if !forced
        && is_partial(trace)
        && let Some(stuck) = stuck.pop()
    {
        let reached: Vec<_> = cursors.iter().map(|it| (it.sync, it.access)).collect();
        stuck::truncate(trace, &stuck, &reached);
    }
    trace.steps = steps;
    stuck
}

/// Whether events may be missing from the trace.
fn is_partial(trace: &Trace) -> bool {
    let info = &trace.info;
    info.truncated || !info.complete || info.lost_sync_events > 0
}

/// How far a thread has come.
#[derive(Clone, Copy, Default)]
pub(super) struct Cursor {
    pub(super) sync: usize,
    pub(super) access: u64,
    pub(super) slice: usize,
}

impl Cursor {
    fn new(stream: &Stream) -> Cursor {
        Cursor {
            access: stream.accesses.start(),
            ..Cursor::default()
        }
    }
}

/// What a thread does next.
#[derive(Clone, Copy)]
pub(super) enum Item {
    Accesses { to: u64 },
    Sync,
}

pub(super) struct Walk<'a> {
    pub(super) trace: &'a Trace,
    pub(super) lanes: Lanes,
    pub(super) lives: Lives,
    pub(super) cursors: Vec<Cursor>,
    /// Threads that may have something to do, first the one whose next item
    /// stood first.
    pub(super) ready: BinaryHeap<Reverse<(u64, u32)>>,
    pub(super) blocked: Vec<Option<Need>>,
    pub(super) waiting: FxHashMap<Need, Vec<u32>>,
    /// Stamps of the cuts that are still to come, the next one last.
    pub(super) cuts: Vec<u64>,
    pub(super) rules: Rules,
    /// Where threads stop, if not at their ends.
    pub(super) limits: Option<&'a [Limit]>,
    /// Events that it can't get past.
    pub(super) stuck: Vec<Stuck>,
    pub(super) steps: Vec<Step>,
}

impl<'a> Walk<'a> {
    pub(super) fn new(trace: &'a Trace, limits: Option<&'a [Limit]>) -> Walk<'a> {
        let threads = trace.streams.len();
        let mut started = vec![true; threads];
        let mut cuts = Vec::new();
        let mut cut = false;
        for event in trace.streams.iter().flat_map(|stream| &stream.sync) {
            match event.gate() {
                Gate::Fork => {
                    if let Some(started) = started.get_mut(event.object as usize) {
                        *started = false;
                    }
                }
                Gate::Cut => {
                    cut = true;
                    cuts.extend((event.stamp != 0).then_some(event.stamp));
                }
                _ => {}
            }
        }
        cuts.sort_unstable_by_key(|stamp| Reverse(*stamp));
        Walk {
            trace,
            lanes: Lanes::of(trace),
            lives: Lives {
                started,
                ended: vec![false; threads],
                read_early: vec![Vec::new(); threads],
            },
            cursors: trace.streams.iter().map(Cursor::new).collect(),
            ready: BinaryHeap::with_capacity(threads),
            blocked: vec![None; threads],
            waiting: FxHashMap::default(),
            cuts,
            rules: Rules {
                tolerant: cut || is_partial(trace) || limits.is_some(),
                observed: limits.is_some(),
            },
            limits,
            stuck: Vec::new(),
            steps: Vec::new(),
        }
    }

    pub(super) fn all(&mut self, forced: bool) {
        for thread in 0..self.cursors.len() as u32 {
            if self.lives.started[thread as usize] {
                self.queue(thread);
            } else {
                self.block(thread, Need::Start(ThreadId(thread)));
            }
        }
        loop {
            match self.ready.pop() {
                Some(Reverse((stamp, thread))) if self.open_across_cut(stamp) => {
                    self.ready.push(Reverse((stamp, thread)));
                }
                Some(Reverse((_, thread))) => self.run(thread, false),
                None if !self.blocked.iter().any(Option::is_some) => return,
                None if self.limits.is_some() => return,
                None if self.pass_cut() => {}
                None if self.unblock() => {}
                None => {
                    let stuck = self.find_stuck();
                    let thread = stuck.thread.0;
                    self.stuck.push(stuck);
                    if !forced {
                        return;
                    }
                    self.blocked[thread as usize] = None;
                    self.run(thread, true);
                }
            }
        }
    }

    /// Lets a thread go on until it has to wait or another's turn has come.
    pub(super) fn run(&mut self, thread: u32, mut forced: bool) {
        let mut next = self.next(thread);
        while let Some((_, item)) = next {
            match item {
                Item::Accesses { to } => self.access(thread, to),
                Item::Sync => {
                    let need = if forced { None } else { self.need(thread) };
                    if let Some(need) = need {
                        self.block(thread, need);
                        return;
                    }
                    self.sync(thread);
                }
            }
            forced = false;
            next = self.next(thread);
            if let Some((stamp, _)) = next {
                let others_turn = self
                    .ready
                    .peek()
                    .is_some_and(|Reverse((other, _))| stamp > *other);
                if others_turn || self.cuts.last().is_some_and(|cut| stamp >= *cut) {
                    self.ready.push(Reverse((stamp, thread)));
                    return;
                }
            }
        }
        if self
            .limits
            .is_none_or(|limits| limits[thread as usize].whole)
        {
            self.end(thread);
        }
    }

    /// What the thread does next, and where that stood in the observed order.
    pub(super) fn next(&self, thread: u32) -> Option<(u64, Item)> {
        let stream = &self.trace.streams[thread as usize];
        let cursor = self.cursors[thread as usize];
        let event = stream.sync.get(cursor.sync);
        if let Some(limits) = self.limits {
            // Only sync events wait for each other.
            let event = event.filter(|_| cursor.sync < limits[thread as usize].sync);
            return event.map(|event| (event.stamp, Item::Sync));
        }
        let end = stream.accesses.end();
        let border = event.map_or(end, |event| event.accesses.min(end));
        if cursor.access >= border {
            return event.map(|event| (event.stamp, Item::Sync));
        }
        let stamp = stream
            .slices
            .get(cursor.slice)
            .map_or(0, |slice| slice.stamp);
        let next = stream
            .slices
            .get(cursor.slice + 1)
            .map_or(end, |slice| slice.from);
        Some((
            stamp,
            Item::Accesses {
                to: border.min(next),
            },
        ))
    }

    fn access(&mut self, thread: u32, to: u64) {
        let cursor = &mut self.cursors[thread as usize];
        let from = cursor.access;
        cursor.access = to.max(from + 1);
        let slices = &self.trace.streams[thread as usize].slices;
        while slices
            .get(cursor.slice + 1)
            .is_some_and(|slice| slice.from <= cursor.access)
        {
            cursor.slice += 1;
        }
        self.steps.push(Step::Accesses {
            thread: ThreadId(thread),
            from,
            to: cursor.access,
        });
    }

    fn need(&self, thread: u32) -> Option<Need> {
        let event = self.event(thread)?;
        need(
            &self.lanes,
            &self.lives,
            ThreadId(thread),
            event,
            self.rules,
        )
    }

    pub(super) fn event(&self, thread: u32) -> Option<&'a SyncEvent> {
        self.trace.streams[thread as usize]
            .sync
            .get(self.cursors[thread as usize].sync)
    }

    /// The thread's next sync event happens.
    pub(super) fn sync(&mut self, thread: u32) {
        let Some(event) = self.event(thread) else {
            return;
        };
        let cursor = &mut self.cursors[thread as usize];
        self.steps.push(Step::Sync {
            thread: ThreadId(thread),
            index: cursor.sync as u32,
        });
        cursor.sync += 1;
        for (key, rank) in turn(ThreadId(thread), event).into_iter().chain(mark(event)) {
            if let Some(place) = self.lanes.find(key, rank) {
                self.gone(place);
            }
        }
        match event.gate() {
            Gate::Fork => self.start(event.object),
            Gate::Fence if event.order.acquires() => {
                self.lives.read_early[thread as usize].clear();
            }
            Gate::Read => {
                let early = reads_early(&self.lanes, event);
                self.lives.read_early[thread as usize].extend(early);
            }
            _ => {}
        }
    }

    fn gone(&mut self, place: Place) {
        let (done, open) = self.lanes.go(place);
        if done {
            self.wake(Need::Done(place));
        }
        if let Some(place) = open {
            self.wake(Need::Turn(place));
        }
    }

    fn start(&mut self, thread: u32) {
        if let Some(started) = self.lives.started.get_mut(thread as usize) {
            *started = true;
            self.wake(Need::Start(ThreadId(thread)));
        }
    }

    fn end(&mut self, thread: u32) {
        self.lives.ended[thread as usize] = true;
        self.wake(Need::End(ThreadId(thread)));
    }

    fn block(&mut self, thread: u32, need: Need) {
        self.blocked[thread as usize] = Some(need);
        self.waiting.entry(need).or_default().push(thread);
    }

    fn wake(&mut self, need: Need) {
        if self.waiting.is_empty() {
            return;
        }
        for thread in self.waiting.remove(&need).unwrap_or_default() {
            // Otherwise it was let go before its need was met.
            if self.blocked[thread as usize] == Some(need) {
                self.blocked[thread as usize] = None;
                self.queue(thread);
            }
        }
    }

    pub(super) fn queue(&mut self, thread: u32) {
        let stamp = self.next(thread).map_or(0, |(stamp, _)| stamp);
        self.ready.push(Reverse((stamp, thread)));
    }
}

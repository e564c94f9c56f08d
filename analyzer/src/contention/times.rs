//! A time for every sync event.
//!
//! The recorder stamps where a wait could be and otherwise only now and then,
//! so most events have no stamp. Such an event gets a time between the stamps
//! of its thread before and after it, in equal steps. Equal steps alone could
//! run against happens-before (a lock taken before it was let go), so each
//! time is also kept within what is certain:
//!
//! 1. Forward in replay order: no earlier than the stamps that happen before
//!    it (`low`). A stamp that contradicts this is raised, so a clock that
//!    differs between CPUs does no harm.
//! 2. Backward: no later than the stamps that happen after it (`high`).
//! 3. Forward again: equal steps, no earlier than the *given* times of what
//!    happens before, no later than `high`.
//!
//! All of it is integer arithmetic over one fixed order, hence the same in
//! every run. [`Times::error`] is the widest `low..high` that a time which
//! matters here rests on.

use hbtrace_traces::event::{NO_TIME, SyncEvent};
use hbtrace_traces::id::ThreadId;
use hbtrace_traces::kind::Effect;
use hbtrace_traces::trace::{Step, Stream, Trace};

use super::edges::{self, Slots};

/// The time of every sync event, and how sure it is.
pub(super) struct Times {
    /// First and last time of the run.
    pub(super) run: (u64, u64),
    /// Widest range that an interpolated time rests on.
    pub(super) error: u64,
    /// By thread, where its events begin in the flat arrays.
    base: Vec<usize>,
    at: Vec<u64>,
    low: Vec<u64>,
    high: Vec<u64>,
    /// By thread, the first and last stamp of its accesses.
    accesses: Vec<Option<(u64, u64)>>,
}

impl Times {
    /// Times of all events, or `None` where the trace has no time at all.
    pub(super) fn of(trace: &Trace) -> Option<Times> {
        let stamps = Stamps::of(trace);
        let run = stamps.run(trace)?;
        let mut times = Times {
            run,
            error: 0,
            base: bases(trace),
            at: Vec::new(),
            low: Vec::new(),
            high: Vec::new(),
            accesses: stamps.spans.clone(),
        };
        let events = trace.sync_events() as usize;
        times.low = vec![run.0; events];
        times.high = vec![run.1; events];
        times.at = vec![run.0; events];
        times.bound_below(trace, &stamps);
        times.bound_above(trace, &stamps);
        times.interpolate(trace, &stamps);
        times.error = times.widest(trace);
        Some(times)
    }

    /// Time of the thread's sync event `index`.
    pub(super) fn at(&self, thread: ThreadId, index: u32) -> u64 {
        self.at[self.flat(thread, index)]
    }

    /// The range within which the event certainly lies.
    pub(super) fn range(&self, thread: ThreadId, index: u32) -> (u64, u64) {
        let flat = self.flat(thread, index);
        (self.low[flat], self.high[flat])
    }

    /// First and last time that anything of the thread is known at.
    pub(super) fn span(&self, thread: ThreadId) -> Option<(u64, u64)> {
        let events = self.base[thread.index()]..self.base[thread.index() + 1];
        let sync = events
            .clone()
            .next()
            .map(|first| (self.at[first], self.at[events.end - 1]));
        match (sync, self.accesses[thread.index()]) {
            (Some(a), Some(b)) => Some((a.0.min(b.0), a.1.max(b.1))),
            (one, other) => one.or(other),
        }
    }

    fn flat(&self, thread: ThreadId, index: u32) -> usize {
        self.base[thread.index()] + index as usize
    }

    fn bound_below(&mut self, trace: &Trace, stamps: &Stamps) {
        let mut slots = Slots::new(trace, self.run.0);
        for (thread, span) in stamps.spans.iter().enumerate() {
            let end = edges::end_of(ThreadId(thread as u32));
            slots.set(end, span.map_or(self.run.0, |(_, last)| last));
        }
        each_sync(trace, |thread, index, event| {
            let flat = self.base[thread.index()] + index as usize;
            let mut low = stamps.floor(thread, index).max(self.run.0);
            low = low.max(match index {
                0 => slots.get(edges::start_of(thread)),
                _ => self.low[flat - 1],
            });
            edges::acquired(thread, event, |key| low = low.max(slots.get(key)));
            if event.time != NO_TIME {
                low = low.max(event.time);
            }
            self.low[flat] = low;
            publish(trace, thread, index, event, |key| {
                slots.set(key, low.max(slots.get(key)));
            });
        });
    }

    fn bound_above(&mut self, trace: &Trace, stamps: &Stamps) {
        let mut slots = Slots::new(trace, self.run.1);
        for step in trace.steps.iter().rev() {
            let Step::Sync { thread, index } = *step else {
                continue;
            };
            let event = trace.sync(thread, index);
            let flat = self.flat(thread, index);
            let mut high = stamps.ceiling(thread, index).max(self.low[flat]);
            if !is_last(trace, thread, index) {
                high = high.min(self.high[flat + 1]);
            }
            publish(trace, thread, index, event, |key| {
                high = high.min(slots.get(key));
            });
            if event.time != NO_TIME {
                high = self.low[flat];
            }
            high = high.max(self.low[flat]);
            self.high[flat] = high;
            edges::acquired(thread, event, |key| {
                slots.set(key, high.min(slots.get(key)));
            });
            if index == 0 {
                let start = edges::start_of(thread);
                slots.set(start, high.min(slots.get(start)));
            }
        }
    }

    fn interpolate(&mut self, trace: &Trace, stamps: &Stamps) {
        let mut slots = Slots::new(trace, self.run.0);
        let mut lines = vec![Line::default(); trace.threads.len()];
        each_sync(trace, |thread, index, event| {
            let flat = self.base[thread.index()] + index as usize;
            let mut low = self.low[flat].max(match index {
                0 => slots.get(edges::start_of(thread)),
                _ => self.at[flat - 1],
            });
            low = low.max(stamps.floor(thread, index));
            edges::acquired(thread, event, |key| low = low.max(slots.get(key)));
            let line = &mut lines[thread.index()];
            let wanted = if event.time == NO_TIME {
                if index == 0 {
                    line.start(low);
                }
                let sync = &trace.streams[thread.index()].sync;
                line.point(index as usize, sync, |next| {
                    let flat = self.base[thread.index()];
                    match next < sync.len() {
                        true => self.low[flat + next],
                        false => self.high[flat + sync.len() - 1],
                    }
                })
            } else {
                line.restart(index as usize, self.low[flat]);
                self.low[flat]
            };
            let at = wanted.max(low).min(self.high[flat]);
            self.at[flat] = at;
            publish(trace, thread, index, event, |key| {
                slots.set(key, at.max(slots.get(key)));
            });
        });
    }

    fn widest(&self, trace: &Trace) -> u64 {
        let mut widest = 0;
        each_sync(trace, |thread, index, event| {
            if event.time == NO_TIME && matters(event) {
                let (low, high) = self.range(thread, index);
                widest = widest.max(high - low);
            }
        });
        widest
    }
}

/// Whether the contention figures depend on when the event was.
fn matters(event: &SyncEvent) -> bool {
    event.effects().iter().any(|effect| {
        !matches!(
            effect,
            Effect::AtomicLoad | Effect::AtomicStore | Effect::AtomicRmw | Effect::Fence
        )
    })
}

/// Equal steps between two stamps of a thread: position and time of both.
#[derive(Clone, Default)]
struct Line {
    /// Position (event 0 is at 1, the thread's beginning at 0) and time.
    from: (usize, u64),
    to: Option<(usize, u64)>,
}

impl Line {
    fn start(&mut self, time: u64) {
        self.from = (0, time);
    }

    fn restart(&mut self, index: usize, time: u64) {
        self.from = (index + 1, time);
        self.to = None;
    }

    /// The time of the event at `index`; `time_of` tells the time of the next
    /// stamped event, or of the end where the index is behind the last one.
    fn point(&mut self, index: usize, sync: &[SyncEvent], time_of: impl Fn(usize) -> u64) -> u64 {
        let from = self.from;
        let (next, until) = *self.to.get_or_insert_with(|| {
            let next = sync[index..].iter().position(|e| e.time != NO_TIME);
            let next = next.map_or(sync.len(), |offset| index + offset);
            (next + 1, time_of(next))
        });
        let width = u128::from(until.saturating_sub(from.1));
        let part = width * (index + 1 - from.0) as u128 / (next - from.0) as u128;
        from.1 + part as u64
    }
}

/// The least and the greatest of some stamps; `None` where there is none.
type Span = Option<(u64, u64)>;

/// What the accesses of imported traces say about times.
struct Stamps {
    /// By thread, the first and last stamp of its accesses.
    spans: Vec<Span>,
    /// By thread and sync event, the least and the greatest stamp of the
    /// accesses right before it; empty where no access has one.
    gaps: Vec<Vec<Span>>,
    /// First and last stamp of all.
    all: Span,
}

impl Stamps {
    fn of(trace: &Trace) -> Stamps {
        let mut stamps = Stamps {
            spans: Vec::new(),
            gaps: Vec::new(),
            all: None,
        };
        for stream in &trace.streams {
            // No recorded access bears a time, so those needn't be decoded.
            let (gaps, span) = match trace.info.imported {
                true => access_times(stream),
                false => (Vec::new(), None),
            };
            for event in &stream.sync {
                widen(&mut stamps.all, event.time);
            }
            if let Some((first, last)) = span {
                widen(&mut stamps.all, first);
                widen(&mut stamps.all, last);
            }
            stamps.spans.push(span);
            stamps.gaps.push(gaps);
        }
        stamps
    }

    fn run(&self, trace: &Trace) -> Span {
        let (first, last) = self.all?;
        let (from, to) = trace.info.time.unwrap_or((first, last));
        Some((from.min(first), to.max(last)))
    }

    /// The event is not before the accesses before it.
    fn floor(&self, thread: ThreadId, index: u32) -> u64 {
        self.gap(thread, index as usize).map_or(0, |(_, last)| last)
    }

    /// It is not after the accesses after it.
    fn ceiling(&self, thread: ThreadId, index: u32) -> u64 {
        self.gap(thread, index as usize + 1)
            .map_or(u64::MAX, |(first, _)| first)
    }

    fn gap(&self, thread: ThreadId, index: usize) -> Span {
        *self.gaps[thread.index()].get(index)?
    }
}

/// The times of a thread's accesses, by the sync event that follows, and of
/// them all.
fn access_times(stream: &Stream) -> (Vec<Span>, Span) {
    let (mut gaps, mut span) = (Vec::new(), None);
    let sync = &stream.sync;
    let mut next = 0;
    stream
        .accesses
        .walk(0..stream.accesses.end(), |position, access| {
            if access.time == NO_TIME {
                return;
            }
            while sync
                .get(next)
                .is_some_and(|event| event.accesses <= position)
            {
                next += 1;
            }
            gaps.resize(sync.len() + 1, None);
            widen(&mut gaps[next], access.time);
            widen(&mut span, access.time);
        });
    (gaps, span)
}

fn widen(range: &mut Span, time: u64) {
    if time != NO_TIME {
        let (first, last) = range.unwrap_or((time, time));
        *range = Some((first.min(time), last.max(time)));
    }
}

fn bases(trace: &Trace) -> Vec<usize> {
    let mut base = vec![0];
    for stream in &trace.streams {
        base.push(base[base.len() - 1] + stream.sync.len());
    }
    base
}

fn is_last(trace: &Trace, thread: ThreadId, index: u32) -> bool {
    index as usize + 1 == trace.streams[thread.index()].sync.len()
}

/// The slots that an event publishes into; a thread's last also ends it.
fn publish(
    trace: &Trace,
    thread: ThreadId,
    index: u32,
    event: &SyncEvent,
    mut visit: impl FnMut(edges::Key),
) {
    edges::released(thread, event, &mut visit);
    if is_last(trace, thread, index) {
        visit(edges::end_of(thread));
    }
}

fn each_sync(trace: &Trace, mut visit: impl FnMut(ThreadId, u32, &SyncEvent)) {
    for step in &trace.steps {
        if let Step::Sync { thread, index } = *step {
            visit(thread, index, trace.sync(thread, index));
        }
    }
}

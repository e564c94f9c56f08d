//! The critical path: what the run's length rests on.
//!
//! Walked backward from the end of the run. In a thread at a time, take the
//! thread's latest wait that some other thread's event ended: what came after
//! the wait is a stretch of this thread, the time from that event to the end
//! of the wait is a hand-off, and the walk goes on in the other thread at that
//! event. At a thread's beginning it goes on at its creation.
//!
//! **Law.** Segments are disjoint, contiguous, and last exactly as long as the
//! run: each step of the walk begins where the one before has ended. Each hop
//! goes to an event that is earlier, by time and then by replayed order, so
//! the walk ends; the waits of a thread are passed once, from the last to the
//! first.

use hbtrace_traces::id::{SiteId, ThreadId};
use hbtrace_traces::trace::Trace;

use super::model::Model;
use super::strand::{Span, State, Strand, Target};
use super::times::Times;

/// What the path does for a while.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Part {
    Running,
    Holding,
    Handoff,
    Outside,
    Unknown,
}

impl Part {
    /// The name in reports.
    pub(super) fn name(self) -> &'static str {
        match self {
            Part::Running => "running",
            Part::Holding => "holding",
            Part::Handoff => "handoff",
            Part::Outside => "outside",
            Part::Unknown => "unknown",
        }
    }
}

/// A stretch of the path.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Segment {
    pub(super) thread: ThreadId,
    pub(super) from: u64,
    pub(super) to: u64,
    pub(super) part: Part,
    /// The innermost lock held, or what was handed off.
    pub(super) what: Option<Target>,
    pub(super) site: SiteId,
}

/// The critical path, from the run's beginning to its end.
pub(super) fn critical_path(trace: &Trace, times: &Times, model: &Model) -> Vec<Segment> {
    let last = |strand: &Strand| strand.last;
    let ends = model.strands.iter().map(last).enumerate();
    let Some((thread, (end, _))) = ends.max_by_key(|(_, last)| *last) else {
        return Vec::new();
    };
    let mut walk = Walk {
        strands: &model.strands,
        left: model.strands.iter().map(|s| s.waits.len()).collect(),
        path: Vec::new(),
        to: times.run.1,
    };
    let mut thread = ThreadId(thread as u32);
    let mut after = trace.streams[thread.index()].sync.len() as u32;
    walk.unknown(thread, end);
    while let Some((next, up_to)) = walk.pass(thread, after) {
        (thread, after) = (next, up_to);
    }
    walk.unknown(thread, times.run.0);
    walk.path.reverse();
    walk.path
}

struct Walk<'a> {
    strands: &'a [Strand],
    /// By thread, how many of its waits lie before where the walk has been.
    left: Vec<usize>,
    /// The path so far, last segment first.
    path: Vec<Segment>,
    /// Where its earliest segment begins.
    to: u64,
}

impl Walk<'_> {
    /// Walks back in `thread` from behind its first `after` events, and tells
    /// where to go on.
    fn pass(&mut self, thread: ThreadId, after: u32) -> Option<(ThreadId, u32)> {
        let strand = &self.strands[thread.index()];
        let left = &mut self.left[thread.index()];
        while *left > 0 {
            *left -= 1;
            let wait = strand.waits[*left];
            if wait.after > after {
                continue;
            }
            if let Some(waker) = wait.waker {
                self.stretch(thread, wait.until);
                self.add(Segment {
                    thread,
                    from: waker.time,
                    to: self.to,
                    part: Part::Handoff,
                    what: Some(wait.what),
                    site: wait.site,
                });
                return Some((waker.thread, waker.after));
            }
        }
        self.stretch(thread, strand.begin);
        strand.parent
    }

    /// What `thread` did from `from` to where the path begins so far.
    fn stretch(&mut self, thread: ThreadId, from: u64) {
        let spans = &self.strands[thread.index()].spans;
        let end = spans.partition_point(|span| span.from < self.to);
        for span in spans[..end].iter().rev() {
            if span.to <= from {
                break;
            }
            self.unknown(thread, span.to.max(from));
            let (part, what, site) = part_of(span);
            self.add(Segment {
                thread,
                from: span.from.max(from),
                to: self.to,
                part,
                what,
                site,
            });
        }
        self.unknown(thread, from);
    }

    /// Nothing is known of what the thread did from `from` on.
    fn unknown(&mut self, thread: ThreadId, from: u64) {
        self.add(Segment {
            thread,
            from,
            to: self.to,
            part: Part::Unknown,
            what: None,
            site: SiteId::UNKNOWN,
        });
    }

    fn add(&mut self, segment: Segment) {
        if segment.from >= self.to {
            return;
        }
        self.to = segment.from;
        match self.path.last_mut() {
            Some(last)
                if (last.thread, last.part, last.what, last.site)
                    == (segment.thread, segment.part, segment.what, segment.site) =>
            {
                last.from = segment.from;
            }
            _ => self.path.push(segment),
        }
    }
}

/// A wait that nobody ended counts as the thread's own time.
fn part_of(span: &Span) -> (Part, Option<Target>, SiteId) {
    match (span.state, span.held) {
        (State::Outside | State::TimedOut, _) => (Part::Outside, None, span.site),
        (_, Some((lock, site))) => (Part::Holding, Some(Target::Object(lock)), site),
        (_, None) => (Part::Running, None, span.site),
    }
}

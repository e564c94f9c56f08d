//! What has gone already: per lane, the ranks that occur and how many events
//! of each are still to come.

use rustc_hash::FxHashMap;

use crate::event::{NO_NUMBER, SyncEvent};
use crate::id::ThreadId;
use crate::kind::Gate;
use crate::trace::Trace;

/// Sorts of lanes that an object may have.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) enum Sort {
    Hold,
    Count,
    Park,
    Send,
    Message,
    Receive,
    Close,
    Write,
    Life,
}

/// A lane: its sort and its object (or thread).
pub(super) type Key = (Sort, u32);

/// A rank's place in a lane.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) struct Place {
    pub(super) lane: u32,
    pub(super) cell: u32,
}

/// Set in a cell whose rank occurs; the other bits count what is to come.
const OCCURS: u32 = 1 << 31;

struct Lane {
    /// Ranks of the cells: from `base` on, or those listed.
    base: u64,
    ranks: Option<Vec<u64>>,
    cells: Vec<u32>,
    /// The first cell that still has events to come.
    open: u32,
}

/// All lanes of a trace.
pub(super) struct Lanes {
    lanes: Vec<Lane>,
    index: FxHashMap<Key, u32>,
}

/// The lane in which an event has its turn, and its rank there.
pub(super) fn turn(thread: ThreadId, event: &SyncEvent) -> Option<(Key, u64)> {
    let ranked = |steps: u64, phase: u8| {
        event
            .number
            .saturating_mul(steps)
            .saturating_add(u64::from(phase))
    };
    let bounded = |sort| (event.extra != NO_NUMBER).then_some(((sort, event.object), event.extra));
    match event.gate() {
        Gate::Hold(phase) => Some(((Sort::Hold, Trace::lock_of(event).0), ranked(3, phase))),
        Gate::Count(phase) => Some(((Sort::Count, event.object), ranked(2, phase))),
        Gate::Park(0) => Some(((Sort::Park, event.object), ranked(2, 0))),
        Gate::Park(phase) => Some(((Sort::Park, thread.0), ranked(2, phase))),
        Gate::Send => bounded(Sort::Send),
        Gate::Receive => bounded(Sort::Receive),
        Gate::Close(phase) => {
            let numbered = event.number != NO_NUMBER;
            let rank = if numbered {
                ranked(2, phase)
            } else {
                u64::from(phase)
            };
            Some(((Sort::Close, event.object), rank))
        }
        Gate::Write if event.number != NO_NUMBER => {
            Some(((Sort::Write, event.object), event.number))
        }
        Gate::Life => Some(((Sort::Life, 0), event.stamp)),
        _ => None,
    }
}

/// What an event makes known beside its turn: the message it sends.
pub(super) fn mark(event: &SyncEvent) -> Option<(Key, u64)> {
    (event.gate() == Gate::Send).then_some(((Sort::Message, event.object), event.number))
}

/// Least and greatest rank, and events.
struct Extent {
    least: u64,
    greatest: u64,
    events: u64,
}

impl Lanes {
    /// The lanes of a trace, nothing gone yet.
    pub(super) fn of(trace: &Trace) -> Lanes {
        let mut extents: Vec<Extent> = Vec::new();
        let mut index = FxHashMap::default();
        each(trace, |key, rank| {
            let lane = *index.entry(key).or_insert(extents.len() as u32) as usize;
            if lane == extents.len() {
                extents.push(Extent {
                    least: rank,
                    greatest: rank,
                    events: 0,
                });
            }
            let extent = &mut extents[lane];
            extent.least = extent.least.min(rank);
            extent.greatest = extent.greatest.max(rank);
            extent.events += 1;
        });
        let mut lanes: Vec<Lane> = extents.iter().map(Lane::of).collect();
        each(trace, |key, rank| {
            if let Some(ranks) = index
                .get(&key)
                .and_then(|at| lanes[*at as usize].ranks.as_mut())
            {
                ranks.push(rank);
            }
        });
        lanes.iter_mut().for_each(Lane::settle);
        let mut all = Lanes { lanes, index };
        each(trace, |key, rank| {
            if let Some(place) = all.place(key, rank) {
                let cell = &mut all.lanes[place.lane as usize].cells[place.cell as usize];
                *cell = (*cell | OCCURS) + 1;
            }
        });
        for lane in &mut all.lanes {
            lane.advance();
        }
        all
    }

    /// The place of a rank, or `None` if no event of the trace has it.
    pub(super) fn find(&self, key: Key, rank: u64) -> Option<Place> {
        let place = self.place(key, rank)?;
        (self.lanes[place.lane as usize].cells[place.cell as usize] != 0).then_some(place)
    }

    fn place(&self, key: Key, rank: u64) -> Option<Place> {
        let lane = *self.index.get(&key)?;
        let cell = self.lanes[lane as usize].cell(rank)?;
        Some(Place { lane, cell })
    }

    /// Whether everything of lower rank has gone.
    pub(super) fn is_open(&self, place: Place) -> bool {
        self.lanes[place.lane as usize].open >= place.cell
    }

    /// Whether all of this rank has gone.
    pub(super) fn is_done(&self, place: Place) -> bool {
        self.lanes[place.lane as usize].cells[place.cell as usize] == OCCURS
    }

    /// An event of this rank goes. Returns whether it was the last of its
    /// rank, and the place that is open now if that is a new one.
    pub(super) fn go(&mut self, place: Place) -> (bool, Option<Place>) {
        let lane = &mut self.lanes[place.lane as usize];
        let cell = &mut lane.cells[place.cell as usize];
        *cell -= u32::from(*cell > OCCURS);
        let done = *cell == OCCURS;
        let before = lane.open;
        if done {
            lane.advance();
        }
        let moved = lane.open != before && (lane.open as usize) < lane.cells.len();
        (
            done,
            moved.then_some(Place {
                lane: place.lane,
                cell: lane.open,
            }),
        )
    }
}

/// Calls `visit` with every turn and mark of every event.
fn each(trace: &Trace, mut visit: impl FnMut(Key, u64)) {
    for (thread, stream) in trace.streams.iter().enumerate() {
        for event in &stream.sync {
            for (key, rank) in turn(ThreadId(thread as u32), event)
                .into_iter()
                .chain(mark(event))
            {
                visit(key, rank);
            }
        }
    }
}

impl Lane {
    /// Dense where ranks are, else listed: cells are never more than a few
    /// times the events.
    fn of(extent: &Extent) -> Lane {
        let span = extent.greatest - extent.least;
        let dense = span < extent.events.saturating_mul(4).saturating_add(64);
        let cells = if dense {
            vec![0; span as usize + 1]
        } else {
            Vec::new()
        };
        Lane {
            base: extent.least,
            ranks: (!dense).then(Vec::new),
            cells,
            open: 0,
        }
    }

    fn settle(&mut self) {
        if let Some(ranks) = &mut self.ranks {
            ranks.sort_unstable();
            ranks.dedup();
            self.cells = vec![0; ranks.len()];
        }
    }

    fn cell(&self, rank: u64) -> Option<u32> {
        let cell = match &self.ranks {
            Some(ranks) => ranks.binary_search(&rank).ok()?,
            None => usize::try_from(rank.checked_sub(self.base)?).ok()?,
        };
        (cell < self.cells.len()).then_some(cell as u32)
    }

    fn advance(&mut self) {
        let to_come = |cell: &u32| *cell > OCCURS;
        let rest = self.cells.get(self.open as usize..).unwrap_or_default();
        let gone = rest.iter().take_while(|cell| !to_come(cell)).count();
        self.open += gone as u32;
    }
}

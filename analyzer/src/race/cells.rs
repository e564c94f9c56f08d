//! The cells of all blocks that were touched.
//!
//! Most blocks see plain accesses only, and their reads are ordered or by one
//! thread. Such a cell is two words: the last write and the last read, as
//! thread and epoch. Whatever else happens to a block, it gets a [`Cell`] of
//! full size beside, until a plain write resets it.
//!
//! Cells of neighbouring blocks lie together, eight in a page, so that memory
//! that is walked along costs one look-up for 64 bytes.
//!
//! Once something races in a block, its cell has nothing more to say.

use hbtrace_traces::event::AccessKind;
use hbtrace_traces::id::ThreadId;
use rustc_hash::FxHashMap;

use super::cell::Cell;
use super::partition::Partition;
use super::visit::Visit;

/// Nothing seen.
const NEVER: u64 = 0;
/// In `write`: something races here.
const RACED: u64 = u64::MAX;
/// In `write`: the other bits are the place of a full cell.
const FULL: u64 = 1 << 63;
/// Recently used pages that are found without hashing.
const RECENT: usize = 64;

/// A thread and its epoch, as `thread + 1` and `epoch` in 32 bits each, or one
/// of the constants above.
#[derive(Clone, Copy, Default, Debug)]
struct Compact {
    write: u64,
    read: u64,
}

/// The cells of a worker.
#[derive(Debug)]
pub(super) struct Cells {
    pages: FxHashMap<u64, u32>,
    recent: [(u64, u32); RECENT],
    compact: Vec<[Compact; Partition::PAGE]>,
    full: Vec<Cell>,
    unused: Vec<u32>,
}

/// What became of an access that was entered.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Entered {
    /// Nothing races in the block, and it had been touched before.
    Again,
    /// It is the first access of the block.
    First,
    /// It races, be it the first or not.
    Races,
}

impl Compact {
    /// Enters an access; `None` if that takes a full cell.
    fn enter(&mut self, visit: &Visit<'_>) -> Option<Entered> {
        let me = pack(visit);
        let touched = match self.write == NEVER && self.read == NEVER {
            true => Entered::First,
            false => Entered::Again,
        };
        match visit.event.kind {
            AccessKind::Read if self.read == me => {}
            AccessKind::Read if is_unordered(visit, self.write) => return Some(self.race()),
            AccessKind::Read if is_unordered(visit, self.read) => return None,
            AccessKind::Read => self.read = me,
            AccessKind::Write | AccessKind::Free => {
                if is_unordered(visit, self.write) || is_unordered(visit, self.read) {
                    return Some(self.race());
                }
                self.write = me;
                self.read = NEVER;
            }
            AccessKind::AtomicRead | AccessKind::AtomicWrite => return None,
        }
        Some(touched)
    }

    fn race(&mut self) -> Entered {
        self.write = RACED;
        Entered::Races
    }
}

impl Cells {
    pub(super) fn new() -> Cells {
        Cells {
            pages: FxHashMap::default(),
            recent: [(u64::MAX, 0); RECENT],
            compact: Vec::new(),
            full: Vec::new(),
            unused: Vec::new(),
        }
    }

    /// Enters an access of `block`.
    pub(super) fn enter(&mut self, visit: &Visit<'_>, block: u64) -> Entered {
        let page = self.page(block);
        let cell = &mut self.compact[page][block as usize % Partition::PAGE];
        if cell.write < FULL
            && let Some(entered) = cell.enter(visit)
        {
            return entered;
        }
        self.enter_full(visit, block, page)
    }

    /// Whether an access of `block` races, or something did before.
    pub(super) fn races(&self, visit: &Visit<'_>, block: u64) -> bool {
        let Some(page) = self.pages.get(&(block / Partition::PAGE as u64)) else {
            return false;
        };
        let cell = self.compact[*page as usize][block as usize % Partition::PAGE];
        match cell.write {
            RACED => true,
            full if full & FULL != 0 => self.full[(full & !FULL) as usize].races(visit),
            _ => Cell::new(unpack(cell.write), unpack(cell.read)).races(visit),
        }
    }

    /// Forgets what `block` has seen.
    pub(super) fn reset(&mut self, block: u64) {
        let page = self.page(block);
        let cell = &mut self.compact[page][block as usize % Partition::PAGE];
        if cell.write & FULL != 0 && cell.write != RACED {
            self.unused.push((cell.write & !FULL) as u32);
        }
        *cell = Compact::default();
    }

    /// The place of the page that `block` lies in.
    fn page(&mut self, block: u64) -> usize {
        let page = block / Partition::PAGE as u64;
        let recent = &mut self.recent[page as usize % RECENT];
        if recent.0 == page {
            return recent.1 as usize;
        }
        let next = self.compact.len() as u32;
        let place = *self.pages.entry(page).or_insert(next);
        if place == next {
            self.compact.push(Default::default());
        }
        *recent = (page, place);
        place as usize
    }

    #[cold]
    fn enter_full(&mut self, visit: &Visit<'_>, block: u64, page: usize) -> Entered {
        let cell = &mut self.compact[page][block as usize % Partition::PAGE];
        if cell.write == RACED {
            return Entered::Again;
        }
        let first = cell.write == NEVER && cell.read == NEVER;
        if cell.write < FULL {
            let full = Cell::new(unpack(cell.write), unpack(cell.read));
            cell.write = FULL | keep(&mut self.full, &mut self.unused, full);
            cell.read = NEVER;
        }
        let place = (cell.write & !FULL) as usize;
        let full = &mut self.full[place];
        let kind = visit.event.kind;
        if full.sees_mixed_atomics(visit, block) || full.races(visit) {
            cell.write = RACED;
            self.unused.push(place as u32);
            return Entered::Races;
        }
        if kind.writes() && !kind.is_atomic() {
            self.unused.push(place as u32);
            *cell = Compact {
                write: pack(visit),
                read: NEVER,
            };
        } else {
            full.enter(visit);
        }
        if first {
            Entered::First
        } else {
            Entered::Again
        }
    }
}

/// Puts a full cell where one is unused, and gives its place.
fn keep(cells: &mut Vec<Cell>, unused: &mut Vec<u32>, cell: Cell) -> u64 {
    match unused.pop() {
        Some(place) => {
            cells[place as usize] = cell;
            u64::from(place)
        }
        None => {
            cells.push(cell);
            cells.len() as u64 - 1
        }
    }
}

fn pack(visit: &Visit<'_>) -> u64 {
    (u64::from(visit.event.thread.0) + 1) << 32 | u64::from(visit.event.epoch)
}

fn unpack(packed: u64) -> Option<(ThreadId, u32)> {
    let thread = (packed >> 32).checked_sub(1)?;
    Some((ThreadId(thread as u32), packed as u32))
}

/// Whether what was packed does not happen before an access.
fn is_unordered(visit: &Visit<'_>, packed: u64) -> bool {
    let thread = (packed >> 32).wrapping_sub(1);
    packed != NEVER && visit.is_unordered(ThreadId(thread as u32), packed as u32)
}

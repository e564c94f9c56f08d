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
        let me = pack(visit);
        if cell.write < FULL {
            match visit.event.kind {
                AccessKind::Read if cell.read == me => return Entered::Again,
                AccessKind::Read => {
                    if is_unordered(visit, cell.write) {
                        cell.write = RACED;
                        return Entered::Races;
                    }
                    if !is_unordered(visit, cell.read) {
                        let first = cell.write == NEVER && cell.read == NEVER;
                        cell.read = me;
                        return if first {
                            Entered::First
                        } else {
                            Entered::Again
                        };
                    }
                }
                AccessKind::Write | AccessKind::Free => {
                    if is_unordered(visit, cell.write) || is_unordered(visit, cell.read) {
                        cell.write = RACED;
                        return Entered::Races;
                    }
                    let first = cell.write == NEVER && cell.read == NEVER;
                    *cell = Compact {
                        write: me,
                        read: NEVER,
                    };
                    return if first {
                        Entered::First
                    } else {
                        Entered::Again
                    };
                }
                AccessKind::AtomicRead | AccessKind::AtomicWrite => {}
            }
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
            let place = match self.unused.pop() {
                Some(place) => {
                    self.full[place as usize] = full;
                    u64::from(place)
                }
                None => {
                    self.full.push(full);
                    self.full.len() as u64 - 1
                }
            };
            cell.write = FULL | place;
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

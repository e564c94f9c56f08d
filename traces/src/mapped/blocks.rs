//! Blocks of a packed file, unpacked when first asked for, and forgotten when
//! others need the room.
//!
//! Each block has a slot of its own, so threads that walk different parts of a
//! trace unpack in parallel; a thread that wants a block which another one is
//! unpacking waits for that one.
//!
//! Others unpack ahead ([`Ahead`]).
//!
//! **Memory.** Slots hold up to [`ROOM`] bytes of unpacked blocks in all. A
//! block that is being read lives until its reader lets go of it. What is
//! dropped first is what was not asked for since it was last looked at (a
//! clock with a second chance).

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use super::ahead::Ahead;
use super::file::MappedFile;
use crate::packed::{self, BlockEntry, Fault};

/// Bytes of unpacked blocks that are kept.
const ROOM: usize = 256 << 20;

/// Blocks that are unpacked ahead of the one that is being read.
const AHEAD: usize = 4;

/// All blocks of a file.
#[derive(Debug)]
pub(super) struct Blocks {
    held: Arc<Held>,
    ahead: OnceLock<Ahead>,
}

/// What is unpacked of a file, and the file.
#[derive(Debug)]
struct Held {
    file: MappedFile,
    slots: Vec<Slot>,
    /// Bytes in all slots.
    bytes: AtomicUsize,
    room: usize,
    /// Blocks that are held, the next to be dropped first.
    clock: Mutex<VecDeque<u32>>,
    fault: OnceLock<(u64, Fault)>,
}

#[derive(Debug)]
struct Slot {
    entry: BlockEntry,
    /// The next block of the same sort, if there is one.
    next: Option<u32>,
    block: Mutex<Option<Arc<Vec<u8>>>>,
    /// It was asked for since the clock passed it.
    used: AtomicBool,
    /// Nobody has read it since it was unpacked.
    fresh: AtomicBool,
}

/// Locks; what the lock guards is whole after a panic, too.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Blocks {
    /// The blocks of `file`, each with the next one of its sort.
    pub(super) fn new(
        file: MappedFile,
        blocks: impl Iterator<Item = (BlockEntry, Option<u32>)>,
    ) -> Blocks {
        Blocks::within(ROOM, file, blocks)
    }

    fn within(
        room: usize,
        file: MappedFile,
        blocks: impl Iterator<Item = (BlockEntry, Option<u32>)>,
    ) -> Blocks {
        let slot = |(entry, next)| Slot {
            entry,
            next,
            block: Mutex::new(None),
            used: AtomicBool::new(false),
            fresh: AtomicBool::new(false),
        };
        let held = Held {
            file,
            slots: blocks.map(slot).collect(),
            bytes: AtomicUsize::new(0),
            room,
            clock: Mutex::new(VecDeque::new()),
            fault: OnceLock::new(),
        };
        Blocks {
            held: Arc::new(held),
            ahead: OnceLock::new(),
        }
    }

    /// The packed file.
    pub(super) fn file(&self) -> &MappedFile {
        &self.held.file
    }

    /// The first block that could not be unpacked: where it lies in the file,
    /// and what was expected.
    pub(super) fn fault(&self) -> Option<&(u64, Fault)> {
        self.held.fault.get()
    }

    /// The block of a number that the index has; zeros if it is damaged.
    pub(super) fn get(&self, number: u32) -> Arc<Vec<u8>> {
        let slot = &self.held.slots[number as usize];
        // Relaxed: only a hint to the clock.
        slot.used.store(true, Ordering::Relaxed);
        let block = self.held.get(number);
        // Relaxed: who wins asks for those behind; nothing is read by it.
        if slot.fresh.load(Ordering::Relaxed) && slot.fresh.swap(false, Ordering::Relaxed) {
            self.wish_behind(slot);
        }
        block
    }

    /// Asks for the blocks that will be wanted next.
    fn wish_behind(&self, slot: &Slot) {
        let mut next = slot.next;
        for _ in 0..AHEAD {
            let Some(number) = next else {
                return;
            };
            let ahead = self.ahead.get_or_init(|| {
                let held = Arc::clone(&self.held);
                Ahead::start(move |number| drop(held.get(number)))
            });
            ahead.wish(number);
            next = self.held.slots[number as usize].next;
        }
    }
}

impl Held {
    fn get(&self, number: u32) -> Arc<Vec<u8>> {
        let slot = &self.slots[number as usize];
        let mut block = lock(&slot.block);
        if let Some(block) = &*block {
            return Arc::clone(block);
        }
        let unpacked = Arc::new(self.unpack(&slot.entry));
        *block = Some(Arc::clone(&unpacked));
        // Relaxed: only a hint.
        slot.fresh.store(true, Ordering::Relaxed);
        drop(block);
        self.make_room(number, unpacked.len());
        unpacked
    }

    fn unpack(&self, entry: &BlockEntry) -> Vec<u8> {
        let end = entry.offset.saturating_add(u64::from(entry.stored));
        let stored = self.file.slice(entry.offset..end);
        let length = entry.length as usize;
        let found = crc32fast::hash(stored);
        let unpacked = match found == entry.checksum {
            true => packed::unpack(stored, length),
            false => Err(Fault(format!(
                "a block with checksum {:#x}, found {found:#x}",
                entry.checksum
            ))),
        };
        unpacked.unwrap_or_else(|fault| {
            let _ = self.fault.set((entry.offset, fault));
            vec![0; length]
        })
    }

    /// Enters a block of `length` bytes, and drops others for it.
    fn make_room(&self, number: u32, length: usize) {
        let mut clock = lock(&self.clock);
        clock.push_back(number);
        // Relaxed: changed under the lock of the clock only.
        let mut held = self.bytes.load(Ordering::Relaxed) + length;
        // Each block gets its second chance at most once.
        for _ in 0..2 * clock.len() {
            if held <= self.room {
                break;
            }
            let Some(oldest) = clock.pop_front() else {
                break;
            };
            let slot = &self.slots[oldest as usize];
            // Relaxed: only a hint.
            let used = slot.used.swap(false, Ordering::Relaxed);
            // A slot that is locked is being asked for.
            match slot.block.try_lock() {
                Ok(mut block) if !used => held -= block.take().map_or(0, |it| it.len()),
                _ => clock.push_back(oldest),
            }
        }
        self.bytes.store(held, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mapped::map;
    use crate::packed::Packer;

    const BLOCKS: u32 = 40;
    const LENGTH: usize = 1000;

    fn plain(number: u32) -> Vec<u8> {
        (0..LENGTH as u32)
            .map(|at| (number * 7 + at) as u8)
            .collect()
    }

    /// Blocks in a file, of which the last one's checksum is wrong.
    fn blocks(room: usize) -> (tempfile::NamedTempFile, Blocks) {
        let mut packer = Packer::new().expect("memory");
        let mut bytes = Vec::new();
        let mut entries = Vec::new();
        for number in 0..=BLOCKS {
            let stored = packer.bytes(&plain(number)).expect("memory");
            entries.push(BlockEntry {
                offset: bytes.len() as u64,
                stored: stored.len() as u32,
                length: LENGTH as u32,
                checksum: crc32fast::hash(&stored) ^ u32::from(number == BLOCKS),
            });
            bytes.extend(stored);
        }
        let file = tempfile::NamedTempFile::new().expect("a file");
        std::fs::write(file.path(), bytes).expect("written");
        let next = (1..=BLOCKS).map(Some).chain([None]);
        let mapped = map(file.path()).expect("mapped");
        let blocks = Blocks::within(room, mapped, entries.into_iter().zip(next));
        (file, blocks)
    }

    #[test]
    fn many_threads_read_more_blocks_than_there_is_room_for() {
        let (_file, blocks) = blocks(5 * LENGTH);
        std::thread::scope(|scope| {
            for step in [1, 3, 7] {
                let blocks = &blocks;
                scope.spawn(move || {
                    for at in 0..400 {
                        let number = at * step % BLOCKS;
                        assert_eq!(*blocks.get(number), plain(number));
                    }
                });
            }
        });
        // A helper may be about to make room.
        let most = 5 + 3 + AHEAD;
        assert!(blocks.held.bytes.load(Ordering::Relaxed) <= most * LENGTH);
    }

    #[test]
    fn a_damaged_block_is_told_and_reads_as_zeros() {
        let (_file, blocks) = blocks(ROOM);
        assert_eq!(*blocks.get(3), plain(3));
        assert!(blocks.fault().is_none());
        assert_eq!(*blocks.get(BLOCKS), vec![0; LENGTH]);
        let (at, fault) = blocks.fault().expect("a fault");
        assert!(*at > 0 && fault.0.contains("checksum"), "{fault:?}");
    }
}

//! Blocks of a packed file, unpacked when first asked for, and forgotten when
//! others need the room.
//!
//! Each block has a slot of its own, so threads that walk different parts of a
//! trace unpack in parallel; a thread that wants a block which another one is
//! unpacking waits for that one.
//!
//! **Memory.** Slots hold up to [`ROOM`] bytes of unpacked blocks in all. A
//! block that is being read lives until its reader lets go of it. What is
//! dropped first is what was not asked for since it was last looked at (a
//! clock with a second chance).

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use super::file::MappedFile;
use crate::packed::{self, BlockEntry, Fault};

/// Bytes of unpacked blocks that are kept.
const ROOM: usize = 256 << 20;

/// All blocks of a file.
#[derive(Debug)]
pub(super) struct Blocks {
    slots: Vec<Slot>,
    /// Bytes in all slots.
    held: AtomicUsize,
    room: usize,
    /// Blocks that are held, the next to be dropped first.
    clock: Mutex<VecDeque<u32>>,
    fault: OnceLock<(u64, Fault)>,
}

#[derive(Debug)]
struct Slot {
    entry: BlockEntry,
    block: Mutex<Option<Arc<Vec<u8>>>>,
    /// It was asked for since the clock passed it.
    used: AtomicBool,
}

/// Locks; what the lock guards is whole after a panic, too.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Blocks {
    pub(super) fn new(entries: Vec<BlockEntry>) -> Blocks {
        let slot = |entry| Slot {
            entry,
            block: Mutex::new(None),
            used: AtomicBool::new(false),
        };
        Blocks {
            slots: entries.into_iter().map(slot).collect(),
            held: AtomicUsize::new(0),
            room: ROOM,
            clock: Mutex::new(VecDeque::new()),
            fault: OnceLock::new(),
        }
    }

    /// The first block that could not be unpacked: where it lies in the file,
    /// and what was expected.
    pub(super) fn fault(&self) -> Option<&(u64, Fault)> {
        self.fault.get()
    }

    /// The block of a number that the index has; zeros if it is damaged.
    pub(super) fn get(&self, file: &MappedFile, number: u32) -> Arc<Vec<u8>> {
        let slot = &self.slots[number as usize];
        // Relaxed: only a hint to the clock.
        slot.used.store(true, Ordering::Relaxed);
        let mut block = lock(&slot.block);
        if let Some(block) = &*block {
            return Arc::clone(block);
        }
        let unpacked = Arc::new(self.unpack(file, &slot.entry));
        *block = Some(Arc::clone(&unpacked));
        drop(block);
        self.make_room(number, unpacked.len());
        unpacked
    }

    fn unpack(&self, file: &MappedFile, entry: &BlockEntry) -> Vec<u8> {
        let end = entry.offset.saturating_add(u64::from(entry.stored));
        let stored = file.slice(entry.offset..end);
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
        let mut held = self.held.load(Ordering::Relaxed) + length;
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
        self.held.store(held, Ordering::Relaxed);
    }
}

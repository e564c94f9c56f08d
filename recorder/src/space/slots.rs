//! Where the file lies in memory: mapped in slots of 64 MiB, many of them
//! side by side, so that the maps of the process grow by one for 64 GiB.
//!
//! A slot is mapped as a whole before the file has grown so far; its pages are
//! handed out only when they have been allocated on disk, so none of them can
//! raise a signal. A slot all of whose chunks are closed is *released*: mapped
//! anew in its place, which gives its pages and page tables back to the kernel
//! (what was stored stays in the file) and leaves the address valid, since a
//! number may still be filled in there (a signal handler that interrupted its
//! thread between an operation and its number can have closed the chunk).
#![allow(unsafe_code)] // Maps memory.

use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;
use std::ptr;

use hbtrace_traces::format::layout::PAGE;
use memmap2::{MmapOptions, MmapRaw};

use super::limits::has_address_limit;
use crate::primitive::{AtomicPtr, AtomicU32, Ordering};

/// Bytes of a slot.
pub(super) const SLOT: u64 = 64 << 20;
/// Slots there can be: a file of 1 TiB.
const SLOTS: u64 = 1 << 14;
/// The largest file.
pub(super) const LARGEST: u64 = SLOT * SLOTS;
/// Slots whose addresses are reserved at once.
const WINDOW: u64 = 1024;
/// In a slot's count: it was released.
const RELEASED: u32 = 1 << 31;

/// The slots of a file.
pub(super) struct Slots {
    /// For each slot its address and its count of open chunks. Fresh pages of
    /// the kernel, so that those of slots that never come cost nothing.
    table: MmapRaw,
}

/// What [`Slots::populate`] came to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Populated {
    /// The pages are there and can be written without a fault.
    Yes,
    /// The kernel does not know how; they come one by one when touched.
    Unknown,
    /// They can't be had (the disk is full, or memory): touching them might
    /// raise a signal.
    No,
}

const ENTRY: usize = 16;

impl Slots {
    pub(super) fn new() -> io::Result<Slots> {
        let table = MmapOptions::new()
            .len(ENTRY * SLOTS as usize)
            .map_anon()?
            .into();
        Ok(Slots { table })
    }

    /// Maps the slot that begins at `at`, a multiple of [`SLOT`]; the slots
    /// before it are mapped. Called under the lock of growth.
    pub(super) fn map(&self, file: &File, at: u64) -> io::Result<()> {
        let slot = at / SLOT;
        if slot >= SLOTS {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        // Relaxed: only stored under the caller's lock.
        if self.base(slot).load(Ordering::Relaxed).is_null() {
            self.reserve(slot)?;
        }
        // Relaxed: as above.
        let base = self.base(slot).load(Ordering::Relaxed);
        let base = map_at(file, base, at)?;
        // Release: with the acquire of `address`, though the growth of the
        // file's end already comes between.
        self.base(slot).store(base, Ordering::Release);
        Ok(())
    }

    /// Reserves addresses for a window of slots, so that they lie side by side
    /// and the kernel keeps them as one map. Where it can't (a limit on
    /// addresses, an emulator with few of them), the window is smaller.
    fn reserve(&self, first: u64) -> io::Result<()> {
        let mut slots = match has_address_limit() {
            true => 1,
            false => WINDOW.min(SLOTS - first),
        };
        let base = loop {
            match reserve((slots * SLOT) as usize) {
                Ok(base) => break base,
                Err(error) if slots == 1 => return Err(error),
                Err(_) => slots = 1.max(slots / 8),
            }
        };
        for slot in 0..slots {
            let address = base.wrapping_add((slot * SLOT) as usize);
            // Relaxed: only loaded under the caller's lock until it is mapped.
            self.base(first + slot).store(address, Ordering::Relaxed);
        }
        Ok(())
    }

    /// Where byte `at` of the file lies, whose slot is mapped.
    pub(super) fn address(&self, at: u64) -> *mut u8 {
        // Acquire: with the release of `map`.
        let base = self.base(at / SLOT).load(Ordering::Acquire);
        base.wrapping_add((at % SLOT) as usize)
    }

    /// Makes `len` bytes at `at` of one slot ready to be written.
    pub(super) fn populate(&self, at: u64, len: u64) -> Populated {
        loop {
            // SAFETY: a range of a mapped slot, which stays mapped; the call
            // changes no contents.
            let failed = unsafe {
                libc::madvise(
                    self.address(at).cast(),
                    len as usize,
                    libc::MADV_POPULATE_WRITE,
                )
            } != 0;
            if !failed {
                return Populated::Yes;
            }
            match io::Error::last_os_error().raw_os_error() {
                Some(libc::EAGAIN | libc::EINTR) => {}
                Some(libc::EINVAL | libc::ENOSYS | libc::EPERM) => return Populated::Unknown,
                _ => return Populated::No,
            }
        }
    }

    /// A chunk of the slot is about to be handed out.
    pub(super) fn hold(&self, slot: u64) {
        // Relaxed: a count that only steers when pages are given back, which
        // changes nothing that is stored in them.
        let count = self.count(slot);
        if count.fetch_add(1, Ordering::Relaxed) & RELEASED != 0 {
            // Relaxed: as above.
            count.fetch_and(!RELEASED, Ordering::Relaxed);
        }
    }

    /// A chunk of the slot was closed, or not handed out after all.
    pub(super) fn let_go(&self, slot: u64) {
        // Relaxed: as above.
        self.count(slot).fetch_sub(1, Ordering::Relaxed);
    }

    /// Gives the pages of a slot that the file has grown past back to the
    /// kernel. Returns whether all of its chunks are closed; else it is to be
    /// asked again.
    pub(super) fn release(&self, file: &File, slot: u64) -> bool {
        // Relaxed: as above.
        let count = self.count(slot).load(Ordering::Relaxed);
        if count == RELEASED {
            return true;
        }
        let base = self.address(slot * SLOT);
        if count == 0 && map_at(file, base, slot * SLOT).is_ok() {
            // Relaxed: as above. A chunk may have been drawn from it meanwhile.
            let _ = self.count(slot).compare_exchange(
                0,
                RELEASED,
                Ordering::Relaxed,
                Ordering::Relaxed,
            );
            return true;
        }
        // SAFETY: a mapped slot of a shared map: its contents stay, they are
        // the file's.
        unsafe { libc::madvise(base.cast(), SLOT as usize, libc::MADV_DONTNEED) };
        false
    }

    fn base(&self, slot: u64) -> &AtomicPtr<u8> {
        // SAFETY: an aligned entry of the table, only accessed atomically,
        // zero at first, mapped as long as `self` lives.
        unsafe { AtomicPtr::from_ptr(self.entry(slot).cast()) }
    }

    fn count(&self, slot: u64) -> &AtomicU32 {
        // SAFETY: as above, at another place of the entry.
        unsafe { AtomicU32::from_ptr(self.entry(slot).wrapping_add(8).cast()) }
    }

    fn entry(&self, slot: u64) -> *mut u8 {
        assert!(slot < SLOTS, "offsets lie below the largest file");
        self.table.as_mut_ptr().wrapping_add(slot as usize * ENTRY)
    }
}

/// Maps the slot at `at` of the file in place of what lies at `base`.
fn map_at(file: &File, base: *mut u8, at: u64) -> io::Result<*mut u8> {
    // SAFETY: `base` is a slot's range of addresses that `reserve` got for it,
    // so nothing of others is replaced; a slot that is mapped there already is
    // replaced by the same bytes of the same file, in one step.
    let mapped = unsafe {
        libc::mmap(
            base.cast(),
            SLOT as usize,
            libc::PROT_READ | libc::PROT_WRITE,
            libc::MAP_SHARED | libc::MAP_FIXED,
            file.as_raw_fd(),
            at as i64,
        )
    };
    if mapped == libc::MAP_FAILED {
        return Err(io::Error::last_os_error());
    }
    Ok(mapped.cast())
}

/// Reserves `len` bytes of addresses.
fn reserve(len: usize) -> io::Result<*mut u8> {
    // SAFETY: a new map of nothing, at an address of the kernel's choice.
    let base = unsafe {
        libc::mmap(
            ptr::null_mut(),
            len,
            libc::PROT_NONE,
            libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE,
            -1,
            0,
        )
    };
    if base == libc::MAP_FAILED {
        return Err(io::Error::last_os_error());
    }
    Ok(base.cast())
}

impl Drop for Slots {
    /// Only tests end a space before their process.
    fn drop(&mut self) {
        for slot in 0..SLOTS {
            // Relaxed: nobody else has it any more.
            let base = self.base(slot).load(Ordering::Relaxed);
            if base.is_null() {
                return;
            }
            // SAFETY: a slot's range of addresses; nobody has a chunk of a
            // space that is dropped.
            unsafe { libc::munmap(base.cast(), SLOT as usize) };
        }
    }
}

const _: () = assert!(SLOT.is_multiple_of(PAGE as u64));

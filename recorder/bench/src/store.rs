//! What the physical limit is taken to be: bare stores of 8 bytes into a mapped
//! file whose pages were populated ahead.
//!
//! Each byte of the file is written once, as a recorder writes its file, and
//! pages are populated many at a time, so that they are as cold as those of a
//! recorder whose helper works ahead.
#![allow(unsafe_code)] // Mapping a file, and storing through a pointer into it.

use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use memmap2::{Advice, MmapMut, MmapOptions};

/// Populated at a time.
const REGION: usize = 32 << 20;

/// A populated piece of a mapped file that nothing was stored into so far.
pub struct Bare {
    region: MmapMut,
    used: usize,
}

/// The piece that is in use, between rounds.
static LEFT: Mutex<Option<Bare>> = Mutex::new(None);

impl Bare {
    /// Room for so many words, from what an earlier round left or fresh.
    ///
    /// # Panics
    /// If there is none: a bench has nothing to measure then.
    #[must_use]
    pub fn with_room_for(words: u32) -> Lent {
        let bytes = words as usize * 8;
        let left = LEFT.lock().unwrap_or_else(PoisonError::into_inner).take();
        let enough = left.filter(|bare| bare.region.len() - bare.used >= bytes);
        Lent(Some(enough.unwrap_or_else(|| {
            let folder = std::env::var_os(crate::child::FOLDER).unwrap_or_else(|| "/tmp".into());
            Bare::map(Path::new(&folder), bytes.max(REGION)).expect("a file to store into")
        })))
    }

    /// Maps a fresh file without a name in `folder` and populates it.
    ///
    /// # Errors
    /// If that can't be done.
    pub fn map(folder: &Path, bytes: usize) -> io::Result<Bare> {
        let path = folder.join(format!("bare-{}", std::process::id()));
        let file = File::options()
            .read(true)
            .write(true)
            .create_new(true)
            .open(&path)?;
        std::fs::remove_file(&path)?;
        file.set_len(bytes as u64)?;
        // SAFETY: the file has no name any more, so no one else cuts it.
        let region = unsafe { MmapOptions::new().len(bytes).map_mut(&file)? };
        region.advise(Advice::PopulateWrite)?;
        Ok(Bare { region, used: 0 })
    }

    /// Where stores go on.
    pub fn cursor(&mut self) -> Cursor<'_> {
        let rest = &mut self.region[self.used..];
        let range = rest.as_mut_ptr_range();
        Cursor {
            next: range.start.cast(),
            end: range.end.cast(),
            bare: self,
        }
    }
}

/// A piece in use by a round; goes back when dropped.
pub struct Lent(Option<Bare>);

impl Lent {
    /// Where stores go on.
    ///
    /// # Panics
    /// Never: the piece is there until this is dropped.
    pub fn cursor(&mut self) -> Cursor<'_> {
        self.0.as_mut().expect("there until dropped").cursor()
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        *LEFT.lock().unwrap_or_else(PoisonError::into_inner) = self.0.take();
    }
}

/// Stores word after word.
pub struct Cursor<'a> {
    next: *mut u64,
    end: *mut u64,
    bare: &'a mut Bare,
}

impl Cursor<'_> {
    /// Stores a word; nothing if the room is used up. One store each, which
    /// the compiler does not join with others.
    #[inline(always)]
    pub fn store(&mut self, word: u64) {
        if self.next < self.end {
            // SAFETY: between the start and the end of the borrowed mapping,
            // both of which are multiples of 8 (the end by pages, the start by
            // whole words from there).
            unsafe { self.next.write_volatile(word) };
            self.next = self.next.wrapping_add(1);
        }
    }
}

impl Drop for Cursor<'_> {
    fn drop(&mut self) {
        self.bare.used = self.next.addr() - self.bare.region.as_ptr().addr();
    }
}

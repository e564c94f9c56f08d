//! What the physical limit is taken to be: bare stores of 8 bytes into a mapped
//! file whose pages were populated ahead.
//!
//! Each byte of the file is written once, as a recorder writes its file, and
//! pages are populated many at a time, so that they are as cold as those of a
//! recorder whose helper works ahead.
#![allow(unsafe_code)] // Mapping a file, and storing through a pointer into it.

use std::fs::File;
use std::io;
use std::ops::{Deref, DerefMut};
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
            let folder =
                std::env::var_os(crate::variables::FOLDER).unwrap_or_else(|| "/tmp".into());
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

    /// Stores so many words, one after the other; nothing if there is no room.
    /// Each is a store of its own, which the compiler does not join with
    /// others.
    #[inline(always)]
    pub fn fill(&mut self, words: u32) {
        let Some(room) = self.room_for(words) else {
            return;
        };
        for index in 0..words as usize {
            // SAFETY: `room_for` found so many words there, aligned.
            unsafe { room.add(index).write_volatile(index as u64) };
        }
    }

    /// The same, four in a block.
    #[inline(always)]
    pub fn fill_in_blocks(&mut self, words: u32) {
        let words = words / 4 * 4;
        let Some(room) = self.room_for(words) else {
            return;
        };
        for index in (0..words as usize).step_by(4) {
            for place in index..index + 4 {
                // SAFETY: `room_for` found so many words there, aligned.
                unsafe { room.add(place).write_volatile(place as u64) };
            }
        }
    }

    /// Where so many words go, which count as used from now on.
    fn room_for(&mut self, words: u32) -> Option<*mut u64> {
        let bytes = words as usize * 8;
        let room = self.region.get_mut(self.used..self.used + bytes)?;
        self.used += bytes;
        // The region begins with a page, and whole words were used.
        Some(room.as_mut_ptr().cast())
    }
}

/// A piece in use by a round; goes back when dropped.
pub struct Lent(Option<Bare>);

impl Deref for Lent {
    type Target = Bare;

    fn deref(&self) -> &Bare {
        self.0.as_ref().expect("there until dropped")
    }
}

impl DerefMut for Lent {
    fn deref_mut(&mut self) -> &mut Bare {
        self.0.as_mut().expect("there until dropped")
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        *LEFT.lock().unwrap_or_else(PoisonError::into_inner) = self.0.take();
    }
}

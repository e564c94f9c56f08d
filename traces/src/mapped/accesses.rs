//! A thread's plain accesses, decoded from the mapped file when walked.
//!
//! Nothing is decoded at opening and nothing is kept: an access costs eight
//! bytes of mapping, not of memory. A walk can begin anywhere, since a word says
//! its site itself, counted from the base in its chunk's header, and the escapes
//! that speak of an access stand right before it.

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::mapping::Mapping;
use super::run::Run;
use crate::error::Error;
use crate::event::{Access, NO_TIME, Slice};
use crate::format::words::{self, AccessWord, Escape};
use crate::id::{Location, SiteId};

/// A thread's accesses in a mapped file.
#[derive(Debug)]
pub struct MappedAccesses {
    mapping: Arc<Mapping>,
    /// By position, without gaps.
    runs: Vec<Run>,
    start: u64,
    end: u64,
    /// The run in which the next walk probably begins.
    hint: AtomicUsize,
}

impl MappedAccesses {
    pub(crate) fn new(mapping: Arc<Mapping>, runs: Vec<Run>, end: u64) -> MappedAccesses {
        let start = runs.first().map_or(0, |run| run.position);
        MappedAccesses {
            mapping,
            runs,
            start,
            end: end.max(start),
            hint: AtomicUsize::new(0),
        }
    }

    /// Makes the slices of an imported trace.
    pub(crate) fn find_slices(&self) -> Vec<Slice> {
        let mut slices = Vec::new();
        let mut high = None;
        self.each_word(self.start..self.end, |position, word| {
            let decoded = words::decode_access(word);
            match decoded {
                Some(AccessWord::Escape(Escape::High, value)) => high = Some((position, value)),
                Some(AccessWord::Escape(Escape::Stamp, value)) => {
                    let (from, upper) = high.take().unwrap_or((position, 0));
                    let stamp = value | upper << words::ADDRESS_BITS;
                    slices.push(Slice { from, stamp });
                }
                _ => high = None,
            }
        });
        slices
    }

    /// Whether all bytes that were asked for so far could be given.
    pub(crate) fn check(&self, path: &Path) -> Result<(), Error> {
        self.mapping.check(path)
    }

    /// Leaves out what lies before `position`.
    pub(crate) fn begin_at(&mut self, position: u64) {
        self.start = position.clamp(self.start, self.end);
    }

    /// Position of the first access.
    #[must_use]
    pub fn start(&self) -> u64 {
        self.start
    }

    /// Position behind the last access.
    #[must_use]
    pub fn end(&self) -> u64 {
        self.end
    }

    /// How many accesses there are. Walks all words, without decoding them.
    #[must_use]
    pub fn count(&self) -> u64 {
        let mut count = 0;
        self.each_word(self.start..self.end, |_, word| {
            count += u64::from(words::is_access(word));
        });
        count
    }

    /// Walks the accesses at word positions `range`, each with its position.
    /// `range` begins at no escape's access, as no segment and no slice does.
    pub fn walk(&self, range: Range<u64>, mut visit: impl FnMut(u64, Access)) {
        let to = range.end.min(self.end);
        let mut from = range.start.max(self.start);
        if from >= to {
            return;
        }
        let mut at = self.locate(from);
        while let Some(run) = self.runs.get(at).filter(|_| from < to) {
            let run_end = run.position + run.words();
            let stop = run_end.min(to);
            let bytes = self.mapping.bytes(run.bytes.clone());
            let index = |position: u64| (position - run.position) as usize;
            // In bounds, but for a file that was shortened meanwhile.
            let words = bytes
                .words()
                .get(index(from)..index(stop))
                .unwrap_or_default();
            Decoder::new(run.site).run(words, from, &mut visit);
            from = stop;
            at += usize::from(stop == run_end);
        }
        // Relaxed: only a hint.
        self.hint.store(at, Ordering::Relaxed);
    }

    /// The run in which `position` lies. Walks mostly follow each other, so
    /// where the last one ended is tried before a search.
    fn locate(&self, position: u64) -> usize {
        // Relaxed: only a hint.
        let hint = self.hint.load(Ordering::Relaxed);
        let in_run = |run: &Run| position.wrapping_sub(run.position) < run.words();
        if self.runs.get(hint).is_some_and(in_run) {
            return hint;
        }
        let runs = self.runs.partition_point(|run| run.position <= position);
        runs.saturating_sub(1)
    }

    fn each_word(&self, range: Range<u64>, mut visit: impl FnMut(u64, u64)) {
        for run in &self.runs {
            let bytes = self.mapping.bytes(run.bytes.clone());
            for (position, word) in (run.position..).zip(bytes.words()) {
                if range.contains(&position) {
                    visit(position, u64::from_le_bytes(*word));
                }
            }
        }
    }
}

/// What was said before the next access.
struct Decoder {
    /// What sites count from.
    base: u32,
    site: u32,
    len: u64,
    time: u64,
    high: u64,
}

impl Decoder {
    fn new(base: u32) -> Decoder {
        Decoder {
            base,
            site: 0,
            len: 1,
            time: NO_TIME,
            high: 0,
        }
    }

    /// Decodes words, the first of which lies at `position`.
    #[inline]
    fn run(&mut self, words: &[[u8; 8]], position: u64, visit: &mut impl FnMut(u64, Access)) {
        for (position, word) in (position..).zip(words) {
            match words::decode_access(u64::from_le_bytes(*word)) {
                Some(AccessWord::Access {
                    kind,
                    address,
                    len,
                    site,
                }) => {
                    let location = Location {
                        start: address,
                        len: len.unwrap_or(self.len),
                    };
                    let site = site.map_or(self.site, |code| self.base.wrapping_add(code));
                    let access = Access {
                        location,
                        kind,
                        site: SiteId(site),
                        time: self.time,
                    };
                    self.len = 1;
                    self.time = NO_TIME;
                    visit(position, access);
                }
                Some(AccessWord::Escape(escape, value)) => self.escape(escape, value),
                None => {}
            }
        }
    }

    #[cold]
    fn escape(&mut self, escape: Escape, value: u64) {
        let value = value | self.high << words::ADDRESS_BITS;
        self.high = 0;
        match escape {
            Escape::Site => self.site = value as u32,
            Escape::Length => self.len = value.max(1),
            Escape::Time => self.time = value,
            Escape::High => self.high = value,
            Escape::Stamp | Escape::Thread | Escape::Position => {}
        }
    }
}

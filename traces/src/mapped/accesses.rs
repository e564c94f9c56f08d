//! A thread's plain accesses, decoded from the mapped file when walked.
//!
//! Nothing is decoded at opening and nothing is kept: an access costs eight
//! bytes of mapping, not of memory. What a walk needs in order to begin in the
//! middle are *restarts*: positions at which the last site is known from
//! elsewhere. The format has one at each segment (the site of the sync event
//! before it), one at each chunk (its header) and one at each slice of an
//! imported trace (site 0). So no index over all accesses has to be built,
//! which would mean to read the whole file before the first answer; the
//! restarts come from the sync events and headers, which are read anyway.

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
    /// Position and last site, by position.
    restarts: Vec<(u64, u32)>,
    end: u64,
    /// Where the next walk probably begins: the run, and restarts passed.
    hint: [AtomicUsize; 2],
}

impl MappedAccesses {
    pub(crate) fn new(mapping: Arc<Mapping>, runs: Vec<Run>, end: u64) -> MappedAccesses {
        MappedAccesses {
            mapping,
            runs,
            restarts: Vec::new(),
            end,
            hint: [AtomicUsize::new(0), AtomicUsize::new(0)],
        }
    }

    /// From here on, deltas refer to `site`. Positions must not decrease.
    pub(crate) fn restart_at(&mut self, position: u64, site: SiteId) {
        match self.restarts.last_mut() {
            Some(last) if last.0 >= position => last.1 = site.0,
            _ => self.restarts.push((position, site.0)),
        }
    }

    /// Makes the slices of an imported trace, and restarts of their starts.
    pub(crate) fn find_slices(&mut self) -> Vec<Slice> {
        let mut slices = Vec::new();
        let mut high = None;
        self.each_word(0..self.end, |position, word| {
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
        let starts = slices.iter().map(|slice| (slice.from, 0));
        self.restarts.extend(starts);
        self.restarts.sort_by_key(|restart| restart.0);
        // A slice's start tells its site itself, so either of two will do.
        self.restarts.dedup_by_key(|restart| restart.0);
        self.restarts.shrink_to_fit();
        slices
    }

    /// Whether all bytes that were asked for so far could be given.
    pub(crate) fn check(&self, path: &Path) -> Result<(), Error> {
        self.mapping.check(path)
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
        self.each_word(0..self.end, |_, word| {
            count += u64::from(words::is_access(word));
        });
        count
    }

    /// Walks the accesses at word positions `range`, each with its position.
    pub fn walk(&self, range: Range<u64>, mut visit: impl FnMut(u64, Access)) {
        let to = range.end.min(self.end);
        let mut from = range.start;
        if from >= to {
            return;
        }
        let (mut at, mut passed) = self.locate(from);
        while let Some(run) = self.runs.get(at).filter(|_| from < to) {
            let run_end = run.position + run.words();
            let bytes = self.mapping.bytes(run.bytes.clone());
            let words = bytes.words();
            while from < run_end.min(to) {
                let next = self.restarts.get(passed);
                let stop = next.map_or(to, |next| next.0.min(to)).min(run_end);
                self.decode(run, words, passed, from..stop, &mut visit);
                from = stop;
                passed += usize::from(next.is_some_and(|next| next.0 == stop));
            }
            at += usize::from(from == run_end);
        }
        // Relaxed: only a hint.
        self.hint[0].store(at, Ordering::Relaxed);
        self.hint[1].store(passed, Ordering::Relaxed);
    }

    /// The run in which `position` lies, and how many restarts lie at or before
    /// it. Walks mostly follow each other, so what the last one found is tried
    /// before a search.
    fn locate(&self, position: u64) -> (usize, usize) {
        // Relaxed: only a hint.
        let run = self.hint[0].load(Ordering::Relaxed);
        let passed = self.hint[1].load(Ordering::Relaxed);
        let in_run = |run: &Run| position.wrapping_sub(run.position) < run.words();
        let before = passed.checked_sub(1).map(|at| self.restarts.get(at));
        let after = before.is_none_or(|it| it.is_some_and(|it| it.0 <= position));
        let next = self.restarts.get(passed);
        if after
            && next.is_none_or(|next| next.0 > position)
            && self.runs.get(run).is_some_and(in_run)
        {
            return (run, passed);
        }
        let runs = self.runs.partition_point(|run| run.position <= position);
        let passed = self.restarts.partition_point(|it| it.0 <= position);
        (runs.saturating_sub(1), passed)
    }

    /// Decodes those of the `words` of `run` at positions `range`, which lie
    /// behind the last of `passed` restarts, with no other between.
    #[inline]
    fn decode(
        &self,
        run: &Run,
        words: &[[u8; 8]],
        passed: usize,
        range: Range<u64>,
        visit: &mut impl FnMut(u64, Access),
    ) {
        let restart = passed.checked_sub(1).and_then(|at| self.restarts.get(at));
        let restart = restart.filter(|restart| restart.0 >= run.position);
        let (position, site) = restart.copied().unwrap_or((run.position, run.site));
        let between = |from: u64, to: u64| {
            // In bounds, but for a file that was shortened meanwhile.
            let at = |position: u64| (position - run.position) as usize;
            words.get(at(from)..at(to)).unwrap_or_default()
        };
        let mut decoder = Decoder::new(site);
        if position < range.start {
            decoder.run(between(position, range.start), position, &mut |_, _| ());
        }
        decoder.run(between(range.start, range.end), range.start, visit);
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
    site: u32,
    len: u64,
    time: u64,
    high: u64,
}

impl Decoder {
    fn new(site: u32) -> Decoder {
        Decoder {
            site,
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
                    site_delta,
                }) => {
                    self.site = self.site.wrapping_add_signed(site_delta);
                    let location = Location {
                        start: address,
                        len: len.unwrap_or(self.len),
                    };
                    let access = Access {
                        location,
                        kind,
                        site: SiteId(self.site),
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
            Escape::Stamp | Escape::Thread => self.site = 0,
            Escape::Position => {}
        }
    }
}

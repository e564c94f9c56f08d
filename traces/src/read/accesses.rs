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
use std::sync::Arc;

use super::chunks::Run;
use super::file::Mapping;
use crate::event::{Access, AccessKind, NO_TIME};
use crate::format::words::{self, AccessWord, Escape};
use crate::id::{Location, SiteId};
use crate::trace::Slice;

/// A thread's accesses in a mapped file.
#[derive(Debug)]
pub struct MappedAccesses {
    mapping: Arc<Mapping>,
    /// By position, without gaps.
    runs: Vec<Run>,
    /// Position and last site, by position.
    restarts: Vec<(u64, u32)>,
    end: u64,
}

/// A stretch of words that can be decoded by itself.
struct Stretch<'a> {
    position: u64,
    site: u32,
    words: &'a [[u8; 8]],
}

impl MappedAccesses {
    pub(super) fn new(mapping: Arc<Mapping>, runs: Vec<Run>, end: u64) -> MappedAccesses {
        MappedAccesses {
            mapping,
            runs,
            restarts: Vec::new(),
            end,
        }
    }

    /// From here on, deltas refer to `site`. Positions must not decrease.
    pub(super) fn restart_at(&mut self, position: u64, site: SiteId) {
        match self.restarts.last_mut() {
            Some(last) if last.0 >= position => last.1 = site.0,
            _ => self.restarts.push((position, site.0)),
        }
    }

    /// Makes the slices of an imported trace, and restarts of their starts.
    pub(super) fn find_slices(&mut self) -> Vec<Slice> {
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
        let mut from = range.start;
        let to = range.end.min(self.end);
        while let Some(stretch) = self.stretch(from..to) {
            let next = stretch.position + stretch.words.len() as u64;
            stretch.decode(from, &mut visit);
            from = next;
        }
    }

    /// What can be decoded at once at the start of `range`, from the restart
    /// before it. `None` if nothing is left.
    fn stretch(&self, range: Range<u64>) -> Option<Stretch<'_>> {
        if range.is_empty() {
            return None;
        }
        let behind = self.runs.partition_point(|run| run.position <= range.start);
        let run = self.runs.get(behind.checked_sub(1)?)?;
        let next = self
            .restarts
            .partition_point(|restart| restart.0 <= range.start);
        let restart = next
            .checked_sub(1)
            .and_then(|at| self.restarts.get(at))
            .filter(|restart| restart.0 >= run.position);
        let (position, site) = restart.copied().unwrap_or((run.position, run.site));
        let stop = self
            .restarts
            .get(next)
            .map_or(range.end, |next| next.0.min(range.end))
            .min(run.position + run.words());
        let bytes = run.bytes.start + (position - run.position) * 8;
        let words = self
            .mapping
            .words(bytes..bytes + (stop.checked_sub(position)?) * 8);
        (position + words.len() as u64 > range.start).then_some(Stretch {
            position,
            site,
            words,
        })
    }

    fn each_word(&self, range: Range<u64>, mut visit: impl FnMut(u64, u64)) {
        for run in &self.runs {
            for (position, word) in (run.position..).zip(self.mapping.words(run.bytes.clone())) {
                if range.contains(&position) {
                    visit(position, u64::from_le_bytes(*word));
                }
            }
        }
    }
}

impl Stretch<'_> {
    /// Decodes all words, and visits the accesses from position `from` on.
    #[inline]
    fn decode(&self, from: u64, visit: &mut impl FnMut(u64, Access)) {
        let mut site = self.site;
        let mut said = Said::default();
        for (position, word) in (self.position..).zip(self.words) {
            match words::decode_access(u64::from_le_bytes(*word)) {
                Some(AccessWord::Access {
                    kind,
                    address,
                    len,
                    site_delta,
                }) => {
                    site = site.wrapping_add_signed(site_delta);
                    if position >= from {
                        visit(position, said.access(kind, address, len, site));
                    }
                    if said.any {
                        said = Said::default();
                    }
                }
                Some(AccessWord::Escape(escape, value)) => said.escape(escape, value, &mut site),
                None => {}
            }
        }
    }
}

/// What escapes have said about the next access.
struct Said {
    any: bool,
    len: u64,
    time: u64,
    high: u64,
}

impl Default for Said {
    fn default() -> Said {
        Said {
            any: false,
            len: 1,
            time: NO_TIME,
            high: 0,
        }
    }
}

impl Said {
    #[cold]
    fn escape(&mut self, escape: Escape, value: u64, site: &mut u32) {
        let value = value | self.high << words::ADDRESS_BITS;
        self.any = true;
        self.high = 0;
        match escape {
            Escape::Site => *site = value as u32,
            Escape::Length => self.len = value.max(1),
            Escape::Time => self.time = value,
            Escape::High => self.high = value,
            Escape::Stamp | Escape::Thread => *site = 0,
            Escape::Position => {}
        }
    }

    #[inline]
    fn access(&self, kind: AccessKind, start: u64, len: Option<u64>, site: u32) -> Access {
        Access {
            location: Location {
                start,
                len: len.unwrap_or(self.len),
            },
            kind,
            site: SiteId(site),
            time: self.time,
        }
    }
}

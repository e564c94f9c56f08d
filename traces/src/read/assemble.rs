//! Puts a [`Trace`] together from the parts of a mapped file.

use std::path::Path;
use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};

use super::Resolve;
use super::chunks;
use super::header::Header;
use super::label::{self, Ids};
use super::streams::{self, Rules, ThreadStreams};
use super::tables::{self, Tables};
use super::told::Seen;
use super::{horizon, interrupted, told, window};
use crate::error::{Error, ErrorKind, Place};
use crate::event::{NO_TIME, NONE};
use crate::format::layout::flags;
use crate::id::SiteId;
use crate::mapped::{MappedAccesses, MappedFile, Mapping};
use crate::trace::{AccessStream, Info, Site, Stream, Trace};

/// Reads everything of a mapped `.trace` file but its accesses.
///
/// # Errors
/// If its header is not one that this code reads, if it is packed and damaged,
/// or if it is a flight recording that is recorded into.
pub(super) fn assemble(
    path: &Path,
    file: MappedFile,
    resolve: &mut Resolve<'_>,
) -> Result<Trace, Error> {
    let header = Header::parse(path, file.bytes())?;
    let (mapping, live) = map(path, file, &header)?;
    let mut index = chunks::index(&mapping, &header);
    let tables = tables::read(&mapping, &index.tables);
    let rules = Rules {
        voids: header.rewritten(),
        flight: header.is_flight() && !header.rewritten(),
        copy: header.is_copy(),
    };
    let threads = streams::read(&mapping, &mut index, rules);
    mapping.check(path)?;
    let mut seen = Seen {
        header,
        index,
        tables,
        file_len: mapping.len(),
        packed_len: mapping.packed_len(),
        live,
        broken: threads.values().any(|thread| thread.broken_at.is_some()),
        damaged_at: threads
            .values()
            .filter_map(|thread| thread.damaged_at)
            .min(),
        horizon: None,
        window: None,
    };
    seen.window = window::start(&seen.header, &seen.index);
    seen.horizon = horizon::find(&seen.header, &seen.index, seen.is_cut(), live, &threads);
    let mut info = told::info(path, &seen);
    info.modules = seen.tables.modules();
    // Before objects are named after sites.
    let unresolved = resolve(&info.modules, seen.tables.sites_mut());
    info.warnings.extend(unresolved);
    Ok(put_together(info, seen, mapping, threads))
}

/// The bytes of the trace, and whether it is recorded into.
fn map(path: &Path, file: MappedFile, header: &Header) -> Result<(Mapping, bool), Error> {
    let mut mapping = match header.is_packed() {
        true => Mapping::packed(path, file, header.size)?,
        false => Mapping::plain(file),
    };
    let live = mapping.is_live() && !header.complete;
    if live && header.is_flight() {
        let message = format!(
            "is a flight recording, and process {} is alive and records into it: its chunks are \
             used again while they are read; take a snapshot, or end the process",
            header.pid
        );
        return Err(Error::new(
            path,
            Place::File,
            ErrorKind::Unreadable,
            message,
        ));
    }
    if live {
        mapping.limit(header.allocated);
    }
    Ok((mapping, live))
}

/// Gives threads, objects and sites their places in the tables of the trace.
fn put_together(
    info: Info,
    seen: Seen,
    mapping: Mapping,
    mut threads: FxHashMap<u32, ThreadStreams>,
) -> Trace {
    let ids = thread_ids(&seen, &threads);
    let events: usize = threads.values().map(|thread| thread.sync.len()).sum();
    let mut labels = Ids::new(&ids, (events + seen.tables.objects.len()) as u64);
    let mut builder = Builder {
        header: &seen.header,
        mapping: &Arc::new(mapping),
        horizon: seen.horizon,
        labels: &mut labels,
    };
    let (mut streams, mut begins) = (Vec::new(), Vec::new());
    for id in &ids {
        let thread = threads.remove(id).unwrap_or_default();
        begins.extend(seen.window.map(|start| window::begin(&thread, start)));
        streams.push(builder.stream(thread));
    }
    let keep_names = seen.header.rewritten();
    let mut trace = Trace {
        info,
        threads: label::threads(&ids, &seen.tables, keep_names),
        objects: labels.objects(&seen.tables, keep_names),
        sites: sites(seen.tables),
        streams,
        steps: Vec::new(),
    };
    if seen.header.complete && seen.horizon.is_none() && !keep_names {
        interrupted::leave_out(&mut trace);
    }
    if seen.window.is_some() {
        window::apply(&mut trace, &begins);
    }
    trace.info.time = run_time(&seen.header, times(&trace));
    trace
}

/// First and last time of any event.
fn times(trace: &Trace) -> Option<(u64, u64)> {
    let events = trace.streams.iter().flat_map(|stream| &stream.sync);
    let times = events.map(|event| event.time);
    let mut times = times.filter(|time| *time != NO_TIME);
    let first = times.next()?;
    Some(times.fold((first, first), |(from, to), time| {
        (from.min(time), to.max(time))
    }))
}

/// All threads that have a record, wrote anything, or are named by an event. A
/// flight recording has records of ever so many of which nothing else is left.
fn thread_ids(read: &Seen, threads: &FxHashMap<u32, ThreadStreams>) -> Vec<u32> {
    let mut seen: FxHashSet<u32> = FxHashSet::default();
    if read.window.is_none() {
        seen.extend(read.tables.threads.keys());
    }
    for (&id, thread) in threads {
        if !thread.sync.is_empty() || !thread.accesses.is_empty() {
            seen.insert(id);
        }
        for event in &thread.sync {
            let (object, other) = label::thread_operands(event);
            seen.extend(object.then_some(event.object));
            seen.extend(other.then_some(event.other));
        }
    }
    let mut ids: Vec<u32> = seen.into_iter().filter(|id| *id != NONE).collect();
    ids.sort_unstable();
    ids
}

fn sites(tables: Tables) -> Vec<(SiteId, Site)> {
    let sites = tables.sites.into_iter();
    let mut sites: Vec<_> = sites.map(|(id, site)| (SiteId(id), site)).collect();
    sites.sort_unstable_by_key(|(id, _)| *id);
    sites
}

/// First and last time of the run.
fn run_time(header: &Header, events: Option<(u64, u64)>) -> Option<(u64, u64)> {
    if header.flags & flags::TIMELESS != 0 {
        return None;
    }
    if header.rewritten() {
        return Some((header.start_ticks, header.last_ns.max(header.start_ticks)));
    }
    let (first, last) = events?;
    let end = if header.complete { header.last_ns } else { 0 };
    Some((first, last.max(end)))
}

/// Makes the streams of threads.
struct Builder<'a> {
    header: &'a Header,
    mapping: &'a Arc<Mapping>,
    horizon: Option<u64>,
    labels: &'a mut Ids,
}

impl Builder<'_> {
    fn stream(&mut self, mut thread: ThreadStreams) -> Stream {
        let (end, beyond) = horizon::clip(&mut thread, self.horizon);
        let mapping = Arc::clone(self.mapping);
        let accesses = MappedAccesses::new(mapping, thread.accesses, end);
        let mut last = 0;
        for event in &mut thread.sync {
            self.labels.translate(event);
            event.accesses = event.accesses.clamp(accesses.start(), accesses.end());
            if event.time != NO_TIME {
                // Clocks of different CPUs may disagree a little.
                last = self.header.nanoseconds(event.time).max(last);
                event.time = last;
            }
        }
        let slices = match self.header.flags & flags::STAMPED {
            0 => Vec::new(),
            _ => accesses.find_slices(),
        };
        Stream {
            sync: thread.sync,
            accesses: AccessStream::Mapped(accesses),
            slices,
            beyond,
        }
    }
}

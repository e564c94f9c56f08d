//! Names and numbers threads and objects, as everything behind reading sees
//! them.
//!
//! Threads are renumbered densely. Objects keep the recorder's numbers, which
//! are dense already, because the addresses of the object space contain them;
//! numbers that no lawful recorder can have given are renumbered behind.

use rustc_hash::FxHashMap;

use super::names::Names;
use super::tables::{ObjectRecord, Tables};
use crate::event::{NONE, SyncEvent};
use crate::id::{Location, ObjectId, SiteId};
use crate::kind::{Kind, Operands};
use crate::object::ObjectKind;
use crate::trace::{Object, Thread};

/// Objects that have neither record nor event, in a file that is not whole.
const LOST_MAX: u64 = 4096;

/// Gives a recorder's ids their places in the tables of a trace.
pub(super) struct Ids {
    threads: FxHashMap<u32, u32>,
    /// Objects below it keep their number.
    bound: u32,
    /// One past the highest number so far.
    objects: u32,
    beyond: Vec<u32>,
    beyond_index: FxHashMap<u32, u32>,
    /// Kinds of objects that have no record, from the events upon them.
    kinds: FxHashMap<u32, ObjectKind>,
}

impl Ids {
    /// Ids for `threads`, sorted, and for objects of a file that has as many
    /// events and records as `mentions`: ids are drawn in order, each with a
    /// record of its own, so few more than those can have been drawn.
    pub(super) fn new(threads: &[u32], mentions: u64) -> Ids {
        let bound = u32::try_from(mentions.saturating_add(LOST_MAX)).unwrap_or(u32::MAX / 2);
        Ids {
            threads: (0..).zip(threads).map(|(at, id)| (*id, at)).collect(),
            bound: bound.min(u32::MAX / 2),
            objects: 0,
            beyond: Vec::new(),
            beyond_index: FxHashMap::default(),
            kinds: FxHashMap::default(),
        }
    }

    fn thread(&self, id: u32) -> u32 {
        self.threads.get(&id).copied().unwrap_or(NONE)
    }

    fn object(&mut self, id: u32) -> u32 {
        if id == NONE {
            return NONE;
        }
        if id < self.bound {
            self.objects = self.objects.max(id + 1);
            return id;
        }
        *self.beyond_index.entry(id).or_insert_with(|| {
            self.beyond.push(id);
            self.bound + self.beyond.len() as u32 - 1
        })
    }

    /// Translates the operands of an event.
    pub(super) fn translate(&mut self, event: &mut SyncEvent) {
        let (object_is_thread, other_is_thread) = thread_operands(event);
        if object_is_thread {
            event.object = self.thread(event.object);
        } else if event.object != NONE {
            let kind = kind_of(event.kind);
            self.kinds.entry(event.object).or_insert(kind);
            event.object = self.object(event.object);
        }
        event.other = match other_is_thread {
            true => self.thread(event.other),
            false => self.object(event.other),
        };
    }

    /// The table of objects. Call it when all events are translated.
    pub(super) fn objects(mut self, tables: &Tables, keep_names: bool) -> Vec<Object> {
        for &id in tables.objects.keys() {
            if id < self.bound {
                self.object(id);
            }
        }
        // Those beyond follow the bound, so no gap may be left before them.
        let low = if self.beyond.is_empty() {
            self.objects
        } else {
            self.bound
        };
        let mut labels = Labels::new(tables, keep_names);
        let ids = (0..low).chain(self.beyond.iter().copied());
        (0..)
            .zip(ids)
            .map(|(at, id)| labels.object(ObjectId(at), id, self.kinds.get(&id)))
            .collect()
    }
}

/// Whether `object` and `other` of an event are threads.
pub(super) fn thread_operands(event: &SyncEvent) -> (bool, bool) {
    match event.kind.operands() {
        Operands::Thread => (true, false),
        Operands::Waitable => (event.extra == 1, false),
        Operands::Lock | Operands::ConditionThread => (false, true),
        _ => (false, false),
    }
}

/// What an object is that has no record, judged by an event upon it.
fn kind_of(kind: Kind) -> ObjectKind {
    match kind.operands() {
        Operands::Lock => ObjectKind::Mutex,
        Operands::Atomic => ObjectKind::Atomic,
        Operands::Message => ObjectKind::Channel,
        Operands::ConditionLock | Operands::ConditionThread => ObjectKind::Condvar,
        Operands::Label => ObjectKind::Label,
        Operands::Block => ObjectKind::Block,
        _ => ObjectKind::Unknown,
    }
}

/// The threads of `ids`, in that order.
pub(super) fn threads(ids: &[u32], tables: &Tables, keep_names: bool) -> Vec<Thread> {
    let mut names = Names::default();
    let mut label = |id: &u32| {
        let record = tables.threads.get(id).cloned().unwrap_or_default();
        let name = record.name.unwrap_or_else(|| format!("T{id}"));
        Thread {
            name: match keep_names {
                true => name,
                false => names.unique(&name),
            },
            os_id: record.os_id,
            foreign: record.foreign,
        }
    };
    ids.iter().map(&mut label).collect()
}

struct Labels<'a> {
    tables: &'a Tables,
    keep_names: bool,
    locations: Names,
    others: Names,
}

impl<'a> Labels<'a> {
    fn new(tables: &'a Tables, keep_names: bool) -> Labels<'a> {
        Labels {
            tables,
            keep_names,
            locations: Names::default(),
            others: Names::default(),
        }
    }

    fn object(&mut self, at: ObjectId, id: u32, guess: Option<&ObjectKind>) -> Object {
        let record = self.tables.objects.get(&id);
        let record = record.cloned().unwrap_or_else(|| missing(guess));
        let location = match (record.len, record.address) {
            (0, _) => None,
            (len, 0) => Some(Location::of_object(at, len)),
            (len, start) => Some(Location { start, len }),
        };
        Object {
            name: self.name(&record, id),
            kind: record.kind,
            site: SiteId(record.site),
            location,
        }
    }

    fn name(&mut self, record: &ObjectRecord, id: u32) -> String {
        let is_location = matches!(record.kind, ObjectKind::Cell | ObjectKind::Atomic);
        let names = match is_location {
            true => &mut self.locations,
            false => &mut self.others,
        };
        match (&record.name, self.tables.sites.get(&record.site)) {
            (Some(name), _) if self.keep_names => name.clone(),
            (Some(name), _) => names.unique(name),
            (None, Some(site)) => names.numbered(&site.text),
            (None, None) => names.unique(&format!("{}#{id}", record.kind.name().replace(' ', "_"))),
        }
    }
}

/// The record of an object that has none.
fn missing(guess: Option<&ObjectKind>) -> ObjectRecord {
    let kind = guess.copied().unwrap_or(ObjectKind::Unknown);
    ObjectRecord {
        kind,
        name: None,
        site: 0,
        len: u64::from(kind == ObjectKind::Atomic),
        address: 0,
    }
}

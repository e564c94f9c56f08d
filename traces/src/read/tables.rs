//! The cold tables: names of threads, objects and sites.

use std::collections::BTreeMap;
use std::ops::Range;

use rustc_hash::FxHashMap;

use super::header::u32_at;
use crate::format::table::{self, RECORD_MAX, Record};
use crate::mapped::Mapping;
use crate::object::ObjectKind;
use crate::text;
use crate::trace::{Frame, Module, Site};

/// A thread as its latest record tells it.
#[derive(Clone, Debug, Default)]
pub(super) struct ThreadRecord {
    pub(super) os_id: u32,
    pub(super) name: Option<String>,
    pub(super) foreign: bool,
}

/// An object as its latest record tells it.
#[derive(Clone, Debug)]
pub(super) struct ObjectRecord {
    pub(super) kind: ObjectKind,
    pub(super) name: Option<String>,
    pub(super) site: u32,
    pub(super) len: u64,
    pub(super) address: u64,
}

/// All tables, by the recorder's ids.
#[derive(Debug, Default)]
pub(super) struct Tables {
    pub(super) threads: FxHashMap<u32, ThreadRecord>,
    pub(super) objects: FxHashMap<u32, ObjectRecord>,
    pub(super) sites: FxHashMap<u32, Site>,
    pub(super) modules: BTreeMap<String, String>,
    /// Those of sites, until all are read.
    frames: FxHashMap<u32, Vec<Frame>>,
    /// Records that could not be read.
    pub(super) damaged: u64,
}

/// Reads the records of all table chunks, each with its ticks.
pub(super) fn read(mapping: &Mapping, chunks: &[(u64, Range<u64>)]) -> Tables {
    let mut tables = Tables::default();
    for (_, payload) in chunks {
        tables.read_chunk(&mapping.bytes(payload.clone()));
    }
    for (site, frames) in std::mem::take(&mut tables.frames) {
        if let Some(site) = tables.sites.get_mut(&site) {
            site.frames = frames;
        }
    }
    tables
}

impl Tables {
    /// The object files of code.
    pub(super) fn modules(&self) -> Vec<Module> {
        let module = |(path, build_id): (&String, &String)| Module {
            path: path.clone(),
            build_id: build_id.clone(),
        };
        self.modules.iter().map(module).collect()
    }

    /// The sites, by id.
    pub(super) fn sites_mut(&mut self) -> Vec<&mut Site> {
        let mut sites: Vec<_> = self.sites.iter_mut().collect();
        sites.sort_unstable_by_key(|(id, _)| **id);
        sites.into_iter().map(|(_, site)| site).collect()
    }

    fn read_chunk(&mut self, bytes: &[u8]) {
        let mut at = 0;
        while let Some(length) = u32_at(bytes, at) {
            if length == 0 {
                return;
            }
            let record = bytes.get(at + 4..at + 4 + length as usize);
            let (Some(record), true) = (record, u64::from(length) <= RECORD_MAX) else {
                self.damaged += 1;
                return;
            };
            match table::decode(record) {
                Some(record) => self.add(record),
                None => self.damaged += 1,
            }
            at += (4 + length as usize).next_multiple_of(8);
        }
    }

    fn add(&mut self, record: Record) {
        match record {
            Record::Thread {
                thread,
                os_id,
                name,
                foreign,
            } => {
                let record = ThreadRecord {
                    os_id,
                    name,
                    foreign,
                };
                self.threads.insert(thread, record);
            }
            Record::Object {
                object,
                kind,
                name,
                site,
                len,
                address,
            } => {
                let kind = ObjectKind::ALL.get(usize::from(kind));
                let record = ObjectRecord {
                    kind: kind.copied().unwrap_or(ObjectKind::Unknown),
                    name,
                    site,
                    len,
                    address,
                };
                self.objects.insert(object, record);
            }
            Record::Site {
                site,
                file,
                line,
                column,
            } => {
                self.sites.insert(site, resolved(file, line, column));
            }
            Record::Module { path, build_id } => {
                self.modules.insert(path, build_id);
            }
            Record::Frames { site, frames } => {
                let frames = frames.into_iter();
                let frames = frames.map(|(function, place)| Frame { function, place });
                self.frames.insert(site, frames.collect());
            }
        }
    }
}

/// The site of a record: `path:line:column`, as far as each is known.
fn resolved(file: String, line: u32, column: u32) -> Site {
    let text = match (line, column) {
        (0, _) => return text::resolve(file),
        (line, 0) => format!("{file}:{line}"),
        (line, column) => format!("{file}:{line}:{column}"),
    };
    Site {
        text,
        file: Some(file),
        line: Some(line),
        column: (column != 0).then_some(column),
        frames: Vec::new(),
    }
}

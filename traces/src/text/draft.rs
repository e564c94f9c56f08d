//! First pass over a text: lines become events with resolved names, not yet
//! numbered.
//!
//! What a later line may decide about an earlier one is gathered here: the
//! names of versions, sends that are taken back, which names are threads.

use rustc_hash::FxHashMap;

use super::fault::Fault;
use super::line::{self, Field, Line};
use super::names;
use super::operands::Tables;
use super::operation::{Operation, operation};
use crate::event::{Access, NO_TIME, NONE, SyncEvent};
use crate::id::SiteId;
use crate::kind::Kind;
use crate::trace::{Site, Slice};

/// Marks a send that is taken back, until sends are numbered.
pub(super) const TAKEN_BACK: u64 = 0;

/// A thread under construction.
#[derive(Default)]
pub(super) struct ThreadDraft {
    pub(super) sync: Vec<SyncEvent>,
    pub(super) accesses: Vec<Access>,
    pub(super) slices: Vec<Slice>,
    /// Its first line, 0 if it has none and is only spoken of.
    pub(super) first_line: u64,
    /// Its last line.
    pub(super) last_line: u64,
    last_time: u64,
}

/// Everything the first pass finds.
#[derive(Default)]
pub(super) struct Draft<'a> {
    pub(super) tables: Tables<'a>,
    pub(super) threads: Vec<ThreadDraft>,
    pub(super) site_names: FxHashMap<&'a [u8], SiteId>,
    pub(super) sites: Vec<(SiteId, Site)>,
    /// Sync events in line order: thread and index.
    pub(super) order: Vec<(u32, u32)>,
    /// Number of the version that a name of an atomic stands for.
    pub(super) versions: FxHashMap<(u32, u32), u64>,
    /// Capacities, parties and initial counts that a line declares.
    pub(super) declared: FxHashMap<u32, u64>,
    /// Writes of an object so far.
    writes: FxHashMap<u32, u64>,
    /// A thread's last send on a channel that is still under way.
    sends: FxHashMap<(u32, u32), u32>,
    /// Thread whose accesses the lines just above are.
    run: Option<u32>,
    /// Least and greatest time.
    pub(super) time: Option<(u64, u64)>,
}

impl<'a> Draft<'a> {
    /// Takes in one line; `number` is its place in the file, from 1.
    pub(super) fn line(&mut self, number: u64, text: &'a [u8]) -> Result<(), Fault> {
        let line = line::split(text)?;
        let operation = operation(line.name)?;
        if matches!(operation, Operation::Skipped) {
            return Ok(());
        }
        let thread = self.tables.thread(line.thread)?;
        self.make_threads();
        let site = self.site(line.site)?;
        let time = self.time(thread, &line)?;
        match operation {
            Operation::Access(kind) => {
                let access = Access {
                    location: self.tables.variable(&line)?,
                    kind,
                    site,
                    time,
                };
                self.push_access(thread, number, access);
            }
            Operation::Sync { kind, tried } => {
                let mut event = SyncEvent::new(kind);
                (event.tried, event.site, event.time) = (tried, site, time);
                event.stamp = number;
                self.tables.operands(thread, &line, &mut event)?;
                self.make_threads();
                self.push_sync(thread, event)?;
            }
            Operation::RequestShared => {
                let mut event = SyncEvent::new(Kind::Req);
                (event.site, event.time, event.stamp) = (site, time, number);
                self.tables.request_shared(&line, &mut event)?;
                self.push_sync(thread, event)?;
            }
            Operation::Skipped => {}
        }
        let draft = &mut self.threads[thread as usize];
        draft.last_line = number;
        if draft.first_line == 0 {
            draft.first_line = number;
        }
        self.note_time(thread, time);
        Ok(())
    }

    /// Has a draft for every thread that has a name.
    fn make_threads(&mut self) {
        if self.threads.len() < self.tables.threads.len() {
            self.threads
                .resize_with(self.tables.threads.len(), ThreadDraft::default);
        }
    }

    fn site(&mut self, field: Field<'a>) -> Result<SiteId, Fault> {
        if field.text.is_empty() || field.text == b"?" {
            return Ok(SiteId::UNKNOWN);
        }
        if let Some(id) = self.site_names.get(field.text) {
            return Ok(*id);
        }
        let text = names::decode_site(field)?;
        // Two ways to write one text are rare: the table is short and searched.
        let same = field.text.contains(&b'%').then(|| self.sites.iter());
        let same = same.and_then(|mut sites| sites.find(|(_, site)| site.text == text));
        let next = u32::try_from(self.sites.len() + 1).unwrap_or(u32::MAX);
        let id = same.map_or(SiteId(next), |(id, _)| *id);
        if id == SiteId(next) {
            self.sites.push((id, super::sites::resolve(text)));
        }
        self.site_names.insert(field.text, id);
        Ok(id)
    }

    fn time(&self, thread: u32, line: &Line<'_>) -> Result<u64, Fault> {
        let Some(time) = line.time else {
            return Ok(NO_TIME);
        };
        let last = self.threads[thread as usize].last_time;
        if time < last {
            let message =
                format!("found the time {time}, expected at least {last}, the thread's time above");
            return Err(Fault::impossible(message));
        }
        Ok(time)
    }

    fn note_time(&mut self, thread: u32, time: u64) {
        if time != NO_TIME {
            self.threads[thread as usize].last_time = time;
            let (least, greatest) = self.time.unwrap_or((time, time));
            self.time = Some((least.min(time), greatest.max(time)));
        }
    }

    fn push_access(&mut self, thread: u32, line: u64, access: Access) {
        let draft = &mut self.threads[thread as usize];
        if self.run != Some(thread) {
            self.run = Some(thread);
            let from = draft.accesses.len() as u64;
            draft.slices.push(Slice { from, stamp: line });
        }
        draft.accesses.push(access);
    }

    fn push_sync(&mut self, thread: u32, mut event: SyncEvent) -> Result<(), Fault> {
        self.run = None;
        let draft = &mut self.threads[thread as usize];
        event.accesses = draft.accesses.len() as u64;
        let Ok(index) = u32::try_from(draft.sync.len()) else {
            return Err(Fault::malformed(
                0,
                "found more than 4294967295 events of one thread",
            ));
        };
        draft.sync.push(event);
        self.order.push((thread, index));
        self.look_ahead(thread, index, event)
    }

    /// Gathers what earlier lines need to know of this one.
    fn look_ahead(&mut self, thread: u32, index: u32, event: SyncEvent) -> Result<(), Fault> {
        let (object, sync) = (event.object, &mut self.threads[thread as usize].sync);
        match event.kind {
            Kind::Store | Kind::Rmw => {
                let writes = self.writes.entry(object).or_default();
                *writes += 1;
                sync[index as usize].number = *writes;
                if event.other != NONE {
                    let old = self.versions.insert((object, event.other), *writes);
                    if old.is_some() {
                        return Err(Fault::impossible(
                            "found a second write of this version, expected a name for each",
                        ));
                    }
                }
            }
            Kind::Chan | Kind::Barrier | Kind::Sem => {
                let old = self.declared.insert(object, event.number);
                if old.is_some_and(|old| old != event.number) {
                    return Err(Fault::impossible(
                        "found another number than this object was declared with above, expected one",
                    ));
                }
            }
            Kind::Send => {
                self.sends.insert((thread, object), index);
            }
            Kind::Sent => {
                self.sends.remove(&(thread, object));
            }
            Kind::Unsent => {
                if let Some(send) = self.sends.remove(&(thread, object)) {
                    sync[send as usize].number = TAKEN_BACK;
                }
            }
            _ => {}
        }
        Ok(())
    }
}

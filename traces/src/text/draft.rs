//! First pass over a text: lines become events with resolved names, not yet
//! numbered.
//!
//! What a later line may decide about an earlier one is gathered here: the
//! names of versions, sends that are taken back, which names are threads.

use rustc_hash::FxHashMap;

use super::fault::Fault;
use super::line::{self, Field, Line};
use super::names::{self, Names};
use super::objects::{Class, Objects};
use crate::event::{Access, AccessKind, MemoryOrder, NO_NUMBER, NO_TIME, NONE, SyncEvent};
use crate::id::SiteId;
use crate::kind::{Kind, Operands};
use crate::trace::{Site, Slice};

/// Marks a send that is taken back, until sends are numbered.
pub(super) const TAKEN_BACK: u64 = 0;

/// A thread under construction.
#[derive(Default)]
pub(super) struct ThreadDraft {
    pub(super) name: String,
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
    pub(super) thread_names: Names<'a>,
    pub(super) threads: Vec<ThreadDraft>,
    pub(super) objects: Objects<'a>,
    pub(super) site_names: FxHashMap<&'a [u8], SiteId>,
    pub(super) sites: Vec<(SiteId, Site)>,
    /// Sync events in line order: thread and index.
    pub(super) order: Vec<(u32, u32)>,
    /// Names that threads wait for, and what they stand for once that is known.
    pub(super) waited: Vec<String>,
    waited_names: Names<'a>,
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

/// What a line's operation is.
enum Operation {
    Access(AccessKind),
    Sync { kind: Kind, tried: bool },
    Skipped,
}

/// The operation of a name. RAPID's `begin` and `end` may bear anything
/// behind them.
fn operation(name: Field<'_>) -> Result<Operation, Fault> {
    let sync = |kind, tried| Operation::Sync { kind, tried };
    Ok(match name.text {
        b"r" => Operation::Access(AccessKind::Read),
        b"w" => Operation::Access(AccessKind::Write),
        b"dummy" => Operation::Skipped,
        b"try_acq" => sync(Kind::Acq, true),
        b"try_racq" => sync(Kind::ReadAcq, true),
        text => match std::str::from_utf8(text).ok().and_then(Kind::from_name) {
            Some(kind) => sync(kind, false),
            None if text.starts_with(b"begin") => sync(Kind::Begin, false),
            None if text.starts_with(b"end") => sync(Kind::End, false),
            None => return Err(unknown_operation(name)),
        },
    })
}

fn unknown_operation(name: Field<'_>) -> Fault {
    let mut known: Vec<&str> = Kind::ALL.iter().map(|kind| kind.name()).collect();
    known.extend(["r", "w", "try_acq", "try_racq"]);
    known.sort_unstable();
    let message = format!(
        "found the operation `{}`, expected one of {}",
        name.shown(),
        known.join(", ")
    );
    Fault::malformed(name.at, message)
}

impl<'a> Draft<'a> {
    /// Takes in one line; `number` is its place in the file, from 1.
    pub(super) fn line(&mut self, number: u64, text: &'a [u8]) -> Result<(), Fault> {
        let line = line::split(text)?;
        let operation = operation(line.name)?;
        if matches!(operation, Operation::Skipped) {
            return Ok(());
        }
        let thread = self.thread(line.thread)?;
        let site = self.site(line.site)?;
        let time = self.time(thread, &line)?;
        match operation {
            Operation::Access(kind) => {
                let access = Access {
                    location: self.variable(&line)?,
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
                self.operands(thread, &line, &mut event)?;
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

    fn thread(&mut self, field: Field<'a>) -> Result<u32, Fault> {
        let (id, new) = self.thread_names.intern(field, self.threads.len())?;
        if let Some(name) = new {
            self.threads.push(ThreadDraft {
                name,
                ..ThreadDraft::default()
            });
        }
        Ok(id)
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

    /// The bytes of a plain access.
    fn variable(&mut self, line: &Line<'a>) -> Result<crate::id::Location, Fault> {
        let ([name, ..], _) = expect_operands(line, 1, 1)?;
        match names::address(name)? {
            Some(location) => Ok(location),
            None => Ok(self.objects.variable(name)?.1),
        }
    }

    /// Fills in what stands in the parentheses.
    fn operands(
        &mut self,
        thread: u32,
        line: &Line<'a>,
        event: &mut SyncEvent,
    ) -> Result<(), Fault> {
        let kind = event.kind;
        match kind.operands() {
            Operands::None => {
                expect_operands(line, 0, 0)?;
            }
            Operands::Lock => {
                let most = if kind == Kind::Rel { 2 } else { 1 };
                let ([lock, holder, _], count) = expect_operands(line, 1, most)?;
                event.object = self.objects.named(Class::Lock, lock)?;
                if count == 2 {
                    let holder = self.thread(holder)?;
                    event.other = if holder == thread { NONE } else { holder };
                }
            }
            Operands::Waitable => {
                let ([name, ..], _) = expect_operands(line, 1, 1)?;
                let (id, new) = self.waited_names.intern(name, self.waited.len())?;
                self.waited.extend(new);
                event.object = id;
            }
            Operands::Thread => {
                let ([name, ..], _) = expect_operands(line, 1, 1)?;
                event.object = self.thread(name)?;
            }
            Operands::Atomic => self.atomic(line, event)?,
            Operands::Order => {
                let ([order, ..], _) = expect_operands(line, 1, 1)?;
                event.order = memory_order(order)?;
            }
            Operands::ObjectNumber => {
                let ([name, number, _], _) = expect_operands(line, 2, 2)?;
                event.object = self.objects.named(Class::of(kind), name)?;
                event.number = count(kind, number)?;
            }
            Operands::Message => {
                let ([name, message, _], given) = expect_operands(line, 1, 2)?;
                event.object = self.objects.named(Class::Channel, name)?;
                if given == 2 {
                    event.other = self.objects.named(Class::Name, message)?;
                }
            }
            Operands::ConditionLock => {
                let ([name, lock, _], _) = expect_operands(line, 2, 2)?;
                event.object = self.objects.named(Class::Condition, name)?;
                event.other = self.objects.named(Class::Lock, lock)?;
            }
            Operands::ConditionThread => {
                let ([name, woken, _], given) = expect_operands(line, 1, 2)?;
                event.object = self.objects.named(Class::Condition, name)?;
                if given == 2 {
                    event.other = self.thread(woken)?;
                }
            }
            Operands::Object => {
                let ([name, ..], _) = expect_operands(line, 1, 1)?;
                event.object = self.objects.named(Class::of(kind), name)?;
            }
            Operands::Block => self.block(line, event)?,
            Operands::Label => self.label(line, event)?,
        }
        if matches!(kind, Kind::ReadAcq | Kind::ReadRel | Kind::Downgrade) {
            self.objects.mark_shared(event.object);
        }
        Ok(())
    }

    fn atomic(&mut self, line: &Line<'a>, event: &mut SyncEvent) -> Result<(), Fault> {
        let ([name, order, version], given) = expect_operands(line, 2, 3)?;
        event.order = memory_order(order)?;
        event.object = match names::address(name)? {
            Some(location) => self.objects.atomic_at(location, name)?,
            None => self.objects.atomic(name)?,
        };
        if given == 3 {
            event.other = self.objects.named(Class::Name, version)?;
        }
        Ok(())
    }

    fn block(&mut self, line: &Line<'a>, event: &mut SyncEvent) -> Result<(), Fault> {
        let ([name, ..], _) = expect_operands(line, 1, 1)?;
        let location = match names::address(name)? {
            Some(location) => location,
            None => {
                let (object, location) = self.objects.variable(name)?;
                event.object = object;
                location
            }
        };
        (event.number, event.extra) = (location.start, location.len);
        Ok(())
    }

    /// Labels are optional, and those of `begin` and `end` any text.
    fn label(&mut self, line: &Line<'a>, event: &mut SyncEvent) -> Result<(), Fault> {
        let Some(field) = line
            .operands
            .map(|field| Field::trimmed(field.text, field.at))
        else {
            return Ok(());
        };
        if !field.text.is_empty() {
            event.object = self.objects.label(field)?;
        }
        Ok(())
    }
}

/// The operands of a line, `least` to `most` of them.
fn expect_operands<'a>(
    line: &Line<'a>,
    least: usize,
    most: usize,
) -> Result<([Field<'a>; 3], usize), Fault> {
    let nothing = Field {
        text: &[],
        at: line.name.at + line.name.text.len(),
    };
    let (found, count) = line::operands(line.operands.unwrap_or(nothing))?;
    if (least..=most).contains(&count) {
        return Ok((found, count));
    }
    let wanted = match (least, most) {
        (0, _) => "none".to_owned(),
        (least, most) if least == most => least.to_string(),
        (least, most) => format!("{least} or {most}"),
    };
    let name = line.name.shown();
    let message = format!("found {count} operands of `{name}`, expected {wanted}");
    Err(Fault::malformed(line.name.at, message))
}

fn memory_order(field: Field<'_>) -> Result<MemoryOrder, Fault> {
    let named = |order: &&MemoryOrder| order.name().as_bytes() == field.text;
    MemoryOrder::ALL.iter().find(named).copied().ok_or_else(|| {
        let message = format!(
            "found the ordering `{}`, expected relaxed, acquire, release, acqrel or seqcst",
            field.shown()
        );
        Fault::malformed(field.at, message)
    })
}

/// The number of a `chan`, `barrier` or `sem` line.
fn count(kind: Kind, field: Field<'_>) -> Result<u64, Fault> {
    if kind == Kind::Chan && field.text == b"inf" {
        return Ok(NO_NUMBER);
    }
    let number = line::number(field.text).filter(|number| *number <= u64::from(u32::MAX));
    match number {
        Some(0) if kind == Kind::Barrier => Err(Fault::malformed(
            field.at,
            "found a barrier of 0, expected at least 1",
        )),
        Some(number) => Ok(number),
        None => {
            let or = if kind == Kind::Chan { ", or `inf`" } else { "" };
            let found = field.shown();
            let message = format!("found `{found}`, expected a number up to 4294967295{or}");
            Err(Fault::malformed(field.at, message))
        }
    }
}

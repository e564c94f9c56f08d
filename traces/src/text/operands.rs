//! What stands in a line's parentheses, looked up in the tables of names.

use super::fault::Fault;
use super::line::{Field, Line};
use super::names::{self, Names};
use super::objects::{Class, Objects};
use super::operation::{count, expect_operands, memory_order};
use crate::event::{NONE, SyncEvent};
use crate::id::Location;
use crate::kind::{Kind, Operands};

/// Threads, objects and whatever else has a name.
#[derive(Default)]
pub(super) struct Tables<'a> {
    /// Names of threads.
    pub(super) threads: Vec<String>,
    thread_names: Names<'a>,
    pub(super) objects: Objects<'a>,
    /// Names that threads wait for, and what they stand for once that is known.
    pub(super) waited: Vec<String>,
    waited_names: Names<'a>,
}

impl<'a> Tables<'a> {
    /// The thread of a name.
    pub(super) fn thread(&mut self, field: Field<'a>) -> Result<u32, Fault> {
        let (id, new) = self.thread_names.intern(field, self.threads.len())?;
        self.threads.extend(new);
        Ok(id)
    }

    /// The thread of a name that is known.
    pub(super) fn known_thread(&self, name: &str) -> Option<u32> {
        self.thread_names.get(name)
    }

    /// The bytes of a plain access.
    pub(super) fn variable(&mut self, line: &Line<'a>) -> Result<Location, Fault> {
        let ([name, ..], _) = expect_operands(line, 1, 1)?;
        match names::address(name)? {
            Some(location) => Ok(location),
            None => Ok(self.objects.variable(name)?.1),
        }
    }

    /// Fills in what stands in the parentheses.
    pub(super) fn operands(
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
            Operands::Order => {
                let ([order, ..], _) = expect_operands(line, 1, 1)?;
                event.order = memory_order(kind, order)?;
            }
            Operands::Thread => {
                let ([name, ..], _) = expect_operands(line, 1, 1)?;
                event.object = self.thread(name)?;
            }
            Operands::Object => {
                let ([name, ..], _) = expect_operands(line, 1, 1)?;
                event.object = self.objects.named(Class::of(kind), name)?;
            }
            Operands::ObjectNumber => {
                let ([name, number, _], _) = expect_operands(line, 2, 2)?;
                event.object = self.objects.named(Class::of(kind), name)?;
                event.number = count(kind, number)?;
            }
            Operands::Lock => self.lock(thread, line, event)?,
            Operands::Waitable => self.waitable(line, event)?,
            Operands::Atomic => self.atomic(line, event)?,
            Operands::Message => self.message(line, event)?,
            Operands::ConditionLock | Operands::ConditionThread => self.condition(line, event)?,
            Operands::Block => self.block(line, event)?,
            Operands::Label => self.label(line, event)?,
        }
        Ok(())
    }

    fn lock(&mut self, thread: u32, line: &Line<'a>, event: &mut SyncEvent) -> Result<(), Fault> {
        let most = if event.kind == Kind::Rel { 2 } else { 1 };
        let ([lock, holder, _], given) = expect_operands(line, 1, most)?;
        event.object = self.objects.named(Class::Lock, lock)?;
        if given == 2 {
            let holder = self.thread(holder)?;
            event.other = if holder == thread { NONE } else { holder };
        }
        if matches!(event.kind, Kind::ReadAcq | Kind::ReadRel | Kind::Downgrade) {
            self.objects.mark_shared(event.object);
        }
        Ok(())
    }

    /// Unlike other requests, those for a lock's shared side name a lock.
    pub(super) fn request_shared(
        &mut self,
        line: &Line<'a>,
        event: &mut SyncEvent,
    ) -> Result<(), Fault> {
        let ([lock, ..], _) = expect_operands(line, 1, 1)?;
        event.object = self.objects.named(Class::Lock, lock)?;
        event.extra = 2;
        self.objects.mark_shared(event.object);
        Ok(())
    }

    fn waitable(&mut self, line: &Line<'a>, event: &mut SyncEvent) -> Result<(), Fault> {
        let ([name, ..], _) = expect_operands(line, 1, 1)?;
        let (id, new) = self.waited_names.intern(name, self.waited.len())?;
        self.waited.extend(new);
        event.object = id;
        Ok(())
    }

    fn message(&mut self, line: &Line<'a>, event: &mut SyncEvent) -> Result<(), Fault> {
        let ([name, message, _], given) = expect_operands(line, 1, 2)?;
        event.object = self.objects.named(Class::Channel, name)?;
        if given == 2 {
            event.other = self.objects.named(Class::Name, message)?;
        }
        Ok(())
    }

    /// A condition variable, and its lock or, optionally, whom it wakes.
    fn condition(&mut self, line: &Line<'a>, event: &mut SyncEvent) -> Result<(), Fault> {
        let locked = event.kind.lock_is_other();
        let ([name, other, _], given) = expect_operands(line, 1 + usize::from(locked), 2)?;
        event.object = self.objects.named(Class::Condition, name)?;
        if locked {
            event.other = self.objects.named(Class::Lock, other)?;
        } else if given == 2 {
            event.other = self.thread(other)?;
        }
        Ok(())
    }

    fn atomic(&mut self, line: &Line<'a>, event: &mut SyncEvent) -> Result<(), Fault> {
        let ([name, order, version], given) = expect_operands(line, 2, 3)?;
        event.order = memory_order(event.kind, order)?;
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

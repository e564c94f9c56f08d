//! Second pass over a text: in line order, every event gets the number that
//! the recorder would have given it, and what can't happen is refused.

use rustc_hash::FxHashMap;

use super::channels::Channels;
use super::draft::Draft;
use super::fault::Fault;
use super::locks::Locks;
use super::meetings::Meetings;
use crate::event::{NONE, SyncEvent};
use crate::kind::{Kind, Operands};
use crate::trace::Object;

/// What faults and steps need to know of the tables.
pub(super) struct Named<'a> {
    pub(super) threads: &'a [String],
    pub(super) objects: &'a [Object],
    pub(super) declared: &'a FxHashMap<u32, u64>,
}

impl Named<'_> {
    /// A thread's name.
    pub(super) fn thread(&self, id: u32) -> &str {
        self.threads.get(id as usize).map_or("?", String::as_str)
    }

    /// An object's name.
    pub(super) fn object(&self, id: u32) -> &str {
        self.objects
            .get(id as usize)
            .map_or("?", |object| &object.name)
    }

    /// Capacity, parties or initial count.
    pub(super) fn declared(&self, object: u32) -> Option<u64> {
        self.declared.get(&object).copied()
    }
}

/// First and last line of a thread, and the line that forks it.
#[derive(Clone, Copy, Default)]
struct Life {
    first: u64,
    last: u64,
    forked: u64,
}

/// State of all objects between two lines.
#[derive(Default)]
struct Numbering {
    locks: Locks,
    channels: Channels,
    meetings: Meetings,
    lives: Vec<Life>,
    unparks: Vec<u64>,
    written: FxHashMap<u32, u64>,
    /// Versions that have names, by atomic and name.
    versions: FxHashMap<(u32, u32), u64>,
}

/// Numbers all events. `refuse` is told each fault with its line: it ends the
/// pass with an error, or lets it go on without the event.
pub(super) fn number<E>(
    draft: &mut Draft<'_>,
    mut refuse: impl FnMut(u64, Fault) -> Result<(), E>,
) -> Result<(), E> {
    let named = Named {
        threads: &draft.tables.threads,
        objects: &draft.tables.objects.table,
        declared: &draft.declared,
    };
    let mut numbering = Numbering {
        lives: draft
            .threads
            .iter()
            .map(|it| Life {
                first: it.first_line,
                last: it.last_line,
                forked: 0,
            })
            .collect(),
        unparks: vec![0; draft.threads.len()],
        versions: std::mem::take(&mut draft.versions),
        ..Numbering::default()
    };
    let mut dropped = Vec::new();
    for &(thread, index) in &draft.order {
        let event = &mut draft.threads[thread as usize].sync[index as usize];
        if let Err(fault) = numbering.step(thread, index, event, &named) {
            refuse(event.stamp, fault)?;
            dropped.push((thread, index));
        }
    }
    let streams = &mut draft.threads;
    let mut faults = Vec::new();
    numbering.channels.finish(&named, |thread, index, found| {
        let event = &mut streams[thread as usize].sync[index as usize];
        match found {
            Ok(number) => event.number = number,
            Err(fault) => faults.push((thread, index, event.stamp, fault)),
        }
    });
    for (thread, index, line, fault) in faults {
        refuse(line, fault)?;
        dropped.push((thread, index));
    }
    drop_events(draft, dropped);
    Ok(())
}

/// Takes events out that can't have happened.
fn drop_events(draft: &mut Draft<'_>, mut dropped: Vec<(u32, u32)>) {
    dropped.sort_unstable();
    dropped.dedup();
    for group in dropped.chunk_by(|a, b| a.0 == b.0) {
        let Some((thread, _)) = group.first() else {
            continue;
        };
        let mut index = 0;
        let mut next = group.iter().map(|(_, index)| *index).peekable();
        draft.threads[*thread as usize].sync.retain(|_| {
            let gone = next.next_if_eq(&index).is_some();
            index += 1;
            !gone
        });
    }
}

impl Numbering {
    fn step(
        &mut self,
        thread: u32,
        index: u32,
        event: &mut SyncEvent,
        named: &Named<'_>,
    ) -> Result<(), Fault> {
        match event.kind.operands() {
            Operands::Lock | Operands::ConditionLock => self.locks.step(thread, event, named),
            Operands::Message => self.channels.step((thread, index), event, named),
            Operands::Atomic => self.atomic(event, named),
            Operands::Thread => self.thread(thread, event, named),
            Operands::Object => match event.kind {
                Kind::Sent | Kind::Unsent | Kind::Close | Kind::RecvClosed => {
                    self.channels.step((thread, index), event, named)
                }
                Kind::NotifyAll => Ok(()),
                _ => self.meetings.step(thread, event, named),
            },
            _ => {
                match event.kind {
                    Kind::Park => event.number = self.unparks[thread as usize],
                    Kind::Cut => self.cut(),
                    _ => {}
                }
                Ok(())
            }
        }
    }

    fn cut(&mut self) {
        self.locks.cut();
        self.channels.cut();
        self.meetings.cut();
    }

    fn atomic(&mut self, event: &mut SyncEvent, named: &Named<'_>) -> Result<(), Fault> {
        if event.kind != Kind::Load {
            self.written.insert(event.object, event.number);
            return Ok(());
        }
        event.number = if event.other == NONE {
            self.written.get(&event.object).copied().unwrap_or_default()
        } else if let Some(version) = self.versions.get(&(event.object, event.other)) {
            *version
        } else if named.object(event.other) == "0" {
            0
        } else {
            let (atomic, version) = (named.object(event.object), named.object(event.other));
            return Err(Fault::impossible(format!(
                "found a load of version `{version}` of `{atomic}`, expected a store or rmw that writes it (version 0 is the initial value)"
            )));
        };
        Ok(())
    }

    fn thread(
        &mut self,
        thread: u32,
        event: &mut SyncEvent,
        named: &Named<'_>,
    ) -> Result<(), Fault> {
        let other = event.object;
        let life = &mut self.lives[other as usize];
        let name = named.thread(other);
        let (found, expected) = match event.kind {
            Kind::Unpark => {
                self.unparks[other as usize] += 1;
                event.number = self.unparks[other as usize];
                return Ok(());
            }
            Kind::Fork if other == thread => (
                format!("found {name} forking itself"),
                "another thread".to_owned(),
            ),
            Kind::Fork if life.forked != 0 => (
                format!("found a second fork of {name}"),
                format!("one (the first is line {})", life.forked),
            ),
            Kind::Fork if life.first != 0 && life.first < event.stamp => (
                format!("found a fork of {name}"),
                format!("it above line {}, where {name} begins", life.first),
            ),
            Kind::Join if other == thread => (
                format!("found {name} joining itself"),
                "another thread".to_owned(),
            ),
            Kind::Join if life.last > event.stamp => (
                format!("found a join of {name}"),
                format!("it below line {}, where {name} ends", life.last),
            ),
            Kind::Fork => {
                life.forked = event.stamp;
                return Ok(());
            }
            _ => return Ok(()),
        };
        Err(Fault::impossible(format!("{found}, expected {expected}")))
    }
}

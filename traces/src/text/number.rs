//! Second pass over a text: in line order, every event gets the number that
//! the recorder would have given it, and what can't happen is refused.

use rustc_hash::FxHashMap;

use super::channels::Channels;
use super::draft::{Draft, ThreadDraft};
use super::fault::Fault;
use super::locks::Locks;
use super::meetings::Meetings;
use super::named::Named;
use crate::event::{NONE, SyncEvent};
use crate::kind::{Kind, Operands};

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
    cut: bool,
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
    let versions = std::mem::take(&mut draft.versions);
    let mut numbering = Numbering::new(&draft.threads, versions);
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
    drop_events(&mut draft.threads, |thread| &mut thread.sync, dropped);
    Ok(())
}

/// Takes events out that can't have happened, each given by its thread and its
/// place in the events of that.
pub(super) fn drop_events<T>(
    threads: &mut [T],
    events: fn(&mut T) -> &mut Vec<SyncEvent>,
    mut dropped: Vec<(u32, u32)>,
) {
    dropped.sort_unstable();
    dropped.dedup();
    for group in dropped.chunk_by(|a, b| a.0 == b.0) {
        let Some((thread, _)) = group.first() else {
            continue;
        };
        let mut index = 0;
        let mut next = group.iter().map(|(_, index)| *index).peekable();
        events(&mut threads[*thread as usize]).retain(|_| {
            let gone = next.next_if_eq(&index).is_some();
            index += 1;
            !gone
        });
    }
}

impl Numbering {
    fn new(threads: &[ThreadDraft], versions: FxHashMap<(u32, u32), u64>) -> Numbering {
        let life = |it: &ThreadDraft| Life {
            first: it.first_line,
            last: it.last_line,
            forked: 0,
        };
        Numbering {
            lives: threads.iter().map(life).collect(),
            unparks: vec![0; threads.len()],
            versions,
            ..Numbering::default()
        }
    }

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
        self.cut = true;
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
        } else if self.cut || named.object(event.other) == "0" {
            // Before a cut there may have been any version.
            0
        } else {
            let (atomic, version) = (named.object(event.object), named.object(event.other));
            return Err(Fault::impossible(format!(
                "found a load of version `{version}` of `{atomic}`, expected a store or rmw that writes it (version 0 is the initial value)"
            )));
        };
        Ok(())
    }

    /// Forks, joins and unparks.
    fn thread(
        &mut self,
        thread: u32,
        event: &mut SyncEvent,
        named: &Named<'_>,
    ) -> Result<(), Fault> {
        let other = event.object;
        let life = &mut self.lives[other as usize];
        match event.kind {
            Kind::Unpark => {
                self.unparks[other as usize] += 1;
                event.number = self.unparks[other as usize];
                Ok(())
            }
            Kind::Fork => {
                life.fork(other == thread, event.stamp, named.thread(other))?;
                life.forked = event.stamp;
                Ok(())
            }
            _ => life.join(other == thread, event.stamp, named.thread(other)),
        }
    }
}

impl Life {
    /// Whether the thread `name` can be forked at `line`.
    fn fork(&self, by_itself: bool, line: u64, name: &str) -> Result<(), Fault> {
        let message = if by_itself {
            format!("found {name} forking itself, expected another thread")
        } else if self.forked != 0 {
            let first = self.forked;
            format!("found a second fork of {name}, expected one (the first is line {first})")
        } else if self.first != 0 && self.first < line {
            let first = self.first;
            format!("found a fork of {name}, expected it above line {first}, where {name} begins")
        } else {
            return Ok(());
        };
        Err(Fault::impossible(message))
    }

    /// Whether the thread `name` can be joined at `line`.
    fn join(&self, by_itself: bool, line: u64, name: &str) -> Result<(), Fault> {
        let message = if by_itself {
            format!("found {name} joining itself, expected another thread")
        } else if self.last > line {
            let last = self.last;
            format!("found a join of {name}, expected it below line {last}, where {name} ends")
        } else {
            return Ok(());
        };
        Err(Fault::impossible(message))
    }
}

//! A trace that no order satisfies, and what is done about it.

use super::lanes::Sort;
use super::need::Need;
use crate::error::{Error, ErrorKind, Place};
use crate::event::SyncEvent;
use crate::id::{ObjectId, ThreadId};
use crate::trace::{AccessStream, Trace};

/// The event that replay can't get past.
#[derive(Debug)]
pub(crate) struct Stuck {
    pub(super) thread: ThreadId,
    /// Of the event in its stream.
    pub(super) index: usize,
    pub(super) stamp: u64,
    pub(super) need: Need,
}

impl Stuck {
    /// The event's thread, and its index in the thread's stream.
    pub(crate) fn place(&self) -> (u32, u32) {
        (self.thread.0, self.index as u32)
    }

    /// Place in the observed order of an imported trace.
    pub(crate) fn stamp(&self) -> u64 {
        self.stamp
    }

    /// What is stuck where, and what it waits for.
    pub(crate) fn message(&self, trace: &Trace) -> String {
        let thread = thread_name(trace, self.thread);
        let number = self.index + 1;
        let event = self.event(trace);
        let what = event.map_or("an event".to_owned(), |event| describe(trace, event));
        let wants = self.wants(trace, event);
        format!("found {what} as event {number} of thread {thread}, expected {wants} before it")
    }

    fn event<'a>(&self, trace: &'a Trace) -> Option<&'a SyncEvent> {
        trace.streams.get(self.thread.index())?.sync.get(self.index)
    }

    fn wants(&self, trace: &Trace, event: Option<&SyncEvent>) -> String {
        let object = event.map_or("?", |event| object_name(trace, Trace::lock_of(event)));
        match self.need {
            Need::Turn(_) => format!("what happened to `{object}` earlier to be possible"),
            Need::Done(_) => format!("its counterpart on `{object}` to be possible"),
            Need::Start(thread) => {
                format!("the fork of {} to be possible", thread_name(trace, thread))
            }
            Need::End(thread) => format!("{} to be able to end", thread_name(trace, thread)),
            Need::Cut => "all threads to come to their cut".to_owned(),
            Need::Missing((Sort::Message, object), number) => {
                let channel = object_name(trace, ObjectId(object));
                format!("the send of message {number} of `{channel}`, which is not in the trace,")
            }
            Need::Missing((Sort::Receive, object), number) => {
                let channel = object_name(trace, ObjectId(object));
                format!("receive {number} of `{channel}`, which is not in the trace,")
            }
            Need::Missing((Sort::Write, object), number) => {
                let atomic = object_name(trace, ObjectId(object));
                format!("the write of version {number} of `{atomic}`, which is not in the trace,")
            }
            Need::Missing(..) => {
                format!("what it returns from on `{object}`, which is not in the trace,")
            }
        }
    }

    /// The error, its place being what is known of it.
    pub(super) fn into_error(self, trace: &Trace) -> Error {
        let place = match self.stamp {
            0 => Place::File,
            line if trace.info.format == "text" => Place::LineColumn(line, 1),
            _ => Place::File,
        };
        let message = format!("{}; the trace can't be an execution", self.message(trace));
        Error::new(&trace.info.file, place, ErrorKind::Impossible, message)
    }
}

fn describe(trace: &Trace, event: &SyncEvent) -> String {
    let name = event.kind.name();
    let operand = match event.kind.operands() {
        crate::kind::Operands::None | crate::kind::Operands::Order => return format!("`{name}`"),
        crate::kind::Operands::Thread => thread_name(trace, event.target_thread()),
        _ => object_name(trace, event.object_id()),
    };
    format!("`{name}({operand})`")
}

fn thread_name(trace: &Trace, thread: ThreadId) -> &str {
    trace
        .threads
        .get(thread.index())
        .map_or("?", |thread| &thread.name)
}

fn object_name(trace: &Trace, object: ObjectId) -> &str {
    trace
        .objects
        .get(object.index())
        .map_or("?", |object| &object.name)
}

/// Leaves out of an incomplete trace what stands behind where its threads got
/// stuck, and says so.
pub(super) fn truncate(trace: &mut Trace, stuck: &Stuck, reached: &[(usize, u64)]) {
    let message = stuck.message(trace);
    let mut left_out = 0;
    for (stream, (sync, access)) in trace.streams.iter_mut().zip(reached) {
        let behind = stream.sync.len() - sync.min(&stream.sync.len());
        stream.beyond = stream.beyond.saturating_sub(behind);
        left_out += behind;
        stream.sync.truncate(*sync);
        if let AccessStream::Owned(accesses) = &mut stream.accesses {
            accesses.truncate(usize::try_from(*access).unwrap_or(usize::MAX));
        }
    }
    trace.info.warnings.push(format!(
        "the trace is incomplete, and {left_out} sync events behind a gap are left out: {message}"
    ));
}

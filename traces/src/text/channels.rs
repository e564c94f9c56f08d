//! Numbers messages and receives, and refuses what no channel allows.
//!
//! A message's number is its place among the sends of its channel that were
//! not taken back. Receives without a name take the messages in that order,
//! passing over those that a receive by name has taken.

use rustc_hash::{FxHashMap, FxHashSet};

use super::fault::Fault;
use super::named::Named;
use crate::event::{NO_NUMBER, NONE, SyncEvent};
use crate::kind::Kind;

#[derive(Default)]
struct Channel {
    sends: u64,
    receives: u64,
    /// Messages up to this one have been received without naming them, or by
    /// name before that.
    received_to: u64,
    received_by_name: FxHashSet<u64>,
    /// Messages of a name, and how many of them have been received.
    named: FxHashMap<u32, (Vec<u64>, usize)>,
    /// Of a rendezvous channel: which receive took a message.
    receive_of: FxHashMap<u64, u64>,
    /// Closes, or drops of its senders.
    closed: u64,
}

/// A `sent` whose receive may stand below it.
struct Completion {
    thread: u32,
    index: u32,
    channel: u32,
    message: u64,
}

/// All channels of a trace.
#[derive(Default)]
pub(super) struct Channels {
    channels: FxHashMap<u32, Channel>,
    /// A thread's last send that has neither completed nor failed; the message
    /// is [`NO_NUMBER`] if it is taken back further below.
    under_way: FxHashMap<(u32, u32), u64>,
    completions: Vec<Completion>,
    cut: bool,
}

impl Channels {
    /// From here on, what was open is no longer certain.
    pub(super) fn cut(&mut self) {
        self.cut = true;
    }

    /// Numbers an event of a channel; `index` is its place in its stream.
    pub(super) fn step(
        &mut self,
        (thread, index): (u32, u32),
        event: &mut SyncEvent,
        named: &Named<'_>,
    ) -> Result<(), Fault> {
        let capacity = named.declared(event.object).unwrap_or(NO_NUMBER);
        let channel = self.channels.entry(event.object).or_default();
        let key = (thread, event.object);
        match event.kind {
            Kind::Send => {
                channel.send(event, capacity);
                self.under_way.insert(key, event.number);
            }
            Kind::Recv => channel.receive(event, capacity, named, self.cut)?,
            Kind::Sent => self.sent((thread, index), event, (capacity, named))?,
            Kind::Unsent => match self.under_way.remove(&key) {
                None if !self.cut => return Err(no_send("unsent", event, named)),
                _ => {}
            },
            Kind::Close => {
                channel.closed += 1;
                event.number = channel.closed;
            }
            Kind::RecvClosed => {
                event.number = channel.closed;
                if channel.closed == 0 && !self.cut {
                    return Err(not_closed(event, named));
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// A send has completed. Which receive it needed is found out in the end.
    fn sent(
        &mut self,
        (thread, index): (u32, u32),
        event: &mut SyncEvent,
        (capacity, named): (u64, &Named<'_>),
    ) -> Result<(), Fault> {
        event.number = 0;
        let channel = event.object;
        match self.under_way.remove(&(thread, channel)) {
            Some(message) if capacity != NO_NUMBER && message > capacity => {
                self.completions.push(Completion {
                    thread,
                    index,
                    channel,
                    message,
                });
            }
            None if !self.cut => return Err(no_send("sent", event, named)),
            _ => {}
        }
        Ok(())
    }

    /// Once all receives are known: which receive each `sent` needs. Calls
    /// `set` with the place and the number, or the fault.
    pub(super) fn finish(
        &self,
        named: &Named<'_>,
        mut set: impl FnMut(u32, u32, Result<u64, Fault>),
    ) {
        for completion in &self.completions {
            let Completion {
                thread,
                index,
                channel,
                message,
            } = *completion;
            let Some(state) = self.channels.get(&channel) else {
                continue;
            };
            let capacity = named.declared(channel).unwrap_or(NO_NUMBER);
            let receive = if capacity == 0 {
                state.receive_of.get(&message).copied()
            } else {
                Some(message.saturating_sub(capacity)).filter(|it| *it <= state.receives)
            };
            let name = named.object(channel);
            match receive {
                Some(receive) => set(thread, index, Ok(receive)),
                None if self.cut => set(thread, index, Ok(0)),
                None => set(
                    thread,
                    index,
                    Err(Fault::impossible(format!(
                        "found the completion of send {message} on `{name}`, whose capacity is {capacity}, expected {} receives in the trace, but there are {}",
                        message - capacity.min(message),
                        state.receives
                    ))),
                ),
            }
        }
    }
}

impl Channel {
    fn send(&mut self, event: &mut SyncEvent, capacity: u64) {
        if event.number == super::draft::TAKEN_BACK {
            event.number = NO_NUMBER;
            return;
        }
        self.sends += 1;
        event.number = self.sends;
        if capacity != NO_NUMBER {
            event.extra = self.sends;
        }
        if event.other != NONE {
            let (messages, _) = self.named.entry(event.other).or_default();
            messages.push(self.sends);
        }
    }

    /// Gives a receive its message; none where its send was lost before a cut.
    fn receive(
        &mut self,
        event: &mut SyncEvent,
        capacity: u64,
        named: &Named<'_>,
        cut: bool,
    ) -> Result<(), Fault> {
        let message = match event.other {
            NONE => self.next(),
            name => self.by_name(name),
        };
        if message.is_none() && !cut {
            return Err(self.not_sent(event, named));
        }
        self.receives += 1;
        let Some(message) = message else {
            return Ok(());
        };
        event.number = message;
        if capacity != NO_NUMBER {
            event.extra = self.receives;
        }
        if capacity == 0 {
            self.receive_of.insert(message, self.receives);
        }
        Ok(())
    }

    fn not_sent(&self, event: &SyncEvent, named: &Named<'_>) -> Fault {
        let channel = named.object(event.object);
        if event.other == NONE {
            let (receive, sends) = (self.receives + 1, self.sends);
            return Fault::impossible(format!(
                "found receive {receive} on `{channel}`, expected its send above, but {sends} messages were sent"
            ));
        }
        let name = named.object(event.other);
        Fault::impossible(format!(
            "found `recv({channel},{name})`, expected `send({channel},{name})` above"
        ))
    }

    fn next(&mut self) -> Option<u64> {
        while self.received_to < self.sends {
            self.received_to += 1;
            if !self.received_by_name.remove(&self.received_to) {
                return Some(self.received_to);
            }
        }
        None
    }

    /// The k-th receive of a name takes the k-th message of that name; further
    /// ones (of a broadcast) the last.
    fn by_name(&mut self, name: u32) -> Option<u64> {
        let (messages, received) = self.named.get_mut(&name)?;
        let message = messages.get(*received).or(messages.last()).copied()?;
        if *received < messages.len() {
            *received += 1;
        }
        if message > self.received_to {
            self.received_by_name.insert(message);
        }
        Some(message)
    }
}

fn no_send(what: &str, event: &SyncEvent, named: &Named<'_>) -> Fault {
    let name = named.object(event.object);
    Fault::impossible(format!(
        "found `{what}({name})`, expected a `send({name})` of the same thread above that is still under way"
    ))
}

fn not_closed(event: &SyncEvent, named: &Named<'_>) -> Fault {
    let name = named.object(event.object);
    Fault::impossible(format!(
        "found `recv_closed({name})`, expected `close({name})` above"
    ))
}

//! Numbers messages and receives, and refuses what no channel allows.
//!
//! A message's number is its place among the sends of its channel that were
//! not taken back. Receives without a name take the messages in that order,
//! passing over those that a receive by name has taken.

use rustc_hash::{FxHashMap, FxHashSet};

use super::fault::Fault;
use super::number::Named;
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
                let taken_back = event.number == super::draft::TAKEN_BACK;
                event.number = if taken_back {
                    NO_NUMBER
                } else {
                    channel.send(event.other)
                };
                if capacity != NO_NUMBER && !taken_back {
                    event.extra = event.number;
                }
                self.under_way.insert(key, event.number);
            }
            Kind::Recv => {
                let cut = self.cut;
                event.number = channel.receive(event, named, cut)?;
                channel.receives += 1;
                if capacity != NO_NUMBER && event.number != NO_NUMBER {
                    event.extra = channel.receives;
                }
                if capacity == 0 {
                    channel.receive_of.insert(event.number, channel.receives);
                }
            }
            Kind::Sent => {
                event.number = 0;
                match self.under_way.remove(&key) {
                    Some(message) if capacity != NO_NUMBER && message > capacity => {
                        let channel = event.object;
                        event.number = message - capacity;
                        self.completions.push(Completion {
                            thread,
                            index,
                            channel,
                            message,
                        });
                    }
                    Some(_) => {}
                    None if self.cut => {}
                    None => return Err(no_send("sent", event, named)),
                }
            }
            Kind::Unsent => match self.under_way.remove(&key) {
                None if !self.cut => return Err(no_send("unsent", event, named)),
                _ => {}
            },
            Kind::Close => {
                channel.closed += 1;
                event.number = channel.closed;
            }
            Kind::RecvClosed if channel.closed > 0 || self.cut => event.number = channel.closed,
            Kind::RecvClosed => {
                let name = named.object(event.object);
                return Err(Fault::impossible(format!(
                    "found `recv_closed({name})`, expected `close({name})` above"
                )));
            }
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
    fn send(&mut self, name: u32) -> u64 {
        self.sends += 1;
        if name != NONE {
            self.named.entry(name).or_default().0.push(self.sends);
        }
        self.sends
    }

    /// The message that a receive takes; none where its send was lost before
    /// a cut.
    fn receive(&mut self, event: &SyncEvent, named: &Named<'_>, cut: bool) -> Result<u64, Fault> {
        let found = if event.other == NONE {
            self.next()
        } else {
            self.by_name(event.other)
        };
        match found {
            Some(message) => Ok(message),
            None if cut => Ok(NO_NUMBER),
            None => {
                let channel = named.object(event.object);
                let message = if event.other == NONE {
                    format!(
                        "found receive {} on `{channel}`, expected its send above, but {} messages were sent",
                        self.receives + 1,
                        self.sends
                    )
                } else {
                    let name = named.object(event.other);
                    format!(
                        "found `recv({channel},{name})`, expected `send({channel},{name})` above"
                    )
                };
                Err(Fault::impossible(message))
            }
        }
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

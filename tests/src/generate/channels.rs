//! Channels: unbounded, bounded, rendezvous; numbered and named messages.
//!
//! A `sent` may stand above the receive it needs. What its thread does next
//! then waits for that receive, so it follows at once.

use super::world::{Within, World};

/// A channel.
#[derive(Clone, Debug)]
pub(super) struct Channel {
    name: &'static str,
    capacity: Option<usize>,
    /// Messages have names.
    named: bool,
    /// Messages in the order of their sends; failed ones are not among them.
    sends: usize,
    receives: usize,
    closed: bool,
}

pub(super) fn declare(world: &mut World) {
    let channel = |name, capacity, named| Channel {
        name,
        capacity,
        named,
        sends: 0,
        receives: 0,
        closed: false,
    };
    world.channels = vec![
        channel("c_open", None, false),
        channel("c_one", Some(1), false),
        channel("c_two", Some(2), false),
        channel("c_meet", Some(0), false),
        channel("c_named", None, true),
        channel("c_named_one", Some(1), true),
    ];
    for at in 0..world.channels.len() {
        let Channel { name, capacity, .. } = world.channels[at];
        match capacity {
            Some(capacity) => world.line(0, &format!("chan({name},{capacity})")),
            None if world.random.chance(30) => world.line(0, &format!("chan({name},inf)")),
            None => {}
        }
    }
}

/// The parentheses of message `place` of a channel.
fn message(channel: &Channel, place: usize) -> String {
    match channel.named {
        true => format!("({},m{place})", channel.name),
        false => format!("({})", channel.name),
    }
}

pub(super) fn send(world: &mut World, thread: usize) -> bool {
    let at = world.random.below(world.channels.len());
    let doomed = world.random.chance(10);
    let channel = &mut world.channels[at];
    if channel.closed {
        return false;
    }
    let place = channel.sends + 1;
    let op = match doomed {
        true if channel.named => format!("send({},doomed)", channel.name),
        true => format!("send({})", channel.name),
        false => format!("send{}", message(channel, place)),
    };
    channel.sends += usize::from(!doomed);
    let bounded = channel.capacity.is_some();
    world.line(thread, &op);
    if doomed || bounded {
        world.threads[thread].within = Some(Within::Send {
            channel: at,
            place,
            doomed,
        });
    }
    true
}

pub(super) fn advance_send(
    world: &mut World,
    thread: usize,
    at: usize,
    place: usize,
    doomed: bool,
) -> bool {
    let channel = world.channels[at].clone();
    if doomed {
        world.line(thread, &format!("unsent({})", channel.name));
        return true;
    }
    let needed = place.saturating_sub(channel.capacity.unwrap_or(place));
    if channel.receives >= needed {
        world.line(thread, &format!("sent({})", channel.name));
        return true;
    }
    // Early, if somebody can receive right after it.
    if !world.random.chance(30) {
        return false;
    }
    let Some(receiver) = world.idle_other(thread) else {
        return false;
    };
    world.line(thread, &format!("sent({})", channel.name));
    for _ in channel.receives..needed {
        receive_from(world, receiver, at);
    }
    true
}

fn receive_from(world: &mut World, thread: usize, at: usize) {
    let channel = &mut world.channels[at];
    channel.receives += 1;
    let op = format!("recv{}", message(channel, channel.receives));
    world.line(thread, &op);
}

pub(super) fn receive(world: &mut World, thread: usize) -> bool {
    let at = world.random.below(world.channels.len());
    if world.channels[at].receives == world.channels[at].sends {
        return false;
    }
    receive_from(world, thread, at);
    true
}

pub(super) fn close(world: &mut World, thread: usize) -> bool {
    let at = world.random.below(world.channels.len());
    world.channels[at].closed = true;
    let name = world.channels[at].name;
    world.line(thread, &format!("close({name})"));
    true
}

pub(super) fn receive_closed(world: &mut World, thread: usize) -> bool {
    let at = world.random.below(world.channels.len());
    let channel = &world.channels[at];
    if !channel.closed || channel.receives < channel.sends {
        return false;
    }
    let name = channel.name;
    world.line(thread, &format!("recv_closed({name})"));
    true
}

/// Takes back the sends that were to fail: the numbers of others rest on it.
pub(super) fn finish(world: &mut World) {
    for thread in 0..world.threads.len() {
        if let Some(Within::Send { doomed: true, .. }) = world.threads[thread].within {
            world.advance(thread);
        }
    }
}

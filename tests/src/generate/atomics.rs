//! Atomics and fences.
//!
//! Versions are named for some writes, and loads then read any version that
//! their thread has not seen a later one of. A relaxed load may even read a
//! version that is written further down (load buffering): its thread then
//! leaves that atomic alone, and passes no acquire fence, until it is.

use std::collections::BTreeMap;

use super::world::World;

/// All atomics, and what is owed.
#[derive(Default, Debug)]
pub(super) struct Atomics {
    written: BTreeMap<String, Vec<Option<String>>>,
    /// By thread and atomic: the least version it may still read.
    seen: BTreeMap<(usize, String), usize>,
    promised: Vec<Promise>,
    names: usize,
}

/// A version that was read and is not written yet.
#[derive(Clone, Debug)]
struct Promise {
    reader: usize,
    atomic: String,
    version: String,
}

impl Atomics {
    /// Whether `thread` waits for a version.
    pub(super) fn owes(&self, thread: usize) -> bool {
        self.promised.iter().any(|promise| promise.reader == thread)
    }

    fn is_promised(&self, atomic: &str) -> bool {
        self.promised.iter().any(|promise| promise.atomic == atomic)
    }

    fn name(&mut self) -> String {
        self.names += 1;
        format!("v{}", self.names)
    }
}

fn atomic(world: &mut World) -> String {
    match world.random.below(20) {
        0 => format!("x{}", world.random.below(4)),
        1 => format!("{:#x}:4", 0x1000 + 4 * world.random.below(3)),
        2 => "0x1004:8".to_owned(),
        _ => format!("a{}", world.random.below(3)),
    }
}

fn may_touch(world: &World, thread: usize, atomic: &str) -> bool {
    let waits = |promise: &Promise| promise.reader == thread && promise.atomic == atomic;
    !world.atomics.promised.iter().any(waits)
}

pub(super) fn load(world: &mut World, thread: usize) -> bool {
    let of = atomic(world);
    if !may_touch(world, thread, &of) {
        return false;
    }
    let order = world
        .random
        .pick(&["relaxed", "relaxed", "acquire", "acquire", "seqcst"]);
    let count = world.atomics.written.get(&of).map_or(0, Vec::len);
    if order == "relaxed" && world.random.chance(4) && !world.atomics.is_promised(&of) {
        let version = world.atomics.name();
        world.line(thread, &format!("load({of},{order},{version})"));
        world.atomics.promised.push(Promise {
            reader: thread,
            atomic: of,
            version,
        });
        return true;
    }
    let least = world.atomics.seen.get(&(thread, of.clone())).copied();
    let least = least.unwrap_or(0);
    if count > 0 && world.random.chance(40) {
        let version = least + world.random.below(count + 1 - least);
        let name = match version {
            0 => Some("0".to_owned()),
            version => world.atomics.written[&of][version - 1].clone(),
        };
        if let Some(name) = name {
            world.line(thread, &format!("load({of},{order},{name})"));
            world.atomics.seen.insert((thread, of), version);
            return true;
        }
    }
    world.line(thread, &format!("load({of},{order})"));
    world.atomics.seen.insert((thread, of), count);
    true
}

pub(super) fn store(world: &mut World, thread: usize) -> bool {
    let of = atomic(world);
    let order = world
        .random
        .pick(&["relaxed", "relaxed", "release", "release", "seqcst"]);
    write(world, thread, "store", of, order)
}

pub(super) fn rmw(world: &mut World, thread: usize) -> bool {
    let of = atomic(world);
    let order = world.random.pick(&[
        "relaxed", "relaxed", "acquire", "release", "acqrel", "seqcst",
    ]);
    write(world, thread, "rmw", of, order)
}

fn write(world: &mut World, thread: usize, op: &str, of: String, order: &str) -> bool {
    if !may_touch(world, thread, &of) {
        return false;
    }
    let promised = world.atomics.promised.iter();
    let due = promised
        .enumerate()
        .find(|(_, promise)| promise.atomic == of);
    let due = due.map(|(at, _)| at).filter(|_| world.random.chance(50));
    let version = match due {
        Some(at) => Some(world.atomics.promised.remove(at).version),
        None => world.random.chance(50).then(|| world.atomics.name()),
    };
    match &version {
        Some(version) => world.line(thread, &format!("{op}({of},{order},{version})")),
        None => world.line(thread, &format!("{op}({of},{order})")),
    }
    let written = world.atomics.written.entry(of.clone()).or_default();
    written.push(version);
    let count = written.len();
    world.atomics.seen.insert((thread, of), count);
    true
}

pub(super) fn fence(world: &mut World, thread: usize) -> bool {
    let orders = [
        "acquire", "acquire", "release", "release", "acqrel", "seqcst",
    ];
    let order = match world.atomics.owes(thread) {
        true => "release",
        false => world.random.pick(&orders),
    };
    world.line(thread, &format!("fence({order})"));
    true
}

/// Writes the versions that were promised, by a thread of its own.
pub(super) fn finish(world: &mut World) {
    let thread = world.threads.len();
    for Promise {
        atomic, version, ..
    } in std::mem::take(&mut world.atomics.promised)
    {
        world.line(thread, &format!("store({atomic},release,{version})"));
    }
}

//! Mutexes, readers-writer locks, condition variables.

use super::world::{Within, World};

/// A lock's holds, by thread and depth.
#[derive(Clone, Default, Debug)]
pub(super) struct Lock {
    writer: Option<(usize, usize)>,
    readers: Vec<(usize, usize)>,
}

impl Lock {
    pub(super) fn is_held_by(&self, thread: usize) -> bool {
        self.writer.is_some_and(|(holder, _)| holder == thread)
            || self.readers.iter().any(|(holder, _)| *holder == thread)
    }

    fn is_free(&self) -> bool {
        self.writer.is_none() && self.readers.is_empty()
    }

    /// Takes it if `thread` can have it now.
    fn take(&mut self, thread: usize, shared: bool) -> bool {
        if shared {
            if self.writer.is_some() {
                return false;
            }
            match self
                .readers
                .iter_mut()
                .find(|(holder, _)| *holder == thread)
            {
                Some((_, depth)) => *depth += 1,
                None => self.readers.push((thread, 1)),
            }
            return true;
        }
        match &mut self.writer {
            Some((holder, depth)) if *holder == thread => *depth += 1,
            None if self.readers.is_empty() => self.writer = Some((thread, 1)),
            _ => return false,
        }
        true
    }
}

fn take(world: &mut World, thread: usize, lock: usize, shared: bool, tried: bool) -> bool {
    if !world.locks[lock].take(thread, shared) {
        return false;
    }
    let op = match (shared, tried) {
        (false, false) => "acq",
        (true, false) => "racq",
        (false, true) => "try_acq",
        (true, true) => "try_racq",
    };
    world.line(thread, &format!("{op}(l{lock})"));
    true
}

fn begin(world: &mut World, thread: usize, shared: bool) -> bool {
    let lock = world.random.below(world.locks.len());
    if world.random.chance(20) && !world.locks[lock].is_held_by(thread) {
        world.line(thread, &format!("req(l{lock})"));
        world.threads[thread].within = Some(Within::Request { lock, shared });
        return true;
    }
    let tried = world.random.chance(5);
    take(world, thread, lock, shared, tried)
}

pub(super) fn acquire(world: &mut World, thread: usize) -> bool {
    begin(world, thread, false)
}

pub(super) fn read_acquire(world: &mut World, thread: usize) -> bool {
    begin(world, thread, true)
}

pub(super) fn advance_request(world: &mut World, thread: usize, lock: usize, shared: bool) -> bool {
    if world.random.chance(10) {
        world.line(thread, &format!("unreq(l{lock})"));
        return true;
    }
    take(world, thread, lock, shared, false)
}

/// A lock that `thread` holds exclusively, and how deep.
fn held(world: &mut World, thread: usize) -> Option<(usize, usize)> {
    let held: Vec<(usize, usize)> = (0..world.locks.len())
        .filter_map(|lock| {
            let (holder, depth) = world.locks[lock].writer?;
            (holder == thread).then_some((lock, depth))
        })
        .collect();
    (!held.is_empty()).then(|| world.random.pick(&held))
}

pub(super) fn release(world: &mut World, thread: usize) -> bool {
    let Some((lock, depth)) = held(world, thread) else {
        return false;
    };
    world.line(thread, &format!("rel(l{lock})"));
    world.locks[lock].writer = (depth > 1).then_some((thread, depth - 1));
    true
}

pub(super) fn release_of_other(world: &mut World, thread: usize) -> bool {
    let other = world.random.below(world.threads.len());
    let Some((lock, 1)) = held(world, other) else {
        return false;
    };
    world.line(thread, &format!("rel(l{lock},T{other})"));
    world.locks[lock].writer = None;
    true
}

pub(super) fn read_release(world: &mut World, thread: usize) -> bool {
    let reads = |lock: &usize| {
        let mut readers = world.locks[*lock].readers.iter();
        readers.any(|(holder, _)| *holder == thread)
    };
    let Some(lock) = (0..world.locks.len()).find(reads) else {
        return false;
    };
    world.line(thread, &format!("rrel(l{lock})"));
    let readers = &mut world.locks[lock].readers;
    for (holder, depth) in readers.iter_mut() {
        *depth -= usize::from(*holder == thread);
    }
    readers.retain(|(_, depth)| *depth > 0);
    true
}

pub(super) fn downgrade(world: &mut World, thread: usize) -> bool {
    let Some((lock, 1)) = held(world, thread) else {
        return false;
    };
    world.line(thread, &format!("downgrade(l{lock})"));
    world.locks[lock].writer = None;
    world.locks[lock].readers.push((thread, 1));
    true
}

pub(super) fn wait(world: &mut World, thread: usize) -> bool {
    let Some((lock, 1)) = held(world, thread) else {
        return false;
    };
    let condition = world.random.below(2);
    world.line(thread, &format!("wait(cv{condition},l{lock})"));
    world.locks[lock].writer = None;
    world.threads[thread].within = Some(Within::Wait { condition, lock });
    true
}

pub(super) fn advance_wait(
    world: &mut World,
    thread: usize,
    condition: usize,
    lock: usize,
) -> bool {
    if !world.locks[lock].is_free() {
        return false;
    }
    world.locks[lock].writer = Some((thread, 1));
    world.line(thread, &format!("woken(cv{condition},l{lock})"));
    true
}

pub(super) fn notify(world: &mut World, thread: usize) -> bool {
    let condition = world.random.below(2);
    let waits = |state: &super::world::Thread| matches!(state.within, Some(Within::Wait { condition: of, .. }) if of == condition);
    let waiting = world.threads.iter().position(waits);
    let op = match (world.random.below(3), waiting) {
        (0, Some(woken)) => format!("notify(cv{condition},T{woken})"),
        (1, _) => format!("notify_all(cv{condition})"),
        _ => format!("notify(cv{condition})"),
    };
    world.line(thread, &op);
    true
}

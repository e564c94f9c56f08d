//! Creation and end of threads.

use super::world::{Within, World};

pub(super) fn fork(world: &mut World, thread: usize) -> bool {
    let unborn = world.threads.iter().position(|thread| !thread.begun);
    let Some(child) = unborn else {
        return false;
    };
    world.line(thread, &format!("fork(T{child})"));
    world.threads[child].begun = true;
    true
}

/// Writes nothing, or the end of the thread; it has no line after it.
pub(super) fn end(world: &mut World, thread: usize) -> bool {
    let holds = world.locks.iter().any(|lock| lock.is_held_by(thread));
    let alive = world.threads.iter().filter(|thread| !thread.ended).count();
    if holds || world.atomics.owes(thread) || alive < 2 || world.random.chance(50) {
        return false;
    }
    if world.random.chance(20) {
        world.line(thread, "thread_end");
    }
    world.threads[thread].ended = true;
    true
}

pub(super) fn join(world: &mut World, thread: usize) -> bool {
    let ended = |of: &usize| world.threads[*of].ended && !world.threads[*of].joined;
    let target = if world.random.chance(15) {
        let of = world.random.below(world.threads.len());
        (of != thread && world.threads[of].begun).then_some(of)
    } else {
        None
    };
    if let Some(of) = target.filter(|of| !world.threads[*of].joined) {
        world.line(thread, &format!("req(T{of})"));
        world.threads[thread].within = Some(Within::Join { thread: of });
        return true;
    }
    let Some(of) = (0..world.threads.len()).find(ended) else {
        return false;
    };
    advance_join(world, thread, of)
}

pub(super) fn advance_join(world: &mut World, thread: usize, of: usize) -> bool {
    if !world.threads[of].ended || world.threads[of].joined {
        let gives_up = world.threads[thread].within.is_some() && world.random.chance(20);
        if gives_up {
            world.line(thread, &format!("unreq(T{of})"));
        }
        return gives_up;
    }
    world.line(thread, &format!("join(T{of})"));
    world.threads[of].joined = true;
    true
}

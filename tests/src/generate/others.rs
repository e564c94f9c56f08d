//! Barriers, once cells, parking, semaphores, wait groups, tokens, labels,
//! cuts.

use super::world::{Within, World};

/// Parties of the barriers.
const PARTIES: [usize; 2] = [2, 3];

/// The state of these objects.
#[derive(Default, Debug)]
pub(super) struct Objects {
    arrivals: [usize; 2],
    once: [bool; 2],
    permits: usize,
    open_labels: Vec<(usize, &'static str)>,
}

pub(super) fn declare(world: &mut World) {
    for (barrier, parties) in PARTIES.iter().enumerate() {
        world.line(0, &format!("barrier(b{barrier},{parties})"));
    }
    world.objects.permits = world.random.below(3);
    let permits = world.objects.permits;
    world.line(0, &format!("sem(s0,{permits})"));
}

pub(super) fn arrive(world: &mut World, thread: usize) -> bool {
    let barrier = world.random.below(PARTIES.len());
    let generation = world.objects.arrivals[barrier] / PARTIES[barrier];
    world.objects.arrivals[barrier] += 1;
    world.line(thread, &format!("arrive(b{barrier})"));
    world.threads[thread].within = Some(Within::Barrier {
        barrier,
        generation,
    });
    true
}

pub(super) fn advance_barrier(
    world: &mut World,
    thread: usize,
    barrier: usize,
    generation: usize,
) -> bool {
    if world.objects.arrivals[barrier] < (generation + 1) * PARTIES[barrier] {
        return false;
    }
    world.line(thread, &format!("depart(b{barrier})"));
    true
}

pub(super) fn once_done(world: &mut World, thread: usize) -> bool {
    let once = world.random.below(2);
    if std::mem::replace(&mut world.objects.once[once], true) {
        return false;
    }
    world.line(thread, &format!("once_done(o{once})"));
    true
}

pub(super) fn once_get(world: &mut World, thread: usize) -> bool {
    let once = world.random.below(2);
    if world.objects.once[once] {
        world.line(thread, &format!("once_get(o{once})"));
    }
    world.objects.once[once]
}

pub(super) fn unpark(world: &mut World, thread: usize) -> bool {
    let of = world.random.below(world.threads.len());
    if !world.threads[of].begun || world.threads[of].ended {
        return false;
    }
    world.threads[of].token = true;
    world.line(thread, &format!("unpark(T{of})"));
    true
}

/// A return from park, now and then a spurious one.
pub(super) fn park(world: &mut World, thread: usize) -> bool {
    let token = std::mem::take(&mut world.threads[thread].token);
    if token || world.random.chance(10) {
        world.line(thread, "park");
        return true;
    }
    false
}

pub(super) fn sem_post(world: &mut World, thread: usize) -> bool {
    world.objects.permits += 1;
    world.line(thread, "sem_post(s0)");
    true
}

pub(super) fn sem_wait(world: &mut World, thread: usize) -> bool {
    if world.random.chance(20) {
        world.line(thread, "sem_wait(s_unknown)");
        return true;
    }
    if world.objects.permits == 0 {
        return false;
    }
    world.objects.permits -= 1;
    world.line(thread, "sem_wait(s0)");
    true
}

pub(super) fn wg_done(world: &mut World, thread: usize) -> bool {
    world.line(thread, "wg_done(g0)");
    true
}

pub(super) fn wg_wait(world: &mut World, thread: usize) -> bool {
    world.line(thread, "wg_wait(g0)");
    true
}

pub(super) fn told_release(world: &mut World, thread: usize) -> bool {
    let op = world
        .random
        .pick(&["release(t0)", "release(t1)", "sem_post(s_unknown)"]);
    world.line(thread, op);
    true
}

pub(super) fn told_acquire(world: &mut World, thread: usize) -> bool {
    let op = world.random.pick(&["acquire(t0)", "acquire(t1)"]);
    world.line(thread, op);
    true
}

/// Opens or closes a pair that orders nothing.
pub(super) fn label(world: &mut World, thread: usize) -> bool {
    let open = &mut world.objects.open_labels;
    if let Some(at) = open.iter().rposition(|(of, _)| *of == thread) {
        let (_, closing) = open.remove(at);
        world.line(thread, closing);
        return true;
    }
    let (opening, closing) = world.random.pick(&[
        ("outside(disk)", "inside(disk)"),
        ("span(request)", "span_end(request)"),
        ("begin(block)", "end(block)"),
    ]);
    world.objects.open_labels.push((thread, closing));
    world.line(thread, opening);
    true
}

pub(super) fn cut(world: &mut World, thread: usize) -> bool {
    world.line(thread, "cut");
    true
}

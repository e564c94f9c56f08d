//! Random well-formed text traces.
//!
//! A [`World`] simulates threads and objects just far enough that every line
//! it writes is possible where it stands. Each group of ops is a file with
//! one function per op; `OPS` lists them with their weights. To add an op:
//! write its function and add its row.
//!
//! A trace is a function of its mix and seed. Mixes heavy in atomics and
//! fences are needed: a dropped fence rule shows in less than one of a hundred
//! evenly mixed traces.

mod atomics;
mod channels;
mod locks;
mod memory;
mod others;
mod random;
mod threads;
mod world;

pub use random::Random;
pub use world::World;

/// An op: writes its line if that is possible now, and tells whether it was.
type Op = fn(&mut World, usize) -> bool;

/// Groups of ops, by which mixes weigh them.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Group {
    Memory,
    Bytes,
    Atomics,
    Fences,
    Locks,
    Channels,
    Others,
    Threads,
    Lives,
    Cuts,
}

/// Every op, with its group and its weight within it.
const OPS: &[(Group, usize, Op)] = &[
    (Group::Memory, 5, memory::read),
    (Group::Memory, 5, memory::write),
    (Group::Bytes, 5, memory::read_bytes),
    (Group::Bytes, 5, memory::write_bytes),
    (Group::Lives, 1, memory::alloc),
    (Group::Lives, 1, memory::free),
    (Group::Atomics, 4, atomics::load),
    (Group::Atomics, 4, atomics::store),
    (Group::Atomics, 4, atomics::rmw),
    (Group::Fences, 5, atomics::fence),
    (Group::Locks, 6, locks::acquire),
    (Group::Locks, 6, locks::release),
    (Group::Locks, 3, locks::read_acquire),
    (Group::Locks, 3, locks::read_release),
    (Group::Locks, 1, locks::release_of_other),
    (Group::Locks, 1, locks::downgrade),
    (Group::Locks, 2, locks::wait),
    (Group::Locks, 1, locks::notify),
    (Group::Channels, 6, channels::send),
    (Group::Channels, 6, channels::receive),
    (Group::Channels, 1, channels::close),
    (Group::Channels, 2, channels::receive_closed),
    (Group::Others, 2, others::arrive),
    (Group::Others, 1, others::once_done),
    (Group::Others, 2, others::once_get),
    (Group::Others, 2, others::unpark),
    (Group::Others, 2, others::park),
    (Group::Others, 2, others::sem_post),
    (Group::Others, 2, others::sem_wait),
    (Group::Others, 2, others::wg_done),
    (Group::Others, 1, others::wg_wait),
    (Group::Others, 1, others::told_release),
    (Group::Others, 1, others::told_acquire),
    (Group::Others, 1, others::label),
    (Group::Threads, 3, threads::fork),
    (Group::Threads, 1, threads::end),
    (Group::Threads, 2, threads::join),
    (Group::Cuts, 1, others::cut),
];

/// What a trace is made of: the percentage weight of every group.
#[derive(Debug)]
pub struct Mix {
    /// Name in messages.
    pub name: &'static str,
    weights: &'static [(Group, usize)],
}

/// The mixes.
pub const MIXES: &[Mix] = &[
    Mix {
        name: "even",
        weights: &[
            (Group::Memory, 30),
            (Group::Bytes, 8),
            (Group::Atomics, 12),
            (Group::Fences, 5),
            (Group::Locks, 20),
            (Group::Channels, 14),
            (Group::Others, 16),
            (Group::Threads, 8),
            (Group::Lives, 4),
            (Group::Cuts, 1),
        ],
    },
    Mix {
        name: "atomics",
        weights: &[
            (Group::Memory, 35),
            (Group::Atomics, 55),
            (Group::Fences, 8),
            (Group::Threads, 3),
        ],
    },
    Mix {
        name: "fences",
        weights: &[
            (Group::Memory, 35),
            (Group::Atomics, 35),
            (Group::Fences, 28),
            (Group::Threads, 2),
        ],
    },
    Mix {
        name: "locks",
        weights: &[(Group::Memory, 35), (Group::Locks, 60), (Group::Threads, 5)],
    },
    Mix {
        name: "channels",
        weights: &[
            (Group::Memory, 35),
            (Group::Channels, 60),
            (Group::Threads, 5),
        ],
    },
    Mix {
        name: "others",
        weights: &[
            (Group::Memory, 30),
            (Group::Others, 60),
            (Group::Threads, 8),
            (Group::Cuts, 2),
        ],
    },
    Mix {
        name: "bytes",
        weights: &[
            (Group::Bytes, 55),
            (Group::Lives, 10),
            (Group::Atomics, 10),
            (Group::Locks, 25),
        ],
    },
];

/// A random trace of the given mix, of up to `lines` lines or so.
#[must_use]
pub fn generate(mix: &Mix, seed: u64, lines: usize) -> String {
    let mut world = World::new(Random::new(seed));
    for _ in 0..lines {
        let thread = world.any_thread();
        if world.advance(thread) {
            continue;
        }
        // An op that is impossible now leaves the turn to another one.
        for _ in 0..8 {
            let op = choose(&mut world.random, mix);
            if op(&mut world, thread) {
                break;
            }
        }
    }
    world.finish()
}

fn choose(random: &mut Random, mix: &Mix) -> Op {
    let group = weighted(random, mix.weights, |(_, weight)| *weight).0;
    let ops: Vec<_> = OPS.iter().filter(|(of, ..)| *of == group).collect();
    weighted(random, &ops, |(_, weight, _)| *weight).2
}

fn weighted<'c, T>(random: &mut Random, choices: &'c [T], weight: impl Fn(&T) -> usize) -> &'c T {
    let mut left = random.below(choices.iter().map(&weight).sum());
    for choice in choices {
        if left < weight(choice) {
            return choice;
        }
        left -= weight(choice);
    }
    &choices[0]
}

//! The threads and objects of a trace in the making.

use super::Random;
use super::channels::Channel;
use super::locks::Lock;
use super::{channels, locks, others};

/// The state of a trace in the making.
#[derive(Debug)]
pub struct World {
    pub(super) random: Random,
    lines: Vec<String>,
    pub(super) threads: Vec<Thread>,
    pub(super) locks: Vec<Lock>,
    pub(super) channels: Vec<Channel>,
    pub(super) objects: others::Objects,
    pub(super) atomics: super::atomics::Atomics,
}

/// A thread's life, and what it is in the middle of.
#[derive(Clone, Debug, Default)]
pub(super) struct Thread {
    pub(super) begun: bool,
    pub(super) ended: bool,
    pub(super) joined: bool,
    /// Unparks that it has not consumed.
    pub(super) token: bool,
    pub(super) within: Option<Within>,
}

/// A step that takes more than one line.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Within {
    /// `req` of a lock was written.
    Request { lock: usize, shared: bool },
    /// `req` of a thread was written.
    Join { thread: usize },
    /// `wait` was written.
    Wait { condition: usize, lock: usize },
    /// `arrive` was written.
    Barrier { barrier: usize, generation: usize },
    /// `send` was written; it will fail if it is `doomed`.
    Send {
        channel: usize,
        place: usize,
        doomed: bool,
    },
}

impl World {
    /// Two to five threads, of which one has begun.
    pub(super) fn new(mut random: Random) -> World {
        let count = 2 + random.below(4);
        let mut threads = vec![Thread::default(); count];
        threads[0].begun = true;
        let mut world = World {
            lines: Vec::new(),
            threads,
            locks: vec![Lock::default(); 3],
            channels: Vec::new(),
            objects: others::Objects::default(),
            atomics: super::atomics::Atomics::default(),
            random,
        };
        channels::declare(&mut world);
        others::declare(&mut world);
        world
    }

    /// A thread that may have the next turn.
    pub(super) fn any_thread(&mut self) -> usize {
        loop {
            let thread = self.random.below(self.threads.len());
            let state = &mut self.threads[thread];
            if state.ended {
                if self.threads.iter().all(|thread| thread.ended) {
                    return thread;
                }
                continue;
            }
            // Mostly, threads begin by a fork.
            if state.begun || self.random.chance(10) {
                self.threads[thread].begun = true;
                return thread;
            }
        }
    }

    /// Whether `thread` is in the middle of something, which then goes on if
    /// it can; true too where a thread has ended.
    pub(super) fn advance(&mut self, thread: usize) -> bool {
        if self.threads[thread].ended {
            return true;
        }
        let Some(within) = self.threads[thread].within else {
            return false;
        };
        let done = match within {
            Within::Request { lock, shared } => locks::advance_request(self, thread, lock, shared),
            Within::Join { thread: of } => super::threads::advance_join(self, thread, of),
            Within::Wait { condition, lock } => locks::advance_wait(self, thread, condition, lock),
            Within::Barrier {
                barrier,
                generation,
            } => others::advance_barrier(self, thread, barrier, generation),
            Within::Send {
                channel,
                place,
                doomed,
            } => channels::advance_send(self, thread, channel, place, doomed),
        };
        if done {
            self.threads[thread].within = None;
        }
        true
    }

    /// Writes a line of `thread`. Most sites are the line's own; some are
    /// shared, some unknown.
    pub(super) fn line(&mut self, thread: usize, op: &str) {
        let site = match self.random.below(100) {
            0..60 => format!("|L{}", self.lines.len()),
            60..90 => format!("|S{}", self.random.below(6)),
            90..95 => "|?".to_owned(),
            _ => String::new(),
        };
        self.lines.push(format!("T{thread}|{op}{site}"));
    }

    /// A thread other than `thread` that is in the middle of nothing.
    pub(super) fn idle_other(&mut self, thread: usize) -> Option<usize> {
        let idle: Vec<usize> = (0..self.threads.len())
            .filter(|other| *other != thread)
            .filter(|other| {
                let state = &self.threads[*other];
                state.begun && !state.ended && state.within.is_none()
            })
            .collect();
        (!idle.is_empty()).then(|| self.random.pick(&idle))
    }

    /// Pays what is owed, and gives the text.
    pub(super) fn finish(mut self) -> String {
        super::atomics::finish(&mut self);
        channels::finish(&mut self);
        let mut text = self.lines.join("\n");
        text.push('\n');
        text
    }
}

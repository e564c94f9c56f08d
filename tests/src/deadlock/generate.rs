//! Random well-formed traces in which threads take many locks.

use crate::generate::Random;

/// What a thread is doing.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// It has to be forked first.
    Unborn,
    Running,
    /// It has requested this lock.
    Waiting(usize),
    /// It has no further events.
    Ended,
}

struct World<'r> {
    random: &'r mut Random,
    states: Vec<State>,
    /// By thread: lock, and whether it is shared.
    held: Vec<Vec<(usize, bool)>>,
    locks: usize,
    messages: usize,
    /// Threads do whole rounds of two locks, over and over.
    rounds: bool,
    lines: Vec<String>,
}

/// A trace of no more than about `lines` lines.
pub fn generate(random: &mut Random, lines: usize) -> String {
    let threads = 2 + random.below(4);
    let forked = random.chance(50);
    let other = if forked {
        State::Unborn
    } else {
        State::Running
    };
    let mut states = vec![other; threads];
    states[0] = State::Running;
    let locks = 2 + random.below(4);
    let rounds = random.chance(40);
    let mut world = World {
        random,
        states,
        held: vec![Vec::new(); threads],
        locks,
        messages: 0,
        rounds,
        lines: Vec::new(),
    };
    for _ in 0..lines {
        if world.lines.len() >= lines {
            break;
        }
        let thread = world.random.below(threads);
        world.act(thread);
    }
    world.lines.iter().map(|line| format!("{line}\n")).collect()
}

impl World<'_> {
    fn write(&mut self, thread: usize, op: &str) {
        let site = self.random.below(5);
        self.lines.push(format!("T{thread}|{op}|s{site}"));
    }

    fn act(&mut self, thread: usize) {
        match self.states[thread] {
            State::Unborn | State::Ended => {}
            State::Waiting(lock) => self.go_on(thread, lock),
            State::Running if self.rounds => match self.random.below(100) {
                0..50 => self.round(thread),
                50..80 => self.message(thread),
                80..90 => self.beget(thread),
                90..94 => self.end_or_join(thread),
                94..96 => self.write(thread, "cut"),
                _ => self.take(thread),
            },
            State::Running => match self.random.below(100) {
                0..45 => self.take(thread),
                45..75 => self.drop_one(thread),
                75..82 => self.message(thread),
                82..90 => self.beget(thread),
                90..94 => self.end_or_join(thread),
                94..97 => self.downgrade(thread),
                97..98 => self.write(thread, "cut"),
                _ => self.write(thread, "w(x)"),
            },
        }
    }

    /// Whether nobody else keeps `thread` out.
    fn is_free(&self, thread: usize, lock: usize, shared: bool) -> bool {
        let others = (0..self.held.len()).filter(|other| *other != thread);
        let mut holds = others.flat_map(|other| &self.held[other]);
        holds.all(|(held, held_shared)| *held != lock || (shared && *held_shared))
    }

    fn take(&mut self, thread: usize) {
        let lock = self.random.below(self.locks);
        let shared = self.random.chance(25);
        if self.held[thread].iter().any(|(held, _)| *held == lock) {
            return;
        }
        if self.is_free(thread, lock, shared) {
            let tried = if self.random.chance(10) { "try_" } else { "" };
            let op = if shared { "racq" } else { "acq" };
            self.held[thread].push((lock, shared));
            self.write(thread, &format!("{tried}{op}(l{lock})"));
        } else if self.random.chance(40) {
            self.states[thread] = State::Waiting(lock);
            self.write(thread, &format!("req(l{lock})"));
        }
    }

    /// A lock and, mostly, its neighbour, at sites that are the same in every
    /// round.
    fn round(&mut self, thread: usize) {
        let first = self.random.below(self.locks);
        let step = if self.random.chance(80) {
            1
        } else {
            self.locks - 1
        };
        let second = (first + step) % self.locks;
        let may_take = |lock| {
            let own = self.held[thread].iter().any(|(held, _)| *held == lock);
            !own && self.is_free(thread, lock, false)
        };
        if may_take(first) && may_take(second) {
            for op in ["acq", "rel"] {
                let (one, other) = if op == "acq" {
                    (first, second)
                } else {
                    (second, first)
                };
                self.lines.push(format!("T{thread}|{op}(l{one})|s{step}"));
                self.lines.push(format!("T{thread}|{op}(l{other})|s{step}"));
            }
        }
    }

    fn go_on(&mut self, thread: usize, lock: usize) {
        if self.is_free(thread, lock, false) {
            self.states[thread] = State::Running;
            self.held[thread].push((lock, false));
            self.write(thread, &format!("acq(l{lock})"));
        } else if self.random.chance(5) {
            self.states[thread] = State::Running;
            self.write(thread, &format!("unreq(l{lock})"));
        }
    }

    fn drop_one(&mut self, thread: usize) {
        if self.held[thread].is_empty() {
            return;
        }
        let at = self.random.below(self.held[thread].len());
        let (lock, shared) = self.held[thread].remove(at);
        let op = if shared { "rrel" } else { "rel" };
        self.write(thread, &format!("{op}(l{lock})"));
    }

    fn message(&mut self, thread: usize) {
        if self.messages > 0 && self.random.chance(50) {
            self.messages -= 1;
            self.write(thread, "recv(c)");
        } else {
            self.messages += 1;
            self.write(thread, "send(c)");
        }
    }

    fn beget(&mut self, thread: usize) {
        let unborn = self.states.iter().position(|s| *s == State::Unborn);
        if let Some(child) = unborn {
            self.states[child] = State::Running;
            self.write(thread, &format!("fork(T{child})"));
        }
    }

    /// A thread other than the first ends, or joins one that has ended.
    fn end_or_join(&mut self, thread: usize) {
        let ended = (1..self.states.len()).find(|other| self.states[*other] == State::Ended);
        if let Some(other) = ended.filter(|other| self.has_lines(*other)) {
            self.write(thread, &format!("join(T{other})"));
        } else if thread != 0 && self.held[thread].is_empty() {
            self.states[thread] = State::Ended;
        }
    }

    fn has_lines(&self, thread: usize) -> bool {
        let start = format!("T{thread}|");
        self.lines.iter().any(|line| line.starts_with(&start))
    }

    fn downgrade(&mut self, thread: usize) {
        let exclusive = self.held[thread].iter_mut().find(|(_, shared)| !*shared);
        if let Some((lock, shared)) = exclusive {
            *shared = true;
            let op = format!("downgrade(l{lock})");
            self.write(thread, &op);
        }
    }
}

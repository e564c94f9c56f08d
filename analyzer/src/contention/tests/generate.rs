//! Random runs of a few threads over every kind of object that can be waited
//! for, as timed lines.

/// A line of a text trace.
#[derive(Clone, Debug)]
pub(super) struct Line {
    pub(super) thread: usize,
    pub(super) op: &'static str,
    /// What stands in the parentheses: up to two names.
    pub(super) object: String,
    pub(super) other: String,
    pub(super) time: u64,
}

/// Numbers that are the same in every run.
pub(super) struct Random(u64);

impl Random {
    pub(super) fn new(seed: u64) -> Random {
        Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    /// A number below `limit`.
    pub(super) fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 33) as usize % limit
    }

    fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }
}

#[derive(Clone, Debug, PartialEq)]
enum Doing {
    NotBorn,
    Anything,
    Locking(&'static str, bool),
    Receiving(&'static str),
    Sending,
    Joining(usize),
    Parked,
    Semaphore,
    Condition,
    Relocking,
    Barrier(usize),
    Once,
    Outside,
    Ended,
}

const THREADS: usize = 5;
const LOCKS: [&str; 3] = ["m0", "m1", "rw"];

/// The world in which the threads run.
struct World {
    random: Random,
    time: u64,
    lines: Vec<Line>,
    doing: Vec<Doing>,
    holds: Vec<Vec<(&'static str, bool)>>,
    /// Messages sent and not yet received: unbounded, bounded by 1.
    queued: [usize; 2],
    posts: usize,
    tokens: Vec<bool>,
    notified: Vec<bool>,
    arrived: usize,
    once: bool,
}

/// A run of about `steps` steps.
pub(super) fn run(seed: u64, steps: usize) -> Vec<Line> {
    let mut world = World {
        random: Random::new(seed),
        time: 0,
        lines: Vec::new(),
        doing: vec![Doing::NotBorn; THREADS],
        holds: vec![Vec::new(); THREADS],
        queued: [0; 2],
        posts: 0,
        tokens: vec![false; THREADS],
        notified: vec![false; THREADS],
        arrived: 0,
        once: false,
    };
    world.doing[0] = Doing::Anything;
    world.emit(0, "chan", "b", "1");
    world.emit(0, "barrier", "z", "2");
    for _ in 0..steps {
        let thread = world.random.below(THREADS);
        world.step(thread);
    }
    world.lines
}

/// The lines as text; those of which `stamped` says no have no time.
pub(super) fn text(lines: &[Line], mut stamped: impl FnMut(usize) -> bool) -> String {
    let mut text = String::new();
    for (at, line) in lines.iter().enumerate() {
        let operands = match (line.object.as_str(), line.other.as_str()) {
            ("", _) => String::new(),
            (object, "") => format!("({object})"),
            (object, other) => format!("({object},{other})"),
        };
        let time = match stamped(at) {
            true => format!("|{}", line.time),
            false => String::new(),
        };
        text += &format!(
            "t{}|{}{operands}|x.rs:{}{time}\n",
            line.thread,
            line.op,
            at + 1
        );
    }
    text
}

impl World {
    fn emit(&mut self, thread: usize, op: &'static str, object: &str, other: &str) {
        self.time += self.random.below(9).saturating_sub(2) as u64;
        self.lines.push(Line {
            thread,
            op,
            object: object.to_owned(),
            other: other.to_owned(),
            time: self.time,
        });
    }

    fn is_free(&self, lock: &str, shared: bool) -> bool {
        let mut holds = self.holds.iter().flatten();
        !holds.any(|(held, mode)| *held == lock && !(shared && *mode))
    }

    /// Whether all threads would be blocked if another one were.
    fn is_alone(&self) -> bool {
        let able = |doing: &&Doing| matches!(doing, Doing::Anything | Doing::Outside);
        self.doing.iter().filter(able).count() < 2
    }

    fn step(&mut self, thread: usize) {
        match self.doing[thread].clone() {
            Doing::NotBorn | Doing::Ended => {}
            Doing::Anything => self.begin(thread),
            waiting => {
                if let Some(next) = self.go_on(thread, waiting) {
                    self.doing[thread] = next;
                }
            }
        }
    }

    fn begin(&mut self, thread: usize) {
        let mut choice = self.random.below(24);
        let encumbered = !self.holds[thread].is_empty() && self.random.chance(90);
        if (choice == 9 || (11..=17).contains(&choice)) && (self.is_alone() || encumbered) {
            // Waiting for others then would soon bring all to a halt.
            choice = [5, 8, 10, 21][self.random.below(4)];
        }
        let next = match choice {
            0..=4 => return self.lock(thread),
            5..=7 => return self.unlock(thread),
            8 => return self.fork(thread),
            9 => return self.wait(thread),
            10 | 18..=20 => return self.tell(thread),
            21..=23 => return self.help(thread),
            11 => {
                let channel = ["c", "b"][self.random.below(2)];
                self.emit(thread, "req", channel, "");
                Doing::Receiving(channel)
            }
            12 => return self.send(thread),
            13 => {
                self.emit(thread, "outside", "disk", "");
                Doing::Outside
            }
            14 => {
                self.emit(thread, "req", &format!("t{thread}"), "");
                Doing::Parked
            }
            15 => {
                self.emit(thread, "req", "s", "");
                Doing::Semaphore
            }
            16 => {
                let generation = self.arrived / 2;
                self.arrived += 1;
                self.emit(thread, "arrive", "z", "");
                self.emit(thread, "req", "z", "");
                Doing::Barrier(generation)
            }
            _ => return self.finish(thread),
        };
        self.doing[thread] = next;
    }

    fn lock(&mut self, thread: usize) {
        let lock = LOCKS[self.random.below(3)];
        let shared = lock == "rw" && self.random.chance(60);
        let holds = &self.holds[thread];
        let inverted = holds.iter().any(|(held, _)| *held > lock) && self.random.chance(95);
        if inverted || self.holds[thread].iter().any(|(held, _)| *held == lock) {
            return;
        }
        if self.is_free(lock, shared) && self.random.chance(50) {
            self.emit(thread, if shared { "racq" } else { "acq" }, lock, "");
            self.holds[thread].push((lock, shared));
        } else {
            self.emit(thread, "req", lock, "");
            self.doing[thread] = Doing::Locking(lock, shared);
        }
    }

    fn unlock(&mut self, thread: usize) {
        if self.holds[thread].is_empty() {
            return;
        }
        let at = self.random.below(self.holds[thread].len());
        if self.holds[thread][at] == ("rw", false) && self.random.chance(30) {
            self.emit(thread, "downgrade", "rw", "");
            self.holds[thread][at].1 = true;
            return;
        }
        let is_only = self.holds[thread].len() == 1;
        if self.holds[thread][at].0 == "m0" && is_only && !self.is_alone() && self.random.chance(30)
        {
            return self.wait(thread);
        }
        let (lock, shared) = self.holds[thread].remove(at);
        self.emit(thread, if shared { "rrel" } else { "rel" }, lock, "");
    }

    fn fork(&mut self, thread: usize) {
        if let Some(child) = self.doing.iter().position(|doing| *doing == Doing::NotBorn) {
            self.emit(thread, "fork", &format!("t{child}"), "");
            self.doing[child] = Doing::Anything;
        }
    }

    fn send(&mut self, thread: usize) {
        if self.random.chance(60) || self.is_alone() {
            self.queued[0] += 1;
            return self.emit(thread, "send", "c", "");
        }
        self.queued[1] += 1;
        self.emit(thread, "send", "b", "");
        if self.queued[1] > 1 {
            self.emit(thread, "req", "b", "");
            self.doing[thread] = Doing::Sending;
        } else {
            self.emit(thread, "sent", "b", "");
        }
    }

    fn wait(&mut self, thread: usize) {
        if let Some(at) = self.holds[thread]
            .iter()
            .position(|(held, _)| *held == "m0")
        {
            self.holds[thread].remove(at);
            self.notified[thread] = false;
            self.emit(thread, "wait", "v", "m0");
            self.doing[thread] = Doing::Condition;
        } else {
            let other = self.random.below(THREADS);
            let joins = |doing: &Doing| *doing == Doing::Joining(other);
            let born = self.doing[other] != Doing::NotBorn;
            if other != 0 && other != thread && born && !self.doing.iter().any(joins) {
                self.emit(thread, "req", &format!("t{other}"), "");
                self.doing[thread] = Doing::Joining(other);
            }
        }
    }

    fn tell(&mut self, thread: usize) {
        let other = self.random.below(THREADS);
        match self.random.below(6) {
            0 => {
                self.posts += 1;
                self.emit(thread, "sem_post", "s", "");
            }
            1 if !self.once => {
                self.once = true;
                self.emit(thread, "once_done", "o", "");
            }
            1 => self.emit(thread, "once_get", "o", ""),
            2 if !self.once && !self.is_alone() => {
                self.emit(thread, "req", "o", "");
                self.doing[thread] = Doing::Once;
            }
            3 => {
                self.notified = vec![true; THREADS];
                self.emit(thread, "notify_all", "v", "");
            }
            4 if self.doing[other] == Doing::Condition => {
                self.notified[other] = true;
                self.emit(thread, "notify", "v", &format!("t{other}"));
            }
            _ if self.doing[other] != Doing::NotBorn && self.doing[other] != Doing::Ended => {
                self.tokens[other] = true;
                self.emit(thread, "unpark", &format!("t{other}"), "");
            }
            _ => {}
        }
    }

    /// Does what some other thread waits for.
    fn help(&mut self, thread: usize) {
        let other = self.random.below(THREADS);
        match self.doing[other] {
            Doing::Receiving("c") => {
                self.queued[0] += 1;
                self.emit(thread, "send", "c", "");
            }
            Doing::Receiving(_) => self.send(thread),
            Doing::Parked => {
                self.tokens[other] = true;
                self.emit(thread, "unpark", &format!("t{other}"), "");
            }
            Doing::Semaphore => {
                self.posts += 1;
                self.emit(thread, "sem_post", "s", "");
            }
            Doing::Condition => {
                self.notified = vec![true; THREADS];
                self.emit(thread, "notify_all", "v", "");
            }
            Doing::Once if !self.once => {
                self.once = true;
                self.emit(thread, "once_done", "o", "");
            }
            Doing::Barrier(_) if self.arrived % 2 == 1 && self.holds[thread].is_empty() => {
                let generation = self.arrived / 2;
                self.arrived += 1;
                self.emit(thread, "arrive", "z", "");
                self.emit(thread, "req", "z", "");
                self.doing[thread] = Doing::Barrier(generation);
            }
            _ => {}
        }
    }

    fn finish(&mut self, thread: usize) {
        if thread != 0 && self.holds[thread].is_empty() && self.random.chance(30) {
            self.emit(thread, "thread_end", "", "");
            self.doing[thread] = Doing::Ended;
        }
    }

    /// Ends what the thread waits for, if that is possible by now.
    fn go_on(&mut self, thread: usize, waiting: Doing) -> Option<Doing> {
        match waiting {
            Doing::Locking(lock, shared) if self.is_free(lock, shared) => {
                self.emit(thread, if shared { "racq" } else { "acq" }, lock, "");
                self.holds[thread].push((lock, shared));
            }
            Doing::Locking(lock, _) if self.random.chance(5) => {
                self.emit(thread, "unreq", lock, "");
            }
            Doing::Receiving(channel) if self.random.chance(2) => {
                self.emit(thread, "unreq", channel, "");
            }
            Doing::Joining(child) if self.random.chance(2) => {
                self.emit(thread, "unreq", &format!("t{child}"), "");
            }
            Doing::Receiving("c") if self.queued[0] > 0 => {
                self.queued[0] -= 1;
                self.emit(thread, "recv", "c", "");
            }
            Doing::Receiving("b") if self.queued[1] > 0 => {
                self.queued[1] -= 1;
                self.emit(thread, "recv", "b", "");
            }
            Doing::Sending if self.may_have_sent(thread) => self.emit(thread, "sent", "b", ""),
            Doing::Joining(child) if self.doing[child] == Doing::Ended => {
                self.emit(thread, "join", &format!("t{child}"), "");
            }
            Doing::Parked if self.tokens[thread] || self.random.chance(10) => {
                self.tokens[thread] = false;
                self.emit(thread, "park", "", "");
            }
            Doing::Semaphore if self.posts > 0 => {
                self.posts -= 1;
                self.emit(thread, "sem_wait", "s", "");
            }
            Doing::Condition if self.notified[thread] && self.random.chance(20) => {
                self.emit(thread, "req", "m0", "");
                return Some(Doing::Relocking);
            }
            Doing::Condition | Doing::Relocking
                if self.is_free("m0", false)
                    && (self.notified[thread] || self.random.chance(10)) =>
            {
                self.emit(thread, "woken", "v", "m0");
                self.holds[thread].push(("m0", false));
            }
            Doing::Barrier(generation) if self.arrived >= 2 * (generation + 1) => {
                self.emit(thread, "depart", "z", "");
            }
            Doing::Once if self.once => self.emit(thread, "once_get", "o", ""),
            Doing::Outside if self.random.chance(40) => self.emit(thread, "inside", "disk", ""),
            _ => return None,
        }
        Some(Doing::Anything)
    }

    /// Whether the receive that this thread's last send needs has happened.
    fn may_have_sent(&self, thread: usize) -> bool {
        let is = |op: &'static str| move |line: &&Line| line.op == op && line.object == "b";
        let sends = self.lines.iter().filter(is("send"));
        let place = sends
            .enumerate()
            .filter(|(_, line)| line.thread == thread)
            .last();
        let receives = self.lines.iter().filter(is("recv")).count();
        place.is_some_and(|(place, _)| receives >= place)
    }
}

//! Deadlocks by trying every combination of acquisitions of a small text
//! trace, with an order that is plain reachability along lines. It knows the
//! operations that [`generate`](super::generate) writes, and shares no code
//! with the analyzer.

use std::collections::{BTreeMap, BTreeSet};

/// Of each step: lock that the step before wants of it, lock it acquires,
/// site. Turned so that the least step comes first.
pub type Key = Vec<(String, String, String)>;

/// What is true of a trace.
#[derive(Debug, Default)]
pub struct Truth {
    /// Potential deadlocks, whether or not they are also actual.
    pub potential: BTreeSet<Key>,
    /// Which thread waits for which at the end.
    pub waits: BTreeSet<(String, String)>,
    /// Threads that wait, over others, for themselves: what each wants, where.
    pub locked_up: BTreeMap<String, (String, String)>,
}

/// A thread at an acquisition (or at a request that is never granted).
#[derive(Clone)]
struct Acquisition {
    line: usize,
    cuts: usize,
    thread: String,
    /// Lock, and whether it is shared.
    held: Vec<(String, bool)>,
    wanted: String,
    shared: bool,
    site: String,
}

#[derive(Default)]
struct Walk {
    acquisitions: Vec<Acquisition>,
    held: BTreeMap<String, Vec<(String, bool)>>,
    /// By thread: its request that is not granted yet.
    requests: BTreeMap<String, Acquisition>,
    /// By line: all lines that it is ordered behind.
    before: Vec<BTreeSet<usize>>,
    last: BTreeMap<String, usize>,
    forks: BTreeMap<String, usize>,
    sends: Vec<usize>,
    received: usize,
    cuts: usize,
}

/// The truth about a trace.
#[must_use]
pub fn deadlocks(text: &str) -> Truth {
    let mut walk = Walk::default();
    for (number, line) in text.lines().enumerate() {
        walk.line(number, line);
    }
    let open: Vec<_> = walk.requests.values().cloned().collect();
    walk.acquisitions.extend(open);
    walk.acquisitions
        .retain(|acquisition| !acquisition.held.is_empty());
    let mut truth = Truth::default();
    walk.combine(&mut Vec::new(), &mut truth.potential);
    for (thread, request) in &walk.requests {
        for (holder, held) in &walk.held {
            if held.iter().any(|(lock, _)| *lock == request.wanted) {
                truth.waits.insert((thread.clone(), holder.clone()));
            }
        }
    }
    let on_cycles = on_cycles(&truth.waits);
    for (thread, request) in walk.requests {
        if on_cycles.contains(&thread) {
            let wanted = (request.wanted, request.site);
            truth.locked_up.insert(thread, wanted);
        }
    }
    truth
}

impl Walk {
    fn line(&mut self, number: usize, line: &str) {
        let fields: Vec<&str> = line.split('|').collect();
        let (thread, site) = (fields[0].to_owned(), fields[2].to_owned());
        let (op, operand) = fields[1].split_once('(').unwrap_or((fields[1], ")"));
        let operand = operand.trim_end_matches(')').to_owned();
        let first = self
            .forks
            .get(&thread)
            .filter(|_| !self.last.contains_key(&thread));
        let mut behind: Vec<usize> = self
            .last
            .get(&thread)
            .or(first)
            .copied()
            .into_iter()
            .collect();
        match op {
            "join" => behind.extend(self.last.get(&operand)),
            "recv" => {
                behind.push(self.sends[self.received]);
                self.received += 1;
            }
            "send" => self.sends.push(number),
            "fork" => {
                self.forks.insert(operand.clone(), number);
            }
            "cut" => self.cuts += 1,
            _ => {}
        }
        let mut before = BTreeSet::new();
        for line in behind {
            before.insert(line);
            before.extend(&self.before[line]);
        }
        self.before.push(before);
        self.last.insert(thread.clone(), number);
        self.locks(number, op, (thread, operand, site));
    }

    fn locks(&mut self, line: usize, op: &str, (thread, lock, site): (String, String, String)) {
        let held = self.held.entry(thread.clone()).or_default();
        let acquisition = Acquisition {
            line,
            cuts: self.cuts,
            thread: thread.clone(),
            held: held.clone(),
            wanted: lock.clone(),
            shared: op.ends_with("racq"),
            site,
        };
        match op {
            "acq" | "racq" | "try_acq" | "try_racq" => {
                held.push((lock, acquisition.shared));
                self.requests.remove(&thread);
                if !op.starts_with("try_") {
                    self.acquisitions.push(acquisition);
                }
            }
            "rel" | "rrel" => held.retain(|(held, _)| *held != lock),
            "downgrade" => {
                let held = held.iter_mut().filter(|(held, _)| *held == lock);
                held.for_each(|(_, shared)| *shared = true);
            }
            "req" => {
                self.requests.insert(thread, acquisition);
            }
            "unreq" => {
                self.requests.remove(&thread);
            }
            _ => {}
        }
    }

    /// Tries to add every acquisition to `chosen`, and notes what is a
    /// deadlock.
    fn combine(&self, chosen: &mut Vec<Acquisition>, found: &mut BTreeSet<Key>) {
        if chosen.len() >= 2 && is_cycle(chosen) {
            found.insert(key(chosen));
        }
        if chosen.len() == 5 {
            return;
        }
        for next in &self.acquisitions {
            let fits = chosen.iter().all(|other| self.can_meet(other, next));
            // Every cycle is met from its least thread on.
            let begins = chosen
                .first()
                .is_none_or(|first| first.thread < next.thread);
            let follows = chosen.last().is_none_or(|last| keeps_out(next, last));
            if fits && begins && follows {
                chosen.push(next.clone());
                self.combine(chosen, found);
                chosen.pop();
            }
        }
    }

    /// Whether the two can be under way at the same time.
    fn can_meet(&self, one: &Acquisition, other: &Acquisition) -> bool {
        let mut pairs = one
            .held
            .iter()
            .flat_map(|a| other.held.iter().map(move |b| (a, b)));
        let ordered = self.before[one.line].contains(&other.line)
            || self.before[other.line].contains(&one.line);
        one.thread != other.thread
            && one.cuts == other.cuts
            && !ordered
            && pairs.all(|(a, b)| a.0 != b.0 || (a.1 && b.1))
    }
}

/// Whether `holder` holds what `waiter` wants, so that it has to wait.
fn keeps_out(holder: &Acquisition, waiter: &Acquisition) -> bool {
    let mut held = holder.held.iter();
    held.any(|(lock, shared)| *lock == waiter.wanted && !(*shared && waiter.shared))
}

/// Whether each is kept out by the next, and by no other of them.
fn is_cycle(chosen: &[Acquisition]) -> bool {
    let length = chosen.len();
    (0..length).all(|at| {
        (0..length)
            .filter(|other| *other != at)
            .all(|other| keeps_out(&chosen[other], &chosen[at]) == (other == (at + 1) % length))
    })
}

fn key(cycle: &[Acquisition]) -> Key {
    let length = cycle.len();
    let step = |at: usize| {
        let wanted_of_it = cycle[(at + length - 1) % length].wanted.clone();
        (
            wanted_of_it,
            cycle[at].wanted.clone(),
            cycle[at].site.clone(),
        )
    };
    let turned = |by: usize| (0..length).map(|at| step((at + by) % length)).collect();
    let keys: BTreeSet<Key> = (0..length).map(turned).collect();
    keys.into_iter().next().unwrap_or_default()
}

/// Those that reach themselves.
fn on_cycles(waits: &BTreeSet<(String, String)>) -> BTreeSet<String> {
    let mut reaches = waits.clone();
    loop {
        let longer: Vec<_> = reaches
            .iter()
            .flat_map(|(a, b)| reaches.iter().map(move |(c, d)| (a, b, c, d)))
            .filter(|(_, b, c, _)| b == c)
            .map(|(a, _, _, d)| (a.clone(), d.clone()))
            .collect();
        let before = reaches.len();
        reaches.extend(longer);
        if reaches.len() == before {
            break;
        }
    }
    let own = reaches.into_iter().filter(|(a, b)| a == b);
    own.map(|(a, _)| a).collect()
}

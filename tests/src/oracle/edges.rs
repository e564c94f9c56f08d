//! The edges that the happens-before rules demand.

use std::collections::BTreeMap;

use super::graph::Graph;
use super::line::Line;
use super::{Bytes, atomics};

/// The edges of a trace, not closed.
pub(super) fn graph(lines: &[Line]) -> Graph {
    let mut graph = Graph::new(lines.len());
    program_order(lines, &mut graph);
    threads(lines, &mut graph);
    locks(lines, &mut graph);
    channels(lines, &mut graph);
    barriers(lines, &mut graph);
    accumulating(lines, &mut graph);
    lives(lines, &mut graph);
    atomics::edges(lines, &mut graph);
    graph
}

fn program_order(lines: &[Line], graph: &mut Graph) {
    let mut last: BTreeMap<&str, usize> = BTreeMap::new();
    for (at, line) in lines.iter().enumerate() {
        if let Some(before) = last.insert(&line.thread, at) {
            graph.add(before, at);
        }
    }
}

fn threads(lines: &[Line], graph: &mut Graph) {
    for (at, line) in lines.iter().enumerate() {
        let of = |other: &Line| other.thread == line.arg(0);
        match line.op.as_str() {
            "fork" => {
                if let Some(first) = lines.iter().position(of) {
                    graph.add(at, first);
                }
            }
            "join" => {
                let fork = |other: &Line| other.op == "fork" && other.arg(0) == line.arg(0);
                // A thread without a line still begins before it ends.
                let ends = [lines.iter().rposition(of), lines.iter().position(fork)];
                for end in ends.into_iter().flatten() {
                    graph.add(end, at);
                }
            }
            "park" => {
                for (unpark, other) in lines[..at].iter().enumerate() {
                    if other.op == "unpark" && other.arg(0) == line.thread {
                        graph.add(unpark, at);
                    }
                }
            }
            _ => {}
        }
    }
}

/// An outermost take or drop of a lock.
struct Hold<'l> {
    at: usize,
    lock: &'l str,
    takes: bool,
    shared: bool,
}

fn holds(lines: &[Line]) -> Vec<Hold<'_>> {
    let mut depths: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    let mut holds = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        let (lock, takes, shared) = match line.op.as_str() {
            "acq" | "try_acq" => (line.arg(0), true, false),
            "racq" | "try_racq" => (line.arg(0), true, true),
            "rel" => (line.arg(0), false, false),
            "rrel" => (line.arg(0), false, true),
            "wait" => (line.arg(1), false, false),
            "woken" => (line.arg(1), true, false),
            "downgrade" => {
                // The hold goes on, as a shared one.
                holds.push(Hold {
                    at,
                    lock: line.arg(0),
                    takes: false,
                    shared: false,
                });
                continue;
            }
            _ => continue,
        };
        let holder = match (line.op.as_str(), line.arg(1)) {
            ("rel", other) if !other.is_empty() => other,
            _ => line.thread.as_str(),
        };
        let depth = depths.entry((holder, lock)).or_default();
        let outermost = match takes {
            true => {
                *depth += 1;
                *depth == 1
            }
            false => {
                *depth = depth.saturating_sub(1);
                *depth == 0
            }
        };
        if outermost {
            holds.push(Hold {
                at,
                lock,
                takes,
                shared,
            });
        }
    }
    holds
}

fn locks(lines: &[Line], graph: &mut Graph) {
    let holds = holds(lines);
    for (place, drop) in holds.iter().enumerate() {
        for take in &holds[place + 1..] {
            let of_one_lock = drop.lock == take.lock && !drop.takes && take.takes;
            if of_one_lock && !(drop.shared && take.shared) {
                graph.add(drop.at, take.at);
            }
        }
    }
}

/// A channel's completed history.
#[derive(Default)]
struct Channel<'l> {
    capacity: Option<usize>,
    sends: Vec<usize>,
    receives: Vec<usize>,
    sent: Vec<(usize, usize)>,
    names: BTreeMap<&'l str, usize>,
}

fn channels(lines: &[Line], graph: &mut Graph) {
    let mut channels: BTreeMap<&str, Channel<'_>> = BTreeMap::new();
    let mut last_send: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for (at, line) in lines.iter().enumerate() {
        let name = line.arg(0);
        match line.op.as_str() {
            "chan" => {
                channels.entry(name).or_default().capacity = line.arg(1).parse().ok();
            }
            "send" if !is_taken_back(lines, at) => {
                let channel = channels.entry(name).or_default();
                channel.sends.push(at);
                channel.names.insert(line.arg(1), at);
                last_send.insert((&line.thread, name), channel.sends.len());
            }
            "sent" => {
                if let Some(place) = last_send.get(&(line.thread.as_str(), name)) {
                    channels.entry(name).or_default().sent.push((at, *place));
                }
            }
            "recv" => {
                let channel = channels.entry(name).or_default();
                let numbered = channel.sends.get(channel.receives.len()).copied();
                let message = match line.arg(1) {
                    "" => numbered,
                    named => channel.names.get(named).copied(),
                };
                if let Some(send) = message {
                    graph.add(send, at);
                }
                channel.receives.push(at);
            }
            "recv_closed" => {
                for (close, other) in lines[..at].iter().enumerate() {
                    if other.op == "close" && other.arg(0) == name {
                        graph.add(close, at);
                    }
                }
            }
            _ => {}
        }
    }
    for channel in channels.values() {
        capacities(channel, graph);
    }
}

/// The k-th receive before the completion of the (k+C)-th send.
fn capacities(channel: &Channel<'_>, graph: &mut Graph) {
    let Some(capacity) = channel.capacity else {
        return;
    };
    for (at, place) in &channel.sent {
        if *place > capacity
            && let Some(receive) = channel.receives.get(place - capacity - 1)
        {
            graph.add(*receive, *at);
        }
    }
}

/// Whether the thread's next line about the channel is `unsent`.
fn is_taken_back(lines: &[Line], at: usize) -> bool {
    let send = &lines[at];
    lines[at + 1..]
        .iter()
        .filter(|line| line.thread == send.thread && line.arg(0) == send.arg(0))
        .find(|line| matches!(line.op.as_str(), "send" | "sent" | "unsent"))
        .is_some_and(|line| line.op == "unsent")
}

fn barriers(lines: &[Line], graph: &mut Graph) {
    let mut parties: BTreeMap<&str, usize> = BTreeMap::new();
    let mut arrivals: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    let mut own: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for (at, line) in lines.iter().enumerate() {
        let barrier = line.arg(0);
        match line.op.as_str() {
            "barrier" => {
                parties.insert(barrier, line.arg(1).parse().unwrap_or(1));
            }
            "arrive" => {
                let arrivals = arrivals.entry(barrier).or_default();
                let count = parties.get(barrier).copied().unwrap_or(1);
                own.insert((&line.thread, barrier), arrivals.len() / count);
                arrivals.push(at);
            }
            "depart" => {
                let Some(generation) = own.get(&(line.thread.as_str(), barrier)) else {
                    continue;
                };
                let count = parties.get(barrier).copied().unwrap_or(1);
                let arrivals = arrivals.entry(barrier).or_default();
                for arrival in arrivals.iter().skip(generation * count).take(count) {
                    graph.add(*arrival, at);
                }
            }
            _ => {}
        }
    }
}

/// What publishes to whoever acquires later, whoever that is.
fn accumulating(lines: &[Line], graph: &mut Graph) {
    let pairs = [
        ("once_done", "once_get"),
        ("sem_post", "sem_wait"),
        ("wg_done", "wg_wait"),
        ("release", "acquire"),
    ];
    for (release, acquire) in pairs {
        for (at, line) in lines.iter().enumerate().filter(|(_, l)| l.op == acquire) {
            for (before, other) in lines[..at].iter().enumerate() {
                if other.op == release && other.arg(0) == line.arg(0) {
                    graph.add(before, at);
                }
            }
        }
    }
}

/// A free happens before an allocation of any of its bytes.
fn lives(lines: &[Line], graph: &mut Graph) {
    for (at, line) in lines.iter().enumerate().filter(|(_, l)| l.op == "alloc") {
        let block = Bytes::parse(line.arg(0));
        for (before, other) in lines[..at].iter().enumerate() {
            if other.op == "free" && Bytes::parse(other.arg(0)).common(&block).is_some() {
                graph.add(before, at);
            }
        }
    }
}

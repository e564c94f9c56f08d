//! Waits that are open, and cycles of them at the end of the trace.

use petgraph::algo::kosaraju_scc;
use petgraph::graph::{DiGraph, NodeIndex};
use rustc_hash::FxHashMap;

use hbtrace_traces::event::SyncEvent;
use hbtrace_traces::id::{ObjectId, ThreadId};
use hbtrace_traces::kind::{Effect, Mode, Operands, Slot};
use hbtrace_traces::trace::{Step, Trace};

use super::{Member, Target};
use crate::held::HeldLocks;

/// A wait that has begun.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wait {
    /// What for. An object need not be a lock.
    pub(super) target: Target,
    /// How it wants it.
    pub(super) mode: Mode,
    /// Index of the event that began it.
    pub(super) index: u32,
}

/// The open wait of every thread at the present step.
pub(super) struct Waits {
    threads: Vec<Option<Wait>>,
}

impl Waits {
    /// `threads` threads that do not wait.
    pub(super) fn new(threads: usize) -> Waits {
        Waits {
            threads: vec![None; threads],
        }
    }

    /// Goes over an event of `thread`: an event on what it waits for ends the
    /// wait.
    pub(super) fn step(&mut self, thread: ThreadId, index: u32, event: &SyncEvent) {
        let begins = event.effects().contains(&Effect::WaitBegin);
        let slot = &mut self.threads[thread.index()];
        if begins {
            let target = if event.kind.operands() == Operands::Waitable && event.extra == 1 {
                Target::Thread(event.target_thread())
            } else {
                Target::Lock(event.object_id())
            };
            let mode = match event.asks_shared() {
                true => Mode::Shared,
                false => Mode::Exclusive,
            };
            *slot = Some(Wait {
                target,
                mode,
                index,
            });
        } else if slot.is_some_and(|wait| ends(thread, wait.target, event)) {
            *slot = None;
        }
    }

    /// The threads that wait, by id.
    pub(super) fn open(&self) -> impl Iterator<Item = (ThreadId, Wait)> + '_ {
        let threads = (0..).map(ThreadId).zip(&self.threads);
        threads.filter_map(|(thread, wait)| Some((thread, (*wait)?)))
    }
}

/// Whether an event of `waiter` ends its wait for `target`.
fn ends(waiter: ThreadId, target: Target, event: &SyncEvent) -> bool {
    match target {
        Target::Lock(object) => {
            let acts_on_thread = match event.kind.operands() {
                Operands::Thread => true,
                Operands::Waitable => event.extra == 1,
                _ => false,
            };
            !acts_on_thread && (event.object_id() == object || Trace::lock_of(event) == object)
        }
        Target::Thread(thread) => event.effects().iter().any(|effect| match effect {
            Effect::Acquire(Slot::End) | Effect::WaitCancel => event.target_thread() == thread,
            // Waiting for oneself is waiting to be unparked.
            Effect::Acquire(Slot::Token) => thread == waiter,
            _ => false,
        }),
    }
}

/// What threads hold and wait for at the end of a trace.
pub(super) struct End {
    pub(super) held: HeldLocks,
    pub(super) waits: Waits,
}

impl End {
    /// Walks the whole trace.
    pub(super) fn of(trace: &Trace) -> End {
        let mut held = HeldLocks::new(trace.threads.len());
        let mut waits = Waits::new(trace.threads.len());
        for step in &trace.steps {
            if let Step::Sync { thread, index } = *step {
                let event = trace.sync(thread, index);
                held.step(thread, event);
                waits.step(thread, index, event);
            }
        }
        End { held, waits }
    }
}

/// All cycles of waits at the end of the trace: through every thread that is
/// in one, a shortest. (Where each thread waits for one other, as for mutexes
/// and joins, these are all there are.)
pub(super) fn find(trace: &Trace, End { held, waits }: &End) -> Vec<Vec<Member>> {
    let graph = wait_for(trace, held, waits);
    let wait_of: FxHashMap<_, _> = waits.open().collect();
    let member = |node: &NodeIndex| {
        let thread = graph[*node];
        wait_of.get(&thread).map(|wait| Member {
            thread,
            held: held.of(thread).to_vec(),
            wants: wait.target,
            mode: wait.mode,
            site: trace.sync(thread, wait.index).site,
        })
    };
    cycles(&graph)
        .iter()
        .map(|cycle| cycle.iter().filter_map(member).collect())
        .collect()
}

/// A shortest cycle through every node that is in one: each once, from its
/// least node on, in order.
fn cycles(graph: &DiGraph<ThreadId, ()>) -> Vec<Vec<NodeIndex>> {
    let mut cycles = Vec::new();
    for part in kosaraju_scc(graph) {
        if part.len() > 1 || graph.find_edge(part[0], part[0]).is_some() {
            // Where nobody waits for more than one, the part is one cycle.
            let is_simple = part.iter().all(|node| graph.neighbors(*node).count() == 1);
            let from = if is_simple { &part[..1] } else { &part };
            cycles.extend(from.iter().map(|node| shortest_cycle(graph, *node)));
        }
    }
    for cycle in &mut cycles {
        let least = (0..cycle.len()).min_by_key(|at| cycle[*at]).unwrap_or(0);
        cycle.rotate_left(least);
    }
    cycles.sort();
    cycles.dedup();
    cycles
}

type ByLock = FxHashMap<ObjectId, Vec<ThreadId>>;

/// By lock, the threads that hold it in a mode that `counts`.
fn holders(
    held: &HeldLocks,
    threads: impl Iterator<Item = ThreadId>,
    counts: impl Fn(Mode) -> bool,
) -> ByLock {
    let mut holders = ByLock::default();
    for thread in threads {
        for hold in held.of(thread).iter().filter(|hold| counts(hold.mode)) {
            let of_lock = holders.entry(hold.lock).or_default();
            if of_lock.last() != Some(&thread) {
                of_lock.push(thread);
            }
        }
    }
    holders
}

/// By lock, the threads that keep others from its shared side: those that hold
/// it exclusively, and those that wait to, as a lock may let nobody pass them.
fn keepers_of_shared(
    held: &HeldLocks,
    threads: impl Iterator<Item = ThreadId>,
    waits: &Waits,
) -> ByLock {
    let mut keepers = holders(held, threads, |mode| mode == Mode::Exclusive);
    for (waiter, wait) in waits.open() {
        if let (Target::Lock(lock), Mode::Exclusive) = (wait.target, wait.mode) {
            keepers.entry(lock).or_default().push(waiter);
        }
    }
    keepers
}

/// Threads, and for each that waits an edge to every thread that keeps it
/// waiting.
fn wait_for(trace: &Trace, held: &HeldLocks, waits: &Waits) -> DiGraph<ThreadId, ()> {
    let threads = || (0..trace.threads.len() as u32).map(ThreadId);
    let holders = holders(held, threads(), |_| true);
    let keepers = keepers_of_shared(held, threads(), waits);
    let mut graph = DiGraph::new();
    let nodes: Vec<NodeIndex> = threads().map(|thread| graph.add_node(thread)).collect();
    for (waiter, wait) in waits.open() {
        let mut edge = |to: &ThreadId| {
            if let Some(to) = nodes.get(to.index()) {
                graph.add_edge(nodes[waiter.index()], *to, ());
            }
        };
        match wait.target {
            Target::Lock(object) => {
                let keep = match wait.mode {
                    Mode::Exclusive => &holders,
                    Mode::Shared => &keepers,
                };
                keep.get(&object).into_iter().flatten().for_each(edge);
            }
            Target::Thread(thread) if thread != waiter => edge(&thread),
            Target::Thread(_) => {}
        }
    }
    graph
}

/// A shortest cycle through `start`, from it on; empty if there is none.
fn shortest_cycle(graph: &DiGraph<ThreadId, ()>, start: NodeIndex) -> Vec<NodeIndex> {
    let mut came_from: FxHashMap<NodeIndex, NodeIndex> = FxHashMap::default();
    let mut queue = std::collections::VecDeque::from([start]);
    while let Some(node) = queue.pop_front() {
        let mut next: Vec<NodeIndex> = graph.neighbors(node).collect();
        next.sort();
        for to in next {
            if to == start {
                let back = std::iter::successors(Some(node), |at| came_from.get(at).copied());
                let mut cycle: Vec<NodeIndex> = back.collect();
                cycle.reverse();
                return cycle;
            }
            came_from.entry(to).or_insert_with(|| {
                queue.push_back(to);
                node
            });
        }
    }
    Vec::new()
}

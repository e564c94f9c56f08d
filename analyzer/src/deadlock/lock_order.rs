//! The lock-order graph: an edge from lock A to lock B where a thread that
//! held A acquired B.
//!
//! Only edges within a strongly connected part can be in a cycle. In most
//! programs no part has more than one lock, and the search ends here.
//! (Kosaraju's algorithm and not Tarjan's: petgraph's Tarjan recurses.)
//!
//! **Deep nesting.** An acquisition with n locks held makes n edges, so n
//! nested ones make n * n. The parts are therefore found on a graph that has
//! the stacks of held locks for nodes as well: from a lock to the stacks that
//! it lies on top of, from a stack to those upon it, and from a stack to what
//! was acquired with it. One lock reaches another through stacks exactly if it
//! does by edges, and this graph is as small as the trace. Edges are then only
//! written down for acquisitions within a part, and of these for the shallowest,
//! up to [`MAX_EDGES`].

use petgraph::algo::kosaraju_scc;
use petgraph::graph::{DiGraph, NodeIndex};
use rustc_hash::FxHashMap;

use hbtrace_traces::id::{ObjectId, SiteId};
use hbtrace_traces::kind::Mode;

use super::acquisition::{Acquisition, Acquisitions};
use super::held_sets::HeldSets;

/// Edges that are written down at most.
const MAX_EDGES: usize = 4_000_000;

/// One acquisition as one edge of the graph.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct Edge {
    pub(super) held: ObjectId,
    pub(super) wanted: ObjectId,
    pub(super) site: SiteId,
    /// Index of the acquisition.
    pub(super) acquisition: u32,
}

/// The edges of the graph that can be in a cycle.
pub(super) struct LockOrder {
    /// In order.
    edges: Vec<Edge>,
    /// By acquisition with an edge, the locks held and how, by lock;
    /// exclusively counts more.
    holds: Vec<Vec<(ObjectId, Mode)>>,
    /// Acquisitions that may be in a cycle and were left out.
    pub(super) left_out: usize,
}

impl LockOrder {
    /// The graph of these acquisitions.
    pub(super) fn new(acquisitions: &Acquisitions) -> LockOrder {
        LockOrder::up_to(acquisitions, MAX_EDGES)
    }

    /// The graph, with room for `max_edges`.
    pub(super) fn up_to(acquisitions: &Acquisitions, max_edges: usize) -> LockOrder {
        let Acquisitions { groups, sets } = acquisitions;
        let parts = Parts::of(groups, sets);
        let mut in_parts: Vec<usize> = (0..groups.len())
            .filter(|index| parts.has_others(groups[*index].wanted))
            .collect();
        in_parts.sort_by_key(|index| sets.depth(groups[*index].held));
        let mut order = LockOrder {
            edges: Vec::new(),
            holds: vec![Vec::new(); groups.len()],
            left_out: 0,
        };
        let mut room = max_edges;
        for index in in_parts {
            let depth = sets.depth(groups[index].held);
            match room.checked_sub(depth) {
                Some(left) if order.add(&parts, sets, groups, index) => room = left,
                Some(_) => {}
                None => order.left_out += 1,
            }
        }
        order.edges.sort_unstable();
        order.edges.dedup();
        order
    }

    /// Adds the edges of an acquisition, and tells whether it has any.
    fn add(
        &mut self,
        parts: &Parts,
        sets: &HeldSets,
        groups: &[Acquisition],
        index: usize,
    ) -> bool {
        let acquisition = &groups[index];
        let before = self.edges.len();
        for held in sets.top_down(acquisition.held) {
            // A thread that wants what it holds waits for itself.
            if held.lock != acquisition.wanted && parts.same(held.lock, acquisition.wanted) {
                self.edges.push(Edge {
                    held: held.lock,
                    wanted: acquisition.wanted,
                    site: acquisition.site,
                    acquisition: index as u32,
                });
            }
        }
        if self.edges.len() == before {
            return false;
        }
        let holds = sets.top_down(acquisition.held);
        let mut holds: Vec<_> = holds.map(|held| (held.lock, held.mode)).collect();
        holds.sort_unstable();
        holds.dedup_by_key(|(lock, _)| *lock);
        self.holds[index] = holds;
        true
    }

    /// Locks that an edge leads from, in order.
    pub(super) fn starts(&self) -> impl Iterator<Item = ObjectId> + '_ {
        let by_held = self.edges.chunk_by(|a, b| a.held == b.held);
        by_held.map(|edges| edges[0].held)
    }

    /// The edges from `held`, together by lock wanted and by site.
    pub(super) fn from(&self, held: ObjectId) -> &[Edge] {
        let from = self.edges.partition_point(|edge| edge.held < held);
        let to = self.edges.partition_point(|edge| edge.held <= held);
        &self.edges[from..to]
    }

    /// What the acquisition at `index` holds and how, by lock.
    pub(super) fn holds(&self, index: usize) -> &[(ObjectId, Mode)] {
        &self.holds[index]
    }
}

/// The strongly connected part in which each lock is.
struct Parts {
    part_of: FxHashMap<ObjectId, usize>,
    /// By part, how many locks are in it.
    sizes: Vec<usize>,
}

impl Parts {
    fn of(groups: &[Acquisition], sets: &HeldSets) -> Parts {
        let mut graph: DiGraph<Option<ObjectId>, ()> = DiGraph::new();
        let stacks: Vec<NodeIndex> = sets.stacks().iter().map(|_| graph.add_node(None)).collect();
        let mut locks: FxHashMap<ObjectId, NodeIndex> = FxHashMap::default();
        for (stack, node) in sets.stacks().iter().zip(&stacks) {
            let lock = stack.top.lock;
            let top = *locks
                .entry(lock)
                .or_insert_with(|| graph.add_node(Some(lock)));
            graph.add_edge(top, *node, ());
            if let Some(below) = stack.below {
                graph.add_edge(stacks[below.index()], *node, ());
            }
        }
        for group in groups {
            let wanted = *locks
                .entry(group.wanted)
                .or_insert_with(|| graph.add_node(Some(group.wanted)));
            graph.add_edge(stacks[group.held.index()], wanted, ());
        }
        let mut parts = Parts {
            part_of: FxHashMap::default(),
            sizes: Vec::new(),
        };
        for part in kosaraju_scc(&graph) {
            let locks = part.iter().filter_map(|node| graph[*node]);
            let number = parts.sizes.len();
            parts.part_of.extend(locks.map(|lock| (lock, number)));
            let size = part.iter().filter(|node| graph[**node].is_some()).count();
            parts.sizes.push(size);
        }
        parts
    }

    fn same(&self, one: ObjectId, other: ObjectId) -> bool {
        self.part_of.get(&one) == self.part_of.get(&other)
    }

    /// Whether there are other locks in the part of `lock`.
    fn has_others(&self, lock: ObjectId) -> bool {
        let part = self.part_of.get(&lock);
        part.is_some_and(|part| self.sizes[*part] > 1)
    }
}

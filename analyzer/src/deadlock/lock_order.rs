//! The lock-order graph: an edge from lock A to lock B where a thread that
//! held A acquired B.
//!
//! Only edges within a strongly connected part can be in a cycle. In most
//! programs no part has more than one lock, and the search ends here.
//! (Kosaraju's algorithm and not Tarjan's: petgraph's Tarjan recurses.)

use std::collections::BTreeMap;

use petgraph::algo::kosaraju_scc;
use petgraph::graph::{DiGraph, NodeIndex};
use rustc_hash::FxHashMap;

use hbtrace_traces::id::{ObjectId, SiteId};

use super::acquisition::Acquisition;

/// Acquisitions of one lock-order edge, as indices, by site.
pub(super) type BySite = BTreeMap<SiteId, Vec<usize>>;

/// The edges of the graph that can be in a cycle.
pub(super) struct LockOrder {
    /// By lock held, by lock wanted: the edges within one part.
    pub(super) cyclic: BTreeMap<ObjectId, BTreeMap<ObjectId, BySite>>,
}

impl LockOrder {
    /// The graph of these acquisitions.
    pub(super) fn new(acquisitions: &[Acquisition]) -> LockOrder {
        let graph = graph(acquisitions);
        let mut cyclic: BTreeMap<_, BTreeMap<_, _>> = BTreeMap::new();
        let mut part_of = vec![0; graph.node_count()];
        for (number, part) in kosaraju_scc(&graph).into_iter().enumerate() {
            part.iter().for_each(|node| part_of[node.index()] = number);
        }
        for edge in graph.edge_indices() {
            if let Some((from, to)) = graph.edge_endpoints(edge)
                && part_of[from.index()] == part_of[to.index()]
            {
                let wanted = cyclic.entry(graph[from]).or_default();
                wanted.insert(graph[to], graph[edge].clone());
            }
        }
        LockOrder { cyclic }
    }
}

/// Every lock and every edge.
fn graph(acquisitions: &[Acquisition]) -> DiGraph<ObjectId, BySite> {
    let mut edges: BTreeMap<(ObjectId, ObjectId), BySite> = BTreeMap::new();
    for (index, acquisition) in acquisitions.iter().enumerate() {
        for held in &acquisition.held {
            // A thread that wants what it holds waits for itself.
            if held.lock != acquisition.wanted {
                let by_site = edges.entry((held.lock, acquisition.wanted)).or_default();
                let of_site = by_site.entry(acquisition.site).or_default();
                if of_site.last() != Some(&index) {
                    of_site.push(index);
                }
            }
        }
    }
    let mut graph = DiGraph::new();
    let mut nodes: FxHashMap<ObjectId, NodeIndex> = FxHashMap::default();
    for ((from, to), by_site) in edges {
        let [from, to] =
            [from, to].map(|lock| *nodes.entry(lock).or_insert_with(|| graph.add_node(lock)));
        graph.add_edge(from, to, by_site);
    }
    graph
}

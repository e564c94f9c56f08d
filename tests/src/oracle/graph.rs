//! A graph over lines, and its closure.

/// Edges as rows of bits.
#[derive(Clone, Debug)]
pub(super) struct Graph {
    rows: Vec<Vec<u64>>,
}

impl Graph {
    /// `nodes` nodes and no edge.
    pub(super) fn new(nodes: usize) -> Graph {
        Graph {
            rows: vec![vec![0; nodes.div_ceil(64)]; nodes],
        }
    }

    pub(super) fn add(&mut self, from: usize, to: usize) {
        self.rows[from][to / 64] |= 1 << (to % 64);
    }

    pub(super) fn has(&self, from: usize, to: usize) -> bool {
        self.rows[from][to / 64] >> (to % 64) & 1 == 1
    }

    /// With an edge for every path (Warshall).
    pub(super) fn closed(mut self) -> Graph {
        for middle in 0..self.rows.len() {
            let beyond = self.rows[middle].clone();
            for from in 0..self.rows.len() {
                if self.has(from, middle) {
                    for (bits, more) in self.rows[from].iter_mut().zip(&beyond) {
                        *bits |= more;
                    }
                }
            }
        }
        self
    }
}

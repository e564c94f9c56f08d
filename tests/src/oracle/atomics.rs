//! Synchronises-with of atomics, as C++20 words it.

use super::graph::Graph;
use super::line::Line;

fn releases(order: &str) -> bool {
    matches!(order, "release" | "acqrel" | "seqcst")
}

fn acquires(order: &str) -> bool {
    matches!(order, "acquire" | "acqrel" | "seqcst")
}

/// Whether the line writes the atomic `of`.
fn writes(line: &Line, of: &str) -> bool {
    matches!(line.op.as_str(), "store" | "rmw") && line.arg(0) == of
}

/// Adds the edges of every atomic read.
pub(super) fn edges(lines: &[Line], graph: &mut Graph) {
    for (at, line) in lines.iter().enumerate() {
        if matches!(line.op.as_str(), "load" | "rmw") {
            for head in heads(lines, at) {
                for release in release_sides(lines, head) {
                    for acquire in acquire_sides(lines, at) {
                        graph.add(release, acquire);
                    }
                }
            }
        }
    }
}

/// The writes whose release sequence holds the value that the line reads: the
/// write it reads, and as long as that is a read-modify-write the one before.
fn heads(lines: &[Line], at: usize) -> Vec<usize> {
    let of = lines[at].arg(0);
    let mut heads = Vec::new();
    let mut next = read_from(lines, at);
    while let Some(write) = next {
        heads.push(write);
        next = match lines[write].op.as_str() {
            "rmw" => lines[..write].iter().rposition(|line| writes(line, of)),
            _ => None,
        };
    }
    heads
}

/// The write that a read takes its value from; none for the first value.
fn read_from(lines: &[Line], at: usize) -> Option<usize> {
    let of = lines[at].arg(0);
    match (lines[at].op.as_str(), lines[at].arg(2)) {
        ("load", "0") => None,
        ("load", version) if !version.is_empty() => lines
            .iter()
            .position(|line| writes(line, of) && line.arg(2) == version),
        _ => lines[..at].iter().rposition(|line| writes(line, of)),
    }
}

/// What is released by a write that heads a sequence: the write itself if it
/// releases, and every release fence before it.
fn release_sides(lines: &[Line], write: usize) -> Vec<usize> {
    let fences = (0..write).filter(|at| {
        let line = &lines[*at];
        line.thread == lines[write].thread && line.op == "fence" && releases(line.arg(0))
    });
    let own = releases(lines[write].arg(1)).then_some(write);
    fences.chain(own).collect()
}

/// What acquires by a read: the read itself if it acquires, and every acquire
/// fence behind it.
fn acquire_sides(lines: &[Line], read: usize) -> Vec<usize> {
    let fences = (read + 1..lines.len()).filter(|at| {
        let line = &lines[*at];
        line.thread == lines[read].thread && line.op == "fence" && acquires(line.arg(0))
    });
    let own = acquires(lines[read].arg(1)).then_some(read);
    own.into_iter().chain(fences).collect()
}

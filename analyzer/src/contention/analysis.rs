//! The analysis as a whole.

use hbtrace_traces::trace::Trace;

use super::figures;
use super::model::Model;
use super::path::critical_path;
use super::times::Times;
use crate::finding::Contention;

/// Who waited for whom and what held the run up, from a replayed trace. Empty
/// where the trace has no time.
#[must_use]
pub fn analyze(trace: &Trace) -> Contention {
    let Some(times) = Times::of(trace) else {
        return Contention::default();
    };
    let model = Model::of(trace, &times);
    let path = critical_path(trace, &times, &model);
    figures::contention(trace, &times, model, path)
}

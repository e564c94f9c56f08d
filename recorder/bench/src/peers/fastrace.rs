//! fastrace: a span for each event, under one root span a round.

use fastrace::collector::{Config, Reporter, SpanRecord};
use fastrace::local::LocalSpan;
use fastrace::prelude::{Span, SpanContext};

use crate::operation::{Operation, Outcome, timed};

pub(crate) const OPERATIONS: &[Operation] = &[Operation::new("event", event)];

/// Takes spans and drops them: what comes after recording is not measured.
struct Dropped;

impl Reporter for Dropped {
    fn report(&mut self, _spans: Vec<SpanRecord>) {}
}

pub(crate) fn prepare() {
    fastrace::set_reporter(Dropped, Config::default());
}

#[inline(never)]
fn event(count: u32) -> Outcome {
    let root = Span::root("round", SpanContext::random());
    let _guard = root.set_local_parent();
    timed(100, count, |count| {
        for _ in 0..count {
            let _span = LocalSpan::enter_with_local_parent("access");
        }
    })
}

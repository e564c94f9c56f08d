//! puffin: a scope for each event, a frame a round.

use crate::operation::{Operation, Outcome, timed};

pub(crate) const OPERATIONS: &[Operation] = &[Operation::new("event", event)];

pub(crate) fn prepare() {
    puffin::set_scopes_on(true);
}

#[inline(never)]
fn event(count: u32) -> Outcome {
    let outcome = timed(100, count, |count| {
        for _ in 0..count {
            puffin::profile_scope!("access");
        }
    });
    puffin::GlobalProfiler::lock().new_frame();
    outcome
}

//! Who still waits at the end of a trace, for what, and where.
//!
//! A wait is open if nothing after it in its thread is on what it is for. An
//! arrival at a barrier that is its thread's last word waits too: a text trace
//! need not say `req` before it.

use hbtrace_traces::event::{NO_TIME, SyncEvent};
use hbtrace_traces::id::ThreadId;
use hbtrace_traces::kind::{Effect, Slot};
use hbtrace_traces::trace::Trace;

use super::wait::End;
use super::{Target, lock_names, target_name};
use crate::finding::EndWait;

/// Every open wait, by thread.
pub(super) fn find(trace: &Trace, end: &End) -> Vec<EndWait> {
    let mut open: Vec<Option<(Target, &SyncEvent)>> = vec![None; trace.threads.len()];
    for (thread, wait) in end.waits.open() {
        open[thread.index()] = Some((wait.target, trace.sync(thread, wait.index)));
    }
    let threads = (0..).map(ThreadId).zip(open);
    threads
        .filter_map(|(thread, wait)| {
            let (target, event) = wait.or_else(|| arrival(trace, thread))?;
            Some(EndWait {
                thread: target_name(trace, Target::Thread(thread)),
                object: target_name(trace, target),
                kind: kind_name(trace, target).to_owned(),
                site: trace.site_text(event.site).to_owned(),
                holds: lock_names(trace, end.held.of(thread)),
                since_ns: since(trace, event),
            })
        })
        .collect()
}

/// The arrival that a thread's events end with.
fn arrival(trace: &Trace, thread: ThreadId) -> Option<(Target, &SyncEvent)> {
    let stream = trace.streams.get(thread.index())?;
    let last = stream.sync.last()?;
    let arrives = |effect: &Effect| matches!(effect, Effect::Release(Slot::Generation));
    let is_last_word = last.accesses >= stream.accesses.end();
    (is_last_word && last.effects().iter().any(arrives))
        .then(|| (Target::Lock(last.object_id()), last))
}

fn kind_name(trace: &Trace, target: Target) -> &'static str {
    match target {
        Target::Lock(id) => {
            let object = trace.objects.get(id.index());
            object.map_or("object", |object| object.kind.name())
        }
        Target::Thread(_) => "thread",
    }
}

fn since(trace: &Trace, event: &SyncEvent) -> Option<u64> {
    let (start, _) = trace.info.time?;
    (event.time != NO_TIME).then(|| event.time.saturating_sub(start))
}

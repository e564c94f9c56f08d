//! Waits under way: what begins one, and which event ends it.

use hbtrace_traces::event::SyncEvent;
use hbtrace_traces::id::{ObjectId, SiteId, ThreadId};
use hbtrace_traces::kind::{Effect, Operands, Slot};
use hbtrace_traces::trace::Trace;

use super::strand::Target;

/// A wait under way.
#[derive(Clone, Copy)]
pub(super) struct Pending {
    pub(super) what: Target,
    pub(super) from: u64,
    pub(super) site: SiteId,
    /// For a condition: the lock to have again, and since when it was waited
    /// for, where the trace says so.
    pub(super) lock: Option<ObjectId>,
    pub(super) relocks_from: Option<u64>,
}

impl Pending {
    /// The wait that `event` begins.
    pub(super) fn of(event: &SyncEvent, time: u64) -> Pending {
        let of_condition = event.kind.lock_is_other();
        let what = match event.extra {
            1 if !of_condition => Target::Thread(event.target_thread()),
            _ => Target::Object(event.object_id()),
        };
        Pending {
            what,
            from: time,
            site: event.site,
            lock: of_condition.then_some(ObjectId(event.other)),
            relocks_from: None,
        }
    }

    /// Whether `event` of the waiting thread ends it: it is on what is waited
    /// for.
    pub(super) fn ends_with(&self, thread: ThreadId, event: &SyncEvent) -> bool {
        let begins = event.effects().contains(&Effect::WaitBegin);
        if begins {
            return false;
        }
        let cancels = event.effects().contains(&Effect::WaitCancel);
        if self.lock.is_some() && !cancels && !event.kind.lock_is_other() {
            return false;
        }
        match event.kind.operands() {
            Operands::Thread => self.what == Target::Thread(event.target_thread()),
            Operands::None => {
                let takes_token = event.effects().contains(&Effect::Acquire(Slot::Token));
                takes_token && self.what == Target::Thread(thread)
            }
            Operands::Waitable if event.extra == 1 => {
                self.what == Target::Thread(event.target_thread())
            }
            Operands::ConditionLock => {
                let lock = Target::Object(Trace::lock_of(event));
                [Target::Object(event.object_id()), lock].contains(&self.what)
            }
            Operands::Label | Operands::Order => false,
            _ => self.what == Target::Object(event.object_id()),
        }
    }
}

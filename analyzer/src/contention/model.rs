//! The waiting model: what every thread did at every time, and which event
//! ended each wait.
//!
//! One walk over the replayed order. A wait lasts from the event that begins
//! it to the thread's next event on what it waits for; a blocking step without
//! such a beginning did not wait. The event that ended it is the latest of
//! those that the ending event comes after (see [`edges`]), if it lies within
//! the wait; otherwise the wait was not anybody's doing.
//!
//! A wait for a condition is two: for the notification, and then for the lock.
//! Notifications publish nothing, so replay may place them anywhere: they are
//! looked up by time.

use hbtrace_traces::event::SyncEvent;
use hbtrace_traces::id::{ObjectId, SiteId, ThreadId};
use hbtrace_traces::kind::{Effect, Slot};
use hbtrace_traces::trace::{Step, Trace};

use super::edges::{self, Slots};
use super::notifications::Notifications;
use super::pending::Pending;
use super::strand::{Hold, State, Strand, Target, Wait, Waker};
use super::tally::Tallies;
use super::times::Times;

/// What all threads did.
pub(super) struct Model {
    /// By thread.
    pub(super) strands: Vec<Strand>,
    /// By object.
    pub(super) tallies: Tallies,
}

impl Model {
    /// Walks the replayed order of `trace`.
    pub(super) fn of(trace: &Trace, times: &Times) -> Model {
        let threads = trace.threads.len();
        let mut walk = Walk {
            trace,
            times,
            strands: (0..threads).map(|_| Strand::new()).collect(),
            begun: vec![false; threads],
            pending: vec![None; threads],
            tallies: Tallies::new(trace.objects.len()),
            slots: Slots::new(trace, None),
            notifications: Notifications::of(trace, times),
            step: 0,
        };
        for (step, what) in trace.steps.iter().enumerate() {
            walk.step = step as u64;
            match *what {
                Step::Sync { thread, index } => walk.sync(thread, index),
                Step::Accesses { thread, .. } => walk.accesses(thread),
            }
        }
        walk.finish();
        Model {
            strands: walk.strands,
            tallies: walk.tallies,
        }
    }
}

struct Walk<'a> {
    trace: &'a Trace,
    times: &'a Times,
    strands: Vec<Strand>,
    begun: Vec<bool>,
    pending: Vec<Option<Pending>>,
    tallies: Tallies,
    slots: Slots<Option<Waker>>,
    notifications: Notifications,
    step: u64,
}

impl Walk<'_> {
    fn sync(&mut self, thread: ThreadId, index: u32) {
        let event = self.trace.sync(thread, index);
        let time = self.times.at(thread, index);
        self.begin(thread, None);
        let waited = match self.pending[thread.index()] {
            Some(pending) if pending.ends_with(thread, event) => {
                self.pending[thread.index()] = None;
                self.end_wait(thread, index, time, pending);
                Some((pending, time))
            }
            _ => None,
        };
        self.count(event, waited);
        for effect in event.effects() {
            self.apply(thread, index, time, *effect);
        }
        let here = Waker {
            time,
            step: self.step,
            thread,
            after: index + 1,
        };
        self.publish(thread, event, here);
        let strand = &mut self.strands[thread.index()];
        strand.last = (time.max(strand.last.0), self.step);
    }

    fn accesses(&mut self, thread: ThreadId) {
        self.begin(thread, None);
        self.strands[thread.index()].last.1 = self.step;
        if self.trace.streams[thread.index()].sync.is_empty() {
            let time = self.times.span(thread).map_or(0, |(_, last)| last);
            let end = Waker {
                time,
                step: self.step,
                thread,
                after: 0,
            };
            self.slots.set(edges::end_of(thread), Some(end));
        }
    }

    /// The thread counts from its creation on, or from its first event.
    fn begin(&mut self, thread: ThreadId, parent: Option<(u64, ThreadId, u32, SiteId)>) {
        if std::mem::replace(&mut self.begun[thread.index()], true) {
            return;
        }
        let strand = &mut self.strands[thread.index()];
        match parent {
            Some((time, parent, after, site)) => strand.begin(time, Some((parent, after)), site),
            None => {
                let span = self.times.span(thread);
                let first = self.trace.streams[thread.index()].sync.first();
                let site = first.map_or(SiteId::UNKNOWN, |event| event.site);
                strand.begin(span.map_or(self.times.run.0, |span| span.0), None, site);
            }
        }
    }

    fn apply(&mut self, thread: ThreadId, index: u32, time: u64, effect: Effect) {
        let event = self.trace.sync(thread, index);
        match effect {
            Effect::Release(Slot::Start) => {
                let child = event.target_thread();
                if child.index() < self.strands.len() {
                    self.begin(child, Some((time, thread, index + 1, event.site)));
                }
            }
            Effect::Take(_) => self.take(thread, index, time),
            Effect::Drop(_) => self.drop(thread, index, time),
            Effect::WaitBegin => self.begin_wait(thread, event, time),
            Effect::Outside => {
                self.settle(thread, time);
                self.strands[thread.index()].leave(event.site);
            }
            Effect::Inside => {
                self.settle(thread, time);
                let strand = &mut self.strands[thread.index()];
                strand.enter();
                strand.runs_at(event.site);
            }
            _ => {}
        }
    }

    fn take(&mut self, thread: ThreadId, index: u32, time: u64) {
        let event = self.trace.sync(thread, index);
        let lock = Trace::lock_of(event);
        self.settle(thread, time);
        self.tallies.take(lock, thread);
        self.strands[thread.index()].holds.push(Hold {
            lock,
            site: event.site,
            since: time,
            since_range: self.times.range(thread, index),
        });
    }

    fn drop(&mut self, thread: ThreadId, index: u32, time: u64) {
        let event = self.trace.sync(thread, index);
        let holder = Trace::holder_of(event, thread);
        if !self.begun.get(holder.index()).is_some_and(|begun| *begun) {
            return;
        }
        self.settle(holder, time);
        let range = self.times.range(thread, index);
        let strand = &mut self.strands[holder.index()];
        if let Some(hold) = strand.drop_hold(Trace::lock_of(event)) {
            self.tallies.hold(holder, &hold, time, range);
        }
        if holder == thread {
            strand.runs_at(event.site);
        }
    }

    /// Closes the span of the state that lasted until now.
    fn settle(&mut self, thread: ThreadId, time: u64) {
        let strand = &mut self.strands[thread.index()];
        match self.pending[thread.index()] {
            Some(wait) => strand.advance_waiting(time, State::Waiting, wait.what, wait.site),
            None => strand.advance(time),
        }
    }

    fn begin_wait(&mut self, thread: ThreadId, event: &SyncEvent, time: u64) {
        let wait = Pending::of(event, time);
        if let Some(pending) = &mut self.pending[thread.index()] {
            if pending.what == wait.what {
                return;
            }
            if pending.lock.is_some() && pending.lock == wait.what.object() {
                pending.relocks_from = Some(time);
                return;
            }
            let given_up = *pending;
            self.settle(thread, time);
            self.attempt(given_up.what, Some(time.saturating_sub(given_up.from)));
        }
        self.settle(thread, time);
        self.pending[thread.index()] = Some(wait);
    }

    fn end_wait(&mut self, thread: ThreadId, index: u32, until: u64, pending: Pending) {
        let event = self.trace.sync(thread, index);
        let mut last: Option<Waker> = None;
        edges::acquired(thread, event, |key| last = last.max(self.slots.get(key)));
        let wait = Wait {
            from: pending.from,
            until,
            what: pending.what,
            site: pending.site,
            after: index + 1,
            waker: last,
        };
        match pending.lock {
            Some(lock) => self.end_condition(thread, wait, lock, pending.relocks_from),
            None => self.record(thread, wait),
        }
    }

    /// First the notification, then the lock.
    fn end_condition(
        &mut self,
        thread: ThreadId,
        wait: Wait,
        lock: ObjectId,
        relocks_from: Option<u64>,
    ) {
        let limit = (relocks_from.unwrap_or(wait.until), self.step);
        let notified = self
            .notifications
            .last_before(wait.what, thread, limit)
            .filter(|notification| notification.time > wait.from);
        let relocks_from = relocks_from.or_else(|| {
            let from = notified?.time;
            wait.waker.filter(|released| released.time > from)?;
            Some(from)
        });
        let until = relocks_from.unwrap_or(wait.until);
        self.record(
            thread,
            Wait {
                until,
                waker: notified,
                ..wait
            },
        );
        let relock = Wait {
            from: until,
            what: Target::Object(lock),
            ..wait
        };
        if relocks_from.is_some() {
            self.record(thread, relock);
        }
        let waited = relocks_from.map(|from| wait.until.saturating_sub(from));
        self.tallies.attempt(lock, waited);
    }

    /// Puts a wait and its span where they belong.
    fn record(&mut self, thread: ThreadId, wait: Wait) {
        let is_cause = |waker: &Waker| {
            waker.time > wait.from && waker.time <= wait.until && waker.thread != thread
        };
        let wait = Wait {
            waker: wait.waker.filter(is_cause),
            ..wait
        };
        let state = match wait.waker {
            None if self.may_time_out(thread, &wait) => State::TimedOut,
            _ => State::Waiting,
        };
        let strand = &mut self.strands[thread.index()];
        strand.advance_waiting(wait.until, state, wait.what, wait.site);
        if wait.from < wait.until {
            strand.waits.push(wait);
            self.wait_at(wait.what, wait.site, wait.until - wait.from);
        }
    }

    fn wait_at(&mut self, what: Target, site: SiteId, length: u64) {
        if let Target::Object(object) = what {
            let sites = &mut self.tallies.wait_sites;
            let of_site = sites.entry((object, site)).or_insert(0);
            *of_site = of_site.saturating_add(length);
        }
    }

    /// Whether a wait that nobody ended is as good as a sleep: the thread gave
    /// up, or waited for a condition or its own token.
    fn may_time_out(&self, thread: ThreadId, wait: &Wait) -> bool {
        let end = self.trace.sync(thread, wait.after - 1);
        let condition = end.kind.lock_is_other() && wait.what == Target::Object(end.object_id());
        condition
            || wait.what == Target::Thread(thread)
            || end.effects().contains(&Effect::WaitCancel)
    }

    /// Counts what the event acquired, and the wait that it ended.
    fn count(&mut self, event: &SyncEvent, waited: Option<(Pending, u64)>) {
        if let Some((pending, until)) = waited {
            let until = pending.relocks_from.unwrap_or(until);
            self.attempt(pending.what, Some(until.saturating_sub(pending.from)));
            return;
        }
        let of_object = |effect: &Effect| match effect {
            Effect::Acquire(slot) => {
                !matches!(slot, Slot::Start | Slot::End | Slot::Token | Slot::Life)
            }
            _ => false,
        };
        if event.effects().iter().any(of_object) {
            self.tallies.attempt(Trace::lock_of(event), None);
        }
    }

    fn attempt(&mut self, what: Target, waited: Option<u64>) {
        if let Target::Object(object) = what {
            self.tallies.attempt(object, waited);
        }
    }

    fn publish(&mut self, thread: ThreadId, event: &SyncEvent, here: Waker) {
        let slots = &mut self.slots;
        edges::released(thread, event, |key| {
            slots.set(key, slots.get(key).max(Some(here)));
        });
        if here.after as usize == self.trace.streams[thread.index()].sync.len() {
            let end = self.times.span(thread).map_or(here.time, |span| span.1);
            let ended = Waker { time: end, ..here };
            slots.set(edges::end_of(thread), Some(ended));
        }
    }

    fn finish(&mut self) {
        for thread in (0..self.strands.len()).map(|thread| ThreadId(thread as u32)) {
            self.begin(thread, None);
            let end = self.times.span(thread).map_or(0, |span| span.1);
            let strand = &mut self.strands[thread.index()];
            strand.last.0 = strand.last.0.max(end);
            let last = strand.last.0;
            if let Some(pending) = self.pending[thread.index()] {
                self.settle(thread, self.times.run.1);
                let waited = self.times.run.1.saturating_sub(pending.from);
                self.attempt(pending.what, Some(waited));
                self.wait_at(pending.what, pending.site, waited);
            } else if strand.is_outside() {
                strand.advance(self.times.run.1);
            } else {
                strand.advance(last);
            }
            self.finish_holds(thread);
        }
    }

    /// What is held at the end was held to the end of the thread.
    fn finish_holds(&mut self, thread: ThreadId) {
        let strand = &mut self.strands[thread.index()];
        let until = strand.cursor();
        let events = self.trace.streams[thread.index()].sync.len() as u32;
        let ended_by_event = events > 0 && self.times.at(thread, events - 1) == until;
        let range = match ended_by_event {
            true => self.times.range(thread, events - 1),
            false => (until, until),
        };
        for hold in std::mem::take(&mut strand.holds) {
            self.tallies.hold(thread, &hold, until, range);
        }
    }
}

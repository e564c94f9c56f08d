//! Numbers the holds of locks, and refuses what no lock allows.
//!
//! A lock counts the exclusive holds that have ended; a hold's events bear
//! that count as it was when the hold began. Inner pairs of a re-entrant lock
//! get no number. What was held before a `cut` may have been dropped unseen:
//! such a hold gives way to the next, and its end is accepted as well.

use rustc_hash::FxHashMap;

use super::fault::Fault;
use super::named::Named;
use crate::event::{NO_NUMBER, NONE, SyncEvent};
use crate::kind::Kind;

/// A hold, exclusive or shared.
#[derive(Clone, Copy)]
struct Hold {
    thread: u32,
    depth: u32,
    /// Shared holds that the thread has taken within its exclusive one.
    inner_reads: u32,
    /// Cuts before it began.
    cuts: u32,
}

#[derive(Default)]
struct Lock {
    writer: Option<Hold>,
    readers: Vec<Hold>,
    /// Exclusive holds that have ended.
    ended: u64,
    /// Cuts before the last exclusive hold began: since then, who holds it is
    /// known.
    known_since: u32,
}

/// A thread that waits for a condition, and what it let go of.
struct Waiting {
    condition: u32,
    lock: u32,
    depth: u32,
}

/// All locks of a trace.
#[derive(Default)]
pub(super) struct Locks {
    locks: FxHashMap<u32, Lock>,
    waiting: FxHashMap<u32, Waiting>,
    cuts: u32,
}

impl Locks {
    /// From here on, what was open is no longer certain.
    pub(super) fn cut(&mut self) {
        self.cuts += 1;
    }

    /// Numbers an event of a lock or a condition's lock.
    pub(super) fn step(
        &mut self,
        thread: u32,
        event: &mut SyncEvent,
        named: &Named<'_>,
    ) -> Result<(), Fault> {
        let id = if event.kind.lock_is_other() {
            event.other
        } else {
            event.object
        };
        let lock = self.locks.entry(id).or_default();
        let mut at = At {
            lock,
            thread,
            cuts: self.cuts,
            id,
            named,
        };
        event.number = match event.kind {
            Kind::Wait => {
                let (number, depth) = at.wait()?;
                let waiting = Waiting {
                    condition: event.object,
                    lock: id,
                    depth,
                };
                self.waiting.insert(thread, waiting);
                number
            }
            Kind::Woken => {
                let waiting = self.waiting.remove(&thread);
                at.woken(event.object, waiting)?
            }
            _ => at.simple(event)?,
        };
        Ok(())
    }
}

/// A step of a thread at a lock.
struct At<'a> {
    lock: &'a mut Lock,
    thread: u32,
    cuts: u32,
    id: u32,
    named: &'a Named<'a>,
}

impl At<'_> {
    /// A step of no condition variable.
    fn simple(&mut self, event: &SyncEvent) -> Result<u64, Fault> {
        match event.kind {
            Kind::Acq => self.acquire(1),
            Kind::ReadAcq => self.acquire_shared(),
            Kind::ReadRel => self.release_shared(),
            Kind::Downgrade => self.downgrade(),
            _ => {
                if event.other != NONE {
                    self.thread = event.other;
                }
                self.release()
            }
        }
    }

    fn acquire(&mut self, depth: u32) -> Result<u64, Fault> {
        match &mut self.lock.writer {
            Some(hold) if hold.thread == self.thread => {
                hold.depth += 1;
                return Ok(NO_NUMBER);
            }
            Some(hold) if hold.cuts == self.cuts => {
                let holder = hold.thread;
                return Err(self.held_by(holder));
            }
            Some(_) => self.end_exclusive(),
            None => {}
        }
        self.forget_readers_before_cut();
        if let Some(reader) = self.lock.readers.first() {
            return Err(self.held_by(reader.thread));
        }
        self.lock.known_since = self.cuts;
        self.lock.writer = Some(self.hold(depth));
        Ok(self.lock.ended)
    }

    fn acquire_shared(&mut self) -> Result<u64, Fault> {
        match &mut self.lock.writer {
            Some(hold) if hold.thread == self.thread => {
                hold.inner_reads += 1;
                return Ok(NO_NUMBER);
            }
            Some(hold) if hold.cuts == self.cuts => {
                let holder = hold.thread;
                return Err(self.held_by(holder));
            }
            Some(_) => self.end_exclusive(),
            None => {}
        }
        if let Some(hold) = self.reader() {
            hold.depth += 1;
            return Ok(NO_NUMBER);
        }
        let hold = self.hold(1);
        self.lock.readers.push(hold);
        Ok(self.lock.ended)
    }

    /// Lets go of the lock, of all its depth.
    fn wait(&mut self) -> Result<(u64, u32), Fault> {
        let depth = self.lock.writer.map_or(1, |hold| hold.depth);
        Ok((self.release_all()?, depth))
    }

    fn woken(&mut self, condition: u32, waiting: Option<Waiting>) -> Result<u64, Fault> {
        let depth = match waiting {
            Some(wait) if wait.condition == condition && wait.lock == self.id => wait.depth,
            None if self.cuts > 0 => 1,
            _ => return Err(self.not_waiting(condition)),
        };
        self.acquire(depth)
    }

    fn release(&mut self) -> Result<u64, Fault> {
        match &mut self.lock.writer {
            Some(hold) if hold.thread == self.thread && hold.depth > 1 => {
                hold.depth -= 1;
                Ok(NO_NUMBER)
            }
            Some(hold) if hold.thread == self.thread && hold.inner_reads > 0 => {
                Err(self.still_shared())
            }
            _ => self.release_all(),
        }
    }

    /// Ends an exclusive hold, whatever its depth.
    fn release_all(&mut self) -> Result<u64, Fault> {
        match self.lock.writer {
            Some(hold) if hold.thread == self.thread => {}
            _ if self.lock.known_since < self.cuts => {}
            _ => return Err(self.not_held("")),
        }
        let number = self.lock.ended;
        self.end_exclusive();
        Ok(number)
    }

    fn release_shared(&mut self) -> Result<u64, Fault> {
        if let Some(hold) = &mut self.lock.writer
            && hold.thread == self.thread
            && hold.inner_reads > 0
        {
            hold.inner_reads -= 1;
            return Ok(NO_NUMBER);
        }
        let unsure = self.lock.known_since < self.cuts;
        match self.reader() {
            Some(hold) if hold.depth > 1 => {
                hold.depth -= 1;
                return Ok(NO_NUMBER);
            }
            Some(_) => {
                let thread = self.thread;
                self.lock.readers.retain(|hold| hold.thread != thread);
            }
            None if unsure => {}
            None => return Err(self.not_held("shared")),
        }
        Ok(self.lock.ended)
    }

    fn downgrade(&mut self) -> Result<u64, Fault> {
        let inner = match self.lock.writer {
            Some(hold) if hold.thread == self.thread && hold.depth == 1 => hold.inner_reads,
            Some(hold) if hold.thread == self.thread => return Err(self.downgrade_within()),
            _ => 0,
        };
        let number = self.release_all()?;
        let hold = self.hold(inner + 1);
        self.lock.readers.push(hold);
        Ok(number)
    }

    fn hold(&self, depth: u32) -> Hold {
        Hold {
            thread: self.thread,
            depth,
            inner_reads: 0,
            cuts: self.cuts,
        }
    }

    fn reader(&mut self) -> Option<&mut Hold> {
        let thread = self.thread;
        self.lock
            .readers
            .iter_mut()
            .find(|hold| hold.thread == thread)
    }

    fn end_exclusive(&mut self) {
        self.lock.writer = None;
        self.lock.ended += 1;
    }

    fn forget_readers_before_cut(&mut self) {
        let cuts = self.cuts;
        self.lock.readers.retain(|hold| hold.cuts == cuts);
    }

    fn held_by(&self, holder: u32) -> Fault {
        let (lock, thread) = (self.named.object(self.id), self.named.thread(self.thread));
        if holder == self.thread {
            return Fault::impossible(format!(
                "found an exclusive acquire of `{lock}` by {thread}, which holds it shared, expected `rrel({lock})` first"
            ));
        }
        let holder = self.named.thread(holder);
        Fault::impossible(format!(
            "found {thread} acquiring `{lock}`, expected {holder}, which holds it, to release it first"
        ))
    }

    fn not_held(&self, how: &str) -> Fault {
        let (lock, thread) = (self.named.object(self.id), self.named.thread(self.thread));
        let how = if how.is_empty() {
            String::new()
        } else {
            format!(" {how}")
        };
        let holder = match (self.lock.writer, self.lock.readers.first()) {
            (Some(hold), _) => format!("{} holds it", self.named.thread(hold.thread)),
            (None, Some(hold)) => format!("{} holds it shared", self.named.thread(hold.thread)),
            (None, None) => "nobody holds it".to_owned(),
        };
        Fault::impossible(format!(
            "found the release of `{lock}`, expected {thread} to hold it{how}, but {holder}"
        ))
    }

    fn still_shared(&self) -> Fault {
        let lock = self.named.object(self.id);
        Fault::impossible(format!(
            "found the release of `{lock}` with a shared hold within it, expected `rrel({lock})` before or `downgrade({lock})` instead"
        ))
    }

    fn downgrade_within(&self) -> Fault {
        let lock = self.named.object(self.id);
        Fault::impossible(format!(
            "found a downgrade of `{lock}` within an inner hold, expected the inner hold to end first"
        ))
    }

    fn not_waiting(&self, condition: u32) -> Fault {
        let (lock, thread) = (self.named.object(self.id), self.named.thread(self.thread));
        let condition = self.named.object(condition);
        Fault::impossible(format!(
            "found `woken`, expected `wait({condition},{lock})` by {thread} above"
        ))
    }
}

//! Numbers barriers, once cells and everything that counts, and refuses
//! returns that nothing enabled.

use rustc_hash::FxHashMap;

use super::fault::Fault;
use super::named::Named;
use crate::event::{NO_NUMBER, SyncEvent};
use crate::kind::Kind;

#[derive(Default)]
struct Barrier {
    generation: u64,
    arrived: u64,
}

#[derive(Default)]
struct Count {
    /// Posts, count-downs, releases, initialisations.
    given: u64,
    /// Returns from a semaphore.
    taken: u64,
}

/// All objects that threads meet at.
#[derive(Default)]
pub(super) struct Meetings {
    barriers: FxHashMap<u32, Barrier>,
    /// Generation of the arrival that a thread has not departed from.
    arrivals: FxHashMap<(u32, u32), u64>,
    counts: FxHashMap<u32, Count>,
    cut: bool,
}

impl Meetings {
    /// From here on, what was open is no longer certain.
    pub(super) fn cut(&mut self) {
        self.cut = true;
    }

    /// Numbers an event of such an object.
    pub(super) fn step(
        &mut self,
        thread: u32,
        event: &mut SyncEvent,
        named: &Named<'_>,
    ) -> Result<(), Fault> {
        match event.kind {
            Kind::Arrive => self.arrive(thread, event, named),
            Kind::Depart => self.depart(thread, event, named),
            kind => {
                let count = self.counts.entry(event.object).or_default();
                let gives = matches!(
                    kind,
                    Kind::SemPost | Kind::WgDone | Kind::Release | Kind::OnceDone
                );
                count.given += u64::from(gives);
                event.number = count.given;
                match kind {
                    Kind::OnceDone => event.number = count.given - 1,
                    Kind::OnceGet => {
                        event.number = once_seen(count.given, self.cut, event, named)?;
                    }
                    Kind::SemWait => count.take(self.cut, event, named)?,
                    _ => {}
                }
                Ok(())
            }
        }
    }

    fn arrive(
        &mut self,
        thread: u32,
        event: &mut SyncEvent,
        named: &Named<'_>,
    ) -> Result<(), Fault> {
        let Some(parties) = named.declared(event.object) else {
            let name = named.object(event.object);
            return Err(Fault::impossible(format!(
                "found `arrive({name})`, expected a line `barrier({name},n)` that tells how many it waits for"
            )));
        };
        let barrier = self.barriers.entry(event.object).or_default();
        event.number = barrier.generation;
        let old = self.arrivals.insert((thread, event.object), event.number);
        if old == Some(event.number) && !self.cut {
            let name = named.object(event.object);
            return Err(Fault::impossible(format!(
                "found `arrive({name})`, expected `depart({name})` of the same thread first"
            )));
        }
        barrier.arrived += 1;
        if barrier.arrived >= parties {
            *barrier = Barrier {
                generation: barrier.generation + 1,
                arrived: 0,
            };
        }
        Ok(())
    }

    fn depart(
        &mut self,
        thread: u32,
        event: &mut SyncEvent,
        named: &Named<'_>,
    ) -> Result<(), Fault> {
        let name = named.object(event.object);
        let Some(generation) = self.arrivals.remove(&(thread, event.object)) else {
            return void_after_cut(self.cut, event, || {
                format!(
                    "found `depart({name})`, expected `arrive({name})` of the same thread above"
                )
            });
        };
        let barrier = self.barriers.entry(event.object).or_default();
        if generation >= barrier.generation {
            let arrived = barrier.arrived;
            let parties = named.declared(event.object).unwrap_or_default();
            return void_after_cut(self.cut, event, || {
                format!(
                    "found `depart({name})` with {arrived} arrivals, expected all {parties} above"
                )
            });
        }
        event.number = generation;
        Ok(())
    }
}

impl Count {
    fn take(&mut self, cut: bool, event: &SyncEvent, named: &Named<'_>) -> Result<(), Fault> {
        self.taken += 1;
        let Some(initial) = named.declared(event.object) else {
            return Ok(());
        };
        if self.taken > initial.saturating_add(self.given) && !cut {
            self.taken -= 1;
            let name = named.object(event.object);
            return Err(Fault::impossible(format!(
                "found `sem_wait({name})` returning at a count of 0, expected a `sem_post({name})` above"
            )));
        }
        Ok(())
    }
}

/// The generation that a caller of a once cell has seen.
fn once_seen(given: u64, cut: bool, event: &SyncEvent, named: &Named<'_>) -> Result<u64, Fault> {
    match given.checked_sub(1) {
        Some(generation) => Ok(generation),
        None if cut => Ok(NO_NUMBER),
        None => {
            let name = named.object(event.object);
            Err(Fault::impossible(format!(
                "found `once_get({name})`, expected `once_done({name})` above"
            )))
        }
    }
}

/// What it returns from was lost before a cut: it has no consequence.
fn void_after_cut(
    cut: bool,
    event: &mut SyncEvent,
    message: impl FnOnce() -> String,
) -> Result<(), Fault> {
    event.number = NO_NUMBER;
    if cut {
        Ok(())
    } else {
        Err(Fault::impossible(message()))
    }
}

//! What is let go although it waits: what is open across a cut, threads that
//! have all come to their cut, writes whose order nothing agrees on. And the
//! event to blame where nothing can be.

use super::need::Need;
use super::stuck::Stuck;
use super::walk::Walk;
use crate::id::ThreadId;
use crate::kind::Kind;

impl Walk<'_> {
    /// Everything before a cut goes before it: what waits for something behind
    /// it is open across the cut, and is let go. Says whether it let one go.
    pub(super) fn open_across_cut(&mut self, stamp: u64) -> bool {
        let Some(cut) = self.cuts.last().copied().filter(|cut| stamp >= *cut) else {
            return false;
        };
        let before = |thread: &u32| {
            self.blocked[*thread as usize]
                .is_some()
                .then(|| self.next(*thread))
                .flatten()
        };
        let least = (0..self.cursors.len() as u32)
            .filter_map(|thread| Some((before(&thread)?.0, thread)))
            .min()
            .filter(|(stamp, _)| *stamp < cut);
        match least {
            Some((_, thread)) => {
                self.blocked[thread as usize] = None;
                self.run(thread, true);
                true
            }
            None => {
                self.cuts.pop();
                false
            }
        }
    }

    /// Nothing can go on: threads that have come to their cut pass it. Says
    /// whether there were any.
    pub(super) fn pass_cut(&mut self) -> bool {
        let at_cut = |blocked: &Option<Need>| *blocked == Some(Need::Cut);
        let threads: Vec<u32> = (0..)
            .zip(&self.blocked)
            .filter_map(|(thread, blocked)| at_cut(blocked).then_some(thread))
            .collect();
        for &thread in &threads {
            self.blocked[thread as usize] = None;
            self.sync(thread);
        }
        for &thread in &threads {
            self.queue(thread);
        }
        !threads.is_empty()
    }

    /// Nothing can go on: lets a write or the life of a block go out of turn.
    /// Says whether there was one.
    pub(super) fn unblock(&mut self) -> bool {
        let is = |thread: &u32, kinds: &[Kind]| {
            let turn = matches!(self.blocked[*thread as usize], Some(Need::Turn(_)));
            turn && self
                .event(*thread)
                .is_some_and(|event| kinds.contains(&event.kind))
        };
        let threads = 0..self.cursors.len() as u32;
        let soft = [&[Kind::Store][..], &[Kind::Alloc, Kind::Free], &[Kind::Rmw]]
            .iter()
            .find_map(|kinds| threads.clone().find(|thread| is(thread, kinds)));
        if let Some(thread) = soft {
            self.blocked[thread as usize] = None;
            self.run(thread, true);
        }
        soft.is_some()
    }

    /// The event to blame: one that waits for what is not in the trace, else
    /// the one that stood first.
    pub(super) fn find_stuck(&self) -> Stuck {
        let missing = |need: &Need| matches!(need, Need::Missing(..));
        let stuck = (0..self.cursors.len() as u32)
            .filter_map(|thread| {
                let need = self.blocked[thread as usize]?;
                let stamp = self.next(thread).map_or(0, |(stamp, _)| stamp);
                Some((!missing(&need), stamp, thread, need))
            })
            .min_by_key(|(present, stamp, thread, _)| (*present, *stamp, *thread));
        let (_, stamp, thread, need) = stuck.expect("a thread is blocked");
        let index = self.cursors[thread as usize].sync;
        Stuck {
            thread: ThreadId(thread),
            index,
            stamp,
            need,
        }
    }
}

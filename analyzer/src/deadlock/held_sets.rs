//! The stacks of locks that threads held, each kept once.
//!
//! Locks are taken one upon the other, so a stack is kept as its topmost lock
//! and the stack below it. A thread that nests n locks makes n stacks, which
//! take memory for n locks and not for n * n.

use rustc_hash::FxHashMap;

use hbtrace_traces::id::ThreadId;

use crate::held::Held;

/// A stack of held locks.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) struct HeldSet(u32);

/// A stack: its topmost lock, on what it lies, and how many locks that makes.
#[derive(Clone, Copy)]
pub(super) struct Stack {
    pub(super) below: Option<HeldSet>,
    pub(super) top: Held,
    pub(super) depth: usize,
}

/// All stacks that were met.
pub(super) struct HeldSets {
    stacks: Vec<Stack>,
    known: FxHashMap<(Option<HeldSet>, Held), HeldSet>,
    /// By thread, the last one met and all below it, lowest first.
    last: Vec<Vec<HeldSet>>,
}

impl HeldSet {
    /// Its place in [`HeldSets::stacks`].
    pub(super) fn index(self) -> usize {
        self.0 as usize
    }
}

impl HeldSets {
    /// None yet, of `threads` threads.
    pub(super) fn new(threads: usize) -> HeldSets {
        HeldSets {
            stacks: Vec::new(),
            known: FxHashMap::default(),
            last: vec![Vec::new(); threads],
        }
    }

    /// The stack of what `thread` holds; `None` if that is nothing.
    pub(super) fn intern(&mut self, thread: ThreadId, held: &[Held]) -> Option<HeldSet> {
        let last = &mut self.last[thread.index()];
        let same = last.iter().zip(held);
        let same = same.take_while(|(set, held)| self.stacks[set.index()].top == **held);
        let same = same.count();
        last.truncate(same);
        for top in &held[same..] {
            let below = last.last().copied();
            let stacks = &mut self.stacks;
            let depth = last.len() + 1;
            let top = *top;
            let set = *self.known.entry((below, top)).or_insert_with(|| {
                stacks.push(Stack { below, top, depth });
                HeldSet(stacks.len() as u32 - 1)
            });
            last.push(set);
        }
        last.last().copied()
    }

    /// All stacks; what lies below one comes before it.
    pub(super) fn stacks(&self) -> &[Stack] {
        &self.stacks
    }

    /// How many locks lie in `set`.
    pub(super) fn depth(&self, set: HeldSet) -> usize {
        self.stacks[set.index()].depth
    }

    /// The locks of `set`, the last one taken first.
    pub(super) fn top_down(&self, set: HeldSet) -> impl Iterator<Item = Held> + '_ {
        let top = self.stacks[set.index()];
        let below = |stack: &Stack| stack.below.map(|set| self.stacks[set.index()]);
        std::iter::successors(Some(top), below).map(|stack| stack.top)
    }

    /// The locks of `set`, in the order they were taken.
    pub(super) fn held(&self, set: HeldSet) -> Vec<Held> {
        let mut held: Vec<Held> = self.top_down(set).collect();
        held.reverse();
        held
    }
}

//! Threads that unpack blocks before they are asked for.
//!
//! Whoever walks a trace in its order asks for one block after the other, and
//! several who walk it together all want the same one next. So when a block is
//! first used, those that follow it in the file and hold the same sort of
//! events are asked for here. A wish that finds no room is dropped: nothing
//! rests on it. The threads start with the first wish and end with the blocks.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{Builder, JoinHandle, available_parallelism};

/// Wishes that may wait.
const WISHES: usize = 64;
/// More threads than this are of no use: unpacking is faster than analysing.
const THREADS_MAX: usize = 4;

/// The threads.
#[derive(Debug)]
pub(super) struct Ahead {
    /// Until it is dropped.
    wishes: Option<SyncSender<u32>>,
    threads: Vec<JoinHandle<()>>,
}

impl Ahead {
    /// Threads that `unpack` the blocks whose numbers are wished for; none
    /// where the system has only one processor or refuses them.
    pub(super) fn start(unpack: impl Fn(u32) + Send + Sync + 'static) -> Ahead {
        let (sender, receiver) = sync_channel(WISHES);
        let receiver = Arc::new(Mutex::new(receiver));
        let unpack = Arc::new(unpack);
        let processors = available_parallelism().map_or(1, usize::from);
        let threads = 1..processors.min(THREADS_MAX + 1);
        let start = |_| {
            let (receiver, unpack) = (Arc::clone(&receiver), Arc::clone(&unpack));
            let work = move || {
                while let Some(number) = next(&receiver) {
                    unpack(number);
                }
            };
            Builder::new().name("unpack".to_owned()).spawn(work).ok()
        };
        Ahead {
            wishes: Some(sender),
            threads: threads.filter_map(start).collect(),
        }
    }

    /// Asks for a block.
    pub(super) fn wish(&self, number: u32) {
        if let Some(wishes) = self.wishes.as_ref().filter(|_| !self.threads.is_empty()) {
            // What finds no room is unpacked when it is asked for.
            let _ = wishes.try_send(number);
        }
    }
}

fn next(receiver: &Mutex<Receiver<u32>>) -> Option<u32> {
    let receiver = receiver.lock().unwrap_or_else(PoisonError::into_inner);
    receiver.recv().ok()
}

impl Drop for Ahead {
    fn drop(&mut self) {
        self.wishes = None;
        for thread in self.threads.drain(..) {
            // A thread that panicked has nothing to give.
            let _ = thread.join();
        }
    }
}

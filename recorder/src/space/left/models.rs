//! What ending threads leave: each chunk is gone on in by one thread, behind
//! what the one before wrote there.
#![allow(unsafe_code)] // The birth of chunks, and cells that loom checks.

use loom::cell::UnsafeCell;
use loom::sync::Arc;
use loom::thread;

use super::*;

const SIZE: usize = 4096;

struct Store {
    left: LeftBehind,
    /// Stands for the chunks' words, by their offsets.
    words: [UnsafeCell<usize>; 2],
}

impl Store {
    fn write(&self, chunk: &Chunk, used: usize) {
        let words = &self.words[chunk.offset() as usize / SIZE];
        // SAFETY: the chunk's owner writes. Loom checks that it is alone.
        words.with_mut(|words| unsafe {
            assert_eq!(*words, used);
            *words += 8;
        });
    }

    /// A short thread: it goes on where another one left, or begins.
    fn live(&self, fresh: Chunk) {
        let taken = self.left.take(StreamKind::Sync);
        let left = taken.unwrap_or(Left {
            chunk: fresh,
            used: 0,
        });
        self.write(&left.chunk, left.used);
        let left = Left {
            used: left.used + 8,
            ..left
        };
        assert!(self.left.put(StreamKind::Sync, left).is_none());
    }
}

fn chunk(number: u64) -> Chunk {
    let base = std::ptr::without_provenance_mut(SIZE);
    // SAFETY: nobody touches its memory, which it does not have.
    unsafe { Chunk::new(base, number * SIZE as u64, SIZE) }
}

#[test]
fn each_left_chunk_is_gone_on_in_by_one_thread() {
    loom::model(|| {
        let store = Arc::new(Store {
            left: LeftBehind::new(),
            words: [(); 2].map(|()| UnsafeCell::new(0)),
        });
        let threads = [0, 1].map(|number| {
            let store = store.clone();
            thread::spawn(move || store.live(chunk(number)))
        });
        for thread in threads {
            thread.join().expect("no law is broken");
        }
        let left: Vec<Left> = std::iter::from_fn(|| store.left.take(StreamKind::Sync)).collect();
        let used: usize = left.iter().map(|left| left.used).sum();
        assert_eq!(used, 16, "both threads' words are there");
    });
}

//! The pool of a flight recording: a chunk has one owner at a time, is zero
//! when it is drawn, and the mark of what is gone is raised before that.
#![allow(unsafe_code)] // Cells that loom checks.

use loom::cell::UnsafeCell;
use loom::sync::Arc;
use loom::thread;

use super::*;

struct Store {
    pool: Pool,
    /// What stands for the chunks' payloads: when they were written.
    payload: [UnsafeCell<u64>; 2],
    evicted: AtomicU64,
}

impl Store {
    fn new() -> Arc<Store> {
        let store = Store {
            pool: Pool::new(LEAST),
            payload: [(); 2].map(|()| UnsafeCell::new(0)),
            evicted: AtomicU64::new(0),
        };
        store.pool.grow(0, 2);
        store.pool.ends(0);
        // Touches what the threads share. Relaxed: nobody else has it yet.
        store.evicted.load(Ordering::Relaxed);
        store.pool.drawn();
        assert!(store.pool.ready.draw().is_none());
        Arc::new(store)
    }

    fn payload(&self, at: u64) -> &UnsafeCell<u64> {
        &self.payload[(at / self.pool.chunk) as usize]
    }

    /// As [`Space::evict`].
    fn evict(&self, closed: &Closed) {
        // Release: as the header's.
        let before = self.evicted.fetch_max(closed.ticks, Ordering::Release);
        assert!(before <= closed.ticks, "the oldest first");
    }

    /// As [`Space::wiped`].
    fn wiped(&self, closed: &Closed) -> u64 {
        self.payload(closed.at).with_mut(|payload| {
            // SAFETY: it is in none of the lists. Loom checks that it is alone.
            let payload = unsafe { &mut *payload };
            assert!((1..=closed.ticks).contains(payload), "closed after that");
            *payload = 0;
        });
        closed.at
    }

    /// As [`Space::draw_pooled`].
    fn draw(&self) -> Option<u64> {
        let ready = self.pool.ready.draw();
        ready.or_else(|| match self.pool.next(|closed| self.evict(closed)) {
            Next::Fresh(at) => Some(at),
            Next::Closed(closed) => Some(self.wiped(&closed)),
            Next::Grow => None,
            Next::Claimed(_) | Next::Lent => unreachable!("the pool is complete"),
        })
    }

    /// As [`Space::prepare_pooled`]: the helper does.
    fn prepare(&self) {
        if let Some(closed) = self.pool.oldest(|closed| self.evict(closed)) {
            self.pool.ready.put(self.wiped(&closed));
        }
    }

    /// A thread draws a chunk, writes it and closes it.
    fn fill(&self) -> bool {
        let Some(at) = self.draw() else { return false };
        self.payload(at).with_mut(|payload| {
            // SAFETY: it was drawn. Loom checks that nobody else has it.
            let payload = unsafe { &mut *payload };
            assert_eq!(*payload, 0, "what is drawn is zero");
            *payload = ticks::now();
        });
        self.pool.put_closed(at, 8, 0);
        true
    }
}

#[test]
fn chunks_have_one_owner_and_are_zero_when_drawn() {
    loom::model(|| {
        let store = Store::new();
        assert!(store.fill());
        let threads = [(); 2].map(|()| {
            let store = store.clone();
            thread::spawn(move || store.fill())
        });
        store.prepare();
        let filled = threads.map(|thread| thread.join().expect("no law is broken"));
        assert!(filled.contains(&true));
    });
}

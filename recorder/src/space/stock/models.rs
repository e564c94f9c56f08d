//! The stock of strides that are ready: each is drawn once, in the order in
//! which they were put, with all that the helper did to it before.

use loom::cell::UnsafeCell;
use loom::sync::Arc;
use loom::thread;

use super::*;

/// Two places, so that the third stride lies where the first one lay.
const PLACES: usize = 2;
const STRIDES: u64 = 3;

struct Store {
    stock: Stock,
    /// What stands for a stride's bytes. Loom sees to it that each touch of one
    /// comes after the one before.
    strides: [UnsafeCell<u64>; STRIDES as usize],
}

fn store() -> Arc<Store> {
    let store = Store {
        stock: Stock::new(PLACES),
        strides: [(); STRIDES as usize].map(|()| UnsafeCell::new(0)),
    };
    assert!(!store.stock.is_full() && store.stock.draw().is_none());
    Arc::new(store)
}

impl Store {
    /// The helper makes a stride ready.
    #[allow(unsafe_code, reason = "loom checks that it is alone")]
    fn put(&self, stride: u64) {
        // SAFETY: nobody has the stride before it is put.
        self.strides[stride as usize].with_mut(|bytes| unsafe { *bytes = stride + 1 });
        self.stock.put(stride);
    }

    /// A thread draws one and writes there.
    #[allow(unsafe_code, reason = "loom checks that it is alone")]
    fn draw(&self) -> Option<u64> {
        let stride = self.stock.draw()?;
        self.strides[stride as usize].with_mut(|bytes| {
            // SAFETY: it was drawn, so nobody else has it.
            let bytes = unsafe { &mut *bytes };
            assert_eq!(*bytes, stride + 1, "it is ready, and was drawn once");
            *bytes = 0;
        });
        Some(stride)
    }
}

#[test]
fn each_stride_is_drawn_once_and_is_ready() {
    loom::model(|| {
        let store = store();
        store.put(0);
        store.put(1);
        let threads = [(); 2].map(|()| {
            let store = store.clone();
            thread::spawn(move || [store.draw(), store.draw()])
        });
        if !store.stock.is_full() {
            store.put(2);
        }
        let drawn = threads.map(|thread| thread.join().expect("no law is broken"));
        let mut all: Vec<_> = drawn.into_iter().flatten().flatten().collect();
        all.extend(std::iter::from_fn(|| store.draw()));
        all.sort_unstable();
        assert!(all == [0, 1] || all == [0, 1, 2], "{all:?}");
    });
}

#[test]
fn strides_are_drawn_in_the_order_in_which_they_were_put() {
    loom::model(|| {
        let store = store();
        let helper = {
            let store = store.clone();
            thread::spawn(move || {
                for stride in 0..STRIDES {
                    if store.stock.is_full() {
                        break;
                    }
                    store.put(stride);
                }
            })
        };
        let drawn: Vec<_> = [store.draw(), store.draw(), store.draw()]
            .into_iter()
            .flatten()
            .collect();
        let expected: Vec<u64> = (0..drawn.len() as u64).collect();
        assert_eq!(drawn, expected);
        helper.join().expect("no law is broken");
    });
}

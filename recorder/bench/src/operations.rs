//! The operations of one thread that std and the mirrors both have. This file
//! is part of two modules (see [`flavour`](crate::flavour)), which differ in
//! what `sync` and `thread` are.

use std::hint::black_box;

use super::sync::atomic::{AtomicPtr, AtomicU32, AtomicU64, Ordering};
use super::sync::{Mutex, OnceLock, RwLock, mpsc};
use super::thread;
use crate::opaque::{settle, use_it};
use crate::operation::{Operation, Outcome, timed};

/// Operations before the timed ones.
const WARM: u32 = 1_000;

/// All of them.
pub(crate) const OPERATIONS: &[Operation] = &[
    Operation::new("mutex", mutex),
    Operation::new("rwlock-read", rwlock_read),
    Operation::new("rwlock-write", rwlock_write),
    Operation::new("u32-load", u32_load),
    Operation::new("u32-load-again", u32_load_again),
    Operation::new("u32-load-many", u32_load_many),
    Operation::new("u32-store", u32_store),
    Operation::new("u32-add", u32_add),
    Operation::new("u64-load", u64_load),
    Operation::new("u64-store", u64_store),
    Operation::new("u64-add", u64_add),
    Operation::new("pointer-load", pointer_load),
    Operation::new("pointer-store", pointer_store),
    Operation::new("pointer-swap", pointer_swap),
    Operation::new("once-get", once_get),
    Operation::new("channel", channel),
    Operation::new("channel-bounded", channel_bounded),
    Operation::new("spawn-join", spawn_join),
];

/// Times an operation, which gets the number of its turn.
#[inline(always)]
fn each(count: u32, mut operation: impl FnMut(u32)) -> Outcome {
    timed(WARM, count, |count| {
        for number in 0..count {
            operation(number);
        }
    })
}

#[inline(never)]
fn mutex(count: u32) -> Outcome {
    let mutex = Mutex::new(0_u64);
    each(count, |_| {
        *mutex.lock().expect("nothing panics") += 1;
    })
}

#[inline(never)]
fn rwlock_read(count: u32) -> Outcome {
    let lock = RwLock::new(0_u64);
    each(count, |_| {
        black_box(*lock.read().expect("nothing panics"));
    })
}

#[inline(never)]
fn rwlock_write(count: u32) -> Outcome {
    let lock = RwLock::new(0_u64);
    each(count, |_| {
        *lock.write().expect("nothing panics") += 1;
    })
}

#[inline(never)]
fn u32_load(count: u32) -> Outcome {
    let (one, other) = (AtomicU32::new(1), AtomicU32::new(2));
    settle(&(&one, &other));
    timed(WARM, count, |count| {
        for _ in 0..count / 2 {
            use_it(one.load(Ordering::Acquire).into());
            use_it(other.load(Ordering::Acquire).into());
        }
    })
}

#[inline(never)]
fn u32_load_again(count: u32) -> Outcome {
    let atomic = AtomicU32::new(1);
    settle(&atomic);
    each(count, |_| {
        use_it(atomic.load(Ordering::Acquire).into());
    })
}

/// More than a thread remembers, so that each load is recorded.
#[inline(never)]
fn u32_load_many(count: u32) -> Outcome {
    let atomics: [AtomicU32; 32] = std::array::from_fn(|n| AtomicU32::new(n as u32));
    settle(&atomics);
    timed(WARM, count, |count| {
        for _ in 0..count / 32 {
            for atomic in &atomics {
                use_it(atomic.load(Ordering::Acquire).into());
            }
        }
    })
}

#[inline(never)]
fn u32_store(count: u32) -> Outcome {
    let atomic = AtomicU32::new(1);
    settle(&atomic);
    each(count, |number| {
        atomic.store(number, Ordering::Release);
        settle(&atomic);
    })
}

#[inline(never)]
fn u32_add(count: u32) -> Outcome {
    let atomic = AtomicU32::new(1);
    settle(&atomic);
    each(count, |_| {
        use_it(atomic.fetch_add(1, Ordering::AcqRel).into());
    })
}

#[inline(never)]
fn u64_load(count: u32) -> Outcome {
    let (one, other) = (AtomicU64::new(1), AtomicU64::new(2));
    settle(&(&one, &other));
    timed(WARM, count, |count| {
        for _ in 0..count / 2 {
            use_it(one.load(Ordering::Acquire));
            use_it(other.load(Ordering::Acquire));
        }
    })
}

#[inline(never)]
fn u64_store(count: u32) -> Outcome {
    let atomic = AtomicU64::new(1);
    settle(&atomic);
    each(count, |number| {
        atomic.store(number.into(), Ordering::Release);
        settle(&atomic);
    })
}

#[inline(never)]
fn u64_add(count: u32) -> Outcome {
    let atomic = AtomicU64::new(1);
    settle(&atomic);
    each(count, |_| {
        use_it(atomic.fetch_add(1, Ordering::AcqRel));
    })
}

#[inline(never)]
fn pointer_load(count: u32) -> Outcome {
    let mut target = 1_u64;
    let (one, other) = (
        AtomicPtr::new(&raw mut target),
        AtomicPtr::new(&raw mut target),
    );
    settle(&(&one, &other));
    timed(WARM, count, |count| {
        for _ in 0..count / 2 {
            use_it(one.load(Ordering::Acquire).addr() as u64);
            use_it(other.load(Ordering::Acquire).addr() as u64);
        }
    })
}

#[inline(never)]
fn pointer_store(count: u32) -> Outcome {
    let mut targets = [1_u64; 2];
    let targets = targets.as_mut_ptr();
    let atomic = AtomicPtr::new(targets);
    settle(&atomic);
    timed(WARM, count, |count| {
        for number in 0..count as usize {
            atomic.store(targets.wrapping_add(number & 1), Ordering::Release);
            settle(&atomic);
        }
    })
}

#[inline(never)]
fn pointer_swap(count: u32) -> Outcome {
    let mut targets = [1_u64; 2];
    let targets = targets.as_mut_ptr();
    let atomic = AtomicPtr::new(targets);
    settle(&atomic);
    timed(WARM, count, |count| {
        for number in 0..count as usize {
            let old = atomic.swap(targets.wrapping_add(number & 1), Ordering::AcqRel);
            use_it(old.addr() as u64);
        }
    })
}

#[inline(never)]
fn once_get(count: u32) -> Outcome {
    let cell = OnceLock::from(1_u64);
    each(count, |_| {
        black_box(cell.get());
    })
}

#[inline(never)]
fn channel(count: u32) -> Outcome {
    let (sender, receiver) = mpsc::channel();
    each(count, |number| {
        sender.send(number).expect("the receiver is there");
        black_box(receiver.recv().expect("it was sent"));
    })
}

#[inline(never)]
fn channel_bounded(count: u32) -> Outcome {
    let (sender, receiver) = mpsc::sync_channel(1);
    each(count, |number| {
        sender.send(number).expect("the receiver is there");
        black_box(receiver.recv().expect("it was sent"));
    })
}

#[inline(never)]
fn spawn_join(count: u32) -> Outcome {
    timed(2, count, |count| {
        for _ in 0..count {
            thread::spawn(|| ()).join().expect("nothing panics");
        }
    })
}

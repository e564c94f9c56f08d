//! One body of tests for std's atomics and for the mirrors; the mirrors' a
//! second time while they record.
#![cfg(feature = "record")]

use std::panic::{RefUnwindSafe, UnwindSafe, catch_unwind};
use std::process::Command;
use std::ptr;

use Ordering::{AcqRel, Acquire, Relaxed, Release, SeqCst};
use hbtrace_recorder::sync::atomic::Ordering;
use hbtrace_traces::read;

const LOADS: [Ordering; 3] = [Relaxed, Acquire, SeqCst];
const STORES: [Ordering; 3] = [Relaxed, Release, SeqCst];
const ALL: [Ordering; 5] = [Relaxed, Acquire, Release, AcqRel, SeqCst];

macro_rules! integer_tests {
    ($path:path, $($test:ident $name:ident $value:ident;)*) => {$(
        #[test]
        fn $test() {
            use $path::*;

            fn as_sharable_as_std<T: Send + Sync + Unpin + UnwindSafe + RefUnwindSafe>() {}
            as_sharable_as_std::<$name>();

            static STATIC: $name = $name::new(7);
            const { assert!($name::new(7).into_inner() == 7) };
            assert_eq!(STATIC.swap(8, SeqCst), 7);
            assert_eq!(STATIC.load(SeqCst), 8);
            assert_eq!($name::default().into_inner(), 0);
            assert_eq!($name::from(9).into_inner(), 9);
            assert_eq!(format!("{:?}", $name::new(5)), "5");
            assert_eq!(format!("{:#x?}", $name::new(5)), "0x5");

            let mut atomic = $name::new($value::MIN);
            for order in LOADS {
                assert_eq!(atomic.load(order), $value::MIN);
            }
            for order in STORES {
                atomic.store($value::MAX, order);
            }
            assert_eq!(atomic.load(Relaxed), $value::MAX);
            *atomic.get_mut() = 3;
            assert_eq!(atomic.load(Relaxed), 3);
            *atomic.get_mut() += 1;
            for order in ALL {
                assert_eq!(atomic.swap(6, order), 4);
                assert_eq!(atomic.fetch_add($value::MAX, order), 6);
                assert_eq!(atomic.load(Relaxed), (6 as $value).wrapping_add($value::MAX));
                assert_eq!(atomic.fetch_sub($value::MAX, order), (6 as $value).wrapping_add($value::MAX));
                assert_eq!(atomic.fetch_and(0b101, order), 6);
                assert_eq!(atomic.fetch_or(0b010, order), 0b100);
                assert_eq!(atomic.fetch_xor(0b011, order), 0b110);
                assert_eq!(atomic.fetch_nand(0b100, order), 0b101);
                assert_eq!(atomic.swap(50, order), !0b100);
                assert_eq!(atomic.fetch_max(60, order), 50);
                assert_eq!(atomic.fetch_max(1, order), 60);
                assert_eq!(atomic.fetch_min(70, order), 60);
                assert_eq!(atomic.fetch_min(4, order), 60);
                assert_eq!(atomic.load(Relaxed), 4);
            }
            for success in ALL {
                for failure in LOADS {
                    assert_eq!(atomic.compare_exchange(9, 10, success, failure), Err(4));
                    assert_eq!(atomic.compare_exchange_weak(9, 10, success, failure), Err(4));
                    assert_eq!(atomic.compare_exchange(4, 10, success, failure), Ok(4));
                    while atomic.compare_exchange_weak(10, 4, success, failure).is_err() {}
                    assert_eq!(atomic.load(Relaxed), 4);
                }
            }
            assert_eq!(atomic.fetch_update(AcqRel, Acquire, |old| Some(old + 1)), Ok(4));
            assert_eq!(atomic.fetch_update(AcqRel, Acquire, |_| None), Err(5));
            assert_eq!(atomic.try_update(Relaxed, Relaxed, |old| old.checked_add(1)), Ok(5));
            assert_eq!(atomic.try_update(SeqCst, SeqCst, |_| None), Err(6));
            assert_eq!(atomic.update(Release, Relaxed, |old| old * 2), 6);
            assert_eq!(atomic.into_inner(), 12);
        }
    )*};
}

mod std_integers {
    use super::*;

    integer_tests! { std::sync::atomic,
        i8 AtomicI8 i8;
        i16 AtomicI16 i16;
        i32 AtomicI32 i32;
        i64 AtomicI64 i64;
        isize AtomicIsize isize;
        u8 AtomicU8 u8;
        u16 AtomicU16 u16;
        u32 AtomicU32 u32;
        u64 AtomicU64 u64;
        usize AtomicUsize usize;
    }
}

mod mirrored_integers {
    use super::*;

    integer_tests! { hbtrace_recorder::sync::atomic,
        i8 AtomicI8 i8;
        i16 AtomicI16 i16;
        i32 AtomicI32 i32;
        i64 AtomicI64 i64;
        isize AtomicIsize isize;
        u8 AtomicU8 u8;
        u16 AtomicU16 u16;
        u32 AtomicU32 u32;
        u64 AtomicU64 u64;
        usize AtomicUsize usize;
    }
}

/// The message that a panic in `f` bears.
fn panic_of(f: impl FnOnce() + UnwindSafe) -> String {
    let payload = catch_unwind(f).expect_err("it should panic");
    match payload.downcast::<&'static str>() {
        Ok(text) => (*text).to_owned(),
        Err(payload) => *payload.downcast::<String>().expect("a message"),
    }
}

macro_rules! other_tests {
    ($module:ident, $path:path) => {
        mod $module {
            use super::*;
            use $path::*;

            #[test]
            fn bool() {
                static STATIC: AtomicBool = AtomicBool::new(true);
                const { assert!(AtomicBool::new(true).into_inner()) };
                assert!(STATIC.swap(false, SeqCst));
                assert!(!AtomicBool::default().into_inner());
                assert!(AtomicBool::from(true).into_inner());
                assert_eq!(format!("{:?}", AtomicBool::new(true)), "true");
                let mut atomic = AtomicBool::new(false);
                *atomic.get_mut() = true;
                for order in ALL {
                    assert!(atomic.fetch_and(false, order));
                    assert!(!atomic.fetch_or(true, order));
                    assert!(atomic.fetch_xor(true, order));
                    assert!(!atomic.fetch_nand(true, order));
                    assert!(atomic.fetch_not(order));
                    assert!(!atomic.swap(true, order));
                }
                for order in STORES {
                    atomic.store(true, order);
                }
                assert_eq!(
                    atomic.compare_exchange(false, true, AcqRel, Relaxed),
                    Err(true)
                );
                assert_eq!(
                    atomic.compare_exchange(true, false, AcqRel, Relaxed),
                    Ok(true)
                );
                while atomic
                    .compare_exchange_weak(false, true, AcqRel, Relaxed)
                    .is_err()
                {}
                assert_eq!(
                    atomic.fetch_update(SeqCst, SeqCst, |old| Some(!old)),
                    Ok(true)
                );
                assert_eq!(atomic.try_update(SeqCst, SeqCst, |_| None), Err(false));
                assert!(!atomic.update(SeqCst, SeqCst, |old| !old));
                assert!(atomic.load(Acquire));
            }

            #[test]
            fn pointer() {
                static STATIC: AtomicPtr<u64> = AtomicPtr::new(ptr::null_mut());
                assert!(STATIC.load(SeqCst).is_null());
                assert!(AtomicPtr::<u64>::default().into_inner().is_null());
                let mut values = [1_u64, 2, 3, 4];
                let first: *mut u64 = values.as_mut_ptr();
                let mut atomic = AtomicPtr::from(first);
                assert_eq!(format!("{atomic:?}"), format!("{first:?}"));
                assert_eq!(format!("{atomic:p}"), format!("{first:p}"));
                assert_eq!(atomic.load(Relaxed), first);
                let second = first.wrapping_add(1);
                assert_eq!(
                    atomic.compare_exchange(second, first, AcqRel, Acquire),
                    Err(first)
                );
                assert_eq!(
                    atomic.compare_exchange(first, second, AcqRel, Acquire),
                    Ok(first)
                );
                assert_eq!(*atomic.get_mut(), second);
                *atomic.get_mut() = first;
                assert_eq!(atomic.swap(second, SeqCst), first);
                assert_eq!(atomic.fetch_ptr_add(2, Relaxed), second);
                assert_eq!(atomic.fetch_ptr_sub(1, Relaxed), first.wrapping_add(3));
                assert_eq!(atomic.fetch_byte_sub(8, Relaxed), first.wrapping_add(2));
                assert_eq!(atomic.fetch_byte_add(16, Relaxed), second);
                assert_eq!(atomic.fetch_or(1, Relaxed), first.wrapping_add(3));
                assert_eq!(atomic.fetch_xor(1, Relaxed).addr() & 1, 1);
                assert_eq!(atomic.fetch_and(!7, Relaxed), first.wrapping_add(3));
                atomic.store(first, Release);
                assert_eq!(
                    atomic.fetch_update(SeqCst, SeqCst, |old| Some(old.wrapping_add(1))),
                    Ok(first)
                );
                assert_eq!(atomic.try_update(SeqCst, SeqCst, |_| None), Err(second));
                assert_eq!(atomic.update(SeqCst, SeqCst, |_| first), second);
                assert_eq!(
                    atomic.compare_exchange_weak(second, first, SeqCst, Relaxed),
                    Err(first)
                );
                // Shared between threads, whatever it points to.
                fn shared<T: Send + Sync + Unpin + UnwindSafe + RefUnwindSafe>(_: &T) {}
                shared(&atomic);
            }

            #[test]
            fn fences() {
                for order in [Acquire, Release, AcqRel, SeqCst] {
                    fence(order);
                    compiler_fence(order);
                }
                let relaxed = std::hint::black_box(Relaxed);
                assert!(panic_of(move || fence(relaxed)).contains("relaxed fence"));
            }

            #[test]
            fn impossible_orderings_panic() {
                static ATOMIC: AtomicU32 = AtomicU32::new(0);
                let load = |order| panic_of(move || assert_eq!(ATOMIC.load(order), 0));
                assert!(load(Release).contains("release load"));
                assert!(load(AcqRel).contains("acquire-release load"));
                let store = |order| panic_of(move || ATOMIC.store(1, order));
                assert!(store(Acquire).contains("acquire store"));
                assert!(store(AcqRel).contains("acquire-release store"));
                let exchange = |order| {
                    panic_of(move || assert!(ATOMIC.compare_exchange(0, 1, SeqCst, order).is_ok()))
                };
                assert!(exchange(Release).contains("release failure ordering"));
                assert!(exchange(AcqRel).contains("acquire-release failure ordering"));
                assert_eq!(ATOMIC.load(SeqCst), 0);
            }

            #[test]
            fn no_update_is_lost() {
                const THREADS: u64 = 4;
                const ROUNDS: u64 = 2_000;
                let sum = AtomicU64::new(0);
                let largest = AtomicI64::new(i64::MIN);
                let exchanged = AtomicUsize::new(0);
                std::thread::scope(|scope| {
                    for thread in 0..THREADS {
                        let (sum, largest, exchanged) = (&sum, &largest, &exchanged);
                        scope.spawn(move || {
                            for round in 0..ROUNDS {
                                sum.fetch_add(round, Relaxed);
                                largest.fetch_max((thread * ROUNDS + round) as i64, Relaxed);
                                exchanged.update(Relaxed, Relaxed, |old| old + 1);
                            }
                        });
                    }
                });
                assert_eq!(sum.load(Relaxed), THREADS * (ROUNDS * (ROUNDS - 1) / 2));
                assert_eq!(largest.load(Relaxed), (THREADS * ROUNDS - 1) as i64);
                assert_eq!(exchanged.load(Relaxed), (THREADS * ROUNDS) as usize);
            }
        }
    };
}

other_tests!(std_others, std::sync::atomic);
other_tests!(mirrored_others, hbtrace_recorder::sync::atomic);

#[test]
fn every_mirror_passes_while_it_records() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("run.trace");
    let output = Command::new(std::env::current_exe().unwrap())
        .arg("mirrored_")
        .env("HBTRACE_OUT", &path)
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stdout)
    );
    let trace = read::open(&path, read::Options::default()).unwrap();
    assert!(trace.info.complete && trace.info.lost_events == 0);
    assert!(trace.sync_events() > 10_000);
}

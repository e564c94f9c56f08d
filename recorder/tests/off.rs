//! With the feature off the mirrors are std's own types.
#![cfg(not(feature = "record"))]
// What an `UnsafeCell` is for.
#![allow(unsafe_code)]

use std::any::TypeId;

use hbtrace_recorder::cell::{Tracked, UnsafeCell, With};
use hbtrace_recorder::{Named, Token, acquire, alloc, free, name, outside, read, release, span};

macro_rules! same_types {
    ($([$($path:tt)*])*) => {$(
        assert_eq!(
            TypeId::of::<hbtrace_recorder::$($path)*>(),
            TypeId::of::<std::$($path)*>(),
            "{}", stringify!($($path)*)
        );
    )*};
}

#[test]
fn mirrors_are_the_types_of_std() {
    same_types! {
        [sync::Mutex<u8>]
        [sync::MutexGuard<'static, u8>]
        [sync::RwLock<u8>]
        [sync::RwLockReadGuard<'static, u8>]
        [sync::RwLockWriteGuard<'static, u8>]
        [sync::Condvar]
        [sync::WaitTimeoutResult]
        [sync::Barrier]
        [sync::BarrierWaitResult]
        [sync::Once]
        [sync::OnceState]
        [sync::OnceLock<u8>]
        [sync::LazyLock<u8>]
        [sync::Arc<u8>]
        [sync::Weak<u8>]
        [sync::PoisonError<u8>]
        [sync::TryLockError<u8>]
        [sync::mpsc::Sender<u8>]
        [sync::mpsc::SyncSender<u8>]
        [sync::mpsc::Receiver<u8>]
        [sync::mpsc::Iter<'static, u8>]
        [sync::mpsc::TryIter<'static, u8>]
        [sync::mpsc::IntoIter<u8>]
        [sync::mpsc::SendError<u8>]
        [sync::mpsc::TrySendError<u8>]
        [sync::mpsc::RecvError]
        [sync::mpsc::TryRecvError]
        [sync::mpsc::RecvTimeoutError]
        [sync::atomic::AtomicBool]
        [sync::atomic::AtomicI8]
        [sync::atomic::AtomicI16]
        [sync::atomic::AtomicI32]
        [sync::atomic::AtomicI64]
        [sync::atomic::AtomicIsize]
        [sync::atomic::AtomicU8]
        [sync::atomic::AtomicU16]
        [sync::atomic::AtomicU32]
        [sync::atomic::AtomicU64]
        [sync::atomic::AtomicUsize]
        [sync::atomic::AtomicPtr<u8>]
        [sync::atomic::Ordering]
        [thread::Thread]
        [thread::ThreadId]
        [thread::Builder]
        [thread::JoinHandle<u8>]
        [thread::Scope<'static, 'static>]
        [thread::ScopedJoinHandle<'static, u8>]
        [thread::LocalKey<u8>]
        [thread::AccessError]
        [cell::UnsafeCell<u8>]
        [cell::Cell<u8>]
        [cell::RefCell<u8>]
        [cell::OnceCell<u8>]
    }
}

#[test]
fn mirrors_are_the_functions_of_std() {
    let ours: fn(std::sync::atomic::Ordering) = hbtrace_recorder::sync::atomic::fence;
    ours(std::sync::atomic::Ordering::SeqCst);
    let thread: std::thread::JoinHandle<u8> = hbtrace_recorder::thread::spawn(|| 1);
    assert_eq!(thread.join().unwrap(), 1);
}

#[test]
fn what_is_told_comes_to_nothing() {
    static TOKEN: Token = Token::new();
    static TRACKED: Tracked<u32> = Tracked::new(1);
    let cell = UnsafeCell::new(1).named("cell");
    name(&TRACKED, "tracked");
    release(&TOKEN);
    acquire(&TOKEN);
    let bytes = [0_u8; 8];
    alloc(bytes.as_ptr(), bytes.len());
    read(bytes.as_ptr(), bytes.len());
    hbtrace_recorder::write(bytes.as_ptr(), bytes.len());
    free(bytes.as_ptr(), bytes.len());
    let _outside = outside("disk");
    let _span = span("request");
    TRACKED.update(|value| value + 1);
    // SAFETY: only this thread has the cell, and no reference to its value.
    let value = cell.with_mut(|value| unsafe { value.replace(2) });
    assert_eq!((TRACKED.get(), value, cell.into_inner()), (2, 1, 2));
}

#[test]
fn a_session_starts_and_leaves_no_file() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("run.trace");
    let session = hbtrace_recorder::record(&path)
        .time_all(true)
        .start()
        .unwrap();
    assert_eq!(session.path(), path);
    session.stop();
    assert!(!path.exists());
}

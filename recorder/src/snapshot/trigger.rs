//! What takes snapshots by itself: a signal, a panic.
//!
//! **The signal.** Its handler counts up a number, wakes the snapshot thread, and
//! calls the handler that was there before; all of that may be done within a
//! signal handler. The thread sleeps on that number (a futex), blocks all
//! signals itself, and takes one snapshot for as many signals as came while it
//! took the one before. It exists only where a signal was chosen. A handler that
//! the service installs later for the same signal replaces ours, unless it calls
//! it. After a fork the child has no such thread, and records nothing.
//!
//! **A panic.** A hook takes the snapshot on the thread that panics, after the
//! hook that was there before. A hook that the service sets later replaces it,
//! unless it calls it. (Set yours before the first mirror is used.)
#![allow(unsafe_code)] // Signals, and waiting as the kernel offers it.

use std::mem;
use std::ptr;

use crate::error;
use crate::primitive::{AtomicI32, AtomicU32, AtomicUsize, Ordering};
use crate::shared;
use crate::state;
use crate::triggers::Triggers;

/// Signals so far.
static ASKED: AtomicU32 = AtomicU32::new(0);
/// The handler that was there before, and its flags.
static BEFORE: AtomicUsize = AtomicUsize::new(libc::SIG_IGN);
static BEFORE_FLAGS: AtomicI32 = AtomicI32::new(0);

/// Sets up what is wanted. Says what could not be.
pub(crate) fn arm(triggers: Triggers) {
    if triggers.panic && !std::thread::panicking() {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            before(info);
            super::take_numbered(triggers.most);
        }));
    }
    if let Some(signal) = triggers.signal {
        let most = triggers.most;
        let waiter = spawn("hbtrace-snapshot", move || wait_and_take(most));
        let armed = waiter.and_then(|()| handle(signal));
        if let Err(error) = armed {
            error::tell(&format!(
                "signal {signal} can't take snapshots: {error}; the program goes on"
            ));
        }
    }
    if let Some((keep, shared)) = triggers.rotate.zip(shared::get())
        && let Err(error) = spawn("hbtrace-rotate", move || super::rotate::run(shared, keep))
    {
        error::tell(&format!(
            "can't rotate: {error}; the recording goes on without"
        ));
    }
}

/// Starts a thread of the recorder's, on which no handler of the service runs.
fn spawn(name: &str, run: impl FnOnce() + Send + 'static) -> std::io::Result<()> {
    // SAFETY: sets of signals that are filled before they are used. The mask of
    // this thread is the old one again at the end.
    let (mut all, mut before) = unsafe { (mem::zeroed(), mem::zeroed()) };
    // SAFETY: as above.
    unsafe {
        libc::sigfillset(&mut all);
        libc::pthread_sigmask(libc::SIG_SETMASK, &all, &mut before);
    }
    let thread = std::thread::Builder::new()
        .name(name.to_owned())
        .stack_size(512 << 10)
        .spawn(run);
    // SAFETY: as above.
    unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, &before, ptr::null_mut()) };
    thread.map(drop)
}

fn wait_and_take(most: u32) {
    let mut seen = 0;
    loop {
        // Relaxed: a count; what the signal is about is not in memory.
        let asked = ASKED.load(Ordering::Relaxed);
        if asked != seen {
            seen = asked;
            super::take_numbered(most);
            continue;
        }
        if !state::is_live() {
            return;
        }
        // SAFETY: a word that lives for ever. That it returns early is as good
        // as a wake.
        unsafe {
            libc::syscall(
                libc::SYS_futex,
                ASKED.as_ptr(),
                libc::FUTEX_WAIT | libc::FUTEX_PRIVATE_FLAG,
                asked,
                ptr::null::<libc::timespec>(),
            )
        };
    }
}

/// Installs the handler.
fn handle(signal: i32) -> std::io::Result<()> {
    // SAFETY: plain data; a handler that does what handlers may do, and that
    // lives as long as the process.
    let installed = unsafe {
        let (mut ours, mut before): (libc::sigaction, libc::sigaction) =
            (mem::zeroed(), mem::zeroed());
        ours.sa_sigaction = handler as *const () as usize;
        ours.sa_flags = libc::SA_SIGINFO | libc::SA_RESTART | libc::SA_ONSTACK;
        libc::sigemptyset(&mut ours.sa_mask);
        // What was there is known before the handler can run.
        libc::sigaction(signal, ptr::null(), &mut before);
        // Relaxed: stored before the release that follows.
        BEFORE_FLAGS.store(before.sa_flags, Ordering::Relaxed);
        // Release: with the acquire of the handler.
        BEFORE.store(before.sa_sigaction, Ordering::Release);
        libc::sigaction(signal, &ours, ptr::null_mut())
    };
    match installed {
        0 => Ok(()),
        _ => Err(std::io::Error::last_os_error()),
    }
}

extern "C" fn handler(signal: libc::c_int, info: *mut libc::siginfo_t, context: *mut libc::c_void) {
    // SAFETY: the place of this thread's `errno`, which the interrupted code
    // must find as it was.
    let errno = unsafe { *libc::__errno_location() };
    if state::is_live() {
        // Relaxed: a count.
        ASKED.fetch_add(1, Ordering::Relaxed);
        // SAFETY: a word that lives for ever; a system call that a handler may
        // make.
        unsafe {
            libc::syscall(
                libc::SYS_futex,
                ASKED.as_ptr(),
                libc::FUTEX_WAKE | libc::FUTEX_PRIVATE_FLAG,
                1,
            )
        };
    }
    call_before(signal, info, context);
    // SAFETY: as above.
    unsafe { *libc::__errno_location() = errno };
}

/// Calls the handler that was there before. One that would have ended the
/// process is not one.
fn call_before(signal: libc::c_int, info: *mut libc::siginfo_t, context: *mut libc::c_void) {
    // Acquire: with the release that stored it after its flags.
    let before = BEFORE.load(Ordering::Acquire);
    if before == libc::SIG_DFL || before == libc::SIG_IGN {
        return;
    }
    // Relaxed: stored before what was just acquired.
    if BEFORE_FLAGS.load(Ordering::Relaxed) & libc::SA_SIGINFO != 0 {
        // SAFETY: the service installed it as a handler of this form.
        let before: extern "C" fn(libc::c_int, *mut libc::siginfo_t, *mut libc::c_void) =
            unsafe { mem::transmute(before) };
        before(signal, info, context);
    } else {
        // SAFETY: as above.
        let before: extern "C" fn(libc::c_int) = unsafe { mem::transmute(before) };
        before(signal);
    }
}

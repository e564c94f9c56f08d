//! Signal handlers that record interrupt threads that std is just setting up.
#![allow(unsafe_code)] // A handler, and a timer.

use std::process::Command;

use hbtrace_recorder::{Token, release};

/// So many that some are interrupted there.
const THREADS: u64 = 1000;

static TOKEN: Token = Token::new();

extern "C" fn on_signal(_: i32) {
    release(&TOKEN);
}

/// The child's work. Does nothing where the tests run.
#[test]
fn work() {
    if std::env::var_os("HBTRACE_CASE").is_none() {
        return;
    }
    // What is used first allocates.
    release(&TOKEN);
    let every = libc::timeval {
        tv_sec: 0,
        tv_usec: 200,
    };
    let timer = libc::itimerval {
        it_interval: every,
        it_value: every,
    };
    // SAFETY: the handler only does what may be done in one; the structure is
    // whole.
    unsafe {
        libc::signal(libc::SIGALRM, on_signal as *const () as usize);
        libc::setitimer(libc::ITIMER_REAL, &timer, std::ptr::null_mut());
    }
    for _ in 0..THREADS {
        std::thread::spawn(|| ()).join().unwrap();
    }
}

#[test]
fn a_thread_that_is_interrupted_at_its_beginning_goes_on() {
    let directory = tempfile::tempdir().unwrap();
    let child = Command::new(std::env::current_exe().unwrap())
        .args(["interrupted::work", "--exact", "--nocapture"])
        .env("HBTRACE_CASE", "interrupted")
        .env("HBTRACE_OUT", directory.path().join("run.trace"))
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&child.stderr);
    assert!(child.status.success(), "{}: {said}", child.status);
}

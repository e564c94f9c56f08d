//! Ways to die, by one's own hand.
#![allow(unsafe_code)] // Faults on purpose, and calls of the C library.

use std::hint::black_box;
use std::sync::mpsc;

use hbtrace_recorder::sync::Arc;

use hbtrace_tests::acks::Acks;

use crate::work;

/// When and how a worker dies.
#[derive(Clone)]
pub(crate) struct Moment {
    how: String,
    /// After so many steps of the first worker; 0 for never.
    step: u64,
    returns: Option<mpsc::Sender<()>>,
}

impl Moment {
    /// The moment for one of the workers: only the first dies by itself.
    pub(crate) fn of(&self, worker: usize) -> Moment {
        let mut moment = self.clone();
        if worker > 0 {
            moment.step = 0;
        }
        moment
    }

    /// A worker has done `steps`.
    pub(crate) fn after(&self, steps: u64, acks: &Acks) {
        if steps == self.step {
            self.die(acks);
        }
    }

    fn die(&self, acks: &Acks) {
        acks.keep();
        match self.how.as_str() {
            // SAFETY: none; it is a fault on purpose.
            "segv" => unsafe {
                black_box(std::ptr::without_provenance_mut::<u64>(8)).write_volatile(1)
            },
            "abort" => std::process::abort(),
            "double-panic" => panic_twice(),
            "exit" => std::process::exit(7),
            // SAFETY: it ends the process.
            "_exit" => unsafe { libc::_exit(7) },
            "oom" => eat(),
            "return" => {
                let returns = self.returns.as_ref().expect("main waits for it");
                returns.send(()).expect("main waits for it");
            }
            other => unreachable!("{other} is no way to die"),
        }
    }
}

/// Works until it is killed, or until the first worker has done `step` steps
/// and dies in this way.
pub(crate) fn run(how: &str, step: u64, acks: &Arc<Acks>) {
    let (returns, returned) = mpsc::channel();
    let moment = Moment {
        how: how.to_owned(),
        step,
        returns: Some(returns),
    };
    work::start(acks, &moment);
    let _ = returned.recv();
}

struct PanicsToo;

impl Drop for PanicsToo {
    fn drop(&mut self) {
        panic!("a second one");
    }
}

fn panic_twice() {
    // Its backtrace would take longer than all that came before.
    std::panic::set_hook(Box::new(|_| {}));
    let _second = PanicsToo;
    panic!("a first one");
}

/// Takes memory until there is none.
fn eat() {
    work::spawn("eater", || {
        let mut eaten = Vec::new();
        loop {
            eaten.push(black_box(vec![1_u8; 1 << 16]));
        }
    });
}

//! Strange lives: processes that fork, threads that come and go, events at
//! moments when nothing should be expected to work any more.
//!
//! Each says on stdout what it has done, as `WORD NUMBER` lines; that is what
//! its recording must hold.
#![allow(unsafe_code)] // Calls of the C library.
#![allow(clippy::print_stdout)] // That is how it says it.

use std::ffi::CString;
use std::sync::Barrier as Unrecorded;
use std::sync::atomic::{AtomicBool, AtomicU64 as Count, Ordering};
use std::time::{Duration, Instant};

use hbtrace_recorder::sync::Mutex;
use hbtrace_recorder::sync::atomic::AtomicU64;
use hbtrace_recorder::{Token, release, thread, write};

/// Threads that record beside.
const BESIDE: usize = 4;

/// Runs a case; `number` says how often or how long.
pub(crate) fn run(case: &str, number: u64) {
    match case {
        "hold" => hold(number),
        "fill" => fill(number),
        "fork:goes-on" | "fork:execs" | "fork:crashes" => forks(case, number),
        "short-lives" => short_lives(number),
        "crowd" => crowd(number as usize),
        "late" => late(),
        "handlers:sync" => handlers(number, false),
        "handlers:accesses" => handlers(number, true),
        "twice" => twice(number),
        "soak" => soak(number),
        other => panic!("no case is called {other}"),
    }
    say("resident", resident());
}

fn say(word: &str, number: u64) {
    println!("{word} {number}");
}

/// KiB of memory that this process has in RAM.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let number = line.and_then(|line| line.split_whitespace().next());
    number.and_then(|number| number.parse().ok()).unwrap_or(0)
}

fn holds(times: u64) {
    let own = Mutex::new(0);
    for _ in 0..times {
        *own.lock().expect("nothing panics here") += 1;
    }
}

fn writes(times: u64) {
    for place in 0..times {
        write(
            std::ptr::without_provenance::<u64>(64 + 8 * place as usize),
            8,
        );
    }
}

/// Holds by some threads, then it ends.
fn hold(number: u64) {
    thread::scope(|scope| {
        for _ in 0..BESIDE {
            scope.spawn(|| holds(number));
        }
    });
    say("holds", BESIDE as u64 * number);
}

/// Ten accesses for each hold, by some threads.
fn fill(number: u64) {
    thread::scope(|scope| {
        for _ in 0..BESIDE {
            scope.spawn(|| {
                for _ in 0..number / 100 {
                    writes(1000);
                    holds(100);
                }
            });
        }
    });
    let rounds = BESIDE as u64 * (number / 100);
    say("holds", 100 * rounds);
    say("accesses", 1000 * rounds);
}

/// Holds that each thread takes for a fork.
const FOR_FORK: u64 = 200;

/// Forks while other threads record.
fn forks(case: &str, number: u64) {
    let begun = Count::new(0);
    thread::scope(|scope| {
        for _ in 0..BESIDE {
            scope.spawn(|| {
                for fork in 1..=number {
                    // Relaxed: a wish.
                    while begun.load(Ordering::Relaxed) < fork {
                        std::thread::yield_now();
                    }
                    holds(FOR_FORK);
                }
            });
        }
        for _ in 0..number {
            holds(1);
            // Relaxed: as above.
            begun.fetch_add(1, Ordering::Relaxed);
            fork(case);
        }
    });
    say("holds", number * (1 + BESIDE as u64 * FOR_FORK));
}

fn fork(case: &str) {
    // SAFETY: the child takes no lock that another thread may have held.
    match unsafe { libc::fork() } {
        0 => child(case),
        child => {
            let mut status = 0;
            // SAFETY: a child of ours, and a place for its status.
            unsafe { libc::waitpid(child, &raw mut status, 0) };
            let aborted = libc::WIFSIGNALED(status) && libc::WTERMSIG(status) == libc::SIGABRT;
            let good = if case == "fork:crashes" {
                aborted
            } else {
                status == 0
            };
            assert!(good, "the child ended with {status:#x}");
        }
    }
}

/// What the child does: records, as far as it knows.
fn child(case: &str) -> ! {
    holds(100);
    writes(10_000);
    let threads = [(); 2].map(|()| thread::spawn(|| holds(10)));
    for thread in threads {
        thread.join().expect("nothing panics here");
    }
    match case {
        "fork:execs" => {
            let program = CString::from(c"/bin/true");
            let arguments = [program.as_ptr(), std::ptr::null()];
            // SAFETY: strings that end, and an array that ends.
            unsafe { libc::execv(program.as_ptr(), arguments.as_ptr()) };
            std::process::exit(9)
        }
        "fork:crashes" => std::process::abort(),
        _ => std::process::exit(0),
    }
}

/// A thread with a small stack, of many.
fn small() -> thread::Builder {
    thread::Builder::new().stack_size(1 << 16)
}

/// Threads of which few live at once.
fn short_lives(number: u64) {
    const AT_ONCE: u64 = 8;
    let mut most = 0;
    for round in 0..number / AT_ONCE {
        let live = || {
            holds(1);
            writes(5);
        };
        let threads: Vec<_> = (0..AT_ONCE).map(|_| small().spawn(live)).collect();
        for thread in threads {
            let thread = thread.expect("a thread can be created");
            thread.join().expect("nothing panics here");
        }
        if round % 64 == 0 {
            most = resident().max(most);
        }
    }
    say("holds", number / AT_ONCE * AT_ONCE);
    say("accesses", number / AT_ONCE * AT_ONCE * 5);
    say("most", most);
}

/// Threads that are all alive and all recording.
fn crowd(number: usize) {
    let all = Unrecorded::new(number + 1);
    thread::scope(|scope| {
        for _ in 0..number {
            let live = || {
                holds(1);
                all.wait();
                writes(5);
                all.wait();
            };
            let spawned = small().spawn_scoped(scope, live);
            spawned.expect("a thread can be created");
        }
        all.wait();
        say("most", resident());
        all.wait();
    });
    say("holds", number as u64);
    say("accesses", 5 * number as u64);
}

extern "C" fn hold_seven() {
    holds(7);
}

/// Events in destructors of thread-locals and in exit handlers.
fn late() {
    struct Late;
    impl Drop for Late {
        fn drop(&mut self) {
            holds(3);
            writes(2);
        }
    }
    thread_local! {
        static BEFORE: Late = const { Late };
        static BEHIND: Late = const { Late };
    }
    for _ in 0..100 {
        let lives = || {
            // Destroyed behind the recorder's own, which comes next.
            BEFORE.with(|_| ());
            holds(1);
            BEHIND.with(|_| ());
        };
        let thread = std::thread::spawn(lives);
        thread.join().expect("nothing panics here");
    }
    // SAFETY: a function that does not unwind. The recorder's handler is there
    // already, so it runs behind this one.
    unsafe { libc::atexit(hold_seven) };
    say("holds", 100 * 7 + 7);
    say("accesses", 100 * 4);
}

static HANDLED: Count = Count::new(0);
static COUNTED: AtomicU64 = AtomicU64::new(0);
static TOKEN: Token = Token::new();

/// Whether accesses are told, or sync events.
static ACCESSES: AtomicBool = AtomicBool::new(false);

/// Two events. Behind a lost sync event a reader shows no accesses, so they are
/// not told together.
fn tell() {
    // Relaxed: set before all of this.
    if ACCESSES.load(Ordering::Relaxed) {
        writes(2);
    } else {
        COUNTED.fetch_add(1, Ordering::AcqRel);
        release(&TOKEN);
    }
}

extern "C" fn on_signal(_: i32) {
    tell();
    // Relaxed: a count.
    HANDLED.fetch_add(1, Ordering::Relaxed);
}

/// Threads that record, interrupted by handlers that do.
fn handlers(number: u64, accesses: bool) {
    // Relaxed: there is one thread.
    ACCESSES.store(accesses, Ordering::Relaxed);
    // First uses allocate, which a handler must not interrupt.
    tell();
    // SAFETY: a handler that does what the recorder allows there.
    unsafe { libc::signal(libc::SIGUSR1, on_signal as *const () as usize) };
    let alive = Unrecorded::new(BESIDE + 1);
    let left = Count::new(BESIDE as u64);
    let (sender, receiver) = std::sync::mpsc::channel();
    let told = thread::scope(|scope| {
        let threads: Vec<_> = (0..BESIDE)
            .map(|_| {
                let (sender, alive, left) = (sender.clone(), &alive, &left);
                scope.spawn(move || {
                    tell();
                    // SAFETY: a look at what this thread is.
                    let _ = sender.send(unsafe { libc::pthread_self() });
                    let told = interrupted(number);
                    // Release: with the sender's look.
                    left.fetch_sub(1, Ordering::Release);
                    alive.wait();
                    told + 1
                })
            })
            .collect();
        let targets: Vec<_> = receiver.iter().take(BESIDE).collect();
        // Acquire: with the threads' farewell.
        while left.load(Ordering::Acquire) > 0 {
            for target in &targets {
                // SAFETY: they live until we are at the barrier.
                unsafe { libc::pthread_kill(*target, libc::SIGUSR1) };
            }
        }
        alive.wait();
        let told = threads.into_iter().map(|thread| thread.join());
        told.map(|told| told.expect("nothing panics here"))
            .sum::<u64>()
    });
    // Relaxed: all are gone.
    let handled = HANDLED.load(Ordering::Relaxed);
    say("handled", handled);
    say("told", 1 + told + handled);
}

/// Records so often, and until a handler has run.
fn interrupted(number: u64) -> u64 {
    let mut told = 0;
    // Relaxed: a count.
    while told < number || HANDLED.load(Ordering::Relaxed) == 0 {
        tell();
        told += 1;
    }
    told
}

/// Two shared libraries of one process, each with a recorder of its own; their
/// files are the arguments behind the case.
fn twice(number: u64) {
    for library in std::env::args_os().skip(4) {
        let library = library.into_encoded_bytes();
        let path = CString::new(library).expect("a path without NUL");
        // SAFETY: a library of ours, whose initialisers do nothing.
        let handle = unsafe { libc::dlopen(path.as_ptr(), libc::RTLD_NOW | libc::RTLD_LOCAL) };
        assert!(!handle.is_null(), "{path:?} can't be loaded");
        // SAFETY: a handle that was just opened.
        let hold = unsafe { libc::dlsym(handle, c"hold".as_ptr()) };
        assert!(!hold.is_null(), "{path:?} has no hold");
        // SAFETY: the library has it with this signature.
        let hold: extern "C" fn(u64) = unsafe { std::mem::transmute(hold) };
        hold(number);
    }
}

/// Full rate for so many seconds; says how much memory it had after a tenth of
/// that time, and the most it had since.
fn soak(seconds: u64) {
    let begun = Instant::now();
    let length = Duration::from_secs(seconds);
    let (done, most, first) = (Count::new(0), Count::new(0), Count::new(0));
    thread::scope(|scope| {
        for _ in 0..BESIDE {
            scope.spawn(|| {
                while begun.elapsed() < length {
                    writes(10_000);
                    holds(100);
                    // Relaxed: a count.
                    done.fetch_add(10_200, Ordering::Relaxed);
                }
            });
        }
        while begun.elapsed() < length {
            std::thread::sleep(Duration::from_millis(100));
            let now = resident();
            if begun.elapsed() < length / 10 {
                first.fetch_max(now, Ordering::Relaxed);
            } else {
                most.fetch_max(now, Ordering::Relaxed);
            }
        }
    });
    // Relaxed: all are gone.
    say("events", done.load(Ordering::Relaxed));
    say("first", first.load(Ordering::Relaxed));
    say("most", most.load(Ordering::Relaxed));
}

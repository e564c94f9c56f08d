//! What the children do: one case a process, by name.

use std::io::Read;
use std::sync::{Arc, Barrier};

use hbtrace_recorder::cell::Tracked;
use hbtrace_recorder::sync::atomic::{AtomicU64, Ordering};
use hbtrace_recorder::sync::{Mutex, mpsc};
use hbtrace_recorder::{Builder, record, thread};
use hbtrace_traces::format::layout::header;

use super::helper;

/// Threads that are alive at once.
pub(crate) const CROWD: usize = 1500;

/// Threads that live one after the other.
pub(crate) const SHORT_LIVES: usize = 20_000;

static LOCK: Mutex<u64> = Mutex::new(0);
static COUNT: AtomicU64 = AtomicU64::new(0);

pub(crate) fn hold(times: u64) {
    for _ in 0..times {
        *LOCK.lock().unwrap() += 1;
    }
}

fn touch(times: u64) {
    for place in 0..times {
        hbtrace_recorder::read(std::ptr::without_provenance::<u8>(8 + place as usize), 1);
    }
}

/// What the child does; the second word says where to record by a builder.
pub(crate) fn run(case: &str, out: &str) {
    let builder = || record(out);
    match case {
        "nothing" => {}
        "hold" => hold(100),
        "wait" => {
            hold(1);
            println!("ready");
            let _ = std::io::stdin().read(&mut [0]);
        }
        "built" => built(builder()),
        "stopped" => {
            let session = builder().start().unwrap();
            hold(10);
            session.stop();
            hold(1000);
        }
        "stopped before a send" => stopped_before_a_send(builder()),
        "late" => {
            hold(1);
            assert!(builder().start().unwrap_err().is_late());
        }
        "refused" => {
            let error = builder().start().unwrap_err();
            assert!(error.to_string().contains("is not a trace"), "{error}");
            hold(10);
        }
        "full" => full(builder()),
        "accesses full" => {
            let _session = builder().limit(1 << 20).start().unwrap();
            touch(1_000_000);
            hold(100);
        }
        "room later" => room_later(),
        "flight" => flight(20),
        "no room" => {
            let error = builder().limit(100_000).start().unwrap_err().to_string();
            assert!(
                error.contains("Builder::limit allows 100000 bytes"),
                "{error}"
            );
            hold(10);
        }
        "shrunk flight" => {
            hold(1);
            limit_files(8 << 20);
            flight(20);
        }
        "long flight" => {
            // The file is there when it says so.
            hold(1);
            println!("ready");
            flight(u32::MAX);
        }
        "flight by builder" => {
            let _session = builder().flight(1 << 20).start();
            hold(10);
        }
        "no helper" => no_helper(),
        "helper" => helper::run(builder()),
        "fork" => fork(),
        "signal" => signal(),
        "thread locals" => thread_locals(),
        "many threads" => {
            for _ in 0..500 {
                thread::spawn(|| hold(1)).join().unwrap();
            }
        }
        "short lives" => short_lives(),
        "hold long" => hold(100_000),
        "crowd" => crowd(),
        "no thread" => {
            let builder = thread::Builder::new().stack_size(1 << 60);
            assert!(builder.spawn(|| ()).is_err());
            thread::spawn(|| hold(1)).join().unwrap();
        }
        "exit" => {
            thread::spawn(|| {
                hold(50);
                std::process::exit(3)
            })
            .join()
            .unwrap();
        }
        other => panic!("no case is called {other}"),
    }
}

fn built(builder: Builder) {
    let session = builder.time_all(true).start().unwrap();
    assert!(session.path().ends_with("built.trace"));
    let second = record("elsewhere").start().unwrap_err();
    assert!(second.is_second_session() && !second.is_late());
    hold(100);
}

/// More sync events than there is room for, while a lock is held.
fn full(builder: Builder) {
    let _session = builder.limit(1 << 19).start().unwrap();
    let threads: Vec<_> = (0..3).map(|_| thread::spawn(|| hold(20_000))).collect();
    for thread in threads {
        thread.join().unwrap();
    }
    touch(7);
    assert_eq!(*LOCK.lock().unwrap(), 60_000);
}

/// What was handed out of the file at `path`.
fn allocated(path: &str) -> u64 {
    let mut head = [0; header::ALLOCATED + 8];
    let mut file = std::fs::File::open(path).unwrap();
    file.read_exact(&mut head).unwrap();
    u64::from_le_bytes(head[header::ALLOCATED..].try_into().unwrap())
}

/// Files may not become larger than that.
fn limit_files(bytes: u64) {
    let limit = libc::rlimit {
        rlim_cur: bytes,
        rlim_max: libc::RLIM_INFINITY,
    };
    // SAFETY: a limit of this process.
    assert_eq!(unsafe { libc::setrlimit(libc::RLIMIT_FSIZE, &limit) }, 0);
}

/// Files may not grow for a while: as a full disk, but without one.
fn room_later() {
    hold(1);
    limit_files(6 << 20);
    std::thread::scope(|scope| {
        scope.spawn(|| touch(2_000_000));
        scope.spawn(|| {
            let path = std::env::var("HBTRACE_OUT").unwrap();
            // Of 6 MiB, one is kept for sync events.
            while allocated(&path) < (5 << 20) - (1 << 18) {
                std::thread::yield_now();
            }
            std::thread::sleep(std::time::Duration::from_millis(50));
            limit_files(libc::RLIM_INFINITY);
        });
    });
    // The helper looks once a second.
    for _ in 0..30 {
        std::thread::sleep(std::time::Duration::from_millis(50));
        touch(10_000);
    }
}

/// The process may have no thread more, so the recorder has no helper.
fn no_helper() {
    let none = libc::rlimit {
        rlim_cur: 0,
        rlim_max: 0,
    };
    // SAFETY: a limit of this process, and its user: the limit does not hold
    // for root.
    unsafe {
        assert_eq!(libc::setrlimit(libc::RLIMIT_NPROC, &none), 0);
        if libc::geteuid() == 0 {
            assert_eq!(
                libc::syscall(libc::SYS_setresuid, 65_534, 65_534, 65_534),
                0
            );
        }
    }
    hold(1000);
    touch(1_000_000);
    assert!(std::thread::Builder::new().spawn(|| ()).is_err());
}

/// Much more than the pool holds, by threads that come and go.
fn flight(rounds: u32) {
    for _ in 0..rounds {
        let threads = [(); 3].map(|()| {
            thread::spawn(|| {
                touch(50_000);
                hold(500);
            })
        });
        for thread in threads {
            thread.join().unwrap();
        }
    }
}

/// A hundred thousand threads, of which few live at once.
fn short_lives() {
    const AT_ONCE: usize = 8;
    for _ in 0..SHORT_LIVES / AT_ONCE {
        let threads = [(); AT_ONCE].map(|()| {
            let small = thread::Builder::new().stack_size(1 << 16);
            let live = || {
                hold(1);
                touch(5);
            };
            small.spawn(live).unwrap()
        });
        for thread in threads {
            thread.join().unwrap();
        }
    }
}

/// Many threads that are all alive and all recording.
fn crowd() {
    let all = std::sync::Barrier::new(CROWD);
    thread::scope(|scope| {
        for _ in 0..CROWD {
            let small = thread::Builder::new().stack_size(1 << 16);
            let live = || {
                hold(1);
                all.wait();
                touch(10);
            };
            small.spawn_scoped(scope, live).unwrap();
        }
    });
}

/// The child goes on using mirrors, and exits as its parent does.
fn fork() {
    hold(10);
    // SAFETY: one thread, and the child only uses its own memory.
    match unsafe { libc::fork() } {
        0 => {
            hold(1000);
            let threads = [(); 3].map(|()| thread::spawn(|| hold(100)));
            threads
                .into_iter()
                .for_each(|thread| thread.join().unwrap());
            std::process::exit(0);
        }
        child => {
            let mut status = 1;
            // SAFETY: a child of ours, and a place for its status.
            unsafe { libc::waitpid(child, &mut status, 0) };
            assert_eq!(status, 0);
            hold(10);
        }
    }
}

extern "C" fn on_alarm(_: i32) {
    COUNT.fetch_add(1, Ordering::Relaxed);
}

/// A handler that records interrupts a thread that records.
fn signal() {
    let interval = libc::timeval {
        tv_sec: 0,
        tv_usec: 200,
    };
    let timer = libc::itimerval {
        it_interval: interval,
        it_value: interval,
    };
    // The handler's first use of the object must not be within another event.
    COUNT.fetch_add(0, Ordering::Relaxed);
    // SAFETY: the handler only does what it does; the timer is ours.
    unsafe {
        libc::signal(libc::SIGALRM, on_alarm as *const () as usize);
        libc::setitimer(libc::ITIMER_REAL, &timer, std::ptr::null_mut());
    }
    while COUNT.load(Ordering::Relaxed) < 500 {
        touch(100);
        hold(10);
    }
    println!("{}", COUNT.load(Ordering::Relaxed));
}

/// Destructors of thread-locals record, before and after the recorder's own.
fn thread_locals() {
    struct Late(u64);
    impl Drop for Late {
        fn drop(&mut self) {
            hold(self.0);
        }
    }
    thread_local! {
        static EARLY: Late = const { Late(3) };
        static LATE: Late = const { Late(4) };
    }
    std::thread::spawn(|| {
        // Its destructor is registered before the recorder's, so it runs later.
        EARLY.with(|_| ());
        hold(1);
        LATE.with(|_| ());
    })
    .join()
    .unwrap();
}

/// A message that is sent after the end, and so is not recorded, hands a value
/// over. The receiver's access then is one like an earlier one of its own, which
/// needs no more than its cursor.
fn stopped_before_a_send(builder: Builder) {
    let session = builder.start().unwrap();
    let value = Arc::new(Tracked::new(0));
    let (sender, receiver) = mpsc::channel();
    let [before, after, sent] = [3, 2, 2].map(|parties| Arc::new(Barrier::new(parties)));
    let own = (value.clone(), before.clone(), after.clone(), sent.clone());
    let sends = thread::spawn(move || {
        let (value, before, after, sent) = own;
        value.set(1);
        before.wait();
        after.wait();
        sender.send(()).unwrap();
        sent.wait();
    });
    let own = before.clone();
    let receives = thread::spawn(move || {
        for data in [&Tracked::new(0), &*value] {
            data.set(2);
            if !std::ptr::eq(data, &*value) {
                own.wait();
                sent.wait();
                receiver.try_recv().unwrap();
            }
        }
    });
    before.wait();
    session.stop();
    after.wait();
    sends.join().unwrap();
    receives.join().unwrap();
}

//! The helper thread, as a service finds it beside its own.

use hbtrace_recorder::Builder;

use super::cases::hold;

/// What the kernel says of the recorder's own thread.
fn helper_status() -> Option<(std::path::PathBuf, String)> {
    let tasks = std::fs::read_dir("/proc/self/task").unwrap();
    let mut all = tasks.map(|task| task.unwrap().path());
    all.find_map(|task| {
        let status = std::fs::read_to_string(task.join("status")).ok()?;
        status
            .starts_with("Name:\thbtrace\n")
            .then_some((task, status))
    })
}

fn field<'status>(status: &'status str, name: &str) -> &'status str {
    let mut lines = status.lines();
    lines
        .find_map(|line| line.strip_prefix(name))
        .unwrap()
        .trim()
}

/// Binds this thread to the first processor that it may use.
fn bind() {
    // SAFETY: a plain set of bits, for which zeros are lawful.
    let (mut all, mut one): (libc::cpu_set_t, libc::cpu_set_t) =
        unsafe { (std::mem::zeroed(), std::mem::zeroed()) };
    let size = size_of::<libc::cpu_set_t>();
    // SAFETY: sets as large as is said; numbers below their size.
    unsafe {
        assert_eq!(libc::sched_getaffinity(0, size, &mut all), 0);
        let mut numbers = 0..libc::CPU_SETSIZE as usize;
        let first = numbers.find(|number| libc::CPU_ISSET(*number, &all));
        libc::CPU_SET(first.unwrap(), &mut one);
        assert_eq!(libc::sched_setaffinity(0, size, &one), 0);
    }
}

/// The helper: it sleeps, no signal of the service's reaches it, it holds none
/// of the service's files, it is not bound to the processor of who started it,
/// and it ends with the session.
pub(crate) fn run(builder: Builder) {
    let pause = || std::thread::sleep(std::time::Duration::from_millis(400));
    // This is a thread of the test's; the main thread is another.
    bind();
    let session = builder.start().unwrap();
    hold(1000);
    pause();
    let (task, before) = helper_status().unwrap();
    let main = std::fs::read_to_string("/proc/self/status").unwrap();
    let processors = |status| field(status, "Cpus_allowed:").to_owned();
    assert_eq!(processors(&before), processors(&main));
    let blocked = u64::from_str_radix(field(&before, "SigBlk:"), 16).unwrap();
    for signal in [libc::SIGTERM, libc::SIGALRM, libc::SIGPROF, libc::SIGXFSZ] {
        assert!(blocked & 1 << (signal - 1) != 0, "{signal}");
    }
    assert_eq!(std::fs::read_dir(task.join("fd")).unwrap().count(), 1);
    pause();
    let (_, after) = helper_status().unwrap();
    let switches = |status| field(status, "voluntary_ctxt_switches:").to_owned();
    assert_eq!(switches(&before), switches(&after), "it polls");
    session.stop();
    while helper_status().is_some() {
        std::thread::yield_now();
    }
}

//! What a program tells, and what it does to cells, stands in the trace: each
//! call once, with its line, its object and its number.

// A test's own steps may fail it; what an `UnsafeCell` is for.
#![allow(clippy::unwrap_used, unsafe_code)]

use hbtrace_recorder::cell::{Tracked, UnsafeCell, With};
use hbtrace_recorder::sync::Mutex;
use hbtrace_recorder::sync::atomic::{AtomicU16, AtomicU32, Ordering};
use hbtrace_recorder::{
    Named, Token, acquire, alloc, free, name, outside, read, release, span, write,
};
use hbtrace_traces::event::{AccessKind, SyncEvent};
use hbtrace_traces::id::{Location, SiteId};
use hbtrace_traces::kind::Kind;
use hbtrace_traces::trace::{Step, Trace};

/// An event as the test writes it down: line, what, on what, number.
type Told = (u32, &'static str, String, u64);

static STATIC: Tracked<u64> = Tracked::new(0);

/// Does everything, and says what should be found.
fn tell(memory: &[u64; 4]) -> Vec<Told> {
    let mut told = Vec::new();
    let mut expect = |line, what, on: &str, number| {
        told.push((line, what, on.to_owned(), number));
    };
    let address = (&raw const *memory).addr() as u64;
    let block = format!("{address:#x}:32");
    let token = Token::new().named("hand-over");
    name(&STATIC, "the static");

    release(&token);
    expect(line!() - 1, "release", "hand-over", 1);
    release(&token);
    expect(line!() - 1, "release", "hand-over", 2);
    acquire(&token);
    expect(line!() - 1, "acquire", "hand-over", 2);

    alloc(memory, 32);
    expect(line!() - 1, "alloc", &block, address);
    write(memory, 32);
    expect(line!() - 1, "write", &block, 32);
    read(&raw const memory[1], 3);
    expect(line!() - 1, "read", &format!("{:#x}:3", address + 8), 3);
    read(memory, 0);
    free(memory, 32);
    expect(line!() - 1, "free", &block, address);

    let away = outside("disk");
    expect(line!() - 1, "outside", "disk", u64::MAX);
    drop(away);
    expect(line!() - 3, "inside", "disk", u64::MAX);
    let request = span("request");
    expect(line!() - 1, "span", "request", u64::MAX);
    drop(request);
    expect(line!() - 3, "span_end", "request", u64::MAX);

    STATIC.set(1);
    expect(line!() - 1, "write", "the static", 8);
    STATIC.update(|value| value + 1);
    expect(line!() - 1, "read", "the static", 8);
    expect(line!() - 2, "write", "the static", 8);
    STATIC.replace(7);
    expect(line!() - 1, "read", "the static", 8);
    expect(line!() - 2, "write", "the static", 8);
    STATIC.inspect(|value| assert_eq!(*value, 7));
    expect(line!() - 1, "read", "the static", 8);
    STATIC.modify(|value| *value = 8);
    expect(line!() - 1, "write", "the static", 8);

    let mut cell = UnsafeCell::new([0_u8; 100]).named("a cell");
    // SAFETY: only this thread has the cell, and no reference to its value.
    cell.with_mut(|value| unsafe { (*value)[0] = 1 });
    expect(line!() - 1, "write", "a cell", 100);
    // SAFETY: as above.
    assert_eq!(cell.with(|value| unsafe { (*value)[0] }), 1);
    expect(line!() - 1, "read", "a cell", 100);
    cell.get_mut()[1] = 2;
    expect(line!() - 1, "write", "a cell", 100);
    assert_eq!(cell.into_inner()[..2], [1, 2]);
    UnsafeCell::new(()).with(|_| ());

    let mut atomic = AtomicU16::new(0).named("small");
    atomic.store(1, Ordering::Release);
    expect(line!() - 1, "store", "small", 1);
    *atomic.get_mut() = 2;
    expect(line!() - 1, "write", "small", 2);
    assert_eq!(atomic.load(Ordering::Relaxed), 2);
    expect(line!() - 1, "load", "small", 1);
    assert_eq!(format!("{atomic:?}"), "2");
    assert_eq!(atomic.into_inner(), 2);

    let updated = AtomicU32::new(5).named("updated");
    updated.update(Ordering::AcqRel, Ordering::Acquire, |old| old + 1);
    expect(line!() - 1, "load", "updated", 0);
    expect(line!() - 2, "rmw", "updated", 1);
    let lock = Mutex::new(0).named("a lock");
    drop(lock.lock().unwrap());
    expect(line!() - 1, "acq", "a lock", 0);
    expect(line!() - 2, "rel", "a lock", 0);
    told
}

fn line_of(trace: &Trace, site: SiteId) -> u32 {
    let site = trace.site(site).expect("every site is in the table");
    assert!(
        site.text.starts_with("tests/tests/told.rs:"),
        "{}",
        site.text
    );
    site.line.unwrap()
}

fn sync_event(trace: &Trace, event: &SyncEvent) -> Told {
    let on = match event.kind {
        Kind::Alloc | Kind::Free => trace.location_text(trace.location_of(event).unwrap()),
        _ => trace.objects[event.object as usize].name.clone(),
    };
    let line = line_of(trace, event.site);
    (line, event.kind.name(), on, event.number)
}

/// What the trace holds, in program order.
fn found(trace: &Trace) -> Vec<Told> {
    let mut found = Vec::new();
    for step in &trace.steps {
        match *step {
            Step::Accesses { thread, from, to } => trace.accesses(thread, from..to, |_, access| {
                let on = trace.location_text(access.location);
                let line = line_of(trace, access.site);
                found.push((line, access.kind.name(), on, access.location.len));
            }),
            Step::Sync { thread, index } => {
                let event = trace.sync(thread, index);
                if !matches!(event.kind, Kind::ThreadBegin | Kind::ThreadEnd) {
                    found.push(sync_event(trace, event));
                }
            }
        }
    }
    found
}

#[test]
fn everything_told_is_recorded() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("told.trace");
    let memory = [0; 4];
    let session = hbtrace_recorder::record(&path).start().unwrap();
    let told = tell(&memory);
    session.stop();
    release(&Token::new());
    let trace = hbtrace_traces::read::open(&path, Default::default()).unwrap();
    assert!(trace.info.complete && trace.info.lost_events == 0);
    for (index, (told, found)) in told.iter().zip(found(&trace)).enumerate() {
        assert_eq!(*told, found, "event {index}");
    }
    assert_eq!(told.len(), found(&trace).len());
    a_plain_write_meets_the_atomic(&trace);
}

/// `get_mut` and the operations of an atomic are about the same bytes.
fn a_plain_write_meets_the_atomic(trace: &Trace) {
    let small = trace.objects.iter().find(|object| object.name == "small");
    let atomic = small.unwrap().location.unwrap();
    let mut plain: Option<Location> = None;
    for step in &trace.steps {
        if let Step::Accesses { thread, from, to } = *step {
            trace.accesses(thread, from..to, |_, access| {
                if access.kind == AccessKind::Write && access.location.overlaps(atomic) {
                    plain = Some(access.location);
                }
            });
        }
    }
    assert_eq!(plain, Some(atomic));
}

//! Every event is interrupted at every step by every event, and that one by
//! another: nothing is overwritten, and what is recorded or counted as lost is
//! what was done.

use std::cell::Cell;
use std::collections::HashSet;
use std::panic::Location;
use std::path::Path;
use std::process::Command;

use hbtrace_traces::event::MemoryOrder;
use hbtrace_traces::format::layout::{CHUNK_HEADER, PAGE, StreamKind, chunk, header};
use hbtrace_traces::format::words::{
    AccessWord, COMPACT_NUMBERS, OBJECT_BITS, compact_kind, compact_object, compact_site,
    decode_access, decode_sync,
};
use hbtrace_traces::id::SiteId;
use hbtrace_traces::kind::Kind;

use super::interrupt::interrupted;
use crate::emit::{self, Event};
use crate::site::Place;
use crate::writer::cursor::with_cursor;

/// The object of all sync events.
const OBJECT: u32 = 7;
/// No step is as far as this.
const BEYOND: usize = 1000;

thread_local! {
    /// Events so far. Each has a number of its own.
    static TOLD: Cell<u64> = const { Cell::new(0) };
    /// What the handler does.
    static HANDLED: Cell<usize> = const { Cell::new(0) };
    static PLACE: Cell<Option<Place>> = const { Cell::new(None) };
}

fn number() -> u64 {
    TOLD.set(TOLD.get() + 1);
    TOLD.get()
}

fn place() -> Place {
    PLACE.get().unwrap()
}

/// All ways to write an event.
const EVENTS: [fn(); 7] = [
    || emit::access(true, number() * 8, 8, place()),
    || emit::quick(Kind::Load, MemoryOrder::Relaxed, OBJECT, number(), place()),
    || emit::timed(Kind::Load, MemoryOrder::Relaxed, OBJECT, number(), place()),
    // Too large for a compact event.
    || {
        let event = Event::new(Kind::Load, OBJECT, place());
        emit::sync(event.number(COMPACT_NUMBERS + number()).extra(1));
    },
    // At a place that the thread does not remember.
    || {
        with_cursor(|cursor| cursor.uses().forget());
        emit::quick(Kind::Load, MemoryOrder::Relaxed, OBJECT, number(), place());
    },
    pending,
    // With room kept for it; the full path where there is none, as a hold's.
    || {
        let kind = compact_kind(Kind::Rel, MemoryOrder::Relaxed, false);
        let number = number();
        let second = compact_object(OBJECT, number).unwrap();
        let site = compact_site(SiteId(1));
        if !emit::brief_release(kind, second, site) && !emit::stamped_release(kind, second, site) {
            emit::sync(Event::new(Kind::Rel, OBJECT, place()).number(number));
        }
    },
];

/// An event whose number comes later.
fn pending() {
    let kind = compact_kind(Kind::Rmw, MemoryOrder::Relaxed, false);
    let object = u64::from(OBJECT) + 1;
    let number = number();
    match emit::pending_brief(kind, object, place()) {
        Some(brief) => {
            super::step();
            brief.complete(number << OBJECT_BITS | object);
        }
        None => {
            let pending = emit::pending(Kind::Rmw, MemoryOrder::Relaxed, OBJECT, true, place());
            super::step();
            pending.complete(number);
        }
    }
}

fn handle() {
    EVENTS[HANDLED.get()]();
}

/// Leaves room for a few words in both chunks, or none.
fn fill_up(words: usize) {
    let room = || {
        with_cursor(|cursor| {
            cursor.accesses.shrink();
            cursor.syncs.shrink();
            let access = cursor.accesses.room(&cursor.access);
            let release = cursor.release_end.get().addr();
            (
                access,
                release.saturating_sub(cursor.sync.next().addr()) / 8,
            )
        })
    };
    while room().0 > words {
        EVENTS[0]();
    }
    while room().1 > words {
        EVENTS[6]();
    }
}

/// Interrupts `event` at each of its steps, and the handler at each `stride`th
/// of its own.
fn interrupt_everywhere(event: fn(), room: Option<usize>, stride: usize) {
    for first in 0..BEYOND {
        for second in (0..BEYOND).step_by(stride) {
            if let Some(words) = room {
                fill_up(words);
            }
            let left = interrupted(&[first, second], handle, event);
            if left == 2 {
                return;
            }
            if left == 1 {
                break;
            }
        }
    }
    unreachable!("no event has so many steps");
}

fn child(path: &Path) {
    let session = crate::record(path).start().unwrap();
    PLACE.set(Some(Location::caller().into()));
    // What is used first allocates.
    EVENTS.iter().for_each(|event| event());
    for handled in 0..EVENTS.len() {
        HANDLED.set(handled);
        for event in EVENTS {
            interrupt_everywhere(event, None, 1);
            for words in [0, 1, 2, 3] {
                interrupt_everywhere(event, Some(words), 5);
            }
        }
    }
    session.stop();
    println!("told {}", TOLD.get());
}

fn word(file: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(file[at..at + 8].try_into().unwrap())
}

/// The numbers of all events in the file, as they stand there: no execution
/// was like this one, so the reader would doubt it.
fn numbers(file: &[u8]) -> Vec<u64> {
    let (mut at, mut numbers) = (PAGE, Vec::new());
    while let Some(head) = file.get(at..at + CHUNK_HEADER) {
        let field = |field| u32::from_le_bytes(head[field..field + 4].try_into().unwrap());
        if field(chunk::MAGIC) != chunk::MAGIC_VALUE {
            at += PAGE;
            continue;
        }
        let next = at + field(chunk::SIZE) as usize;
        let words: Vec<u64> = (at + CHUNK_HEADER..next)
            .step_by(8)
            .map(|at| word(file, at))
            .collect();
        match StreamKind::from_number(head[chunk::STREAM]).unwrap() {
            StreamKind::Sync => numbers_of_syncs(&words, &mut numbers),
            StreamKind::Access => numbers_of_accesses(&words, &mut numbers),
            StreamKind::Table => {}
        }
        at = next;
    }
    numbers
}

fn numbers_of_syncs(mut words: &[u64], numbers: &mut Vec<u64>) {
    let mut before = None;
    while let Some(first) = words.first().filter(|first| **first != 0) {
        let decoded = decode_sync(words, before).unwrap_or_else(|| panic!("no event: {first:#x}"));
        let event = decoded.event;
        if event.kind != Kind::ThreadBegin {
            assert_eq!(event.object, OBJECT);
            numbers.push(event.number % COMPACT_NUMBERS);
        }
        before = decoded.second;
        words = &words[decoded.words..];
    }
}

fn numbers_of_accesses(words: &[u64], numbers: &mut Vec<u64>) {
    for word in words.iter().take_while(|word| **word != 0) {
        match decode_access(*word) {
            Some(AccessWord::Access { address, .. }) => numbers.push(address / 8),
            Some(AccessWord::Escape(..)) => {}
            None => panic!("no access: {word:#x}"),
        }
    }
}

#[test]
fn an_event_that_is_interrupted_at_any_step_is_whole() {
    const NAME: &str = "an_event_that_is_interrupted_at_any_step_is_whole";
    if let Some(path) = std::env::var_os("HBTRACE_STEPS") {
        return child(Path::new(&path));
    }
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("run.trace");
    let child = Command::new(std::env::current_exe().unwrap())
        .args([
            &format!("writer::steps::tests::{NAME}"),
            "--exact",
            "--nocapture",
        ])
        .env("HBTRACE_STEPS", &path)
        .env_remove("HBTRACE_OUT")
        .output()
        .unwrap();
    let text = String::from_utf8(child.stdout).unwrap();
    let errors = String::from_utf8(child.stderr).unwrap();
    assert!(child.status.success(), "{errors}");
    let told = text.lines().find_map(|line| line.split_once("told "));
    let told: u64 = told.unwrap().1.parse().unwrap();
    let file = std::fs::read(&path).unwrap();
    let mut all = HashSet::new();
    for number in numbers(&file) {
        assert!(all.insert(number), "{number} is there twice");
    }
    assert!(all.iter().all(|number| (1..=told).contains(number)));
    let lost = word(&file, header::LOST_ACCESSES) + word(&file, header::LOST_SYNC);
    println!("told {told}, recorded {}, lost {lost}", all.len());
    assert_eq!(all.len() as u64 + lost, told);
    assert!(lost > 0, "a handler within an event is counted");
}

//! The numbers that events of a text get: those that the recorder would have
//! given them.

use std::path::Path;

use hbtrace_traces::event::{NO_NUMBER, SyncEvent};
use hbtrace_traces::kind::Kind;
use hbtrace_traces::read::Options;
use hbtrace_traces::text;
use hbtrace_traces::trace::{ObjectKind, Trace};

const NO: u64 = NO_NUMBER;

fn parse(text: &str) -> Trace {
    let parsed = text::parse(Path::new("t.std"), text.as_bytes(), Options::default());
    parsed.unwrap_or_else(|error| panic!("{error}\n{text}"))
}

/// All sync events in line order.
fn events(trace: &Trace) -> Vec<SyncEvent> {
    let mut events: Vec<_> = trace
        .streams
        .iter()
        .flat_map(|it| it.sync.clone())
        .collect();
    events.sort_by_key(|event| event.stamp);
    events
}

#[track_caller]
fn numbered(text: &str, numbers: &[u64]) -> Vec<SyncEvent> {
    let events = events(&parse(text));
    let found: Vec<u64> = events.iter().map(|event| event.number).collect();
    assert_eq!(found, numbers, "{text}");
    events
}

#[test]
fn holds() {
    numbered("A|acq(l)\nA|rel(l)\nB|acq(l)\nB|rel(l)", &[0, 0, 1, 1]);
    let reentrant = "A|acq(l)\nA|acq(l)\nA|rel(l)\nA|rel(l)\nA|acq(l)";
    let events = numbered(reentrant, &[0, NO, NO, 0, 1]);
    assert!(events[1].is_void() && events[1].effects().is_empty());
    assert!(!events[0].effects().is_empty());
    let shared = "A|racq(l)\nB|racq(l)\nB|racq(l)\nB|rrel(l)\nB|rrel(l)\nA|rrel(l)\nA|acq(l)\nA|racq(l)\nA|rrel(l)\nA|downgrade(l)\nA|rrel(l)";
    numbered(shared, &[0, 0, NO, NO, 0, 0, 0, NO, NO, 0, 1]);
    numbered(
        "A|acq(l)\nA|acq(l)\nA|wait(v,l)\nB|acq(l)\nB|rel(l)\nA|woken(v,l)\nA|rel(l)\nA|rel(l)",
        &[0, NO, 0, 1, 1, 2, NO, 2],
    );
    let handed = numbered("A|acq(l)\nB|rel(l,A)\nB|acq(l)\nB|rel(l,B)", &[0, 0, 1, 1]);
    assert_eq!((handed[1].other, handed[3].other), (0, u32::MAX));
    assert!(numbered("A|try_acq(l)\nA|rel(l)\nA|try_racq(l)", &[0, 0, 1])[2].tried);
}

#[test]
fn versions() {
    numbered(
        "A|load(x,relaxed)\nA|store(x,relaxed)\nB|rmw(x,relaxed,v)\nA|load(x,relaxed)\nA|load(x,relaxed,0)\nB|store(x,relaxed)\nA|load(x,acquire,v)",
        &[0, 1, 2, 2, 0, 3, 2],
    );
    // A version that only a line below writes, and one that is called 0.
    numbered("A|load(x,relaxed,v)\nB|store(x,relaxed,v)", &[1, 1]);
    numbered(
        "A|store(x,relaxed)\nA|store(x,relaxed,0)\nA|load(x,relaxed,0)",
        &[1, 2, 2],
    );
    // Address and length make the object.
    numbered(
        "A|store(0x10:4,relaxed)\nA|store(0x10:8,relaxed)\nA|store(0x10:4,relaxed)",
        &[1, 1, 2],
    );
}

#[test]
fn messages() {
    numbered("A|send(c)\nB|send(c)\nA|recv(c)\nA|recv(c)", &[1, 2, 1, 2]);
    numbered(
        "A|send(c)\nB|send(c)\nA|unsent(c)\nA|recv(c)",
        &[NO, 1, NO, 1],
    );
    numbered(
        "A|send(c,a)\nA|send(c,b)\nA|send(c)\nB|recv(c,b)\nB|recv(c)\nB|recv(c)",
        &[1, 2, 3, 2, 1, 3],
    );
    // A broadcast: the name is received twice.
    numbered("A|send(c,a)\nB|recv(c,a)\nC|recv(c,a)", &[1, 1, 1]);
    let bounded = "A|chan(c,1)\nA|send(c)\nA|sent(c)\nA|send(c)\nB|recv(c)\nA|sent(c)\nB|recv(c)";
    let events = numbered(bounded, &[1, 1, 0, 2, 1, 1, 2]);
    let extras: Vec<u64> = events.iter().map(|event| event.extra).collect();
    assert_eq!(extras, [NO, 1, NO, 2, 1, NO, 2]);
    numbered(
        "A|chan(c,0)\nA|send(c)\nA|sent(c)\nB|recv(c)",
        &[0, 1, 1, 1],
    );
    // By name, the receive of a rendezvous is that of the message.
    numbered(
        "A|chan(c,0)\nA|send(c,a)\nB|send(c,b)\nC|recv(c,b)\nB|sent(c)\nC|recv(c,a)\nA|sent(c)",
        &[0, 1, 2, 2, 1, 1, 2],
    );
    numbered(
        "A|send(c)\nA|sent(c)\nA|chan(d,inf)\nA|close(c)\nB|recv_closed(c)",
        &[1, 0, NO, 1, 1],
    );
}

#[test]
fn closes() {
    let text = "A|close(c)\nB|recv_closed(c)\nC|close(c)\nB|recv_closed(c)";
    numbered(text, &[1, 1, 2, 2]);
}

#[test]
fn counts_and_generations() {
    numbered(
        "A|barrier(b,2)\nA|arrive(b)\nB|arrive(b)\nA|depart(b)\nA|arrive(b)\nB|depart(b)\nB|arrive(b)\nB|depart(b)",
        &[2, 0, 0, 0, 1, 0, 1, 1],
    );
    numbered(
        "A|once_done(o)\nB|once_get(o)\nA|once_done(o)\nB|once_get(o)",
        &[0, 0, 1, 1],
    );
    numbered(
        "B|unpark(A)\nB|unpark(A)\nA|park\nA|park\nB|unpark(A)\nA|park",
        &[1, 2, 2, 2, 3, 3],
    );
    numbered(
        "A|sem(s,2)\nA|sem_wait(s)\nB|sem_post(s)\nA|sem_wait(s)",
        &[2, 0, 1, 1],
    );
    numbered(
        "A|wg_wait(g)\nB|wg_done(g)\nB|wg_done(g)\nA|wg_wait(g)",
        &[0, 1, 2, 2],
    );
    numbered("A|acquire(t)\nB|release(t)\nA|acquire(t)", &[0, 1, 1]);
}

#[test]
fn waits_and_threads() {
    let text = "A|req(l)\nA|acq(l)\nA|req(B)\nA|join(B)\nA|req(A)\nA|req(nothing)\nA|unreq(l)";
    let trace = parse(text);
    let events = events(&trace);
    let waits: Vec<_> = events
        .iter()
        .filter(|it| matches!(it.kind, Kind::Req | Kind::Unreq))
        .collect();
    let thread = |name: &str| trace.threads.iter().position(|it| it.name == name);
    assert_eq!((waits[0].object, waits[0].extra), (events[1].object, 0));
    assert_eq!(
        (Some(waits[1].object as usize), waits[1].extra),
        (thread("B"), 1)
    );
    assert_eq!(
        (Some(waits[2].object as usize), waits[2].extra),
        (thread("A"), 1)
    );
    assert_eq!(
        trace.objects[waits[3].object as usize].kind,
        ObjectKind::Unknown
    );
    assert_eq!(waits[4].object, events[1].object);
}

#[test]
fn a_thread_has_its_letter_or_not() {
    let trace = parse("T1|fork(2)\nT2|w(x)\n3|w(x)\nT1|join(T3)\nT1|unpark(2)\nT1|req(3)");
    let names: Vec<_> = trace.threads.iter().map(|it| it.name.as_str()).collect();
    assert_eq!(names, ["T1", "T2", "3"]);
    let targets: Vec<u32> = events(&trace).iter().map(|event| event.object).collect();
    assert_eq!(targets, [1, 2, 1, 2]);
    // Where both have lines, both are threads.
    let trace = parse("T1|w(x)\n1|w(x)\n2|fork(T3)");
    assert_eq!(trace.threads.len(), 4);
}

#[test]
fn names_are_three_namespaces() {
    let trace =
        parse("a|acq(a)\na|w(a)\na|send(a)\na|store(b,relaxed)\na|r(b)\na|racq(c)\na|w(%61)");
    let objects: Vec<_> = trace
        .objects
        .iter()
        .map(|it| (it.name.as_str(), it.kind))
        .collect();
    let expected = [
        ("a", ObjectKind::Mutex),
        ("a", ObjectKind::Cell),
        ("a", ObjectKind::Channel),
        ("b", ObjectKind::Atomic),
        ("c", ObjectKind::RwLock),
    ];
    assert_eq!(objects, expected);
}

#[test]
fn sites_and_times_are_optional() {
    let trace = parse(
        "\u{feff}A|w(x)\r\n\r\n  # comment\n A | w( x ) | a.rs:3:7 | 5 \nA|w(x)|?\nA|w(x)||9\nA|w(x)|C:/a.rs:12\n",
    );
    let sites: Vec<_> = trace.sites.iter().map(|(_, site)| site.clone()).collect();
    assert_eq!(sites.len(), 2);
    assert_eq!(
        (sites[0].text.as_str(), sites[0].line, sites[0].column),
        ("a.rs:3:7", Some(3), Some(7))
    );
    assert_eq!(
        (sites[1].file.as_deref(), sites[1].line, sites[1].column),
        (Some("C:/a.rs"), Some(12), None)
    );
    assert_eq!(trace.info.time, Some((5, 9)));
}

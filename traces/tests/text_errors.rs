//! Every way in which a line can be wrong, told with its place.

use std::path::Path;

use hbtrace_traces::error::{Error, Place};
use hbtrace_traces::read::Options;
use hbtrace_traces::text;
use hbtrace_traces::trace::Trace;

fn parse(bytes: &[u8], lenient: bool) -> Result<Trace, Error> {
    text::parse(Path::new("t.std"), bytes, Options { lenient })
}

/// The error of `text` stands at line and column and contains `words`.
#[track_caller]
fn refused(text: &[u8], line: u64, column: u64, words: &str) {
    let shown = String::from_utf8_lossy(text);
    let error = parse(text, false).expect_err(&shown);
    let message = error.to_string();
    assert!(message.contains(words), "{shown}\n{message}");
    assert!(
        message.contains("found") && message.contains("expected"),
        "{message}"
    );
    assert_eq!(
        error.place(),
        Place::LineColumn(line, column),
        "{shown}\n{message}"
    );
    assert!(
        message.starts_with(&format!("t.std:{line}:{column}: ")),
        "{message}"
    );
    let lenient = parse(text, true).unwrap_or_else(|error| panic!("{shown}\n{error}"));
    assert_eq!(lenient.info.warnings.len(), 1, "{shown}");
}

#[test]
fn malformed_lines() {
    for (text, line, column, words) in [
        (&b"nonsense"[..], 1, 1, "`thread|op(operands)|site`"),
        (b"T|r(x)|s\nT|frob(x)|s", 2, 3, "operation `frob`"),
        (b"|r(x)|s", 1, 1, "found nothing, expected a name"),
        (b"T||s", 1, 3, "operation ``"),
        (b"T|r(x|s", 1, 6, "expected `)`"),
        (b"T|r|s", 1, 3, "found 0 operands of `r`, expected 1"),
        (b"T|r()|s", 1, 3, "found 0 operands of `r`, expected 1"),
        (b"T|r(x,y)|s", 1, 3, "found 2 operands of `r`, expected 1"),
        (
            b"T|park(x)|s",
            1,
            3,
            "found 1 operands of `park`, expected none",
        ),
        (b"T|store(x,relaxed,1,2)|s", 1, 21, "fourth operand `2`"),
        (b"T|w(0xABC)|s", 1, 5, "`0xADDRESS:LENGTH`"),
        (b"T|store(0xABC,relaxed)", 1, 9, "`0xADDRESS:LENGTH`"),
        (b"T|free(0xABC)|s", 1, 8, "`0xADDRESS:LENGTH`"),
        (b"T|load(x,,1)|s", 1, 10, "empty operand"),
        (b"T|load(x,weak)|s", 1, 10, "ordering `weak`"),
        (
            b"T|load(x,release)|s",
            1,
            10,
            "`release` of a load, expected relaxed, acquire or seqcst",
        ),
        (b"T|load(x,acqrel)|s", 1, 10, "ordering `acqrel` of a load"),
        (
            b"T|store(x,acquire)|s",
            1,
            11,
            "`acquire` of a store, expected relaxed, release or seqcst",
        ),
        (b"T|store(x,acqrel,v)|s", 1, 11, "`acqrel` of a store"),
        (
            b"T|fence(relaxed)|s",
            1,
            9,
            "`relaxed` of a fence, expected acquire, release, acqrel or seqcst",
        ),
        (b"T|fence()|s", 1, 3, "found 0 operands"),
        (
            b"T|chan(c,many)|s",
            1,
            10,
            "found `many`, expected a number",
        ),
        (b"T|chan(c,-1)|s", 1, 10, "found `-1`, expected a number"),
        (b"T|barrier(b,0)|s", 1, 13, "barrier of 0"),
        (
            b"T|sem(s,99999999999999999999)|s",
            1,
            9,
            "expected a number",
        ),
        (b"T|r(x)|s|soon", 1, 10, "fourth field"),
        (b"T|r(x)|s|1|2", 1, 10, "fourth field"),
        (b"T|r(x)|s|18446744073709551615", 1, 10, "fourth field"),
        (b"T|r(a b)|s", 1, 6, "expected %20"),
        (b"T|r(a(b)|s", 1, 6, "expected %28"),
        (b"T|r(a%2)|s", 1, 6, "two hexadecimal digits"),
        (b"T|r(%ff)|s", 1, 5, "expected UTF-8"),
        (b"T|r(\xff)|s", 1, 5, "expected UTF-8"),
        ("Tä|r(\u{1}x)|s".as_bytes(), 1, 6, "expected %01"),
        (b"T|r(x)|\xfe", 1, 8, "expected UTF-8"),
        (b"T|r(0x10:0)|s", 1, 5, "a length from 1 to 4294967296"),
        (
            b"T|r(0x10:4294967297)|s",
            1,
            5,
            "a length from 1 to 4294967296",
        ),
        (b"T|r(0x800000000000:1)|s", 1, 5, "below 0x800000000000"),
        (b"T|r(0x7fffffffffff:2)|s", 1, 5, "below 0x800000000000"),
        (b"T|r(0xfffffffffffffffff:2)|s", 1, 5, "0xADDRESS:LENGTH"),
        (b"T|r(0x:2)|s", 1, 5, "0xADDRESS:LENGTH"),
        (b"T|r(0x+1:2)|s", 1, 5, "0xADDRESS:LENGTH"),
        (b"T|w(x)\r\nT|r(y\r\n", 2, 6, "expected `)`"),
    ] {
        refused(text, line, column, words);
    }
    refused(&[b'x'; 70_000], 1, 1, "a line of 70000 bytes");
}

#[test]
fn steps_that_are_impossible() {
    for (text, line, words) in [
        ("T|rel(l)", 1, "expected T to hold it, but nobody holds it"),
        ("A|acq(l)\nB|acq(l)", 2, "found B acquiring `l`, expected A"),
        (
            "A|acq(l)\nB|racq(l)",
            2,
            "found B acquiring `l`, expected A",
        ),
        (
            "A|racq(l)\nB|acq(l)",
            2,
            "found B acquiring `l`, expected A",
        ),
        ("A|racq(l)\nA|acq(l)", 2, "which holds it shared"),
        (
            "A|acq(l)\nB|rel(l)",
            2,
            "expected B to hold it, but A holds it",
        ),
        ("A|racq(l)\nA|rel(l)", 2, "but A holds it shared"),
        (
            "A|acq(l)\nB|rel(l,C)",
            2,
            "expected C to hold it, but A holds it",
        ),
        ("A|rrel(l)", 1, "expected A to hold it shared"),
        ("A|racq(l)\nB|rrel(l)", 2, "expected B to hold it shared"),
        ("A|racq(l)\nA|downgrade(l)", 2, "expected A to hold it"),
        (
            "A|acq(l)\nA|acq(l)\nA|downgrade(l)",
            3,
            "within an inner hold",
        ),
        ("A|acq(l)\nA|racq(l)\nA|rel(l)", 3, "shared hold within it"),
        ("A|wait(v,l)", 1, "expected A to hold it"),
        ("A|woken(v,l)", 1, "expected `wait(v,l)` by A above"),
        (
            "A|acq(l)\nA|wait(v,l)\nA|woken(u,l)",
            3,
            "expected `wait(u,l)`",
        ),
        (
            "A|acq(l)\nA|wait(v,l)\nB|acq(l)\nA|woken(v,l)",
            4,
            "expected B",
        ),
        ("A|fork(A)", 1, "forking itself"),
        ("A|fork(B)\nA|fork(B)", 2, "a second fork of B"),
        (
            "B|w(x)\nA|fork(B)",
            2,
            "expected it above line 1, where B begins",
        ),
        ("A|join(A)", 1, "joining itself"),
        (
            "A|join(B)\nB|w(x)",
            1,
            "expected it below line 2, where B ends",
        ),
        ("A|load(x,relaxed,v)", 1, "version `v` of `x`"),
        (
            "A|store(x,relaxed,v)\nA|rmw(x,relaxed,v)",
            2,
            "second write of this version",
        ),
        (
            "A|recv(c)",
            1,
            "receive 1 on `c`, expected its send above, but 0 messages",
        ),
        ("A|recv(c)\nA|send(c)", 1, "expected its send above"),
        (
            "A|send(c)\nA|unsent(c)\nA|recv(c)",
            3,
            "expected its send above",
        ),
        ("A|send(c,m)\nA|recv(c,n)", 2, "expected `send(c,n)` above"),
        ("A|sent(c)", 1, "expected a `send(c)`"),
        ("A|send(c)\nA|sent(c)\nA|sent(c)", 3, "still under way"),
        ("A|unsent(c)", 1, "expected a `send(c)`"),
        (
            "A|chan(c,1)\nA|send(c)\nA|send(c)\nA|sent(c)",
            4,
            "capacity is 1, expected 1 receives",
        ),
        (
            "A|chan(c,0)\nA|send(c)\nA|sent(c)",
            3,
            "capacity is 0, expected 1 receives",
        ),
        ("A|chan(c,1)\nA|chan(c,2)", 2, "declared with above"),
        ("A|recv_closed(c)", 1, "expected `close(c)` above"),
        ("A|arrive(b)", 1, "expected a line `barrier(b,n)`"),
        ("A|barrier(b,2)\nA|depart(b)", 2, "expected `arrive(b)`"),
        (
            "A|barrier(b,2)\nA|arrive(b)\nA|depart(b)",
            3,
            "with 1 arrivals, expected all 2",
        ),
        (
            "A|barrier(b,3)\nA|arrive(b)\nA|arrive(b)",
            3,
            "expected `depart(b)`",
        ),
        ("A|once_get(o)", 1, "expected `once_done(o)` above"),
        (
            "A|sem(s,1)\nA|sem_wait(s)\nA|sem_wait(s)",
            3,
            "at a count of 0",
        ),
        ("A|w(x)|s|5\nA|w(x)|s|4", 2, "expected at least 5"),
    ] {
        refused(text.as_bytes(), line, 3, words);
        let error = parse(text.as_bytes(), false).expect_err(text);
        assert!(error.is_impossible(), "{text}");
    }
}

#[test]
fn circles_of_waiting_are_impossible() {
    let text = "\
A|chan(c,0)
B|chan(d,0)
A|send(c)
B|send(d)
A|sent(c)
B|sent(d)
A|recv(d)
B|recv(c)
";
    refused(
        text.as_bytes(),
        5,
        3,
        "expected its counterpart on `c` to be possible",
    );
}

#[test]
fn lenient_counts_what_it_passes_over() {
    let text = "A|rel(l)\nA|w(x)\nnonsense\nA|acq(l)\nA|rel(l)\nA|rel(l)\n";
    let trace = parse(text.as_bytes(), true).expect("lenient");
    assert_eq!(trace.sync_events(), 2);
    let warning = &trace.info.warnings[0];
    assert!(warning.starts_with("3 lines"), "{warning}");
    assert!(
        warning.contains("t.std:1:3: found the release"),
        "{warning}"
    );
}

#[test]
fn what_is_open_across_a_cut_is_no_error() {
    let text = "\
A|acq(held)
A|racq(shared)
B|send(c)
B|acq(m)
B|wait(v,m)
A|cut
A|rel(lost)
A|rrel(lost2)
B|acq(held)
B|rel(held)
B|acq(shared)
B|rel(shared)
B|woken(v,m)
A|woken(u,k)
A|recv(d)
A|recv(d,name)
A|sent(e)
A|unsent(e)
A|recv_closed(f)
A|barrier(b,2)
A|depart(b)
A|once_get(o)
A|sem(s,0)
A|sem_wait(s)
B|recv(c)
B|chan(g,1)
B|send(g)
B|send(g)
B|sent(g)
";
    let trace = parse(text.as_bytes(), false).expect("open across the cut");
    assert_eq!(trace.sync_events(), 29);
}

#[test]
fn no_bytes_make_it_panic() {
    let text = b"A|fork(B)|s|1\nB|store(x,release,v)|\nB|chan(c,1)\nA|req(l)\nA|join(B)\n";
    for at in 0..text.len() {
        for byte in [0, b'|', b'(', b')', b',', b'%', b'\n', b'9', 0xff] {
            let mut text = text.to_vec();
            text[at] = byte;
            let _ = parse(&text, false);
            let _ = parse(&text, true);
            let _ = parse(&text[..at], false);
        }
    }
}

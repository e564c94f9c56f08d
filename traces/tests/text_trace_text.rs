//! A text that is converted to a `.trace` file and back is the same text, and
//! is replayed in the same order.

use std::path::{Path, PathBuf};

use hbtrace_traces::read::{self, Options};
use hbtrace_traces::trace::{Step, Trace};
use hbtrace_traces::{text, write};

/// Everything that a text can say which a file has to keep.
const ALL: &str = "\
# comment
main%20thread|chan(c,1)|?|5
main%20thread|chan(u,inf)
main%20thread|barrier(b,2)
main%20thread|sem(s,1)
main%20thread|fork(A)|src/a.rs:1:2|10
main%20thread|fork(B)|src/a.rs:12
A|w(x)|src/my file.rs:2|11
B|w(x)|odd:site:|12
A|w(0x7f10:8)|x:007|13
A|w(0x7f18:24)|src/a.rs:1:2|281474976710999
B|r(0x7f10:4294967296)||281474976711000
A|store(flag,release,v1)|?
B|load(flag,acquire,v1)|?
B|load(flag,relaxed,0)|?
A|rmw(count,acqrel)
B|rmw(count,seqcst)
B|fence(seqcst)
A|req(l)|p
A|acq(l)|p
A|acq(l)|p
A|rel(l)|p
A|r(x)
A|r(y)
B|try_acq(k)
B|r(y)
A|w(y)
B|rel(k)
A|send(c,m1)
A|sent(c)
B|recv(c,m1)
A|wait(v,l)
B|acq(l)
B|notify(v,A)
B|rel(l)
A|woken(v,l)
main%20thread|rel(l,A)
A|arrive(b)
B|arrive(b)
A|depart(b)
B|depart(b)
A|sem_wait(s)
A|sem_post(s)
A|once_done(o)
B|once_get(o)
A|begin(any, text (of) it)
A|end
B|outside(disk)
B|inside(disk)
B|span(request)
B|span_end(request)
A|alloc(0x9000:64)
A|free(0x9000:64)
A|unpark(B)
B|park
A|release(token)
B|acquire(token)
A|close(u)
B|recv_closed(u)
B|req(main%20thread)
A|thread_end
main%20thread|join(A)
main%20thread|cut|?
main%20thread|w(z)
";

fn parse(bytes: &[u8]) -> Trace {
    text::parse(Path::new("t.std"), bytes, Options::default()).expect("a well-formed text")
}

fn written(trace: &Trace) -> String {
    let mut out = Vec::new();
    text::write(trace, &mut out).expect("memory takes everything");
    String::from_utf8(out).expect("text")
}

fn order(trace: &Trace) -> Vec<(u32, Option<u32>)> {
    let steps = trace.steps.iter().map(|step| match *step {
        Step::Accesses { thread, .. } => (thread.0, None),
        Step::Sync { thread, index } => (thread.0, Some(index)),
    });
    steps.collect()
}

fn check(name: &Path, bytes: &[u8]) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("converted.trace");
    let trace = parse(bytes);
    write::write(&trace, &path).expect("written");
    let back = read::open(&path, Options::default()).expect("read");
    assert_eq!(
        back.info.warnings,
        Vec::<String>::new(),
        "{}",
        name.display()
    );
    assert_eq!(back.info.time, trace.info.time, "{}", name.display());
    assert_eq!(back.sites, trace.sites, "{}", name.display());
    assert_eq!(order(&back), order(&trace), "{}", name.display());
    assert_eq!(written(&back), written(&trace), "{}", name.display());
}

#[test]
fn everything_that_a_text_says_comes_back() {
    check(Path::new("all"), ALL.as_bytes());
}

/// The file that version 1 of the format made of [`ALL`], which is never made
/// anew.
#[test]
fn version_1_reads_for_ever() {
    let sample = Path::new(env!("CARGO_MANIFEST_DIR")).join("samples/v2_all_operations.trace");
    let trace = read::open(&sample, Options::default()).expect("read");
    assert_eq!(written(&trace), written(&parse(ALL.as_bytes())));
}

#[test]
fn samples_come_back() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("samples");
    let entries = std::fs::read_dir(folder).into_iter().flatten();
    for entry in entries {
        let path = entry.expect("a readable folder").path();
        if path.extension().is_some_and(|extension| extension == "std") {
            check(&path, &std::fs::read(&path).expect("a readable sample"));
        }
    }
}

#[test]
fn a_slice_may_begin_anywhere_in_a_long_segment() {
    let mut text = String::new();
    for round in 0..20_000 {
        let thread = ["A", "B"][round % 2];
        text.push_str(&format!(
            "{thread}|w(v{})|site{}\n",
            round % 7,
            round % 1000
        ));
    }
    check(Path::new("slices"), text.as_bytes());
}

#[test]
fn a_step_that_was_passed_over_is_not_written() {
    let lenient = Options { lenient: true };
    for (text, passed) in [
        (
            "A|chan(c,0)\nA|send(c)\nA|sent(c)\nA|recv(c)\nA|w(x)\n",
            "sent(",
        ),
        (
            "A|load(f,acquire,v)\nB|w(x)\nA|w(x)\nA|store(f,release,v)\n",
            "load(",
        ),
    ] {
        let trace = text::parse(Path::new("t.std"), text.as_bytes(), lenient).expect("lenient");
        assert_eq!(trace.info.warnings.len(), 1, "{text}");
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("converted.trace");
        write::write(&trace, &path).expect("written");
        let back = read::open(&path, Options::default()).expect("read without being lenient");
        let kept = written(&back);
        assert!(!kept.contains(passed), "{kept}");
        assert_eq!(kept.lines().count() + 1, text.lines().count(), "{kept}");
        assert_eq!(written(&parse(kept.as_bytes())), kept);
    }
}

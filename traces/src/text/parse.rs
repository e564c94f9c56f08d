//! Text to trace.

use std::path::Path;

use super::draft::{Draft, ThreadDraft};
use super::fault::Fault;
use super::{line, number, threads};
use crate::error::Error;
use crate::options::Options;
use crate::trace::{AccessStream, Info, Stream, Thread, Trace};

/// Parses, numbers, checks and replays a text trace; `path` is for messages.
///
/// # Errors
/// With line and column, if a line is malformed or a step impossible.
pub fn parse(path: &Path, bytes: &[u8], options: Options) -> Result<Trace, Error> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let mut faults = Faults {
        path,
        bytes,
        lenient: options.lenient,
        passed: 0,
        first: None,
    };
    let mut draft = Draft::default();
    for (index, line) in bytes.split(|byte| *byte == b'\n').enumerate() {
        if line::is_skipped(line) {
            continue;
        }
        let number = index as u64 + 1;
        if let Err(fault) = draft.line(number, line) {
            faults.refuse(number, fault)?;
        }
    }
    threads::settle(&mut draft);
    number::number(&mut draft, |line, fault| faults.refuse(line, fault))?;
    let mut trace = finish(path, draft);
    replay(&mut trace, &mut faults)?;
    trace.info.warnings.extend(faults.warning());
    Ok(trace)
}

/// Orders the trace. Events that replay can't get past are faults; where those
/// are passed over, the trace is without them, so that what is written of it
/// can be read.
fn replay(trace: &mut Trace, faults: &mut Faults<'_>) -> Result<(), Error> {
    loop {
        let stuck = crate::replay::run(trace, faults.lenient);
        for stuck in &stuck {
            faults.refuse(stuck.stamp(), Fault::impossible(stuck.message(trace)))?;
        }
        let dropped = stuck.iter().map(|stuck| stuck.place()).collect();
        let before = trace.sync_events();
        number::drop_events(&mut trace.streams, |stream| &mut stream.sync, dropped);
        if trace.sync_events() == before {
            return Ok(());
        }
    }
}

/// Ends parsing at the first fault, or counts them.
struct Faults<'a> {
    path: &'a Path,
    bytes: &'a [u8],
    lenient: bool,
    passed: u64,
    /// The topmost one and its line.
    first: Option<(u64, Error)>,
}

impl Faults<'_> {
    fn refuse(&mut self, line: u64, fault: Fault) -> Result<(), Error> {
        if !self.lenient {
            return Err(self
                .advise(fault, line)
                .into_error(self.path, self.bytes, line));
        }
        self.passed += 1;
        if self.first.as_ref().is_none_or(|(first, _)| line < *first) {
            self.first = Some((line, fault.into_error(self.path, self.bytes, line)));
        }
        Ok(())
    }

    /// The fault, with what to do about it.
    fn advise(&self, mut fault: Fault, line: u64) -> Fault {
        let mut above = self
            .bytes
            .split(|byte| *byte == b'\n')
            .take(usize::try_from(line.saturating_sub(1)).unwrap_or(usize::MAX));
        if fault.impossible {
            fault.message += "; mend the trace, or pass over such steps with --lenient";
        } else if above.all(line::is_skipped) {
            fault.message += "; traces/TEXT.md tells how a text trace looks, and `hbtrace record` makes a trace of a program";
        }
        fault
    }

    fn warning(&self) -> Option<String> {
        let (_, first) = self.first.as_ref()?;
        let (lines, are) = if self.passed == 1 {
            ("line", "is")
        } else {
            ("lines", "are")
        };
        let passed = self.passed;
        Some(format!(
            "{passed} {lines} that can't be so {are} passed over, the first: {first}"
        ))
    }
}

fn finish(path: &Path, draft: Draft<'_>) -> Trace {
    let mut threads = Vec::with_capacity(draft.threads.len());
    let mut streams = Vec::with_capacity(draft.threads.len());
    for (name, thread) in draft.tables.threads.into_iter().zip(draft.threads) {
        let ThreadDraft {
            sync,
            accesses,
            slices,
            ..
        } = thread;
        threads.push(Thread {
            name,
            ..Thread::default()
        });
        streams.push(Stream {
            sync,
            accesses: AccessStream::Owned(accesses),
            slices,
            beyond: 0,
        });
    }
    Trace {
        info: Info {
            file: path.to_owned(),
            format: "text",
            imported: true,
            time: draft.time,
            complete: true,
            ..Info::default()
        },
        threads,
        objects: draft.tables.objects.table,
        sites: draft.sites,
        streams,
        steps: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trace::Step;

    fn parsed(text: &str) -> Result<Trace, Error> {
        parse(Path::new("t.std"), text.as_bytes(), Options::default())
    }

    /// Stamps of the steps in replay order.
    fn order(trace: &Trace) -> Vec<u64> {
        let stamp = |step: &Step| match *step {
            Step::Sync { thread, index } => trace.sync(thread, index).stamp,
            Step::Accesses { thread, from, .. } => {
                let slices = &trace.streams[thread.index()].slices;
                slices
                    .iter()
                    .rfind(|slice| slice.from <= from)
                    .map_or(0, |slice| slice.stamp)
            }
        };
        trace.steps.iter().map(stamp).collect()
    }

    #[test]
    fn every_operation_is_read_and_replayed_in_line_order() {
        let text = "\
# a comment\r
main|fork(A)|a.rs:1:2|10
main|w(x)|a.rs:2|11
A|r(x)|a.rs:3|12
A|acq(l)
A|acq(l)
A|rel(l)
A|rel(l)
main|racq(l)
A|racq(l)
main|rrel(l)
A|rrel(l)
main|acq(l)
main|downgrade(l)
main|rrel(l)
main|store(f,release,v1)
A|load(f,acquire,v1)
A|rmw(f,acqrel)
A|fence(seqcst)
main|chan(c,1)
main|send(c)
main|sent(c)
A|recv(c)
main|close(c)
A|recv_closed(c)
main|req(l)
main|acq(l)
main|wait(v,l)
A|acq(l)
A|notify(v,main)
A|notify_all(v)
A|rel(l)
main|woken(v,l)
main|rel(l)
main|barrier(b,2)
main|arrive(b)
A|arrive(b)
A|depart(b)
main|depart(b)
main|once_done(o)
A|once_get(o)
A|unpark(main)
main|park
main|sem(s,1)
A|sem_wait(s)
A|sem_post(s)
A|wg_done(g)
main|wg_wait(g)
main|alloc(0x1000:64)
main|r(0x1000:8)
main|free(0x1000:64)
A|begin(m)
A|end(m)
A|release(t)
main|acquire(t)
A|outside(disk)
A|inside(disk)
A|span(request)
A|span_end(request)
A|try_acq(l)
A|rel(l)
A|thread_begin
A|thread_end
main|cut
main|req(A)
main|join(A)
";
        let trace = parsed(text).expect("well formed");
        let order = order(&trace);
        assert!(order.is_sorted(), "{order:?}");
        assert_eq!(trace.threads.len(), 2);
        assert_eq!(trace.info.time, Some((10, 12)));
    }

    #[test]
    fn a_completed_send_waits_for_the_receive_below_it() {
        let trace =
            parsed("A|chan(c,0)\nA|send(c)\nA|sent(c)\nA|w(x)\nB|recv(c)\n").expect("lawful");
        assert_eq!(order(&trace), [1, 2, 5, 3, 4]);
    }
}

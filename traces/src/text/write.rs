//! Trace to text, in replay order: the canonical form, which parses back.
//!
//! Every line has a site, `?` where it is unknown, and a time where there is
//! one. Versions and messages are named where their names are known, where the
//! order of lines would not tell them, and always in recorded traces.

use std::io;

use super::identities::Identities;
use super::names;
use crate::event::{Access, AccessKind, NO_NUMBER, NO_TIME, NONE, SyncEvent};
use crate::id::{Location, ObjectId, SiteId, ThreadId};
use crate::kind::{Kind, Operands};
use crate::trace::{Object, ObjectKind, Step, Trace};

/// Writes a replayed trace as text.
///
/// What text can't say is coarser afterwards: bytes of a recorded cell or
/// atomic become the whole of it, and a load that was under way at a kill
/// reads the last version above it.
///
/// # Errors
/// If writing fails.
pub fn write(trace: &Trace, out: impl io::Write) -> io::Result<()> {
    let mut out = io::BufWriter::new(out);
    let writer = Writer::new(trace);
    let mut line = String::new();
    let mut last_is_cut = false;
    for step in &trace.steps {
        // All threads pass the cut of a window, and one line says so.
        let is_cut = is_common_cut(trace, *step);
        if std::mem::replace(&mut last_is_cut, is_cut) && is_cut {
            continue;
        }
        match *step {
            Step::Accesses { thread, from, to } => {
                let mut result = Ok(());
                trace.accesses(thread, from..to, |_, access| {
                    if result.is_ok() {
                        line.clear();
                        writer.access(thread, &access, &mut line);
                        result = io::Write::write_all(&mut out, line.as_bytes());
                    }
                });
                result?;
            }
            Step::Sync { thread, index } => {
                line.clear();
                writer.sync(thread, trace.sync(thread, index), &mut line);
                io::Write::write_all(&mut out, line.as_bytes())?;
            }
        }
    }
    io::Write::flush(&mut out)
}

/// Whether all threads pass a cut together at this step.
fn is_common_cut(trace: &Trace, step: Step) -> bool {
    let Step::Sync { thread, index } = step else {
        return false;
    };
    let event = trace.sync(thread, index);
    event.kind == Kind::Cut && event.stamp == 0
}

struct Writer<'a> {
    trace: &'a Trace,
    /// Names as they are written.
    threads: Vec<String>,
    objects: Vec<String>,
    identities: Identities,
}

impl<'a> Writer<'a> {
    fn new(trace: &'a Trace) -> Writer<'a> {
        let recorded = !trace.info.imported;
        let mut taken = rustc_hash::FxHashSet::default();
        let mut threads = Vec::with_capacity(trace.threads.len());
        for thread in &trace.threads {
            threads.push(encoded(&thread.name, recorded, &mut taken));
        }
        let mut variables = rustc_hash::FxHashSet::default();
        let mut objects = Vec::with_capacity(trace.objects.len());
        for object in &trace.objects {
            let taken = if is_variable(object) {
                &mut variables
            } else {
                &mut taken
            };
            let mut name = String::new();
            match object.kind {
                ObjectKind::Label => names::encode_site(&object.name, &mut name),
                ObjectKind::Name => names::encode(&object.name, &mut name),
                _ => name = encoded(&object.name, recorded, taken),
            }
            objects.push(name);
        }
        Writer {
            trace,
            threads,
            objects,
            identities: Identities::of(trace),
        }
    }

    fn access(&self, thread: ThreadId, access: &Access, line: &mut String) {
        self.thread(thread.0, line);
        line.push_str(if access.kind == AccessKind::Write {
            "|w("
        } else {
            "|r("
        });
        self.location(access.location, line);
        line.push(')');
        self.tail(access.site, access.time, line);
    }

    fn sync(&self, thread: ThreadId, event: &SyncEvent, line: &mut String) {
        self.thread(thread.0, line);
        line.push('|');
        line.push_str(match (event.kind, event.tried) {
            (Kind::Req, _) if event.asks_shared() => "req_shared",
            (Kind::Acq, true) => "try_acq",
            (Kind::ReadAcq, true) => "try_racq",
            (kind, _) => kind.name(),
        });
        self.operands(event, line);
        self.tail(event.site, event.time, line);
    }

    fn operands(&self, event: &SyncEvent, line: &mut String) {
        match event.kind.operands() {
            Operands::None => return,
            Operands::Label if event.object == NONE => return,
            _ => line.push('('),
        }
        match event.kind.operands() {
            Operands::None => {}
            Operands::Order => line.push_str(event.order.name()),
            Operands::Thread => self.thread(event.object, line),
            Operands::Waitable if event.extra == 1 => self.thread(event.object, line),
            Operands::Atomic => {
                self.atomic(event, line);
                line.push(',');
                line.push_str(event.order.name());
                self.identity(event, line);
            }
            Operands::Block => {
                let (start, len) = (event.number, event.extra.max(1));
                self.location(Location { start, len }, line);
            }
            _ => {
                self.object(event.object, line);
                self.second(event, line);
            }
        }
        line.push(')');
    }

    /// What stands behind the object.
    fn second(&self, event: &SyncEvent, line: &mut String) {
        let named = event.other != NONE;
        match event.kind.operands() {
            Operands::Lock | Operands::ConditionThread if named => {
                line.push(',');
                self.thread(event.other, line);
            }
            Operands::ConditionLock => {
                line.push(',');
                self.object(event.other, line);
            }
            Operands::ObjectNumber if event.number == NO_NUMBER => line.push_str(",inf"),
            Operands::ObjectNumber => push_number(event.number, line),
            Operands::Message => self.identity(event, line),
            _ => {}
        }
    }

    /// The name or number of a version or message, where it is told.
    fn identity(&self, event: &SyncEvent, line: &mut String) {
        if self.identities.is_numbered(event) {
            if event.number != NO_NUMBER {
                push_number(event.number, line);
            }
        } else if event.other != NONE {
            line.push(',');
            self.object(event.other, line);
        }
    }

    fn atomic(&self, event: &SyncEvent, line: &mut String) {
        match self.trace.location_of(event) {
            Some(location) => self.location(location, line),
            None => self.object(event.object, line),
        }
    }

    fn location(&self, location: Location, line: &mut String) {
        match location.object() {
            Some(ObjectId(object)) => self.object(object, line),
            None => line.push_str(&format!("{:#x}:{}", location.start, location.len)),
        }
    }

    fn thread(&self, thread: u32, line: &mut String) {
        line.push_str(
            self.threads
                .get(thread as usize)
                .map_or("?", String::as_str),
        );
    }

    fn object(&self, object: u32, line: &mut String) {
        line.push_str(
            self.objects
                .get(object as usize)
                .map_or("?", String::as_str),
        );
    }

    fn tail(&self, site: SiteId, time: u64, line: &mut String) {
        line.push('|');
        names::encode_site(self.trace.site_text(site), line);
        if time != NO_TIME {
            line.push('|');
            line.push_str(&time.to_string());
        }
        line.push('\n');
    }
}

fn push_number(number: u64, line: &mut String) {
    line.push(',');
    line.push_str(&number.to_string());
}

fn is_variable(object: &Object) -> bool {
    matches!(
        object.kind,
        ObjectKind::Cell | ObjectKind::Atomic | ObjectKind::Block
    )
}

/// A name as it is written; of a recorded trace, made unique.
fn encoded(name: &str, unique: bool, taken: &mut rustc_hash::FxHashSet<String>) -> String {
    let mut text = String::new();
    names::encode(if name.is_empty() { "unnamed" } else { name }, &mut text);
    if !unique {
        return text;
    }
    let plain = text.clone();
    let mut number = 2_u64;
    while !taken.insert(text.clone()) {
        text = format!("{plain}#{number}");
        number += 1;
    }
    text
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use crate::options::Options;

    fn rewritten(text: &str) -> String {
        let trace = super::super::parse(Path::new("t.std"), text.as_bytes(), Options::default());
        let mut out = Vec::new();
        super::write(&trace.expect("well formed"), &mut out).expect("memory takes everything");
        String::from_utf8(out).expect("text")
    }

    #[test]
    fn canonical_text_comes_back_as_it_was() {
        let text = "\
main%20thread|fork(A)|a.rs:1:2|10
main%20thread|w(x%7C)|src/my file.rs:2|11
A|rmw(0x7f10:8,acqrel,v1)|?
A|load(0x7f10:8,relaxed,0)|?
A|w(%30x7f10:8)|50%25
%23A|w(0x7f10:8)|é
A|send(c,m)|?
main%20thread|recv(c,m)|?
A|chan(d,2)|?
A|chan(e,inf)|?
A|begin(any, text (of) it)|?
A|end|?
A|notify(v,%23A)|?
A|req(main%20thread)|?
A|free(0x10:4294967296)|?
A|alloc(block)|?
A|acq(l)|?
A|try_acq(k)|?
main%20thread|req_shared(s)|?
main%20thread|racq(s)|?
main%20thread|req_shared(s)|?
main%20thread|rel(l,A)|?
A|cut|?
A|park|?|12
";
        assert_eq!(rewritten(text), text);
    }

    #[test]
    fn what_the_order_of_lines_can_not_tell_is_numbered() {
        let stale = "A|store(x,relaxed,a)|?\nB|store(x,relaxed,b)|?\nC|load(x,acquire,a)|?\n";
        assert_eq!(rewritten(stale), stale);
        let delayed =
            "A|chan(r,0)\nA|send(r)\nA|sent(r)\nA|send(c)\nB|send(c)\nB|recv(r)\nD|recv(c)\n";
        let written = rewritten(delayed);
        assert!(written.contains("B|send(c,2)|?\n"), "{written}");
        assert!(written.contains("D|recv(c,1)|?\n"), "{written}");
        assert_eq!(rewritten(&written), written);
    }
}

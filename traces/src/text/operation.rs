//! Which operation a line names, and how its operands are spelled.

use super::fault::Fault;
use super::line::{self, Field, Line};
use crate::event::{AccessKind, MemoryOrder, NO_NUMBER};
use crate::kind::Kind;

/// What a line's operation is.
pub(super) enum Operation {
    Access(AccessKind),
    Sync {
        kind: Kind,
        tried: bool,
    },
    /// A request for the shared side of a lock.
    RequestShared,
    Skipped,
}

/// The operation of a name. RAPID's `begin` and `end` may bear anything
/// behind them.
pub(super) fn operation(name: Field<'_>) -> Result<Operation, Fault> {
    let sync = |kind, tried| Operation::Sync { kind, tried };
    Ok(match name.text {
        b"r" => Operation::Access(AccessKind::Read),
        b"w" => Operation::Access(AccessKind::Write),
        b"dummy" => Operation::Skipped,
        b"try_acq" => sync(Kind::Acq, true),
        b"try_racq" => sync(Kind::ReadAcq, true),
        b"req_shared" => Operation::RequestShared,
        text => match std::str::from_utf8(text).ok().and_then(Kind::from_name) {
            Some(kind) => sync(kind, false),
            None if text.starts_with(b"begin") => sync(Kind::Begin, false),
            None if text.starts_with(b"end") => sync(Kind::End, false),
            None => return Err(unknown_operation(name)),
        },
    })
}

fn unknown_operation(name: Field<'_>) -> Fault {
    let mut known: Vec<&str> = Kind::ALL.iter().map(|kind| kind.name()).collect();
    known.extend(["r", "w", "req_shared", "try_acq", "try_racq"]);
    known.sort_unstable();
    let message = format!(
        "found the operation `{}`, expected one of {}",
        name.shown(),
        known.join(", ")
    );
    Fault::malformed(name.at, message)
}

/// The operands of a line, `least` to `most` of them.
pub(super) fn expect_operands<'a>(
    line: &Line<'a>,
    least: usize,
    most: usize,
) -> Result<([Field<'a>; 3], usize), Fault> {
    let nothing = Field {
        text: &[],
        at: line.name.at + line.name.text.len(),
    };
    let (found, count) = line::operands(line.operands.unwrap_or(nothing))?;
    if (least..=most).contains(&count) {
        return Ok((found, count));
    }
    let wanted = match (least, most) {
        (0, _) => "none".to_owned(),
        (least, most) if least == most => least.to_string(),
        (least, most) => format!("{least} or {most}"),
    };
    let name = line.name.shown();
    let message = format!("found {count} operands of `{name}`, expected {wanted}");
    Err(Fault::malformed(line.name.at, message))
}

/// The ordering of an atomic operation or a fence. There are no others in
/// C++ and in Rust: one that means nothing would hide what is meant.
pub(super) fn memory_order(kind: Kind, field: Field<'_>) -> Result<MemoryOrder, Fault> {
    use MemoryOrder::{AcqRel, Acquire, Relaxed, Release, SeqCst};
    let lawful: &[MemoryOrder] = match kind {
        Kind::Load => &[Relaxed, Acquire, SeqCst],
        Kind::Store => &[Relaxed, Release, SeqCst],
        Kind::Fence => &[Acquire, Release, AcqRel, SeqCst],
        _ => &MemoryOrder::ALL,
    };
    let named = |order: &&MemoryOrder| order.name().as_bytes() == field.text;
    lawful.iter().find(named).copied().ok_or_else(|| {
        let names: Vec<&str> = lawful.iter().map(|order| order.name()).collect();
        let (last, others) = names.split_last().unwrap_or((&"none", &[]));
        let message = format!(
            "found the ordering `{}` of a {}, expected {} or {last}",
            field.shown(),
            kind.name(),
            others.join(", ")
        );
        Fault::malformed(field.at, message)
    })
}

/// The number of a `chan`, `barrier` or `sem` line.
pub(super) fn count(kind: Kind, field: Field<'_>) -> Result<u64, Fault> {
    if kind == Kind::Chan && field.text == b"inf" {
        return Ok(NO_NUMBER);
    }
    let number = line::number(field.text).filter(|number| *number <= u64::from(u32::MAX));
    match number {
        Some(0) if kind == Kind::Barrier => Err(Fault::malformed(
            field.at,
            "found a barrier of 0, expected at least 1",
        )),
        Some(number) => Ok(number),
        None => {
            let or = if kind == Kind::Chan { ", or `inf`" } else { "" };
            let found = field.shown();
            let message = format!("found `{found}`, expected a number up to 4294967295{or}");
            Err(Fault::malformed(field.at, message))
        }
    }
}

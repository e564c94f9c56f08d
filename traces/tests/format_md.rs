//! `FORMAT.md` lists what the code has.

use hbtrace_traces::format::layout::{self, chunk, flags, header};
use hbtrace_traces::format::table::RECORD_MAX;
use hbtrace_traces::kind::Kind;
use hbtrace_traces::object::ObjectKind;

const FORMAT: &str = include_str!("../FORMAT.md");

#[test]
fn every_kind_has_its_number() {
    for kind in Kind::ALL {
        let cells = format!("| {} | `{}` |", *kind as u8, kind.name());
        assert!(FORMAT.contains(&cells), "FORMAT.md lacks {cells}");
    }
    let listed = FORMAT.lines().filter(|line| line.contains(" | `acq` | "));
    assert_eq!(listed.count(), 1);
    for kind in ObjectKind::ALL {
        let number = kind as u8;
        let name = match kind {
            ObjectKind::Unknown => "unknown",
            kind => kind.name(),
        };
        let item = format!("{number} {name}");
        assert!(FORMAT.contains(&item), "FORMAT.md lacks object kind {item}");
    }
}

#[test]
fn offsets_and_flags_are_those_of_the_code() {
    let fields = [
        (header::VERSION, "version"),
        (header::FLAGS, "flags"),
        (header::HEADER_SIZE, "header size"),
        (header::PAGE_SIZE, "page size"),
        (header::PID, "pid"),
        (header::CPUS, "CPUs"),
        (header::START_UTC, "start, UTC"),
        (header::START_TICKS, "start, ticks"),
        (header::LAST_TICKS, "calibration, ticks"),
        (header::LAST_NS, "calibration, ns"),
        (header::ALLOCATED, "allocated"),
        (header::LOST_ACCESSES, "lost accesses"),
        (header::LOST_SYNC, "lost sync events"),
        (header::LOST_FROM, "lost from"),
        (header::STATE, "state"),
        (header::EVICTED_UNTIL, "evicted until"),
        (header::ARGUMENTS_LENGTH, "arguments, length"),
        (chunk::STREAM, "stream"),
        (chunk::STATE, "state"),
        (chunk::SWITCHES, "switches"),
        (chunk::REUSED, "reused"),
        (chunk::OFFSET, "offset"),
        (chunk::SIZE, "size"),
        (chunk::USED, "used"),
        (chunk::WRITER, "writer"),
        (chunk::THREAD, "thread"),
        (chunk::SEQUENCE, "sequence"),
        (chunk::SITE, "site"),
        (chunk::POSITION, "position"),
        (chunk::TICKS, "ticks"),
        (chunk::ACCESSES, "accesses"),
        (chunk::WAITING, "waiting"),
    ];
    for (offset, name) in fields {
        let found = [1, 4, 8]
            .iter()
            .any(|size| FORMAT.contains(&format!("\n| {offset} | {size} | {name} |")));
        assert!(found, "FORMAT.md lacks {name} at {offset}");
    }
    let bits = [
        (flags::NANOSECONDS, "NANOSECONDS"),
        (flags::STAMPED, "STAMPED"),
        (flags::LATE_START, "LATE_START"),
        (flags::TIME_ALL, "TIME_ALL"),
        (flags::TIMELESS, "TIMELESS"),
        (flags::IMPORTED, "IMPORTED"),
        (flags::FLIGHT, "FLIGHT"),
        (flags::PACKED, "PACKED"),
    ];
    for (flag, name) in bits {
        let row = format!("\n| `{name}` | {} |", flag.trailing_zeros());
        assert!(FORMAT.contains(&row), "FORMAT.md lacks {row}");
    }
    assert!(FORMAT.contains(&format!(
        "# The `.trace` format, version {}\n",
        layout::VERSION
    )));
    assert_eq!(RECORD_MAX, 16_384, "section 6 says so");
    assert_eq!(layout::CHUNK_LIMIT, 64 << 20, "section 3 says so");
}

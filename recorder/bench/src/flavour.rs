//! Who does the operations: std, the mirrors, bare stores, or a peer.

use crate::operation::Operation;
#[cfg(feature = "peers")]
use crate::peers;
use crate::{mirrors, native, sort, sustained, told, variables};

/// A set of operations that a child process can do.
pub struct Flavour {
    /// Its name on the command line of the child.
    pub name: &'static str,
    /// Its operations, in parts.
    pub operations: &'static [&'static [Operation]],
    /// Done once, before the first round.
    pub prepare: fn(),
}

/// All flavours.
pub const FLAVOURS: &[Flavour] = &[
    Flavour {
        name: "native",
        operations: &[
            told::NATIVE,
            native::operations::OPERATIONS,
            native::contended::OPERATIONS,
        ],
        prepare: || (),
    },
    Flavour {
        name: "mirrors",
        operations: &[
            told::TOLD,
            mirrors::operations::OPERATIONS,
            mirrors::contended::OPERATIONS,
            sustained::TOLD,
            sort::PROGRAM,
        ],
        prepare: decide,
    },
    Flavour {
        name: "bare",
        operations: &[told::BARE, sustained::BARE],
        prepare: || (),
    },
    #[cfg(feature = "peers")]
    Flavour {
        name: "tracing-off",
        operations: &[peers::tracing::OPERATIONS],
        prepare: || (),
    },
    #[cfg(feature = "peers")]
    Flavour {
        name: "tracing-chrome",
        operations: &[peers::tracing::OPERATIONS],
        prepare: peers::tracing::prepare_chrome,
    },
    #[cfg(feature = "peers")]
    Flavour {
        name: "fastrace",
        operations: &[peers::fastrace::OPERATIONS],
        prepare: peers::fastrace::prepare,
    },
    #[cfg(feature = "peers")]
    Flavour {
        name: "puffin",
        operations: &[peers::puffin::OPERATIONS],
        prepare: peers::puffin::prepare,
    },
];

/// The first use of a mirror decides whether this process records, and starts
/// the recorder's helper, which must not inherit the processor that this
/// thread is bound to later.
///
/// With a limit to the file the session starts here.
fn decide() {
    let limit = std::env::var(variables::LIMIT)
        .ok()
        .and_then(|bytes| bytes.parse().ok());
    if let Some((limit, path)) = limit.zip(std::env::var_os("HBTRACE_OUT")) {
        let session = hbtrace_recorder::record(path).limit(limit).start();
        session.expect("the parent gives a path that can be recorded into");
    }
    hbtrace_recorder::write(FLAVOURS.as_ptr(), 1);
}

/// The flavour of this name.
#[must_use]
pub fn of_name(name: &str) -> Option<&'static Flavour> {
    FLAVOURS.iter().find(|flavour| flavour.name == name)
}

impl Flavour {
    /// Its operation for a row.
    #[must_use]
    pub fn operation(&self, row: &str) -> Option<&'static Operation> {
        let parts = self.operations.iter();
        parts.flat_map(|part| part.iter()).find(|op| op.row == row)
    }
}

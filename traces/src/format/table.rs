//! Names of threads, objects and sites: the cold tables.
//!
//! A table chunk's payload is a run of records: a u32 length (stored last,
//! never zero), then that many bytes of bincode, then padding to 8 bytes. The
//! only module that knows serde and bincode.

use bincode::Options;
use serde::{Deserialize, Serialize};

/// Largest record, in bytes.
pub const RECORD_MAX: u64 = 16 * 1024;

/// A record of the tables. Later records of the same id replace earlier ones.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Record {
    /// A thread appeared.
    Thread {
        /// The recorder's id, never reused.
        thread: u32,
        /// Id that the OS gave it.
        os_id: u32,
        /// Its name, if it has one.
        name: Option<String>,
        /// Its creation was not recorded.
        foreign: bool,
    },
    /// An object was used for the first time, or named.
    Object {
        /// The recorder's id.
        object: u32,
        /// Number of a kind of object.
        kind: u8,
        /// Its name, if it was given one.
        name: Option<String>,
        /// Where it was created.
        site: u32,
        /// For atomics and cells: its length in bytes. 0: no location.
        len: u64,
        /// For atomics and blocks at an address: that address. 0: the object
        /// is known by identity.
        address: u64,
    },
    /// A site was used for the first time.
    Site {
        /// The recorder's id.
        site: u32,
        /// Source file, or whatever is known.
        file: String,
        /// Line, from 1; 0 if unknown.
        line: u32,
        /// Column, from 1; 0 if unknown.
        column: u32,
    },
    /// Sites name code of this object file, as `path+0xaddress`.
    Module {
        /// Its path, as the loader told it.
        path: String,
        /// Its build id in hexadecimal digits; empty if it has none.
        build_id: String,
    },
    /// Functions that a site is in.
    Frames {
        /// The recorder's id of the site.
        site: u32,
        /// Name and place of each, the innermost first.
        frames: Vec<(String, String)>,
    },
}

fn options() -> impl Options {
    bincode::DefaultOptions::new()
        .with_fixint_encoding()
        .with_limit(RECORD_MAX)
}

/// Bytes of a record, without its length. `None` if it exceeds [`RECORD_MAX`].
#[must_use]
pub fn encode(record: &Record) -> Option<Vec<u8>> {
    options().serialize(record).ok()
}

/// The record in `bytes`, or `None` if they are none.
#[must_use]
pub fn decode(bytes: &[u8]) -> Option<Record> {
    options().deserialize(bytes).ok()
}

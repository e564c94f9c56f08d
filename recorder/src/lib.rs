//! What a service links: mirrors of `std::sync`, `std::thread` and `std::cell`
//! that record what threads do to each other.
//!
//! # Adopting it
//!
//! Change `use` lines: `std::sync` to `hbtrace_recorder::sync`, `std::thread`
//! to `hbtrace_recorder::thread`, `std::cell` to `hbtrace_recorder::cell`.
//! Names, signatures and meaning are std's. Plain data that threads share is
//! seen through [`cell::UnsafeCell`] and [`cell::Tracked`], or told with
//! [`read`] and [`write`](fn@write); what has no mirror is told with [`release`] and
//! [`acquire`], [`outside`] and [`span`].
//!
//! The feature `record` belongs to the program: libraries depend on this crate
//! without it. Off, the mirrors *are* std's types and nothing else is compiled.
//!
//! # Switching it on
//!
//! With the feature, a process records if `HBTRACE_OUT` names a file when it
//! first uses a mirror (`%p` in it stands for the process id), or if it started
//! a session with `record` before that. Whether a process records is fixed from
//! then on, since numbers of objects count from their beginning: a later start
//! is refused.
//!
//! Without a session nothing is recorded, but the mirrors stay what they are.
//! Cells and what is told cost one branch. Locks keep a guard of ours beside
//! std's, some nanoseconds. Others are built otherwise than std's, since their
//! numbers have to be exact whenever they are asked for: parking, barriers, once
//! cells and rendezvous channels are state machines under a lock of their own,
//! other channels a list whose places number the messages;
//! scopes count their threads. Atomics are std's behind one branch, in 32 bytes.
//! `COST.md` has the figures. Where it is too much, leave the feature off.
//!
//! | variable | means |
//! | --- | --- |
//! | `HBTRACE_OUT=PATH` | record into this file; the program goes on without if it can't |
//! | `HBTRACE_FLIGHT=64M` | keep the last moments only: events go to a pool of this size in the file, the oldest making room for new ones |
//! | `HBTRACE_FULL=wait` | where the disk is full, wait a little for room; `drop` (drop and count at once) is the default |
//! | `HBTRACE_SNAPSHOT_SIGNAL=USR2` | at each of these signals, write a consistent copy of the recording beside it: `run.snapshot-1.trace` and so on |
//! | `HBTRACE_SNAPSHOT_PANIC=1` | likewise when a thread panics |
//! | `HBTRACE_SNAPSHOTS=16` | how many of these copies a process makes at most, and how many stay |
//! | `HBTRACE_CRASHES=4` | how many recordings of crashed processes stay; 0: a start replaces them |
//! | `HBTRACE_ROTATE=8` | in flight: copy the pool into a new file each time half of it was written anew, `run.000001.trace` and so on, and keep the last 8: a row of overlapping windows |
//! | `HBTRACE_TIME=all` | stamp every sync event with its time, not only those that may wait (`waits`, the default) |
//! | `HBTRACE_QUIET=1` | say nothing on stderr |
//!
//! A size is a number of bytes, or one with `K`, `M`, `G` (or `KiB`, `MiB`, `GiB`:
//! powers of 1024) or with `KB`, `MB`, `GB` (powers of 1000). A variable that is set
//! but empty counts as not set. One that is not understood is told, and the program
//! goes on unrecorded; `hbtrace record` looks first and does not start it.
//!
//! A service that is started again does not write over what the process before
//! it left. A recording that was not closed, as its process died, is renamed
//! first: `run.crashed-1.trace` and so on beside `run.trace`, which is told in one
//! line. Snapshots and the files of a rotation are numbered on. Of each row the
//! last stay (`HBTRACE_CRASHES`, `HBTRACE_SNAPSHOTS`, `HBTRACE_ROTATE`). A recording
//! that was closed is replaced; where each run is to be kept, put `%p` into the
//! path. A process that is killed while it copies leaves the copy's draft,
//! `.PID.part`, which goes at the next start.
//!
//! The file is the recording: chunks of it are mapped into the process, and
//! what was stored there survives any death of the process. A trace at `PATH`
//! that no process records into any more is replaced; where another one still
//! does, `.PID` is added. Any other file that holds something is left as it is,
//! and so is what is no file (a directory, a device, a pipe, a symbolic link): the program says
//! so in one line and goes on unrecorded, a session that is started in code is
//! an [`Error`]. What a recorder leaves that was killed before it had finished
//! the file's header counts as a trace: at most 4 MiB, zeros but for the header. A forked child stops recording, so a service must not
//! make itself a daemon. Of several copies of this crate in one process (shared
//! libraries that each link it) the first records and the others refuse.
//!
//! A helper thread named `hbtrace` grows the file and populates its pages ahead
//! of those who write, so that they meet no fault: a megabyte, and up to 32 as
//! much is recorded. It blocks all signals, holds no descriptor but the file's,
//! may use the processors that the main thread may use when the session starts,
//! sleeps while nothing is recorded, and ends with the session; where it can't be
//! created, threads do its work. Its CPU time is in the trace (`hbtrace info`).
//! Early write-back is left to the kernel.
//! The memory of what is written goes back to the kernel, 64 MiB at a time.
//! Addresses for the file are reserved in windows of 64 GiB (which are no
//! memory); under a limit on them (`ulimit -v`) the file gets a quarter.
//!
//! # Ground rules
//!
//! - The recorder never panics into the service, never blocks it without bound
//!   (for room it waits only where that was chosen, a tenth of the time at most),
//!   never takes a lock that it also records, and allocates nothing on the hot
//!   path (a place or an object seen for the first time takes a lock and
//!   allocates).
//! - What it cannot record it counts, in the file; where room ends it says so, in
//!   one line, if stderr takes it at once. An access without room is
//!   dropped; a sync event without room ends the recording, so that what is
//!   there can be relied upon.
//! - A signal handler that interrupts the recorder drops its event, counted.
//!   One that uses a place or an object for the first time allocates: use it
//!   once before the handler is installed.
//! - The file must not be cut by others while it is recorded into: it is mapped,
//!   and touching what is gone would end the process.
//! - Nothing is undone at exit: a killed process leaves a trace as well.
//!
//! Linux only, and little-endian machines. Told addresses ([`read`],
//! [`write`](fn@write), [`alloc`], [`free`]) must lie below 2^47, as all do on
//! x86-64 and most on AArch64; higher ones are counted as lost.

// A model runs a piece of it only.
#![cfg_attr(loom, allow(dead_code, unused_imports, unused_variables))]

#[cfg(feature = "record")]
pub use error::Error;
#[cfg(feature = "record")]
pub use memory::{Access, accesses, alloc, free, read, reading, write, writing};
pub use named::{Named, name};
#[cfg(not(feature = "record"))]
pub use off::*;
#[cfg(feature = "record")]
pub use session::{Builder, Session, record};
#[cfg(feature = "record")]
pub use snapshot::snapshot;
#[cfg(feature = "record")]
pub use tell::{Stretch, Token, acquire, outside, release, span};

pub mod cell;
#[cfg(feature = "record")]
mod chunk;
#[cfg(feature = "record")]
mod code;
#[cfg(feature = "record")]
mod copies;
#[cfg(feature = "record")]
mod emit;
#[cfg(feature = "record")]
mod error;
#[cfg(feature = "record")]
mod event;
#[cfg(feature = "record")]
mod header;
#[cfg(feature = "record")]
mod label;
#[cfg(feature = "record")]
mod memory;
#[cfg(feature = "record")]
mod met;
#[cfg(all(feature = "record", any(loom, hbtrace_tsan)))]
mod models;
mod named;
#[cfg(feature = "record")]
mod notice;
#[cfg(feature = "record")]
mod object;
#[cfg(not(feature = "record"))]
mod off;
#[cfg(feature = "record")]
mod output;
#[cfg(feature = "record")]
mod primitive;
#[cfg(feature = "record")]
mod process;
#[cfg(all(feature = "raw", not(loom)))]
pub mod raw;
#[cfg(feature = "record")]
mod series;
#[cfg(feature = "record")]
mod session;
#[cfg(feature = "record")]
mod settings;
#[cfg(feature = "record")]
mod shared;
#[cfg(feature = "record")]
mod site;
#[cfg(feature = "record")]
mod snapshot;
#[cfg(feature = "record")]
mod space;
#[cfg(feature = "record")]
mod state;
#[cfg(feature = "record")]
pub mod sync;
#[cfg(feature = "record")]
mod table;
#[cfg(feature = "record")]
mod tell;
#[cfg(feature = "record")]
pub mod thread;
#[cfg(feature = "record")]
mod ticks;
mod tracked;
#[cfg(feature = "record")]
mod triggers;
#[cfg(all(feature = "record", not(loom)))]
mod writer;
#[cfg(all(feature = "record", loom))]
use models::writer;

//! One line to stderr from within a recorded operation.
//!
//! It must not block the service, allocate, or take a lock that the interrupted
//! code may hold: the line is put together on the stack, and written if whoever
//! reads stderr has room for it.
#![allow(unsafe_code)] // System calls.

use std::fmt;
use std::io::{Cursor, Write};

use crate::error;

/// A line that fits into a pipe at once.
const MOST: usize = 1024;

/// Says it, if that is possible without waiting; returns whether it was said.
pub(crate) fn say(message: fmt::Arguments<'_>) -> bool {
    if error::is_quiet() {
        return true;
    }
    let mut line = [0; MOST];
    let mut cursor = Cursor::new(&mut line[..MOST - 1]);
    // A longer one is cut.
    let _ = write!(cursor, "hbtrace: {message}");
    let len = cursor.position() as usize;
    line[len] = b'\n';
    is_ready() && write(&line[..=len])
}

/// Whether stderr takes something now.
fn is_ready() -> bool {
    let mut asked = libc::pollfd {
        fd: libc::STDERR_FILENO,
        events: libc::POLLOUT,
        revents: 0,
    };
    // SAFETY: one entry that outlives the call, which does not wait.
    let ready = unsafe { libc::poll(&mut asked, 1, 0) };
    // Where nobody reads it, writing would raise a signal.
    ready == 1 && asked.revents == libc::POLLOUT
}

fn write(line: &[u8]) -> bool {
    // SAFETY: bytes of ours that outlive the call.
    let written = unsafe { libc::write(libc::STDERR_FILENO, line.as_ptr().cast(), line.len()) };
    written == line.len() as isize
}

//! One side of a comparison as a process that works when it is asked.
//!
//! The parent writes `ROW COUNT`, the child does one round and answers with
//! numbers: the nanoseconds of the round, then what else there is. A row that
//! the child does not have is answered with an empty line. The end of its
//! input ends the child. Peers in C speak the same.

use std::io::{self, BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use crate::flavour;
use crate::operation::{Operation, Outcome};
use crate::processor;
use crate::variables;

/// If this process was started as a child: serves until its input ends, and
/// says so. Every bench calls this first.
#[must_use]
pub fn served() -> bool {
    let Ok(name) = std::env::var(variables::FLAVOUR) else {
        return false;
    };
    let flavour = flavour::of_name(&name).expect("the parent names a flavour that is there");
    (flavour.prepare)();
    // Where the parent has gone away there is no one to tell an error to.
    let _ = serve(flavour);
    true
}

fn serve(flavour: &flavour::Flavour) -> io::Result<()> {
    for line in io::stdin().lock().lines() {
        let line = line?;
        let (row, count) = line.split_once(' ').unwrap_or((&line, ""));
        let operation = flavour.operation(row).zip(count.parse().ok());
        let outcome = operation.map(|(operation, count)| {
            processor::pin(0);
            round(operation, count)
        });
        answer(outcome)?;
    }
    Ok(())
}

/// The name of what runs a round to callgrind.
pub const ROUND: &str = "*child::round*";
/// The name of what tells the parent to callgrind.
pub const ANSWER: &str = "*child::answer*";

/// A round: a function of its own, so that it can be told from the rest.
#[inline(never)]
fn round(operation: &Operation, count: u32) -> Outcome {
    (operation.run)(count)
}

/// Tells the parent: a function of its own, as [`round`] is.
#[inline(never)]
fn answer(outcome: Option<Outcome>) -> io::Result<()> {
    let mut out = io::stdout().lock();
    if let Some(Outcome { ns, others }) = outcome {
        write!(out, "{ns}")?;
        for other in others {
            write!(out, " {other}")?;
        }
    }
    writeln!(out)?;
    out.flush()
}

/// A child, as its parent sees it.
pub struct Side {
    child: Child,
    to: Option<ChildStdin>,
    from: BufReader<ChildStdout>,
}

impl Side {
    /// Starts a program that speaks the protocol.
    ///
    /// # Errors
    /// If it can't be started.
    pub fn start(mut command: Command) -> io::Result<Side> {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let missing = || io::Error::other("no pipe to the child");
        let to = Some(child.stdin.take().ok_or_else(missing)?);
        let from = BufReader::new(child.stdout.take().ok_or_else(missing)?);
        Ok(Side { child, to, from })
    }

    /// Asks for a round; `None` if the child does not have the row.
    ///
    /// # Errors
    /// If the child is gone, or talks of something else.
    pub fn ask(&mut self, row: &str, count: u32) -> io::Result<Option<Outcome>> {
        let gone = || io::Error::other(format!("the child ended within {row}"));
        writeln!(self.to.as_mut().ok_or_else(gone)?, "{row} {count}")?;
        let mut answer = String::new();
        if self.from.read_line(&mut answer)? == 0 {
            return Err(gone());
        }
        let numbers: Result<Vec<f64>, _> = answer.split_whitespace().map(str::parse).collect();
        let numbers = numbers.map_err(io::Error::other)?;
        Ok(numbers.split_first().map(|(ns, others)| Outcome {
            ns: *ns,
            others: others.to_vec(),
        }))
    }

    /// Lets it end.
    ///
    /// # Errors
    /// If it did not end well.
    pub fn end(mut self) -> io::Result<()> {
        self.to = None;
        match self.child.wait()? {
            status if status.success() => Ok(()),
            status => Err(io::Error::other(format!("a child ended with {status}"))),
        }
    }
}

impl Drop for Side {
    fn drop(&mut self) {
        // Its input ends and so it does.
        self.to = None;
        let _ = self.child.wait();
    }
}

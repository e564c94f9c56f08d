//! An HTTP key-value and session service that records itself.
//!
//! An acceptor hands requests to a pool of workers over bounded channels;
//! workers serve them from a sharded store and a session table; writes go to a
//! journal that a background flusher brings to disk. Nothing in here knows of
//! hbtrace but its `use` lines, the names of its locks, and the marks around
//! its I/O.
//!
//! `--fault` puts mistakes in, for a report to find:
//!
//! - `racy-stat`: the store counts hits outside its lock;
//! - `inversion`: the export page takes two locks against the flusher's order
//!   (the two are never at it at the same time, so it never fires);
//! - `hot-lock`: one lock instead of sixteen, held while a response is rendered.

mod flusher;
mod journal;
mod pool;
mod routes;
mod sessions;
mod stats;
mod store;
mod value;

use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, ValueEnum};
use hbtrace_recorder::sync::Arc;
use socket2::SockRef;
use tiny_http::Server;

use journal::Journal;
use routes::Service;
use sessions::Sessions;
use stats::Stats;
use store::Store;

/// A mistake to put in.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
enum Fault {
    /// Count hits outside the lock.
    RacyStat,
    /// Take two locks in the wrong order on the export page.
    Inversion,
    /// One lock for the whole store, held while rendering.
    HotLock,
}

/// An HTTP key-value and session service that records itself
/// (`HBTRACE_OUT=run.trace session-service ...`).
#[derive(Parser)]
struct Arguments {
    /// Address to listen on; port 0 picks a free one.
    #[arg(long, default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// Threads that serve requests.
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u32).range(1..=256))]
    workers: u32,
    /// Where the journal goes.
    #[arg(long)]
    journal: PathBuf,
    /// Mistakes to put in (repeatable, or separated by commas).
    #[arg(long, value_enum, value_delimiter = ',')]
    fault: Vec<Fault>,
    /// Tell the recorder each word of the store's values that is read or
    /// written, as instrumentation by a compiler would.
    #[arg(long)]
    tell_values: bool,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match serve(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("session-service: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Runs until a client asks for the end.
fn serve(arguments: &Arguments) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let fault = |fault| arguments.fault.contains(&fault);
    let server = listen(arguments.listen)?;
    let journal = Arc::new(Journal::create(&arguments.journal)?);
    let service = Arc::new(Service {
        store: Store::new(
            fault(Fault::HotLock),
            fault(Fault::RacyStat),
            arguments.tell_values,
        ),
        sessions: Sessions::new(),
        stats: Stats::new(),
        journal: Arc::clone(&journal),
        export_against_order: fault(Fault::Inversion),
    });
    let flusher = flusher::spawn(Arc::clone(&service))?;
    // The load generator reads this line to learn the port.
    #[allow(clippy::print_stdout)]
    {
        println!("listening on {}", server.server_addr());
    }
    pool::run(&server, &service, arguments.workers)?;
    journal.close();
    flusher.join().map_err(|_| "the flusher panicked")??;
    Ok(())
}

/// Accepted connections inherit the listener's `TCP_NODELAY`.
fn listen(address: SocketAddr) -> Result<Server, Box<dyn std::error::Error + Send + Sync>> {
    let listener = TcpListener::bind(address)?;
    SockRef::from(&listener).set_tcp_nodelay(true)?;
    Server::from_listener(listener, None)
}

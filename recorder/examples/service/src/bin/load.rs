//! Drives a session-service over loopback: clients log in, put, get and delete
//! keys, fill carts, and read pages; then one of them waits until the journal
//! is idle, takes the export page, and asks the service to end.
//!
//! The mix of requests is the same in every run (a seeded generator).

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::thread;
use std::time::{Duration, Instant};

use clap::Parser;
use hdrhistogram::Histogram;
use ureq::Agent;
use ureq::http::{Method, Request};

/// Error of a client thread.
type Error = Box<dyn std::error::Error + Send + Sync>;

/// Drives a session-service over loopback and then ends it.
#[derive(Parser)]
struct Arguments {
    /// `http://ADDRESS:PORT` of the service.
    url: String,
    /// Clients, each with a connection of its own.
    #[arg(long, default_value_t = 16, value_parser = clap::value_parser!(u32).range(1..=1000))]
    clients: u32,
    /// Requests by each client.
    #[arg(long, default_value_t = 500)]
    requests: u32,
    /// Bytes of a value.
    #[arg(long, default_value_t = 4096)]
    value: usize,
    /// Keys in use.
    #[arg(long, default_value_t = 200)]
    keys: u64,
    /// Puts every key once before the clients start, so that the service's work
    /// does not hang on who comes first.
    #[arg(long)]
    fill: bool,
    /// Writes the latencies into this file: nanoseconds and how many, a line
    /// each.
    #[arg(long)]
    latencies: Option<PathBuf>,
}

/// Latencies in nanoseconds, to three digits.
type Latencies = Histogram<u64>;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let start = Instant::now();
    match drive(&arguments).and_then(|latencies| end(&arguments).map(|()| latencies)) {
        Ok(latencies) => {
            report(&latencies, start.elapsed());
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("session-load: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Runs all clients; the latencies of all their requests.
fn drive(arguments: &Arguments) -> Result<Latencies, Error> {
    if arguments.fill {
        fill(arguments)?;
    }
    let all = thread::scope(|scope| {
        let clients: Vec<_> = (0..arguments.clients)
            .map(|number| scope.spawn(move || client(arguments, number)))
            .collect();
        let mut all = Latencies::new(3)?;
        for client in clients {
            all.add(client.join().map_err(|_| "a client panicked")??)?;
        }
        Ok::<_, Error>(all)
    })?;
    if let Some(path) = &arguments.latencies {
        write(&all, path)?;
    }
    Ok(all)
}

/// Writes each recorded latency and how often it came.
fn write(latencies: &Latencies, path: &Path) -> Result<(), Error> {
    let mut out = BufWriter::new(File::create(path)?);
    for value in latencies.iter_recorded() {
        writeln!(
            out,
            "{} {}",
            value.value_iterated_to(),
            value.count_since_last_iteration()
        )?;
    }
    Ok(out.flush()?)
}

/// Minimal standard generator (Lehmer, multiplier 48271): the same requests in
/// every run.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0 * 48271 % 0x7fff_ffff;
        self.0 % limit
    }

    /// About `len` bytes of words.
    fn text(&mut self, len: usize) -> String {
        const SYLLABLES: [&str; 8] = ["ka", "lo", "mi", "ne", "ru", "so", "ti", "va"];
        let mut text = String::with_capacity(len + 8);
        while text.len() < len {
            for _ in 0..=self.below(4) {
                text.push_str(SYLLABLES[self.below(8) as usize]);
            }
            text.push(' ');
        }
        text
    }
}

fn client(arguments: &Arguments, number: u32) -> Result<Latencies, Error> {
    let server = Server::new(&arguments.url);
    let mut random = Random(u64::from(number) + 1);
    let token = server.text(Method::POST, &format!("session/user{number}"), "")?;
    let mut latencies = Latencies::new(3)?;
    for _ in 0..arguments.requests {
        let start = Instant::now();
        let key = format!("kv/key{}", random.below(arguments.keys));
        match random.below(100) {
            0..20 => {
                let text = random.text(arguments.value);
                server.text(Method::PUT, &key, &text)?;
            }
            20..23 => drop(server.text(Method::DELETE, &key, "")?),
            23..28 => {
                let item = random.below(10);
                server.text(Method::POST, &format!("cart/{token}/item{item}"), "")?;
            }
            28..32 => drop(server.text(Method::GET, &format!("session/{token}"), "")?),
            32 => drop(server.text(Method::GET, "metrics", "")?),
            _ => drop(server.text(Method::GET, &key, "")?),
        }
        latencies.record(start.elapsed().as_nanos() as u64)?;
    }
    Ok(latencies)
}

/// Puts every key once.
fn fill(arguments: &Arguments) -> Result<(), Error> {
    let server = Server::new(&arguments.url);
    let mut random = Random(1);
    for key in 0..arguments.keys {
        let text = random.text(arguments.value);
        server.text(Method::PUT, &format!("kv/key{key}"), &text)?;
    }
    Ok(())
}

/// Waits for an idle journal, takes the export page, and ends the service.
fn end(arguments: &Arguments) -> Result<(), Error> {
    let server = Server::new(&arguments.url);
    for _ in 0..500 {
        let metrics = server.text(Method::GET, "metrics", "")?;
        if metrics.lines().any(|line| line == "pending 0") {
            break;
        }
        thread::sleep(Duration::from_millis(10));
    }
    // The batch that was taken last may still be on its way to the disk.
    thread::sleep(Duration::from_millis(200));
    server.text(Method::GET, "export", "")?;
    server.text(Method::POST, "shutdown", "")?;
    Ok(())
}

/// A keep-alive connection to the service.
struct Server {
    agent: Agent,
    url: String,
}

impl Server {
    fn new(url: &str) -> Server {
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(Duration::from_secs(30)));
        Server {
            agent: config.build().into(),
            url: url.trim_end_matches('/').to_owned(),
        }
    }

    /// The body of the answer; "not found" is an answer like any other.
    fn text(&self, method: Method, path: &str, body: &str) -> Result<String, Error> {
        let request = Request::builder()
            .method(method)
            .uri(format!("{}/{path}", self.url))
            .body(body)?;
        let mut response = self.agent.run(request)?;
        let status = response.status();
        let text = response.body_mut().read_to_string()?;
        if status.is_success() || status.as_u16() == 404 {
            return Ok(text);
        }
        Err(format!("{path}: the service answered {status}").into())
    }
}

#[allow(clippy::print_stdout)]
fn report(latencies: &Latencies, elapsed: Duration) {
    let at = |share| Duration::from_nanos(latencies.value_at_quantile(share));
    println!(
        "{} requests in {elapsed:.2?}, {:.0} per second; latency p50 {:.2?}, p99 {:.2?}, p99.9 {:.2?}",
        latencies.len(),
        latencies.len() as f64 / elapsed.as_secs_f64(),
        at(0.5),
        at(0.99),
        at(0.999),
    );
}

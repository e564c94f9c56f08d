//! The worker pool: an acceptor hands requests to workers, each over a bounded
//! channel of its own.

use std::io;
use std::time::Duration;

use hbtrace_recorder::Named;
use hbtrace_recorder::outside;
use hbtrace_recorder::sync::Arc;
use hbtrace_recorder::sync::atomic::{AtomicBool, Ordering};
use hbtrace_recorder::sync::mpsc::{self, Receiver, SyncSender, TrySendError};
use hbtrace_recorder::thread::{self, JoinHandle};
use tiny_http::{Request, Server};

use crate::routes::{Next, Service};

/// Requests that wait for a worker; with more at each, the acceptor waits.
const QUEUE: usize = 1;

/// How often the acceptor looks whether it shall end.
const LOOK: Duration = Duration::from_millis(20);

/// The workers, and whose turn it is.
struct Pool {
    queues: Vec<SyncSender<Request>>,
    workers: Vec<JoinHandle<()>>,
    turn: usize,
}

/// Serves until a request asks for the end.
pub(crate) fn run(server: &Server, service: &Arc<Service>, workers: u32) -> io::Result<()> {
    let stop = Arc::new(AtomicBool::new(false).named("pool.stop"));
    let mut pool = Pool::start(service, &stop, workers)?;
    // Relaxed: the flag carries no data, and the joins order the rest.
    while !stop.load(Ordering::Relaxed) {
        let request = {
            let _network = outside("accept");
            server.recv_timeout(LOOK)?
        };
        if let Some(request) = request {
            pool.hand_over(request)?;
        }
    }
    pool.join()
}

impl Pool {
    fn start(service: &Arc<Service>, stop: &Arc<AtomicBool>, workers: u32) -> io::Result<Pool> {
        let mut pool = Pool {
            queues: Vec::new(),
            workers: Vec::new(),
            turn: 0,
        };
        for n in 0..workers {
            let (sender, queue) = mpsc::sync_channel(QUEUE);
            let (service, stop) = (Arc::clone(service), Arc::clone(stop));
            let worker = thread::Builder::new()
                .name(format!("worker-{n}"))
                .spawn(move || work(&queue, &service, &stop))?;
            pool.queues.push(sender);
            pool.workers.push(worker);
        }
        Ok(pool)
    }

    /// To the next worker with room; if there is none, waits for the next one.
    fn hand_over(&mut self, mut request: Request) -> io::Result<()> {
        for _ in 0..self.queues.len() {
            self.turn = (self.turn + 1) % self.queues.len();
            match self.queues[self.turn].try_send(request) {
                Ok(()) => return Ok(()),
                Err(TrySendError::Full(back) | TrySendError::Disconnected(back)) => request = back,
            }
        }
        self.queues[self.turn]
            .send(request)
            .map_err(|_| io::Error::other("a worker ended early"))
    }

    fn join(self) -> io::Result<()> {
        drop(self.queues);
        for worker in self.workers {
            worker
                .join()
                .map_err(|_| io::Error::other("a worker panicked"))?;
        }
        Ok(())
    }
}

fn work(queue: &Receiver<Request>, service: &Service, stop: &AtomicBool) {
    for request in queue {
        if service.answer(request) == Next::Stop {
            // Relaxed: see `run`.
            stop.store(true, Ordering::Relaxed);
        }
    }
}

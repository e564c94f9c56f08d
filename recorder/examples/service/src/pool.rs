//! The worker pool: an acceptor hands requests over a bounded channel.

use std::io;
use std::time::Duration;

use hbtrace_recorder::Named;
use hbtrace_recorder::outside;
use hbtrace_recorder::sync::atomic::{AtomicBool, Ordering};
use hbtrace_recorder::sync::{Arc, Mutex, PoisonError, mpsc};
use hbtrace_recorder::thread;
use tiny_http::{Request, Server};

use crate::routes::{Next, Service};

/// Requests that wait for a worker; with more, the acceptor waits.
const QUEUE: usize = 4;

/// How often the acceptor looks whether it shall end.
const LOOK: Duration = Duration::from_millis(20);

/// Serves until a request asks for the end.
pub(crate) fn run(server: &Server, service: &Arc<Service>, workers: u32) -> io::Result<()> {
    let (requests, queue) = mpsc::sync_channel::<Request>(QUEUE);
    let queue = Arc::new(Mutex::new(queue).named("pool.queue"));
    let stop = Arc::new(AtomicBool::new(false).named("pool.stop"));
    let workers = (0..workers)
        .map(|n| {
            let (queue, service, stop) =
                (Arc::clone(&queue), Arc::clone(service), Arc::clone(&stop));
            thread::Builder::new()
                .name(format!("worker-{n}"))
                .spawn(move || work(&queue, &service, &stop))
        })
        .collect::<io::Result<Vec<_>>>()?;
    // Relaxed: the flag carries no data, and the joins below order the rest.
    while !stop.load(Ordering::Relaxed) {
        let request = {
            let _network = outside("accept");
            server.recv_timeout(LOOK)?
        };
        if let Some(request) = request
            && requests.send(request).is_err()
        {
            break;
        }
    }
    drop(requests);
    for worker in workers {
        worker
            .join()
            .map_err(|_| io::Error::other("a worker panicked"))?;
    }
    Ok(())
}

fn work(queue: &Mutex<mpsc::Receiver<Request>>, service: &Service, stop: &AtomicBool) {
    loop {
        let next = queue.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(request) = next else { return };
        if service.answer(request) == Next::Stop {
            // Relaxed: see `run`.
            stop.store(true, Ordering::Relaxed);
        }
    }
}

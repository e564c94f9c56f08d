//! Counters and latencies of the metrics page.

use std::time::Duration;

use hbtrace_recorder::Named;
use hbtrace_recorder::sync::atomic::{AtomicU64, Ordering};
use hbtrace_recorder::sync::{Mutex, PoisonError};

/// Powers of two of microseconds that latencies are counted by.
const BUCKETS: usize = 24;

/// Counters of the whole service.
pub(crate) struct Stats {
    requests: AtomicU64,
    failures: AtomicU64,
    latencies: Mutex<[u64; BUCKETS]>,
}

impl Stats {
    /// All zero.
    pub(crate) fn new() -> Stats {
        Stats {
            requests: AtomicU64::new(0).named("stats.requests"),
            failures: AtomicU64::new(0).named("stats.failures"),
            latencies: Mutex::new([0; BUCKETS]).named("stats.latencies"),
        }
    }

    /// Counts a request that took `duration` and was answered with `status`.
    pub(crate) fn count(&self, duration: Duration, status: u16) {
        // Relaxed: counters, read for display only.
        self.requests.fetch_add(1, Ordering::Relaxed);
        if status >= 400 {
            self.failures.fetch_add(1, Ordering::Relaxed);
        }
        let micros = duration.as_micros().max(1) as u64;
        let bucket = (micros.ilog2() as usize).min(BUCKETS - 1);
        self.latencies
            .lock()
            .unwrap_or_else(PoisonError::into_inner)[bucket] += 1;
    }

    /// The counters as lines of a metrics page.
    pub(crate) fn page(&self) -> String {
        let latencies = *self
            .latencies
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        // Relaxed: as in `count`.
        let mut page = format!(
            "requests {}\nfailures {}\n",
            self.requests.load(Ordering::Relaxed),
            self.failures.load(Ordering::Relaxed),
        );
        for (power, count) in latencies
            .iter()
            .enumerate()
            .filter(|(_, count)| **count > 0)
        {
            page.push_str(&format!(
                "latency_us{{le=\"{}\"}} {count}\n",
                1u64 << (power + 1)
            ));
        }
        page
    }
}

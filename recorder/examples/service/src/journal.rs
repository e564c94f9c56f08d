//! The journal: writes are queued, and a background flusher brings them to
//! disk in batches, expires sessions, and keeps an index of what is in the file.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Write};
use std::path::Path;
use std::time::Duration;

use hbtrace_recorder::Named;
use hbtrace_recorder::outside;
use hbtrace_recorder::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use hbtrace_recorder::thread;

use crate::routes::Service;

/// The flusher wakes at least this often.
const INTERVAL: Duration = Duration::from_millis(20);

/// Records per batch that wake the flusher early.
const BATCH: usize = 256;

#[derive(Default)]
struct Queue {
    records: Vec<String>,
    closed: bool,
}

/// What waits to be written, and what has been.
pub(crate) struct Journal {
    queue: Mutex<Queue>,
    filled: Condvar,
    file: Mutex<File>,
    /// Key and number of its records in the file.
    index: Mutex<BTreeMap<String, u64>>,
}

impl Journal {
    /// A journal in a new file at `path`.
    pub(crate) fn create(path: &Path) -> io::Result<Journal> {
        Ok(Journal {
            queue: Mutex::new(Queue::default()).named("journal.queue"),
            filled: Condvar::new().named("journal.filled"),
            file: Mutex::new(File::create(path)?).named("journal.file"),
            index: Mutex::new(BTreeMap::new()).named("journal.index"),
        })
    }

    /// Queues a record about `key`.
    pub(crate) fn append(&self, operation: &str, key: &str) {
        let mut queue = self.lock_queue();
        queue.records.push(format!("{operation} {key}"));
        if queue.records.len() == BATCH {
            drop(queue);
            self.filled.notify_one();
        }
    }

    /// No records come after this; the flusher writes what is queued and ends.
    pub(crate) fn close(&self) {
        self.lock_queue().closed = true;
        self.filled.notify_one();
    }

    /// Records that are queued.
    pub(crate) fn pending(&self) -> usize {
        self.lock_queue().records.len()
    }

    /// Runs `inside` while the index is locked; gives it the records by key.
    pub(crate) fn with_index<R>(&self, inside: impl FnOnce(&mut BTreeMap<String, u64>) -> R) -> R {
        inside(&mut self.index.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Waits for records; those, and whether it was closed.
    fn take(&self) -> (Vec<String>, bool) {
        let queue = self.lock_queue();
        let (mut queue, _) = self
            .filled
            .wait_timeout_while(queue, INTERVAL, |queue| {
                queue.records.len() < BATCH && !queue.closed
            })
            .unwrap_or_else(PoisonError::into_inner);
        (std::mem::take(&mut queue.records), queue.closed)
    }

    fn write(&self, records: &[String]) -> io::Result<()> {
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        let _disk = outside("disk");
        file.write_all((records.join("\n") + "\n").as_bytes())?;
        file.sync_data()
    }

    fn lock_queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Starts the flusher; it ends once the journal is closed.
pub(crate) fn spawn_flusher(
    service: Arc<Service>,
) -> io::Result<thread::JoinHandle<io::Result<()>>> {
    thread::Builder::new()
        .name("flusher".into())
        .spawn(move || {
            loop {
                let (records, closed) = service.journal.take();
                if !records.is_empty() {
                    service.journal.write(&records)?;
                    index(&service, &records);
                    service.sessions.expire();
                }
                if closed {
                    return Ok(());
                }
            }
        })
}

/// Counts the batch in the index, and forgets what the store no longer has:
/// the index's lock first, then the store's.
fn index(service: &Service, records: &[String]) {
    service.journal.with_index(|index| {
        for record in records {
            let key = record.split_once(' ').map_or("", |(_, key)| key);
            *index.entry(key.to_owned()).or_insert(0) += 1;
        }
        let removed: Vec<&str> = records
            .iter()
            .filter_map(|r| r.strip_prefix("delete "))
            .collect();
        if !removed.is_empty() {
            service.store.with_first_shard(|keys| {
                for key in removed
                    .iter()
                    .filter(|key| keys.binary_search(&(**key).into()).is_err())
                {
                    index.remove(*key);
                }
            });
        }
    });
}

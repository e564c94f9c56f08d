//! The journal: records of writes are queued until the flusher brings them to
//! disk in batches; an index tells what is in the file.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Write};
use std::path::Path;
use std::time::Duration;

use hbtrace_recorder::Named;
use hbtrace_recorder::outside;
use hbtrace_recorder::sync::{Condvar, Mutex, MutexGuard, PoisonError};

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
    pub(crate) fn take(&self) -> (Vec<String>, bool) {
        let queue = self.lock_queue();
        let (mut queue, _) = self
            .filled
            .wait_timeout_while(queue, INTERVAL, |queue| {
                queue.records.len() < BATCH && !queue.closed
            })
            .unwrap_or_else(PoisonError::into_inner);
        (std::mem::take(&mut queue.records), queue.closed)
    }

    /// Brings records to the disk.
    pub(crate) fn write(&self, records: &[String]) -> io::Result<()> {
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        let _disk = outside("disk");
        file.write_all((records.join("\n") + "\n").as_bytes())?;
        file.sync_data()
    }

    fn lock_queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

//! The flusher: a thread that brings the journal to disk, expires sessions, and
//! keeps the journal's index.

use std::io;

use hbtrace_recorder::sync::Arc;
use hbtrace_recorder::thread;

use crate::routes::Service;

/// Starts the flusher; it ends once the journal is closed.
pub(crate) fn spawn(service: Arc<Service>) -> io::Result<thread::JoinHandle<io::Result<()>>> {
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

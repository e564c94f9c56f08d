//! The key-value store: a hash map in shards, each behind a mutex.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use hbtrace_recorder::Named;
use hbtrace_recorder::cell::Tracked;
use hbtrace_recorder::sync::{Mutex, MutexGuard, PoisonError};

use crate::value::Value;

/// Shards of a store without the hot-lock fault.
const SHARDS: usize = 16;

/// A stored value.
#[derive(Clone)]
pub(crate) struct Entry {
    pub(crate) value: Value,
    /// Counts the writes of this key.
    pub(crate) version: u64,
}

#[derive(Default)]
struct Shard {
    entries: HashMap<String, Entry>,
    bytes: usize,
}

/// The store.
pub(crate) struct Store {
    shards: Vec<Mutex<Shard>>,
    /// Look-ups that found their key, by shard, guarded by the shard's lock
    /// (unless the fault is in).
    hits: Vec<Tracked<u64>>,
    render_inside: bool,
    count_outside: bool,
    tell_values: bool,
}

impl Store {
    /// An empty store; the two faults as flags, and whether accesses to values
    /// are told to the recorder.
    pub(crate) fn new(hot_lock: bool, racy_stat: bool, tell_values: bool) -> Store {
        let shards = if hot_lock { 1 } else { SHARDS };
        Store {
            shards: (0..shards)
                .map(|n| Mutex::new(Shard::default()).named(&format!("store.shards[{n}]")))
                .collect(),
            hits: (0..shards)
                .map(|n| Tracked::new(0).named(&format!("store.hits[{n}]")))
                .collect(),
            render_inside: hot_lock,
            count_outside: racy_stat,
            tell_values,
        }
    }

    /// The value of `key`, rendered as a response body.
    pub(crate) fn get(&self, key: &str) -> Option<Rendered> {
        let shard = self.shard_of(key);
        let guard = self.lock(shard);
        let entry = guard.entries.get(key).cloned();
        if entry.is_some() && !self.count_outside {
            self.hits[shard].update(|hits| hits + 1);
        }
        if self.render_inside {
            let rendered = entry.as_ref().map(|entry| render(key, entry));
            drop(guard);
            self.count_if_outside(shard, rendered.is_some());
            return rendered;
        }
        drop(guard);
        self.count_if_outside(shard, entry.is_some());
        entry.map(|entry| render(key, &entry))
    }

    fn count_if_outside(&self, shard: usize, found: bool) {
        if found && self.count_outside {
            self.hits[shard].update(|hits| hits + 1);
        }
    }

    /// Sets `key`, and gives the version it has now.
    pub(crate) fn put(&self, key: &str, value: Vec<u8>) -> u64 {
        let value = Value::new(value, self.tell_values);
        let mut shard = self.lock(self.shard_of(key));
        shard.bytes += value.len();
        let version = shard.entries.get(key).map_or(1, |entry| entry.version + 1);
        let entry = Entry { value, version };
        if let Some(old) = shard.entries.insert(key.to_owned(), entry) {
            shard.bytes -= old.value.len();
        }
        version
    }

    /// Removes `key`; whether it was there.
    pub(crate) fn delete(&self, key: &str) -> bool {
        let mut shard = self.lock(self.shard_of(key));
        let old = shard.entries.remove(key);
        shard.bytes -= old.as_ref().map_or(0, |entry| entry.value.len());
        old.is_some()
    }

    /// Keys, bytes and hits of all shards.
    pub(crate) fn figures(&self) -> (usize, usize, u64) {
        let mut figures = (0, 0, 0);
        for (n, hits) in self.hits.iter().enumerate() {
            let shard = self.lock(n);
            figures.0 += shard.entries.len();
            figures.1 += shard.bytes;
            figures.2 += hits.get();
        }
        figures
    }

    /// Runs `inside` while the first shard is locked; gives it the shard's keys.
    pub(crate) fn with_first_shard<R>(&self, inside: impl FnOnce(Vec<String>) -> R) -> R {
        let shard = self.lock(0);
        let mut keys: Vec<String> = shard.entries.keys().cloned().collect();
        keys.sort();
        inside(keys)
    }

    fn shard_of(&self, key: &str) -> usize {
        let mut hasher = DefaultHasher::new();
        key.hash(&mut hasher);
        (hasher.finish() % self.shards.len() as u64) as usize
    }

    fn lock(&self, shard: usize) -> MutexGuard<'_, Shard> {
        self.shards[shard]
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// A response body and its entity tag.
pub(crate) struct Rendered {
    /// Compressed with gzip.
    pub(crate) body: Vec<u8>,
    pub(crate) tag: String,
}

/// Renders an entry as JSON: the value escaped, tagged by its contents, and all
/// of it compressed.
fn render(key: &str, entry: &Entry) -> Rendered {
    let mut hasher = DefaultHasher::new();
    entry.value.read().hash(&mut hasher);
    let tag = format!("\"{:016x}-{}\"", hasher.finish(), entry.version);
    let mut body = String::with_capacity(entry.value.len() + key.len() + 64);
    body.push_str("{\"key\":");
    push_json(&mut body, key);
    body.push_str(&format!(",\"version\":{},\"value\":", entry.version));
    push_json(&mut body, &String::from_utf8_lossy(entry.value.read()));
    body.push('}');
    Rendered {
        body: compress(&body),
        tag,
    }
}

fn compress(text: &str) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    // Writing to a vector can't fail.
    let _ = encoder.write_all(text.as_bytes());
    encoder.finish().unwrap_or_default()
}

fn push_json(out: &mut String, text: &str) {
    out.push('"');
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            c if c < ' ' => out.push_str(&format!("\\u{:04x}", c as u32)),
            c => out.push(c),
        }
    }
    out.push('"');
}

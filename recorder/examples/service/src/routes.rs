//! What the service answers.
//!
//! | method and path | answer |
//! | --- | --- |
//! | `GET /kv/KEY` | the value as JSON, with an entity tag |
//! | `PUT /kv/KEY` | stores the body |
//! | `DELETE /kv/KEY` | removes it |
//! | `POST /session/USER` | logs in; the token |
//! | `GET /session/TOKEN` | who it is, and the cart |
//! | `POST /cart/TOKEN/ITEM` | puts an item into the cart |
//! | `GET /metrics` | counters, latencies, what waits to be written |
//! | `GET /export` | keys of the first shard with their records in the journal |
//! | `POST /shutdown` | ends the service |

use std::io::Read;
use std::time::Instant;

use hbtrace_recorder::sync::Arc;
use hbtrace_recorder::{outside, span};
use tiny_http::{Header, Method, Request, Response};

use crate::journal::Journal;
use crate::sessions::Sessions;
use crate::stats::Stats;
use crate::store::Store;

/// Largest value that is taken.
const VALUE_MAX: u64 = 1 << 20;

/// Everything that requests touch.
pub(crate) struct Service {
    pub(crate) store: Store,
    pub(crate) sessions: Sessions,
    pub(crate) stats: Stats,
    pub(crate) journal: Arc<Journal>,
    pub(crate) export_against_order: bool,
}

/// Whether to go on after a request.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Next {
    GoOn,
    Stop,
}

struct Answer {
    status: u16,
    body: Vec<u8>,
    /// Its entity tag, for a body that is compressed.
    compressed: Option<String>,
}

impl Answer {
    fn plain(status: u16, body: impl Into<Vec<u8>>) -> Answer {
        Answer {
            status,
            body: body.into(),
            compressed: None,
        }
    }

    fn ok(body: String) -> Answer {
        Answer::plain(200, body)
    }

    fn not_found() -> Answer {
        Answer::plain(404, "not found\n")
    }
}

impl Service {
    /// Answers one request.
    pub(crate) fn answer(&self, mut request: Request) -> Next {
        let _span = span("request");
        let start = Instant::now();
        let path = request.url().to_owned();
        let parts: Vec<&str> = path.trim_start_matches('/').splitn(3, '/').collect();
        let mut next = Next::GoOn;
        let answer = match (request.method(), parts.as_slice()) {
            (Method::Get, ["kv", key]) => self.get(key),
            (Method::Put, ["kv", key]) => self.put(key, &mut request),
            (Method::Delete, ["kv", key]) => self.delete(key),
            (Method::Post, ["session", user]) => Answer::ok(self.sessions.open(user)),
            (Method::Get, ["session", token]) => self.session(token),
            (Method::Post, ["cart", token, item]) => self.add(token, item),
            (Method::Get, ["metrics"]) => Answer::ok(self.metrics()),
            (Method::Get, ["export"]) => Answer::ok(self.export()),
            (Method::Post, ["shutdown"]) => {
                next = Next::Stop;
                Answer::ok("bye\n".into())
            }
            _ => Answer::not_found(),
        };
        self.stats.count(start.elapsed(), answer.status);
        respond(request, answer);
        next
    }

    fn get(&self, key: &str) -> Answer {
        match self.store.get(key) {
            Some(rendered) => Answer {
                status: 200,
                body: rendered.body,
                compressed: Some(rendered.tag),
            },
            None => Answer::not_found(),
        }
    }

    fn put(&self, key: &str, request: &mut Request) -> Answer {
        let mut value = Vec::new();
        let read = {
            let _network = outside("network");
            request
                .as_reader()
                .take(VALUE_MAX + 1)
                .read_to_end(&mut value)
        };
        if read.is_err() || value.len() as u64 > VALUE_MAX {
            return Answer::plain(413, "too large\n");
        }
        let version = self.store.put(key, value);
        self.journal.append("put", key);
        Answer::ok(format!("{version}\n"))
    }

    fn delete(&self, key: &str) -> Answer {
        if !self.store.delete(key) {
            return Answer::not_found();
        }
        self.journal.append("delete", key);
        Answer::ok(String::new())
    }

    fn session(&self, token: &str) -> Answer {
        let Some(session) = self.sessions.find(token) else {
            return Answer::not_found();
        };
        let cart: Vec<String> = session
            .cart()
            .iter()
            .map(|(item, n)| format!("{n} {item}\n"))
            .collect();
        Answer::ok(format!("{}\n{}", session.user, cart.concat()))
    }

    fn add(&self, token: &str, item: &str) -> Answer {
        let Some(session) = self.sessions.find(token) else {
            return Answer::not_found();
        };
        let count = session.add(item);
        self.journal.append("cart", token);
        Answer::ok(format!("{count}\n"))
    }

    fn metrics(&self) -> String {
        let (keys, bytes, hits) = self.store.figures();
        let sessions = self.sessions.count();
        let pending = self.journal.pending();
        let counters = self.stats.page();
        format!(
            "keys {keys}\nbytes {bytes}\nhits {hits}\nsessions {sessions}\npending {pending}\n{counters}"
        )
    }

    /// Keys with their records, by the flusher's order of locks, or (the
    /// fault) the other way round.
    fn export(&self) -> String {
        let page = |keys: &[String], index: &std::collections::BTreeMap<String, u64>| {
            let lines = keys
                .iter()
                .map(|key| format!("{} {key}\n", index.get(key).unwrap_or(&0)));
            lines.collect::<String>()
        };
        if self.export_against_order {
            return self
                .store
                .with_first_shard(|keys| self.journal.with_index(|index| page(&keys, index)));
        }
        self.journal
            .with_index(|index| self.store.with_first_shard(|keys| page(&keys, index)))
    }
}

fn respond(request: Request, answer: Answer) {
    let mut response = Response::from_data(answer.body).with_status_code(answer.status);
    if let Some(tag) = answer.compressed {
        let headers = [("ETag", tag.as_str()), ("Content-Encoding", "gzip")];
        for header in headers.map(|(name, value)| Header::from_bytes(name, value)) {
            response = response.with_header(header.expect("both are plain ASCII"));
        }
    }
    let _network = outside("network");
    // A client that has gone away is no matter of ours.
    let _ = request.respond(response);
}

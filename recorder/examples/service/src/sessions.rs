//! Sessions: who is logged in, and what they have in their carts.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::time::{Duration, Instant};

use hbtrace_recorder::Named;
use hbtrace_recorder::sync::atomic::{AtomicU64, Ordering};
use hbtrace_recorder::sync::{Arc, Mutex, PoisonError, RwLock};

/// How long a session lives without being used.
const IDLE: Duration = Duration::from_secs(30);

/// A logged-in user.
pub(crate) struct Session {
    pub(crate) user: String,
    cart: Mutex<HashMap<String, u32>>,
    /// Milliseconds since the table's start, of the last use.
    used: AtomicU64,
}

/// The table of sessions.
pub(crate) struct Sessions {
    table: RwLock<HashMap<String, Arc<Session>>>,
    numbers: AtomicU64,
    secret: RandomState,
    start: Instant,
}

impl Sessions {
    /// An empty table.
    pub(crate) fn new() -> Sessions {
        Sessions {
            table: RwLock::new(HashMap::new()).named("sessions.table"),
            numbers: AtomicU64::new(0).named("sessions.numbers"),
            secret: RandomState::new(),
            start: Instant::now(),
        }
    }

    /// Logs `user` in and gives the session's token.
    pub(crate) fn open(&self, user: &str) -> String {
        // Relaxed: the number only has to be unique.
        let number = self.numbers.fetch_add(1, Ordering::Relaxed);
        let token = format!("{:016x}", self.secret.hash_one((user, number)));
        let session = Session {
            user: user.to_owned(),
            cart: Mutex::new(HashMap::new()).named(&format!("cart[{number}]")),
            used: AtomicU64::new(self.now()),
        };
        let mut table = self.table.write().unwrap_or_else(PoisonError::into_inner);
        table.insert(token.clone(), Arc::new(session));
        token
    }

    /// The session of `token`, if it is open.
    pub(crate) fn find(&self, token: &str) -> Option<Arc<Session>> {
        let table = self.table.read().unwrap_or_else(PoisonError::into_inner);
        let session = table.get(token)?;
        // Relaxed: an approximate time, nothing hangs on its order.
        session.used.store(self.now(), Ordering::Relaxed);
        Some(Arc::clone(session))
    }

    /// Drops sessions that were not used for a while; how many.
    pub(crate) fn expire(&self) -> usize {
        let deadline = self.now().saturating_sub(IDLE.as_millis() as u64);
        let mut table = self.table.write().unwrap_or_else(PoisonError::into_inner);
        let before = table.len();
        // Relaxed: as in `find`.
        table.retain(|_, session| session.used.load(Ordering::Relaxed) >= deadline);
        before - table.len()
    }

    /// Open sessions.
    pub(crate) fn count(&self) -> usize {
        self.table
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .len()
    }

    fn now(&self) -> u64 {
        self.start.elapsed().as_millis() as u64
    }
}

impl Session {
    /// Puts one more `item` into the cart; how many are in it now.
    pub(crate) fn add(&self, item: &str) -> u32 {
        let mut cart = self.cart.lock().unwrap_or_else(PoisonError::into_inner);
        *cart
            .entry(item.to_owned())
            .and_modify(|n| *n += 1)
            .or_insert(1)
    }

    /// What is in the cart, sorted by item.
    pub(crate) fn cart(&self) -> Vec<(String, u32)> {
        let cart = self.cart.lock().unwrap_or_else(PoisonError::into_inner);
        let mut items: Vec<_> = cart.iter().map(|(item, n)| (item.clone(), *n)).collect();
        items.sort();
        items
    }
}

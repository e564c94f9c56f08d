//! tracing, with nobody who listens and with tracing-chrome.

use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use tracing_chrome::{ChromeLayerBuilder, FlushGuard};
use tracing_subscriber::layer::SubscriberExt;

use crate::opaque::use_it;
use crate::operation::{Operation, Outcome, timed};
use crate::variables;

pub(crate) const OPERATIONS: &[Operation] = &[Operation::new("event", event)];

/// Its drop would wait for the thread that writes.
static GUARD: Mutex<Option<FlushGuard>> = Mutex::new(None);

/// Writes into a file of the child's folder.
pub(crate) fn prepare_chrome() {
    let folder = std::env::var_os(variables::FOLDER).unwrap_or_else(|| "/tmp".into());
    let file = PathBuf::from(folder).join("chrome.json");
    let (layer, guard) = ChromeLayerBuilder::new().file(file).build();
    let subscriber = tracing_subscriber::registry().with(layer);
    tracing::subscriber::set_global_default(subscriber).expect("there is no other");
    *GUARD.lock().unwrap_or_else(PoisonError::into_inner) = Some(guard);
}

#[inline(never)]
fn event(count: u32) -> Outcome {
    timed(100, count, |count| {
        for index in 0..count {
            use_it(index.into());
            tracing::info!(name: "access", address = index);
        }
    })
}

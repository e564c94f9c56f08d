//! What a chunk is for.

/// What a chunk is drawn for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Use {
    /// Accesses: refused when only the reserve is left.
    Accesses,
    /// Sync events.
    Order,
    /// Releases, which let others go on: nobody waits for room to record one.
    Release,
    /// Names that stay to the end.
    Tables,
    /// Names in a flight recording that pass with the events of their time.
    Passing,
}

//! What whoever opens a trace may choose.

/// How to open a trace.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// Go on after well-formedness errors, and count them as warnings.
    pub lenient: bool,
}

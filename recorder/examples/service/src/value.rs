//! A stored value: bytes that the store and the responses under way share.
//!
//! Where a run is to be recorded with its plain accesses (`--tell-values`), each
//! word of a value is told to the recorder when it is written and whenever it
//! is read, as a compiler that instruments the program would do it. What the
//! recorder can't see, it is told as well: that a value dies when the last of
//! its owners lets go of it (std's `Arc` counts them), and that its memory may
//! come back as another value.

use hbtrace_recorder::sync::Arc;
use hbtrace_recorder::{Token, acquire, alloc, free, read, release, write};

/// Bytes of an access: what one load or store moves.
const WORD: usize = 8;

/// A share in a value.
#[derive(Clone)]
pub(crate) struct Value(Arc<Bytes>);

struct Bytes {
    bytes: Box<[u8]>,
    /// Owners release it when they let go, the last one acquires it; there if
    /// accesses are told.
    owners: Option<Token>,
}

impl Value {
    /// A new value, whose accesses are told if `told` says so.
    pub(crate) fn new(bytes: Vec<u8>, told: bool) -> Value {
        let bytes = bytes.into_boxed_slice();
        if told {
            alloc(bytes.as_ptr(), bytes.len());
            for word in bytes.chunks(WORD) {
                write(word.as_ptr(), word.len());
            }
        }
        let owners = told.then(Token::new);
        Value(Arc::new(Bytes { bytes, owners }))
    }

    pub(crate) fn len(&self) -> usize {
        self.0.bytes.len()
    }

    /// The bytes, for one walk over all of them.
    pub(crate) fn read(&self) -> &[u8] {
        let bytes = &self.0.bytes;
        if self.0.owners.is_some() {
            for word in bytes.chunks(WORD) {
                read(word.as_ptr(), word.len());
            }
        }
        bytes
    }
}

impl Drop for Value {
    fn drop(&mut self) {
        if let Some(owners) = &self.0.owners {
            release(owners);
        }
    }
}

impl Drop for Bytes {
    fn drop(&mut self) {
        if let Some(owners) = &self.owners {
            acquire(owners);
            free(self.bytes.as_ptr(), self.bytes.len());
        }
    }
}

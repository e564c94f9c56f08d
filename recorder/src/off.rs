//! The feature `record` is off: nothing is recorded, the mirrors are std's own
//! types, and what a program tells comes to nothing.

pub use std::{sync, thread};

/// See the feature `record`.
#[derive(Debug, Default)]
pub struct Token(());

impl Token {
    /// A new token.
    #[must_use]
    pub const fn new() -> Token {
        Token(())
    }
}

/// Does nothing.
#[inline]
pub fn release(_token: &Token) {}

/// Does nothing.
#[inline]
pub fn acquire(_token: &Token) {}

/// Ends nothing.
#[must_use = "it ends when this is dropped"]
#[derive(Debug)]
pub struct Stretch {
    /// It is bound to its thread as the recording one is.
    _thread: std::marker::PhantomData<*const ()>,
}

impl Drop for Stretch {
    #[inline]
    fn drop(&mut self) {}
}

/// Does nothing.
#[inline]
pub fn outside(_name: &str) -> Stretch {
    span(_name)
}

/// Does nothing.
#[inline]
pub fn span(_name: &str) -> Stretch {
    Stretch {
        _thread: std::marker::PhantomData,
    }
}

/// Does nothing.
#[inline]
pub fn read<T: ?Sized>(_pointer: *const T, _len: usize) {}

/// Does nothing.
#[inline]
pub fn write<T: ?Sized>(_pointer: *const T, _len: usize) {}

/// Does nothing.
#[inline]
pub fn alloc<T: ?Sized>(_pointer: *const T, _len: usize) {}

/// Does nothing.
#[inline]
pub fn free<T: ?Sized>(_pointer: *const T, _len: usize) {}

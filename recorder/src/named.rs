//! Names of objects in the trace.
//!
//! An object without a name bears its creation site and a number. A name needs
//! no change of type: `Mutex::new(0).named("cache.shards[0]")` where the object
//! is made, `name(&OBJECT, "...")` for statics. With the feature `record` off
//! both do nothing.

use crate::Token;
use crate::cell::{Tracked, UnsafeCell};
use crate::sync::atomic::{
    AtomicBool, AtomicI8, AtomicI16, AtomicI32, AtomicI64, AtomicIsize, AtomicPtr, AtomicU8,
    AtomicU16, AtomicU32, AtomicU64, AtomicUsize,
};
use crate::sync::mpsc::{Receiver, Sender, SyncSender};
use crate::sync::{Barrier, Condvar, LazyLock, Mutex, Once, OnceLock, RwLock};

/// What can be given a name.
///
/// Every mirrored type is: to add one, give it a `set_name` method and a row
/// in the list below.
pub trait Named {
    /// Gives it a name, wherever it is.
    #[doc(hidden)]
    fn give_name(&self, name: &str);

    /// Gives it a name, and gives it back.
    ///
    /// ```
    /// use hbtrace_recorder::Named;
    /// use hbtrace_recorder::sync::atomic::AtomicU64;
    ///
    /// let hits = AtomicU64::new(0).named("cache.hits");
    /// # let _ = hits;
    /// ```
    #[must_use]
    fn named(self, name: &str) -> Self
    where
        Self: Sized,
    {
        self.give_name(name);
        self
    }
}

/// Gives `object` a name: for statics and for what is shared already.
///
/// ```
/// use hbtrace_recorder::name;
/// use hbtrace_recorder::sync::atomic::AtomicU64;
///
/// static HITS: AtomicU64 = AtomicU64::new(0);
/// name(&HITS, "hits");
/// ```
pub fn name<T: Named + ?Sized>(object: &T, name: &str) {
    object.give_name(name);
}

macro_rules! named {
    ($([$($generics:tt)*] $name:ty;)*) => {$(
        impl<$($generics)*> Named for $name {
            #[cfg(feature = "record")]
            fn give_name(&self, name: &str) {
                self.set_name(name);
            }

            #[cfg(not(feature = "record"))]
            #[inline]
            fn give_name(&self, _name: &str) {}
        }
    )*};
}

named! {
    [] AtomicBool;
    [] AtomicI8;
    [] AtomicI16;
    [] AtomicI32;
    [] AtomicI64;
    [] AtomicIsize;
    [] AtomicU8;
    [] AtomicU16;
    [] AtomicU32;
    [] AtomicU64;
    [] AtomicUsize;
    [T] AtomicPtr<T>;
    [T: ?Sized] UnsafeCell<T>;
    [T] Tracked<T>;
    [] Token;
    [T: ?Sized] Mutex<T>;
    [T: ?Sized] RwLock<T>;
    [] Condvar;
    [] Barrier;
    [] Once;
    [T] OnceLock<T>;
    [T, F] LazyLock<T, F>;
    [T] Sender<T>;
    [T] SyncSender<T>;
    [T] Receiver<T>;
}

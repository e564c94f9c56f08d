//! The methods that all atomic types share.

/// Implements the methods and traits that every atomic type has, for `$name`
/// over its field `inner`, with values of type `$value`.
macro_rules! shared_operations {
    ([$($generics:tt)*] $name:ty, $value:ty) => {
        impl<$($generics)*> $name {
            /// The value, for its only owner. Recorded as a plain write.
            #[track_caller]
            pub fn get_mut(&mut self) -> &mut $value {
                self.inner.get_mut()
            }

            /// Loads the value.
            ///
            /// # Panics
            /// If `order` is `Release` or `AcqRel`.
            #[track_caller]
            #[inline]
            pub fn load(&self, order: Ordering) -> $value {
                self.inner.load(order)
            }

            /// Stores a value.
            ///
            /// # Panics
            /// If `order` is `Acquire` or `AcqRel`.
            #[track_caller]
            #[inline]
            pub fn store(&self, value: $value, order: Ordering) {
                self.inner.store(value, order);
            }

            /// Stores a value and returns the one before.
            #[track_caller]
            #[inline]
            pub fn swap(&self, value: $value, order: Ordering) -> $value {
                self.inner.modify(order, |_| value)
            }

            /// Stores `new` if the value is `current`. A failure is recorded
            /// as a load with the ordering `failure`.
            ///
            /// # Errors
            /// With the value found, if it was another.
            ///
            /// # Panics
            /// If `failure` is `Release` or `AcqRel`.
            #[track_caller]
            pub fn compare_exchange(
                &self,
                current: $value,
                new: $value,
                success: Ordering,
                failure: Ordering,
            ) -> Result<$value, $value> {
                self.inner.compare_exchange(current, new, success, failure)
            }

            /// As [`compare_exchange`](Self::compare_exchange), which may fail
            /// without a reason. (This one does not.)
            ///
            /// # Errors
            /// With the value found.
            ///
            /// # Panics
            /// If `failure` is `Release` or `AcqRel`.
            #[track_caller]
            pub fn compare_exchange_weak(
                &self,
                current: $value,
                new: $value,
                success: Ordering,
                failure: Ordering,
            ) -> Result<$value, $value> {
                self.inner.compare_exchange(current, new, success, failure)
            }

            /// Replaces the value by what `f` makes of it, until no other
            /// thread came between or `f` gives `None`. Recorded as the load
            /// and the compare-exchanges that it is.
            ///
            /// # Errors
            /// With the value for which `f` gave `None`.
            ///
            /// # Panics
            /// If `fetch_order` is `Release` or `AcqRel`.
            #[track_caller]
            pub fn fetch_update<F>(
                &self,
                set_order: Ordering,
                fetch_order: Ordering,
                f: F,
            ) -> Result<$value, $value>
            where
                F: FnMut($value) -> Option<$value>,
            {
                self.try_update(set_order, fetch_order, f)
            }

            /// As [`fetch_update`](Self::fetch_update).
            ///
            /// # Errors
            /// With the value for which `f` gave `None`.
            ///
            /// # Panics
            /// If `fetch_order` is `Release` or `AcqRel`.
            #[track_caller]
            pub fn try_update(
                &self,
                set_order: Ordering,
                fetch_order: Ordering,
                mut f: impl FnMut($value) -> Option<$value>,
            ) -> Result<$value, $value> {
                let mut seen = self.load(fetch_order);
                while let Some(next) = f(seen) {
                    match self.compare_exchange_weak(seen, next, set_order, fetch_order) {
                        Ok(old) => return Ok(old),
                        Err(now) => seen = now,
                    }
                }
                Err(seen)
            }

            /// As [`try_update`](Self::try_update), with an `f` that always
            /// has an answer.
            ///
            /// # Panics
            /// If `fetch_order` is `Release` or `AcqRel`.
            #[track_caller]
            pub fn update(
                &self,
                set_order: Ordering,
                fetch_order: Ordering,
                mut f: impl FnMut($value) -> $value,
            ) -> $value {
                let mut seen = self.load(fetch_order);
                loop {
                    match self.compare_exchange_weak(seen, f(seen), set_order, fetch_order) {
                        Ok(old) => return old,
                        Err(now) => seen = now,
                    }
                }
            }

            /// Gives the atomic a name in the trace.
            pub(crate) fn set_name(&self, name: &str) {
                self.inner.name(name);
            }
        }

        impl<$($generics)*> From<$value> for $name {
            #[track_caller]
            fn from(value: $value) -> Self {
                Self::new(value)
            }
        }

        impl<$($generics)*> fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&self.inner.peek(), f)
            }
        }
    };
}

/// Implements read-modify-writes: name, argument and what becomes of the
/// value.
macro_rules! modifications {
    ($name:ty, $value:ty, $($(#[$doc:meta])* $method:ident = $next:expr;)*) => {
        impl $name {
            $(
                $(#[$doc])*
                #[track_caller]
                #[inline]
                pub fn $method(&self, value: $value, order: Ordering) -> $value {
                    let next: fn($value, $value) -> $value = $next;
                    self.inner.modify(order, |old| next(old, value))
                }
            )*
        }
    };
}

pub(super) use {modifications, shared_operations};

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
            #[inline(always)]
            pub fn load(&self, order: Ordering) -> $value {
                if is_off() {
                    return self.inner.value.load(order);
                }
                check_load(order);
                self.inner.load(order, Location::caller())
            }

            /// Stores a value.
            ///
            /// # Panics
            /// If `order` is `Acquire` or `AcqRel`.
            #[track_caller]
            #[inline(always)]
            pub fn store(&self, value: $value, order: Ordering) {
                if is_off() {
                    return self.inner.value.store(value, order);
                }
                check_store(order);
                self.inner.store(value, order, Location::caller());
            }

            /// Stores a value and returns the one before.
            #[track_caller]
            #[inline(always)]
            pub fn swap(&self, value: $value, order: Ordering) -> $value {
                if is_off() {
                    return self.inner.value.swap(value, order);
                }
                self.inner.modify(order, Location::caller(), |_| value)
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
            #[inline(always)]
            pub fn compare_exchange(
                &self,
                current: $value,
                new: $value,
                success: Ordering,
                failure: Ordering,
            ) -> Result<$value, $value> {
                if is_off() {
                    let value = &self.inner.value;
                    return value.compare_exchange(current, new, success, failure);
                }
                check_failure(failure);
                let (values, orders) = ([current, new], [success, failure]);
                self.inner.compare_exchange(values, orders, Location::caller())
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
            #[inline(always)]
            pub fn compare_exchange_weak(
                &self,
                current: $value,
                new: $value,
                success: Ordering,
                failure: Ordering,
            ) -> Result<$value, $value> {
                if is_off() {
                    let value = &self.inner.value;
                    return value.compare_exchange_weak(current, new, success, failure);
                }
                check_failure(failure);
                let (values, orders) = ([current, new], [success, failure]);
                self.inner.compare_exchange(values, orders, Location::caller())
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
                if is_off() {
                    return self.inner.value.try_update(set_order, fetch_order, f);
                }
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
                if is_off() {
                    return self.inner.value.update(set_order, fetch_order, f);
                }
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

/// Implements read-modify-writes: name, and what becomes of the value by the
/// argument, of type `$by`.
macro_rules! modifications {
    ([$($generics:tt)*] $name:ty, $value:ty, $by:ty,
        $($(#[$doc:meta])* $method:ident = $next:expr;)*) => {
        impl<$($generics)*> $name {
            $(
                $(#[$doc])*
                #[track_caller]
                #[inline(always)]
                pub fn $method(&self, by: $by, order: Ordering) -> $value {
                    if is_off() {
                        return self.inner.value.$method(by, order);
                    }
                    let next: fn($value, $by) -> $value = $next;
                    self.inner.modify(order, Location::caller(), |old| next(old, by))
                }
            )*
        }
    };
}

pub(super) use {modifications, shared_operations};

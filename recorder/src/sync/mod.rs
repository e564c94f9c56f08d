//! Mirror of `std::sync`.

pub mod atomic;

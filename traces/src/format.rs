//! The bytes of a `.trace` file.

//! What a service links. See the crate's README section.

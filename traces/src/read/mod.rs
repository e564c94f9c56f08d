//! Opening a trace, whatever its form.
//!
//! A `.trace` file is read in these steps, each in a file of this module or of
//! `mapped`:
//!
//! 1. `mapped::file` maps it; `header` checks its first page.
//! 2. `chunks` finds the chunks and how far each was written.
//! 3. `tables` reads the names of threads, objects and sites.
//! 4. `streams` decodes the sync events of each thread.
//! 5. `mapped::accesses` stays lazy: plain accesses are decoded each time they
//!    are walked, straight from the mapping.
//! 6. `assemble` puts the [`Trace`] together, and `horizon` sees to it that
//!    nothing is compared beyond what a damaged file still tells; `window`, to
//!    nothing before what a flight recording still does; `interrupted` leaves
//!    out what the session's end came into.
//!
//! A trace is untrusted input. Nothing here trusts a length, an offset or an
//! id from the file: all are checked against the size of the file, and memory
//! stays within a small multiple of it.

mod assemble;
#[cfg(test)]
mod broken;
pub(crate) mod chunks;
#[cfg(test)]
mod hand_made;
pub(crate) mod header;
mod horizon;
mod interrupted;
mod label;
mod names;
#[cfg(test)]
mod one_word;
#[cfg(test)]
mod round_trip;
mod streams;
mod tables;
mod told;
mod under_way;
mod window;

use std::path::Path;

use crate::error::Error;
use crate::format::layout;
use crate::mapped;
pub use crate::mapped::MappedAccesses;
pub use crate::options::Options;
use crate::trace::{Module, Site, Trace};

/// Opens `path` (a `.trace` file or a text trace, told apart by content),
/// checks it and replays it.
///
/// # Errors
/// If it can't be read, is not a trace, is malformed, or can't be an execution.
pub fn open(path: &Path, options: Options) -> Result<Trace, Error> {
    open_with(path, options, &mut |_, _| Vec::new())
}

/// Gives sites that name code of the modules their places in the source, and
/// says, one sentence each, why some have none.
pub type Resolve<'a> = dyn FnMut(&[Module], Vec<&mut Site>) -> Vec<String> + 'a;

/// Like [`open`], with `resolve` called on the sites of a `.trace` file before
/// anything is named after them. What it says becomes warnings.
///
/// # Errors
/// As [`open`].
pub fn open_with(path: &Path, options: Options, resolve: &mut Resolve<'_>) -> Result<Trace, Error> {
    let mapping = mapped::map(path)?;
    if looks_like_text(mapping.bytes()) {
        return crate::text::parse(path, mapping.bytes(), options);
    }
    let mut trace = assemble::assemble(path, mapping, resolve)?;
    match crate::replay::replay(&mut trace) {
        Err(error) if error.is_impossible() && options.lenient => pass_over(&mut trace),
        replayed => replayed?,
    }
    match crate::check::check(&trace) {
        Err(error) if options.lenient => trace.info.warnings.push(error.to_string()),
        result => result?,
    }
    Ok(trace)
}

/// Replays a trace that can't be an execution without the events that can't be.
fn pass_over(trace: &mut Trace) {
    let stuck = crate::replay::run(trace, true);
    if let Some(first) = stuck.first() {
        let (count, first) = (stuck.len(), first.message(trace));
        trace.info.warnings.push(format!(
            "{count} events that can't be so were passed over, the first: {first}"
        ));
    }
}

/// A text trace bears no NUL; the first page of a `.trace` file is full of
/// them, and its first byte decides even where little of it is left.
pub(crate) fn looks_like_text(bytes: &[u8]) -> bool {
    let page = &bytes[..bytes.len().min(layout::PAGE)];
    let magic = &layout::MAGIC[..page.len().min(layout::MAGIC.len())];
    !page.starts_with(magic) && !page.contains(&0)
}

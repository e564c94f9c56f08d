//! Snapshots: a consistent copy of the recording, taken while the service goes
//! on.
//!
//! A flight recording holds the last moments, and they are soon gone. A snapshot
//! keeps them: when the program asks ([`snapshot`]), when a signal arrives or a
//! thread panics (`trigger`), or again and again (`rotate`). What it takes is told by `copy`. A process that
//! dies needs none: the file itself is then its last moments.

mod copy;
mod rotate;
mod trigger;

use std::io;
use std::path::Path;

use crate::error::{self, Error};
use crate::primitive::{AtomicU32, Mutex, OnceLock, Ordering, lock};
use crate::series::Series;
use crate::shared::{self, Shared};
use crate::state;
use crate::writer;

pub(crate) use trigger::arm;

/// One is taken after another.
static ONE: Mutex<()> = Mutex::new(());
/// What is said of a copy that threads outran.
const OUTRUN: &str = "so many threads wrote while it was copied that nothing of the pool could be \
                      kept, so no verdict holds in the copy: make the pool larger (HBTRACE_FLIGHT, \
                      or Builder::flight)";
/// The last snapshot of an earlier process.
static BEFORE: OnceLock<u64> = OnceLock::new();
/// Snapshots that triggers have taken.
static TAKEN: AtomicU32 = AtomicU32::new(0);

/// Writes what the recording holds now into `path`, while the service goes on.
/// `%p` in it stands for the process id. A trace that is there already is
/// replaced, unless a process records into it.
///
/// This is for flight recordings, of which it takes some tens of milliseconds for
/// each 64 MiB on the calling thread; of a stream it copies the whole file. Other
/// threads are not held up. What they record meanwhile may be in the copy or
/// not, so its verdicts hold up to the moment at which it was begun. They hold
/// from a time that `hbtrace info` tells: half of the pool, what was written last,
/// is kept from being used again while it is copied, and threads go on in the
/// other half. (Only where more threads write at once than that other half has
/// chunks for, less is kept.)
///
/// # Errors
/// If nothing is recorded, or the file can't be written: then there is none.
///
/// # Examples
///
/// ```
/// let directory = std::env::temp_dir();
/// match hbtrace_recorder::snapshot(directory.join("slow-%p.trace")) {
///     Ok(()) => println!("kept the last moments"),
///     Err(error) => println!("{error}"),
/// }
/// ```
pub fn snapshot(path: impl AsRef<Path>) -> Result<(), Error> {
    let path = crate::output::expand(path.as_ref());
    let Some(shared) = shared::get().filter(|_| state::is_live()) else {
        return Err(Error::not_recording(path));
    };
    match take(shared, &path) {
        Ok(_) => Ok(()),
        Err(error) => Err(Error::snapshot(path, error)),
    }
}

/// Returns whether verdicts hold anywhere in the copy.
fn take(shared: &'static Shared, path: &Path) -> io::Result<bool> {
    let _one = lock(&ONE);
    // What this does is none of the service's doing.
    let taken = writer::quietly(|_| copy::copy(shared, path));
    taken.unwrap_or_else(|| copy::copy(shared, path))
}

/// Takes a snapshot beside the recording, unless triggers have taken as many as
/// they may. Its name is the recording's, with `.snapshot-1` and so on before
/// its extension; numbers go on where an earlier process ended, and `most` stay.
fn take_numbered(most: u32) {
    let Some(shared) = shared::get().filter(|_| state::is_live()) else {
        return;
    };
    // Relaxed: a count.
    let number = TAKEN.fetch_add(1, Ordering::Relaxed);
    if number >= most {
        // Relaxed: as above. So that it never comes to its end.
        TAKEN.store(most, Ordering::Relaxed);
        return;
    }
    // Once, before there is one of this process.
    let before = *BEFORE.get_or_init(|| Series::Snapshots.last(shared.path()));
    let path = Series::Snapshots.path(shared.path(), before + u64::from(number) + 1);
    let holds = match take(shared, &path) {
        Ok(holds) => holds,
        Err(error) => return error::tell(&Error::snapshot(path, error).to_string()),
    };
    Series::Snapshots.prune(shared.path(), most);
    let mut said = format!("took a snapshot into {}", path.display());
    if number + 1 == most {
        said.push_str(&format!(
            ", the last: {most} are allowed (HBTRACE_SNAPSHOTS, or Builder::snapshots)"
        ));
    }
    if !holds {
        said.push_str(&format!("; {OUTRUN}"));
    }
    error::tell(&said);
}

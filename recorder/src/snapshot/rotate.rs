//! Rotation: a row of files of bounded size instead of one that grows.
//!
//! A flight recording's pool always holds the last moments. Each time half of
//! it has been written anew, a copy is taken into the next file. So every file
//! is a window of its own, whose verdicts need no other file, and neighbours
//! overlap: what happens within half a pool of each other lies in one of them
//! together. A copy keeps half of the pool as it was when it was begun, so each
//! file holds as much, however fast threads write. Where they write more than that
//! until the next one is begun, there is a gap between two files; each says from
//! when to when it is whole.
//! The first file in which nothing is whole is told. Numbers go on where an earlier
//! process of the same path ended, and its files count among those that stay.
//!
//! The thread that copies looks how much was written, a hundred times a second
//! while much is and ten times otherwise.
//!
//! Cutting the recording itself would not do: a thread that has not yet gone
//! over to the new file when another already has would leave an edge behind,
//! and threads would have to be asked at every event.

use std::time::Duration;

use crate::error;
use crate::series::Series;
use crate::shared::Shared;
use crate::state;

/// How long it sleeps where much is written, and where not.
const SHORT: Duration = Duration::from_millis(10);
const LONG: Duration = Duration::from_millis(100);

/// Copies `shared`'s recording into new files until the session ends; `keep` of
/// them stay.
pub(super) fn run(shared: &'static Shared, keep: u32) {
    let half = shared.pool_bytes() / 2;
    let (mut copied, mut seen) = (0, 0);
    let mut number = Series::Rotation.last(shared.path());
    let mut told = false;
    while state::is_live() {
        let drawn = shared.drawn();
        if drawn - copied >= half {
            copied = drawn;
            number += 1;
            match copy(shared, number, keep) {
                None => return,
                Some(holds) if holds || told => {}
                Some(_) => {
                    let path = Series::Rotation.path(shared.path(), number);
                    error::tell(&format!("{}: {}", path.display(), super::OUTRUN));
                    told = true;
                }
            }
        }
        std::thread::sleep(if drawn == seen { LONG } else { SHORT });
        seen = drawn;
    }
}

/// Returns whether verdicts hold anywhere in the copy. `None` is not to go on: a
/// file that can't be written ends the rotation, not the recording.
fn copy(shared: &'static Shared, number: u64, keep: u32) -> Option<bool> {
    let path = Series::Rotation.path(shared.path(), number);
    let taken = super::take(shared, &path).inspect_err(|error| {
        error::tell(&format!(
            "can't rotate into {}: {error}; the recording goes on without",
            path.display()
        ));
    });
    let holds = taken.ok()?;
    Series::Rotation.prune(shared.path(), keep);
    Some(holds)
}

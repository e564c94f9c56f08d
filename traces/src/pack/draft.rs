//! A file that appears under its name only when it is whole.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use crate::error::{Error, ErrorKind, Place};

/// A file under way, beside the place where it will be. It goes away with this
/// unless it was kept.
pub(super) struct Draft {
    path: PathBuf,
    /// To be written.
    pub(super) file: File,
}

impl Draft {
    pub(super) fn beside(target: &Path) -> io::Result<Draft> {
        let mut name = target.as_os_str().to_owned();
        name.push(format!(".{}.part", std::process::id()));
        let path = PathBuf::from(name);
        let file = File::create(&path)?;
        Ok(Draft { path, file })
    }

    /// Puts it in its place.
    pub(super) fn keep(self, target: &Path) -> io::Result<()> {
        std::fs::rename(&self.path, target)
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        // Gone already if it was kept. That it could not be removed is not the
        // error to report.
        let _ = std::fs::remove_file(&self.path);
    }
}

/// Why a file can't be written, in our words.
pub(super) fn unwritable(path: &Path, error: &io::Error) -> Error {
    let message =
        format!("can't be written: {error}; check the folder, its permissions and its space");
    Error::new(path, Place::File, ErrorKind::Unwritable, message)
}

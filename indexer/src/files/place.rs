//! Files and directories that are there whole or not at all: written beside their place under another name, and moved
//! there when all of it is on disk.

use std::fs::{self, File, OpenOptions};
use std::path::{Path, PathBuf};

use super::error::FileError;

/// A file under way. Dropped before it is kept, nothing of it is left.
#[derive(Debug)]
pub struct Unfinished {
    place: PathBuf,
    partial: PathBuf,
    is_kept: bool,
}

impl Unfinished {
    /// A file that will replace whatever is at its place.
    ///
    /// # Errors
    /// [`FileError::System`]
    pub fn file(place: &Path) -> Result<(Self, File), FileError> {
        let this = Self::beside(place)?;
        let made = OpenOptions::new().write(true).create_new(true).open(&this.partial);
        let file = made.map_err(FileError::system(&this.partial))?;
        Ok((this, file))
    }

    /// A directory, whose place must be free: nobody's files are removed to make room.
    ///
    /// # Errors
    /// [`FileError`]
    pub fn directory(place: &Path) -> Result<Self, FileError> {
        let is_free = match fs::read_dir(place) {
            Ok(mut entries) => entries.next().is_none(),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => true,
            Err(error) => return Err(FileError::system(place)(error)),
        };
        if !is_free {
            return Err(FileError::content(place, "is there already and not empty: name another directory"));
        }
        let this = Self::beside(place)?;
        fs::create_dir(&this.partial).map_err(FileError::system(&this.partial))?;
        Ok(this)
    }

    fn beside(place: &Path) -> Result<Self, FileError> {
        let name = place.file_name().ok_or_else(|| FileError::content(place, "is no name for a file"))?;
        let partial = format!(".{}.{}.partial", name.to_string_lossy(), std::process::id());
        Ok(Self { place: place.to_owned(), partial: place.with_file_name(partial), is_kept: false })
    }

    /// Where it is while it is under way.
    pub fn partial(&self) -> &Path {
        &self.partial
    }

    /// Moves it to its place, once all of it is on disk.
    ///
    /// # Errors
    /// [`FileError::System`]
    pub fn keep(mut self) -> Result<(), FileError> {
        let partial = self.partial.as_path();
        File::open(partial).and_then(|written| written.sync_all()).map_err(FileError::system(partial))?;
        fs::rename(partial, &self.place).map_err(FileError::system(&self.place))?;
        self.is_kept = true;
        // The name is of the directory above, which is written for itself.
        let above = self.place.parent().filter(|above| !above.as_os_str().is_empty()).unwrap_or(Path::new("."));
        File::open(above).and_then(|directory| directory.sync_all()).map_err(FileError::system(above))
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        if self.is_kept {
            return;
        }
        // What cannot be removed bears a name that says what it is.
        let _ = if self.partial.is_dir() { fs::remove_dir_all(&self.partial) } else { fs::remove_file(&self.partial) };
    }
}

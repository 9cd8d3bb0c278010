//! What tells that a directory is whole: a list of its files with what is in them, written last.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use alloy_primitives::{B256, Keccak256};
use serde::{Deserialize, Serialize};

use crate::files::envelope::{FORMAT, Heading, What};
use crate::files::error::FileError;

/// Its name in the directory.
pub const NAME: &str = "export.json";
/// Some hundred bytes a file, a file for every hundred thousand rows.
const BYTES_MAX: u64 = 16 << 20;

/// What a directory is of, and what is in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// What it is of.
    pub heading: Heading,
    /// Every file but this one.
    pub files: Vec<Listed>,
}

/// A file as it was written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listed {
    /// In the directory.
    pub name: String,
    /// Rows in it.
    pub rows: u64,
    /// Its size.
    pub bytes: u64,
    /// keccak256 over it.
    pub digest: B256,
}

impl Manifest {
    /// Writes it into the directory that it is about.
    ///
    /// # Errors
    /// [`FileError`]
    pub fn write(&self, directory: &Path) -> Result<(), FileError> {
        let path = directory.join(NAME);
        let text = serde_json::to_vec_pretty(self).map_err(|error| FileError::content(&path, error))?;
        std::fs::write(&path, text).map_err(FileError::system(&path))?;
        File::open(&path).and_then(|file| file.sync_all()).map_err(FileError::system(&path))
    }

    /// The manifest of a directory, each of whose files was read and is as it was written; `None`: it has none, and is
    /// of another program.
    ///
    /// # Errors
    /// [`FileError`]
    pub fn check(directory: &Path, what: What) -> Result<Option<Self>, FileError> {
        let path = directory.join(NAME);
        let file = match File::open(&path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            opened => opened.map_err(FileError::system(&path))?,
        };
        let mut text = Vec::new();
        file.take(BYTES_MAX).read_to_end(&mut text).map_err(FileError::system(&path))?;
        let this: Self = serde_json::from_slice(&text).map_err(|error| FileError::content(&path, error))?;
        if (this.heading.format, this.heading.what) != (FORMAT, what) {
            let (format, is) = (this.heading.format, this.heading.what.name());
            let what = format!("is an export of {is} in format {format}, not of {} in format {FORMAT}", what.name());
            return Err(FileError::content(&path, what));
        }
        for listed in &this.files {
            listed.check(directory)?;
        }
        Ok(Some(this))
    }
}

impl Listed {
    /// A file that was written to its end.
    ///
    /// # Errors
    /// [`FileError`]
    pub fn of(path: &Path, rows: u64) -> Result<Self, FileError> {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let (bytes, digest) = digest(path)?;
        Ok(Self { name, rows, bytes, digest })
    }

    fn check(&self, directory: &Path) -> Result<(), FileError> {
        let is_name = Path::new(&self.name).file_name().is_some_and(|name| name == self.name.as_str());
        if !is_name {
            return Err(FileError::content(
                &directory.join(NAME),
                format!("lists {:?}, which is no file of it", self.name),
            ));
        }
        let path = directory.join(&self.name);
        if digest(&path)? != (self.bytes, self.digest) {
            return Err(FileError::content(&path, "is not as it was written: its digest is another than is listed"));
        }
        Ok(())
    }
}

fn digest(path: &Path) -> Result<(u64, B256), FileError> {
    let mut file = File::open(path).map_err(FileError::system(path))?;
    let (mut hasher, mut length, mut chunk) = (Keccak256::new(), 0, vec![0; 1 << 18]);
    loop {
        let read = file.read(&mut chunk).map_err(FileError::system(path))?;
        if read == 0 {
            return Ok((length, hasher.finalize()));
        }
        hasher.update(&chunk[..read]);
        length += read as u64;
    }
}

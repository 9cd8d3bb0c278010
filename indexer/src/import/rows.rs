//! A file, or a part of one, in memory: no larger than what was written as one piece.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::de::DeserializeOwned;

use super::name::{Dataset, Layout, Name};
use crate::files::error::FileError;
use crate::files::lines::{Line, LineFile};
use crate::files::record::{BlockRecord, LogRecord, ReadingRecord, Record};

/// A file that is read as one. Whoever has larger ones writes shorter stretches of blocks into each.
const FILE_BYTES_MAX: u64 = 1 << 30;

/// Records of consecutive blocks, in whatever order their file has them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rows {
    /// Headers.
    pub blocks: Vec<BlockRecord>,
    /// Logs.
    pub logs: Vec<LogRecord>,
    /// Contracts' own answers.
    pub readings: Vec<ReadingRecord>,
}

/// Where rows are.
#[derive(Clone, Debug)]
pub enum Piece {
    /// Lines of an export of ours.
    Lines {
        /// Which file.
        file: Arc<LineFile>,
        /// The first line's place.
        offset: u64,
        /// Of all lines.
        bytes: usize,
    },
    /// A file of columns.
    File(PathBuf, Name),
}

/// A piece, and the blocks that it covers.
#[derive(Clone, Debug)]
pub struct Stretch {
    /// The first.
    pub from: u64,
    /// The last.
    pub to: u64,
    /// Where the rows are.
    pub piece: Piece,
}

impl Rows {
    /// Adds a line's record.
    ///
    /// # Errors
    /// What is wrong with the line.
    pub fn add(&mut self, line: &Line<'_>) -> Result<u64, String> {
        Ok(match line.table()? {
            BlockRecord::TABLE => push(&mut self.blocks, line.parse()?).block_number,
            LogRecord::TABLE => push(&mut self.logs, line.parse()?).block_number,
            ReadingRecord::TABLE => push(&mut self.readings, line.parse()?).block_number,
            other => return Err(format!("line {}: {other:?} is no table of inputs", line.number)),
        })
    }
}

fn push<T>(records: &mut Vec<T>, record: T) -> &T {
    records.push(record);
    &records[records.len() - 1]
}

impl Stretch {
    /// Whether it says which logs there are.
    pub fn has_logs(&self) -> bool {
        !matches!(self.piece, Piece::File(_, Name { dataset: Dataset::Blocks | Dataset::Readings, .. }))
    }

    /// Whether it says what was read.
    pub fn has_readings(&self) -> bool {
        !matches!(self.piece, Piece::File(_, Name { dataset: Dataset::Blocks | Dataset::Logs, .. }))
    }

    /// Which file, for an error.
    pub fn path(&self) -> &Path {
        match &self.piece {
            Piece::Lines { file, .. } => file.path(),
            Piece::File(path, _) => path,
        }
    }

    /// Reads it. Rows outside of the blocks that it covers are an error.
    ///
    /// # Errors
    /// [`FileError`]
    pub fn read(&self) -> Result<Rows, FileError> {
        let rows = match &self.piece {
            Piece::Lines { file, offset, bytes } => lines(file, *offset, *bytes)?,
            Piece::File(path, name) => self.columns(path, *name)?,
        };
        let blocks = rows.blocks.iter().map(|row| row.block_number);
        let logs = rows.logs.iter().map(|row| row.block_number);
        let readings = rows.readings.iter().map(|row| row.block_number);
        match blocks.chain(logs).chain(readings).find(|number| !(self.from..=self.to).contains(number)) {
            Some(number) => {
                let what = format!("holds block {number}, though it is of blocks {} to {}", self.from, self.to);
                Err(FileError::content(self.path(), what))
            }
            None => Ok(rows),
        }
    }

    fn columns(&self, path: &Path, name: Name) -> Result<Rows, FileError> {
        let bytes = fs::metadata(path).map_err(FileError::system(path))?.len();
        if bytes > FILE_BYTES_MAX {
            let what = format!("has {bytes} bytes: write shorter stretches of blocks into each file");
            return Err(FileError::content(path, what));
        }
        Ok(match name.dataset {
            Dataset::Blocks => Rows { blocks: records(path, name.layout)?, ..Rows::default() },
            Dataset::Logs => Rows { logs: records(path, name.layout)?, ..Rows::default() },
            Dataset::Readings => Rows { readings: records(path, name.layout)?, ..Rows::default() },
        })
    }
}

fn lines(file: &LineFile, offset: u64, bytes: usize) -> Result<Rows, FileError> {
    let mut rows = Rows::default();
    let part = file.part(offset, bytes)?;
    for text in part.split_inclusive(|byte| *byte == b'\n') {
        let text = text.strip_suffix(b"\n").unwrap_or(text);
        let line = Line { number: 0, offset, text };
        rows.add(&line).map_err(|_| FileError::content(file.path(), "was changed while it was read"))?;
    }
    Ok(rows)
}

#[cfg(feature = "columnar")]
fn records<T: crate::files::columnar::Table + DeserializeOwned>(
    path: &Path,
    layout: Layout,
) -> Result<Vec<T>, FileError> {
    use crate::files::columnar::{Format, parse};
    match layout {
        Layout::Json => json(path),
        Layout::Parquet => parse::records(path, Format::Parquet),
        Layout::Csv => parse::records(path, Format::Csv),
    }
}

#[cfg(not(feature = "columnar"))]
fn records<T: DeserializeOwned>(path: &Path, layout: Layout) -> Result<Vec<T>, FileError> {
    match layout {
        Layout::Json => json(path),
        Layout::Parquet | Layout::Csv => {
            Err(FileError::content(path, "cannot be read: this program was built without the feature `columnar`"))
        }
    }
}

fn json<T: DeserializeOwned>(path: &Path) -> Result<Vec<T>, FileError> {
    let text = fs::read(path).map_err(FileError::system(path))?;
    serde_json::from_slice(&text).map_err(|error| FileError::content(path, error))
}

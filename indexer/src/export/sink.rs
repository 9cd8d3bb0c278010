//! Where records go, in which format.

use std::fs::File;
use std::io::{BufWriter, Stdout, Write, stdout};
use std::path::{Path, PathBuf};

#[cfg(feature = "columnar")]
use crate::files::columnar::{Format, Table, directory::Directory};
use crate::files::envelope::Heading;
use crate::files::error::FileError;
use crate::files::lines::LineWriter;
use crate::files::place::Unfinished;
#[cfg(not(feature = "columnar"))]
use crate::files::record::Record;

/// Where records go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// NDJSON to standard output.
    Standard,
    /// NDJSON to a file, which is there whole or not at all.
    Lines(PathBuf),
    /// Columns to a directory, which is there whole or not at all.
    #[cfg(feature = "columnar")]
    Columns(PathBuf, Format),
}

/// What a record must be for every format there is.
#[cfg(not(feature = "columnar"))]
pub(super) trait Row: Record {}
#[cfg(not(feature = "columnar"))]
impl<R: Record> Row for R {}
/// What a record must be for every format there is.
#[cfg(feature = "columnar")]
pub(super) trait Row: Table {}
#[cfg(feature = "columnar")]
impl<T: Table> Row for T {}

/// Records on their way.
pub(super) enum Sink {
    Standard(LineWriter<BufWriter<Stdout>>, u64),
    Lines {
        file: LineWriter<BufWriter<File>>,
        place: Unfinished,
        rows: u64,
    },
    #[cfg(feature = "columnar")]
    Columns(Directory),
}

impl Sink {
    pub(super) fn begin(target: &Target, heading: &Heading) -> Result<Self, FileError> {
        match target {
            Target::Standard => {
                let lines = LineWriter::begin(BufWriter::new(stdout()), heading).map_err(standard)?;
                Ok(Self::Standard(lines, 0))
            }
            Target::Lines(path) => {
                let (place, file) = Unfinished::file(path)?;
                let file = LineWriter::begin(BufWriter::with_capacity(1 << 20, file), heading);
                let file = file.map_err(FileError::system(place.partial()))?;
                Ok(Self::Lines { file, place, rows: 0 })
            }
            #[cfg(feature = "columnar")]
            Target::Columns(path, format) => Ok(Self::Columns(Directory::begin(path, *format, heading)?)),
        }
    }

    /// The inputs of a block follow. Lines say of themselves which block they are of.
    #[cfg(feature = "columnar")]
    pub(super) fn begin_block(&mut self, number: u64) -> Result<(), FileError> {
        match self {
            Self::Columns(directory) => directory.begin_block(number),
            Self::Standard(..) | Self::Lines { .. } => Ok(()),
        }
    }

    pub(super) fn put<R: Row>(&mut self, record: &R) -> Result<(), FileError> {
        match self {
            Self::Standard(lines, rows) => {
                *rows += 1;
                lines.put(record).map_err(standard)
            }
            Self::Lines { file, place, rows } => {
                *rows += 1;
                file.put(record).map_err(FileError::system(place.partial()))
            }
            #[cfg(feature = "columnar")]
            Self::Columns(directory) => directory.put(record),
        }
    }

    /// How many records there are; now they are where they belong.
    pub(super) fn end(self) -> Result<u64, FileError> {
        match self {
            Self::Standard(lines, rows) => {
                lines.end().map_err(standard)?.flush().map_err(standard)?;
                Ok(rows)
            }
            Self::Lines { file, place, rows } => {
                file.end().map_err(FileError::system(place.partial()))?;
                place.keep()?;
                Ok(rows)
            }
            #[cfg(feature = "columnar")]
            Self::Columns(directory) => directory.end(),
        }
    }
}

fn standard(error: std::io::Error) -> FileError {
    FileError::system(Path::new("standard output"))(error)
}

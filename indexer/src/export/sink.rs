//! Where records go, in which format.

use std::fs::File;
use std::io::{BufWriter, Stdout, Write, stdout};
use std::path::{Path, PathBuf};

use crate::files::envelope::Heading;
use crate::files::error::FileError;
use crate::files::lines::LineWriter;
use crate::files::place::Unfinished;
use crate::files::record::Record;

/// Where records go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// NDJSON to standard output.
    Standard,
    /// NDJSON to a file, which is there whole or not at all.
    Lines(PathBuf),
}

/// Records on their way.
pub(super) enum Sink {
    Standard(LineWriter<BufWriter<Stdout>>, u64),
    Lines { file: LineWriter<BufWriter<File>>, place: Unfinished, rows: u64 },
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
        }
    }

    pub(super) fn put<R: Record>(&mut self, record: &R) -> Result<(), FileError> {
        match self {
            Self::Standard(lines, rows) => {
                *rows += 1;
                lines.put(record).map_err(standard)
            }
            Self::Lines { file, place, rows } => {
                *rows += 1;
                file.put(record).map_err(FileError::system(place.partial()))
            }
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
        }
    }
}

fn standard(error: std::io::Error) -> FileError {
    FileError::system(Path::new("standard output"))(error)
}

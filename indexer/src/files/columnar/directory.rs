//! All files of an export. The inputs go into a new file of each table every so many rows, so that no file is ever too
//! large to be read as one.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;

use super::manifest::{Listed, Manifest};
use super::table::TableFile;
use super::{Format, Table};
use crate::files::envelope::{Heading, What};
use crate::files::error::FileError;
use crate::files::place::Unfinished;
use crate::files::record::{BlockRecord, LogRecord, ReadingRecord, Record};

const ROWS_PER_STRETCH: u64 = 100_000;
/// Base's chain id, by whose name its files go.
const BASE: u64 = 8453;

/// A directory under way.
pub struct Directory {
    place: Unfinished,
    format: Format,
    heading: Heading,
    open: BTreeMap<&'static str, TableFile>,
    done: Vec<Listed>,
    /// The first block of the stretch under way, and how many rows it has.
    stretch: (u64, u64),
    rows: u64,
}

impl Directory {
    /// A directory that will be at this place, which must be free.
    ///
    /// # Errors
    /// [`FileError`]
    pub fn begin(place: &Path, format: Format, heading: &Heading) -> Result<Self, FileError> {
        let mut this = Self {
            place: Unfinished::directory(place)?,
            format,
            heading: heading.clone(),
            open: BTreeMap::new(),
            done: Vec::new(),
            stretch: (heading.from_block, 0),
            rows: 0,
        };
        this.begin_stretch()?;
        Ok(this)
    }

    /// Where it is while it is under way.
    pub fn partial(&self) -> &Path {
        self.place.partial()
    }

    /// Writes a record into its table.
    ///
    /// # Errors
    /// [`FileError`]
    pub fn put<T: Table>(&mut self, record: &T) -> Result<(), FileError> {
        let mut fields = match serde_json::to_value(record) {
            Ok(Value::Object(fields)) => fields,
            other => return Err(FileError::content(self.place.partial(), format!("a record is no object: {other:?}"))),
        };
        fields.entry("chain_id").or_insert_with(|| self.heading.chain_id.into());
        let row = T::COLUMNS.iter().map(|column| fields.remove(column.name).unwrap_or_default()).collect();
        self.rows += 1;
        self.stretch.1 += 1;
        self.table::<T>()?.put(row)
    }

    /// A block's inputs follow: a stretch that has enough ends before it.
    ///
    /// # Errors
    /// [`FileError`]
    pub fn begin_block(&mut self, number: u64) -> Result<(), FileError> {
        if self.stretch.1 < ROWS_PER_STRETCH {
            return Ok(());
        }
        self.end_stretch(number.saturating_sub(1))?;
        self.stretch = (number, 0);
        self.begin_stretch()
    }

    /// How many records there are; now the directory is at its place.
    ///
    /// # Errors
    /// [`FileError`]
    pub fn end(mut self) -> Result<u64, FileError> {
        self.end_stretch(self.heading.block_number)?;
        let manifest = Manifest { heading: self.heading, files: self.done };
        manifest.write(self.place.partial())?;
        self.place.keep()?;
        Ok(self.rows)
    }

    fn table<T: Table>(&mut self) -> Result<&mut TableFile, FileError> {
        match self.open.entry(T::TABLE) {
            std::collections::btree_map::Entry::Occupied(entry) => Ok(entry.into_mut()),
            std::collections::btree_map::Entry::Vacant(entry) => {
                let name = format!("{}.{}", T::TABLE, self.format.extension());
                let file = TableFile::create(self.place.partial().join(name), T::COLUMNS, self.format)?;
                Ok(entry.insert(file))
            }
        }
    }

    /// A stretch without a row of a table has an empty file of it: that nothing was there is an input too.
    fn begin_stretch(&mut self) -> Result<(), FileError> {
        if self.heading.what == What::Events {
            self.table::<BlockRecord>()?;
            self.table::<LogRecord>()?;
            self.table::<ReadingRecord>()?;
        }
        Ok(())
    }

    fn end_stretch(&mut self, last: u64) -> Result<(), FileError> {
        for (table, file) in std::mem::take(&mut self.open) {
            let rows = file.rows;
            let mut path = file.close()?;
            if self.heading.what == What::Events {
                let place = path.with_file_name(self.name(table, self.stretch.0, last));
                std::fs::rename(&path, &place).map_err(FileError::system(&path))?;
                path = place;
            }
            self.done.push(Listed::of(&path, rows)?);
        }
        Ok(())
    }

    /// As cryo names its files: network, table, blocks.
    fn name(&self, table: &str, from: u64, to: u64) -> String {
        let network = match self.heading.chain_id {
            BASE => "base".to_owned(),
            other => format!("network_{other}"),
        };
        format!("{network}__{table}__{from:08}_to_{to:08}.{}", self.format.extension())
    }
}

/// That the tables of inputs are named as cryo names them.
const _: () =
    assert!(matches!(LogRecord::TABLE.as_bytes(), b"logs") && matches!(BlockRecord::TABLE.as_bytes(), b"blocks"));

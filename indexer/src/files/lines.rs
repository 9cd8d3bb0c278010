//! NDJSON: a heading, a record a line, an ending. A file that was cut off lacks the ending; one that was changed does not
//! have the digest that it names. Against somebody who changes both, only the contracts' own answers help.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Seek, Write};
use std::path::{Path, PathBuf};

use alloy_primitives::Keccak256;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::envelope::{Ending, FORMAT, Heading, What};
use super::error::FileError;
use super::record::Record;

const HEADING: &str = "export";
const ENDING: &str = "end";
/// A table of 256 words is 20 kB, the debts of 200,000 stakers 15 MB; the largest logs ever seen are below a megabyte.
const LINE_BYTES_MAX: u64 = 16 << 20;

/// Writes records, and what tells that they are all there.
#[derive(Debug)]
pub struct LineWriter<W> {
    out: W,
    digest: Keccak256,
    rows: u64,
    line: Vec<u8>,
}

impl<W: Write> LineWriter<W> {
    /// Begins with the heading.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn begin(out: W, heading: &Heading) -> std::io::Result<Self> {
        let mut this = Self { out, digest: Keccak256::new(), rows: 0, line: Vec::new() };
        this.write(HEADING, heading)?;
        Ok(this)
    }

    /// Writes a record.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn put<R: Record>(&mut self, record: &R) -> std::io::Result<()> {
        self.rows += 1;
        self.write(R::TABLE, record)
    }

    /// Writes the ending; gives `out` back with nothing left unwritten on the way to it.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn end(mut self) -> std::io::Result<W> {
        let ending = Ending { rows: self.rows, digest: self.digest.clone().finalize() };
        self.write(ENDING, &ending)?;
        self.out.flush()?;
        Ok(self.out)
    }

    fn write(&mut self, word: &str, value: &impl Serialize) -> std::io::Result<()> {
        self.line.clear();
        write!(self.line, r#"{{"record":"{word}","#)?;
        let begun = self.line.len();
        serde_json::to_writer(&mut self.line, value)?;
        // The value is an object with fields: its brace is there already.
        self.line.remove(begun);
        self.line.push(b'\n');
        self.digest.update(&self.line);
        self.out.write_all(&self.line)
    }
}

/// A record's line, and where in the file it is.
#[derive(Clone, Copy, Debug)]
pub struct Line<'a> {
    /// Counted from 1.
    pub number: u64,
    /// Where it begins, in bytes.
    pub offset: u64,
    /// Without the line feed.
    pub text: &'a [u8],
}

#[derive(Deserialize)]
struct Tag<'a> {
    #[serde(borrow)]
    record: &'a str,
}

impl Line<'_> {
    /// The word that says which table it is of.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn table(&self) -> Result<&str, String> {
        // All lines of ours begin so; only others are parsed for it.
        let rest = self.text.strip_prefix(br#"{"record":""#).and_then(|rest| rest.split(|byte| *byte == b'"').next());
        match rest.map(std::str::from_utf8) {
            Some(Ok(table)) => Ok(table),
            _ => serde_json::from_slice::<Tag<'_>>(self.text)
                .map(|tag| tag.record)
                .map_err(|error| format!("line {}: {error}", self.number)),
        }
    }

    /// The record.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse<T: DeserializeOwned>(&self) -> Result<T, String> {
        serde_json::from_slice(self.text).map_err(|error| format!("line {}: {error}", self.number))
    }
}

/// A file of lines, open for as long as this lives, so that nobody can put another in its place.
#[derive(Debug)]
pub struct LineFile {
    path: PathBuf,
    file: File,
    /// What it says it is of.
    pub heading: Heading,
}

impl LineFile {
    /// Opens a file and reads its heading; nothing else of it is known to be right yet.
    ///
    /// # Errors
    /// [`FileError`]
    pub fn open(path: &Path, what: What) -> Result<Self, FileError> {
        let file = File::open(path).map_err(FileError::system(path))?;
        let mut reader = Reader::new(path, &file)?;
        let no_export = || FileError::content(path, "does not begin as an export of `indexer export` does");
        let line = reader.next()?.ok_or_else(no_export)?;
        if line.table().ok() != Some(HEADING) {
            return Err(no_export());
        }
        let heading: Heading = line.parse().map_err(|wrong| FileError::content(path, wrong))?;
        if heading.format != FORMAT {
            let what = format!("has format {}, this program reads {FORMAT}", heading.format);
            return Err(FileError::content(path, what));
        }
        if heading.what != what {
            let what = format!("is an export of {}, not of {}", heading.what.name(), what.name());
            return Err(FileError::content(path, what));
        }
        Ok(Self { path: path.to_owned(), file, heading })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Reads all of it: every record is given to `take`, and at the end it is certain that the file is whole and as it
    /// was written. Until then nothing of what was taken is to be believed.
    ///
    /// # Errors
    /// [`FileError`], for what `take` refuses as well.
    pub fn read(&self, mut take: impl FnMut(&Line<'_>) -> Result<(), String>) -> Result<Ending, FileError> {
        let wrong = |what: String| FileError::content(&self.path, what);
        let mut reader = Reader::new(&self.path, &self.file)?;
        let (mut digest, mut rows) = (Keccak256::new(), 0);
        while let Some(line) = reader.next()? {
            let table = line.table().map_err(wrong)?;
            if table == ENDING {
                let ending: Ending = line.parse().map_err(wrong)?;
                let found = Ending { rows, digest: digest.finalize() };
                return match (ending == found, reader.next()?) {
                    (true, None) => Ok(ending),
                    (true, Some(line)) => Err(wrong(format!("line {}: goes on behind its end", line.number))),
                    (false, _) => Err(wrong("is not as it was written: its digest is another than it names".into())),
                };
            }
            if line.number > 1 {
                rows += 1;
                take(&line).map_err(wrong)?;
            }
            digest.update(line.text);
            digest.update(b"\n");
        }
        Err(wrong("is cut off: it has no end".into()))
    }

    /// A part of the file, which must have been read once.
    ///
    /// # Errors
    /// [`FileError`]
    pub fn part(&self, offset: u64, bytes: usize) -> Result<Vec<u8>, FileError> {
        use std::os::unix::fs::FileExt;
        let mut part = vec![0; bytes];
        self.file.read_exact_at(&mut part, offset).map_err(FileError::system(&self.path))?;
        Ok(part)
    }
}

struct Reader<'a> {
    path: &'a Path,
    reader: BufReader<&'a File>,
    text: Vec<u8>,
    number: u64,
    offset: u64,
}

impl<'a> Reader<'a> {
    fn new(path: &'a Path, mut file: &'a File) -> Result<Self, FileError> {
        file.rewind().map_err(FileError::system(path))?;
        Ok(Self { path, reader: BufReader::with_capacity(1 << 20, file), text: Vec::new(), number: 0, offset: 0 })
    }

    fn next(&mut self) -> Result<Option<Line<'_>>, FileError> {
        self.offset += self.text.len() as u64;
        self.number += 1;
        self.text.clear();
        let limited = (&mut self.reader).take(LINE_BYTES_MAX).read_until(b'\n', &mut self.text);
        if limited.map_err(FileError::system(self.path))? == 0 {
            return Ok(None);
        }
        let Some(text) = self.text.strip_suffix(b"\n") else {
            let what = if self.text.len() as u64 == LINE_BYTES_MAX { "is too long" } else { "is cut off" };
            return Err(FileError::content(self.path, format!("line {} {what}", self.number)));
        };
        Ok(Some(Line { number: self.number, offset: self.offset, text }))
    }
}

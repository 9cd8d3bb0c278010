//! Which files there are, and which blocks they cover.
//!
//! Exports of ours are read once, before anything of them is believed, so that one that was cut off or changed is found
//! out before a row of it is stored. Files of cryo say of themselves only which blocks they are of.

use std::collections::{BTreeSet, VecDeque};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use store::deployment::Deployment;

use super::name::Name;
use super::rows::{Piece, Rows, Stretch};
use crate::files::envelope::What;
use crate::files::error::FileError;
use crate::files::lines::LineFile;
use crate::files::record::BlockRecord;

/// Lines of an export of ours that are read as one.
const LINES_PER_STRETCH: usize = 5_000;
/// Stretches kept in memory: two lanes read at the same time, each several ranges ahead.
const KEPT: usize = 8;

/// Files of inputs.
#[derive(Debug)]
pub struct Directory {
    path: PathBuf,
    /// By first block.
    stretches: Vec<Stretch>,
    /// Blocks in which something was read.
    readings: BTreeSet<u64>,
    kept: Mutex<VecDeque<(usize, Arc<Rows>)>>,
}

impl Directory {
    /// Opens all files of inputs there are, and reads those of ours once.
    ///
    /// # Errors
    /// [`FileError`], for a directory without any as well.
    pub fn open(path: &Path, deployment: &Deployment) -> Result<Self, FileError> {
        let mut stretches = Vec::new();
        for file in files(path)? {
            let extension = file.extension().and_then(|extension| extension.to_str());
            match (extension, Name::of(&file)) {
                (Some("ndjson"), _) => stretches.extend(lines(&file, deployment)?),
                (_, Some(name)) => {
                    stretches.push(Stretch { from: name.from, to: name.to, piece: Piece::File(file, name) });
                }
                (Some("parquet" | "csv"), None) => {
                    let what =
                        "has a name that does not say what it is of: network__logs__00000000_to_00000999.parquet does";
                    return Err(FileError::content(&file, what));
                }
                _ => {}
            }
        }
        check_manifest(path, &stretches, deployment)?;
        if !stretches.iter().any(Stretch::has_logs) {
            return Err(FileError::content(path, "has no file with logs in it"));
        }
        stretches.sort_by_key(|stretch| (stretch.from, stretch.to));
        let readings = read_blocks(&stretches)?;
        Ok(Self { path: path.to_owned(), stretches, readings, kept: Mutex::default() })
    }

    /// Whether the files say what was read of the contracts at a block, if anything was.
    pub fn tells_readings(&self, number: u64) -> bool {
        let covers = |stretch: &Stretch| stretch.from <= number && number <= stretch.to;
        self.stretches.iter().any(|stretch| stretch.has_readings() && covers(stretch))
    }

    /// Whether something was read at the end of a block.
    pub fn is_read(&self, number: u64) -> bool {
        self.readings.contains(&number)
    }

    /// The last block up to which the logs are there without a gap, from this one on.
    ///
    /// # Errors
    /// If already this one's are not.
    pub fn reaches(&self, from: u64) -> Result<u64, FileError> {
        let mut next = from;
        for stretch in self.stretches.iter().filter(|stretch| stretch.has_logs()) {
            if stretch.from > next {
                break;
            }
            next = next.max(stretch.to.saturating_add(1));
        }
        let none = || FileError::content(&self.path, format!("no file has the logs of block {from}"));
        next.checked_sub(1).filter(|last| *last >= from).ok_or_else(none)
    }

    /// Makes sure that the logs of all these blocks are there.
    ///
    /// # Errors
    /// The first gap.
    pub fn covers(&self, from: u64, to: u64) -> Result<(), FileError> {
        let reached = self.reaches(from)?;
        if reached >= to {
            return Ok(());
        }
        let behind = self.stretches.iter().filter(|stretch| stretch.has_logs() && stretch.from > reached);
        let next = behind.map(|stretch| stretch.from).min().filter(|next| *next <= to);
        let gap = match next {
            Some(next) => format!("no file has the logs of blocks {} to {}", reached + 1, next - 1),
            None => format!("no file has the logs of blocks above {reached}"),
        };
        Err(FileError::content(&self.path, gap))
    }

    /// What the files have of a block's header.
    ///
    /// # Errors
    /// [`FileError`]
    pub fn header(&self, number: u64) -> Result<Option<BlockRecord>, FileError> {
        let rows = self.rows(number, number)?;
        Ok(rows.iter().flat_map(|rows| &rows.blocks).find(|row| row.block_number == number).copied())
    }

    /// Makes sure that the header of each of these blocks is there.
    ///
    /// # Errors
    /// The first that is not.
    pub fn has_every_header(&self, from: u64, to: u64) -> Result<(), FileError> {
        let mut next = from;
        while next <= to {
            let here = self.stretches.iter().filter(|stretch| stretch.from <= next && next <= stretch.to);
            let end = here.map(|stretch| stretch.to).min().unwrap_or(to).min(to);
            let rows = self.rows(next, end)?;
            let there: BTreeSet<u64> = rows.iter().flat_map(|rows| &rows.blocks).map(|row| row.block_number).collect();
            if let Some(missing) = (next..=end).find(|number| !there.contains(number)) {
                return Err(FileError::content(&self.path, format!("no file has the header of block {missing}")));
            }
            next = end + 1;
        }
        Ok(())
    }

    /// Everything about these blocks, and about others that lie in the same pieces.
    ///
    /// # Errors
    /// [`FileError`]
    pub fn rows(&self, from: u64, to: u64) -> Result<Vec<Arc<Rows>>, FileError> {
        self.covers(from, to)?;
        let touches = |stretch: &Stretch| stretch.from <= to && stretch.to >= from;
        let wanted = self.stretches.iter().enumerate().filter(|(_, stretch)| touches(stretch));
        wanted.map(|(at, stretch)| self.rows_of(at, stretch)).collect()
    }

    fn rows_of(&self, at: usize, stretch: &Stretch) -> Result<Arc<Rows>, FileError> {
        if let Some((_, rows)) = self.kept().iter().find(|(kept, _)| *kept == at) {
            return Ok(Arc::clone(rows));
        }
        let rows = Arc::new(stretch.read()?);
        let mut kept = self.kept();
        kept.push_back((at, Arc::clone(&rows)));
        if kept.len() > KEPT {
            kept.pop_front();
        }
        Ok(rows)
    }

    /// What is kept is whole whatever became of the thread that held the lock.
    fn kept(&self) -> std::sync::MutexGuard<'_, VecDeque<(usize, Arc<Rows>)>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// All but hidden files, by name. Those under way are hidden.
fn files(path: &Path) -> Result<Vec<PathBuf>, FileError> {
    let mut files = Vec::new();
    for entry in fs::read_dir(path).map_err(FileError::system(path))? {
        let entry = entry.map_err(FileError::system(path))?;
        let is_hidden = entry.file_name().to_string_lossy().starts_with('.');
        if !is_hidden && entry.path().is_file() {
            files.push(entry.path());
        }
    }
    files.sort();
    Ok(files)
}

/// Where there is a list of files, they are as it says, and there are no others.
#[cfg(feature = "columnar")]
fn check_manifest(path: &Path, stretches: &[Stretch], deployment: &Deployment) -> Result<(), FileError> {
    use crate::files::columnar::manifest::{self, Manifest};
    let Some(manifest) = Manifest::check(path, What::Events)? else { return Ok(()) };
    manifest.heading.agree(deployment).map_err(|what| FileError::content(path, what))?;
    let is_listed = |file: &Path| {
        manifest.files.iter().any(|listed| file.file_name().is_some_and(|name| name == listed.name.as_str()))
    };
    let columns = stretches.iter().filter(|stretch| matches!(stretch.piece, Piece::File(..)));
    match columns.map(Stretch::path).find(|file| !is_listed(file)) {
        Some(file) => Err(FileError::content(file, format!("is not listed in {}", manifest::NAME))),
        None => Ok(()),
    }
}

/// Without the feature nothing can be read of what is listed.
#[cfg(not(feature = "columnar"))]
fn check_manifest(_path: &Path, _stretches: &[Stretch], _deployment: &Deployment) -> Result<(), FileError> {
    Ok(())
}

/// A file of lines, read once, and cut between blocks into stretches of bearable size.
fn lines(path: &Path, deployment: &Deployment) -> Result<Vec<Stretch>, FileError> {
    let file = LineFile::open(path, What::Events)?;
    file.heading.agree(deployment).map_err(|what| FileError::content(path, what))?;
    let (first, last) = (file.heading.from_block, file.heading.block_number);
    let (mut cuts, mut rows, mut count, mut reached) = (Vec::new(), Rows::default(), 0, first);
    let (mut begun, mut end) = (None, 0);
    file.read(|line| {
        let number = rows.add(line)?;
        if !(first..=last).contains(&number) || number < reached {
            return Err(format!("line {}: block {number} is out of order", line.number));
        }
        if count >= LINES_PER_STRETCH && number > reached {
            cuts.push((number, line.offset));
            (count, rows) = (0, Rows::default());
        }
        begun.get_or_insert(line.offset);
        (count, reached, end) = (count + 1, number, line.offset + line.text.len() as u64 + 1);
        Ok(())
    })?;
    let file = Arc::new(file);
    let begin = (first, begun.unwrap_or_default());
    let edges: Vec<(u64, u64)> = [begin].into_iter().chain(cuts).chain([(last + 1, end)]).collect();
    edges
        .windows(2)
        .map(|pair| {
            let [(from, offset), (next, behind)] = [pair[0], pair[1]];
            let bytes = usize::try_from(behind.saturating_sub(offset));
            let bytes = bytes.map_err(|_| FileError::content(path, "has a stretch that is too long"))?;
            Ok(Stretch { from, to: next - 1, piece: Piece::Lines { file: Arc::clone(&file), offset, bytes } })
        })
        .collect()
}

/// In which blocks something was read.
fn read_blocks(stretches: &[Stretch]) -> Result<BTreeSet<u64>, FileError> {
    let mut blocks = BTreeSet::new();
    for stretch in stretches.iter().filter(|stretch| stretch.has_readings()) {
        let rows = stretch.read()?;
        blocks.extend(rows.readings.iter().map(|reading| reading.block_number));
    }
    Ok(blocks)
}

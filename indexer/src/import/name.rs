//! What a file's name says: cryo names its files after network, dataset and blocks, and so do we.

use std::path::Path;

/// What is in a file of columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Dataset {
    /// Headers.
    Blocks,
    /// Logs.
    Logs,
    /// Contracts' own answers. Only of ours.
    Readings,
}

/// How the rows of a file of columns are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// One array of objects.
    Json,
    /// See the feature `columnar`.
    Parquet,
    /// See the feature `columnar`.
    Csv,
}

/// A file of columns by its name: `network__logs__00000000_to_00000999.parquet`, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Name {
    /// What is in it.
    pub dataset: Dataset,
    /// How.
    pub layout: Layout,
    /// The first block it covers.
    pub from: u64,
    /// The last.
    pub to: u64,
}

impl Name {
    /// What the name says; `None`: it is not named so. Labels between the parts may say what they like.
    pub fn of(path: &Path) -> Option<Self> {
        let layout = match path.extension()?.to_str()? {
            "json" => Layout::Json,
            "parquet" => Layout::Parquet,
            "csv" => Layout::Csv,
            _ => return None,
        };
        let mut parts = path.file_stem()?.to_str()?.split("__").skip(1);
        let dataset = match parts.next()? {
            "blocks" => Dataset::Blocks,
            "logs" => Dataset::Logs,
            "readings" => Dataset::Readings,
            _ => return None,
        };
        let (from, to) = parts.find_map(blocks)?;
        (from <= to).then_some(Self { dataset, layout, from, to })
    }
}

fn blocks(part: &str) -> Option<(u64, u64)> {
    let (from, to) = part.split_once("_to_")?;
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    (is_number(from) && is_number(to)).then(|| from.parse().ok().zip(to.parse().ok()))?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_say_what_is_in_a_file() {
        let name = |text: &str| Name::of(Path::new(text));
        let (dataset, layout) = (Dataset::Logs, Layout::Parquet);
        let logs = Some(Name { dataset, layout, from: 25_500_000, to: 25_500_999 });
        assert_eq!(name("dir/base__logs__25500000_to_25500999.parquet"), logs);
        assert_eq!(name("base__logs__vvv__25500000_to_25500999.parquet"), logs);
        let csv = name("base__blocks__00000000_to_00000000.csv").unwrap();
        assert_eq!((csv.dataset, csv.layout, csv.from, csv.to), (Dataset::Blocks, Layout::Csv, 0, 0));
        for other in [
            "base__traces__0_to_9.parquet",
            "base__logs__9_to_0.parquet",
            "base__logs.parquet",
            "base__logs__+1_to_9.parquet",
            "logs__0_to_9.parquet",
            "base__logs__0_to_9.txt",
        ] {
            assert_eq!(name(other), None, "{other}");
        }
    }
}

//! What is printed: tables that can be pasted into RESULTS.md.

use std::fmt::Write;
use std::time::Duration;

use crate::processor::Usage;
use crate::storage::Table;
use crate::subject::{Mark, Run};

/// Everything one run of the benchmark found.
pub(crate) struct Report {
    pub(crate) logs: u64,
    pub(crate) blocks: u64,
    pub(crate) raw: Duration,
    pub(crate) run: Run,
    /// Written ahead during the run.
    pub(crate) wal_bytes: i64,
    pub(crate) tables: Vec<Table>,
    pub(crate) checked: usize,
}

impl Report {
    /// As Markdown.
    pub(crate) fn markdown(&self) -> String {
        let Self { logs, blocks, raw, run, .. } = self;
        let raw_rate = rate(*logs, *raw);
        let mut text = format!("{logs} VVV transfers in {blocks} blocks; {}\n\n", machine());
        text.push_str("| | seconds | a second | of raw COPY | processor time: indexer + Postgres + node |\n");
        text.push_str("|---|---|---|---|---|\n");
        let _ = writeln!(text, "| raw binary COPY, rows | {:.2} | {raw_rate:.0} | 100 % | |", raw.as_secs_f64());
        for (what, Mark { elapsed, usage }) in
            [("logs to the last commit", run.committed), ("logs to all reads answered, indexes built", run.ready)]
        {
            let (seconds, rate) = (elapsed.as_secs_f64(), rate(*logs, elapsed));
            let share = 100.0 * rate / raw_rate;
            let _ = writeln!(text, "| {what} | {seconds:.2} | {rate:.0} | {share:.0} % | {} |", processor(&usage));
        }
        let peak_mb = run.peak_kb / 1_024;
        let _ = write!(text, "\nPeak memory of the indexer {peak_mb} MB. Written ahead: {} MB.", mb(self.wal_bytes));
        for Table { name, table_bytes, indexes_bytes } in &self.tables {
            let _ = write!(text, " {name}: {} MB, indexes {} MB.", mb(*table_bytes), mb(*indexes_bytes));
        }
        let _ = writeln!(text, "\n{} balances at random blocks are right.", self.checked);
        text
    }
}

/// The middle of several runs.
pub(crate) fn medians(reports: &[Report]) -> String {
    let middle = |of: fn(&Report) -> Duration| {
        let mut all: Vec<Duration> = reports.iter().map(of).collect();
        all.sort_unstable();
        all[all.len() / 2]
    };
    let logs = reports.first().map_or(0, |report| report.logs);
    format!(
        "Medians of {} runs: raw COPY {:.0} rows/s, {:.0} logs/s to the last commit, {:.0} logs/s to all reads answered.\n",
        reports.len(),
        rate(logs, middle(|report| report.raw)),
        rate(logs, middle(|report| report.run.committed.elapsed)),
        rate(logs, middle(|report| report.run.ready.elapsed)),
    )
}

/// As in the tables.
pub(crate) fn processor(Usage { indexer, postgres, node }: &Usage) -> String {
    format!("{:.1} s + {:.1} s + {:.1} s", indexer.as_secs_f64(), postgres.as_secs_f64(), node.as_secs_f64())
}

pub(crate) fn rate(logs: u64, took: Duration) -> f64 {
    // Counts of logs are far below where a float loses whole numbers.
    u32::try_from(logs).map_or(f64::INFINITY, f64::from) / took.as_secs_f64()
}

fn mb(bytes: i64) -> i64 {
    bytes / 1_000_000
}

/// Cores, memory and processor.
pub(crate) fn machine() -> String {
    let field = |file: &str, name: &str| {
        let text = std::fs::read_to_string(file).unwrap_or_default();
        let line = text.lines().find(|line| line.starts_with(name)).and_then(|line| line.split_once(':'));
        line.map_or_else(|| "unknown".to_owned(), |(_, value)| value.trim().to_owned())
    };
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let memory = field("/proc/meminfo", "MemTotal");
    format!("{cores} cores, {memory} of memory, {}", field("/proc/cpuinfo", "model name"))
}

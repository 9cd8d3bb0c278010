//! What is printed: a table that can be pasted into RESULTS.md.

use std::fmt::Write;
use std::time::Duration;

use crate::subject::Run;

/// Everything one run of the benchmark found.
pub(crate) struct Report {
    pub(crate) logs: u64,
    pub(crate) blocks: u64,
    pub(crate) raw: Duration,
    pub(crate) run: Run,
    /// Processor time of Postgres during the run.
    pub(crate) postgres: Duration,
    pub(crate) checked: usize,
}

impl Report {
    /// As Markdown.
    pub(crate) fn markdown(&self) -> String {
        let Self { logs, blocks, raw, run, postgres, checked } = self;
        let raw_rate = rate(*logs, *raw);
        let mut table = format!("{logs} VVV transfers in {blocks} blocks; {}\n\n", machine());
        table.push_str("| | seconds | a second | of raw COPY |\n|---|---|---|---|\n");
        for (what, took) in [
            ("raw binary COPY, rows", *raw),
            ("logs to the last commit", run.committed),
            ("logs to all reads answered, indexes built", run.ready),
        ] {
            let share = 100.0 * rate(*logs, took) / raw_rate;
            let seconds = took.as_secs_f64();
            let _ = writeln!(table, "| {what} | {seconds:.2} | {:.0} | {share:.0} % |", rate(*logs, took));
        }
        let (indexer, postgres) = (run.processor.as_secs_f64(), postgres.as_secs_f64());
        let _ = writeln!(table, "\nProcessor time: indexer {indexer:.1} s, Postgres {postgres:.1} s.");
        let peak_mb = run.peak_kb / 1_024;
        let _ =
            writeln!(table, "Peak memory of the indexer {peak_mb} MB. {checked} balances at random blocks are right.");
        table
    }
}

fn rate(logs: u64, took: Duration) -> f64 {
    // Counts of logs are far below where a float loses whole numbers.
    u32::try_from(logs).map_or(f64::INFINITY, f64::from) / took.as_secs_f64()
}

/// Cores, memory and processor.
fn machine() -> String {
    let field = |file: &str, name: &str| {
        let text = std::fs::read_to_string(file).unwrap_or_default();
        let line = text.lines().find(|line| line.starts_with(name)).and_then(|line| line.split_once(':'));
        line.map_or_else(|| "unknown".to_owned(), |(_, value)| value.trim().to_owned())
    };
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let memory = field("/proc/meminfo", "MemTotal");
    format!("{cores} cores, {memory} of memory, {}", field("/proc/cpuinfo", "model name"))
}

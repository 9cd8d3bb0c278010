//! How far long work is: bars with rate and time left on a terminal, lines in the log elsewhere.

use std::io::{self, IsTerminal, Write};
use std::time::{Duration, Instant};

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use store::cursor::{Cursors, Lane};
use tracing::info;
use tracing_subscriber::fmt::MakeWriter;

use crate::pace::{Pace, readable};

/// How often a line is written where there is no terminal.
const SAY_EVERY: Duration = Duration::from_secs(5);
/// From so many blocks on a lane's distance from the head is shown: at the head there is always one or two.
const WORK_BLOCKS_MIN: u64 = 100;
const TEMPLATE: &str = "{prefix} {wide_bar} {human_pos} of {human_len} blocks, {per_sec}, {eta} left";

/// Where bars are drawn, if anywhere. The log is written through it, so that lines and bars keep apart.
#[derive(Clone, Debug, Default)]
pub struct Bars(Option<MultiProgress>);

impl Bars {
    /// On stderr, if that is a terminal.
    pub fn on_terminal() -> Self {
        Self(io::stderr().is_terminal().then(MultiProgress::new))
    }

    /// Work of so many blocks begins, of which some may be done already.
    pub fn begin(&self, what: &'static str, done_blocks: u64, all_blocks: u64) -> Work {
        let bar = self.0.as_ref().map(|bars| {
            let style = ProgressStyle::with_template(TEMPLATE).unwrap_or_else(|_| ProgressStyle::default_bar());
            let bar = ProgressBar::new(all_blocks).with_style(style).with_prefix(what).with_position(done_blocks);
            bar.reset_eta();
            bars.add(bar)
        });
        let mut pace = Pace::default();
        pace.mark(Instant::now(), done_blocks);
        Work { what, all_blocks, pace, bar, said: None }
    }
}

/// A stretch of work under way. Its bar goes when it is dropped.
#[derive(Debug)]
pub struct Work {
    what: &'static str,
    all_blocks: u64,
    pace: Pace,
    bar: Option<ProgressBar>,
    said: Option<Instant>,
}

impl Work {
    /// So many blocks are done, of so many: the end of a chain moves.
    pub fn at(&mut self, done_blocks: u64, all_blocks: u64) {
        self.all_blocks = all_blocks;
        self.pace.mark(Instant::now(), done_blocks);
        if let Some(bar) = &self.bar {
            bar.set_length(all_blocks);
            bar.set_position(done_blocks);
        } else if self.said.is_none_or(|said| said.elapsed() >= SAY_EVERY) {
            self.say(done_blocks);
            self.said = Some(Instant::now());
        }
    }

    fn say(&self, done_blocks: u64) {
        let left = self.all_blocks.saturating_sub(done_blocks);
        let time_left = self.pace.time_left(left).map_or_else(|| "unknown".into(), readable);
        let blocks_per_second = self.pace.blocks_per_second().round();
        let all_blocks = self.all_blocks;
        info!(work = self.what, done_blocks, all_blocks, blocks_per_second, time_left, "under way");
    }
}

/// How far both lanes are from the head, as long as that is much.
#[derive(Debug)]
pub struct LaneBars {
    bars: Bars,
    first_block: u64,
    works: [Option<Work>; 2],
}

impl LaneBars {
    /// Of lanes that begin at this block.
    pub fn new(bars: Bars, first_block: u64) -> Self {
        Self { bars, first_block, works: [None, None] }
    }

    /// The lanes are here, and the head there.
    pub fn show(&mut self, cursors: &Cursors, head: u64) {
        let count = |block: u64| block.saturating_add(1).saturating_sub(self.first_block);
        for (lane, work) in Lane::BOTH.into_iter().zip(&mut self.works) {
            let Some(cursor) = cursors.of(lane).map(|cursor| cursor.number) else { continue };
            match head.saturating_sub(cursor) {
                0 => *work = None,
                left if work.is_none() && left < WORK_BLOCKS_MIN => {}
                _ => {
                    let work = work.get_or_insert_with(|| self.bars.begin(lane.name(), count(cursor), count(head)));
                    work.at(count(cursor), count(head));
                }
            }
        }
    }
}

impl Drop for Work {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

/// Writes lines of the log to stderr, above whatever bars there are.
#[derive(Debug)]
pub struct AboveBars(Bars);

impl Write for AboveBars {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        match &self.0.0 {
            Some(bars) => bars.suspend(|| io::stderr().write(line)),
            None => io::stderr().write(line),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}

impl<'a> MakeWriter<'a> for Bars {
    type Writer = AboveBars;

    fn make_writer(&'a self) -> AboveBars {
        AboveBars(self.clone())
    }
}

#[cfg(test)]
mod tests {
    use indicatif::{InMemoryTerm, ProgressDrawTarget};

    use super::*;

    #[test]
    fn a_bar_makes_room_for_lines_and_goes_when_the_work_is_done() {
        let terminal = InMemoryTerm::new(5, 120);
        let target = ProgressDrawTarget::term_like(Box::new(terminal.clone()));
        let bars = Bars(Some(MultiProgress::with_draw_target(target)));
        let mut work = bars.begin("replay of supply", 0, 200);
        work.at(50, 100);
        let drawn = terminal.contents();
        assert!(drawn.starts_with("replay of supply") && drawn.contains("50 of 100 blocks"), "{drawn}");
        let while_a_line_is_written = bars.0.as_ref().unwrap().suspend(|| terminal.contents());
        assert_eq!(while_a_line_is_written, "");
        assert!(terminal.contents().contains("50 of 100 blocks"));
        drop(work);
        assert_eq!(terminal.contents(), "");
    }
}

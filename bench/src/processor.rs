//! Processor time of processes, as Linux counts it: unlike the clock it tells the same on a machine that others use too.

use std::time::Duration;

/// Of one hundredth of a second each, whatever the kernel counts in itself.
const TICK: Duration = Duration::from_millis(10);

/// What took part in a measurement.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Meter {
    indexer: u32,
    postgres: u32,
    before: Usage,
}

/// Processor time since a meter was set up.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Usage {
    pub(crate) indexer: Duration,
    /// The postmaster and all its children.
    pub(crate) postgres: Duration,
    /// This process, which is the node.
    pub(crate) node: Duration,
}

impl Meter {
    /// Counts from now on. The indexer is a process that was just started.
    pub(crate) fn new(indexer: u32, postgres: u32) -> Self {
        let mut meter = Self { indexer, postgres, before: Usage::default() };
        meter.before = Usage { indexer: Duration::ZERO, ..meter.read() };
        meter
    }

    pub(crate) fn read(&self) -> Usage {
        Usage {
            indexer: of_process(self.indexer),
            postgres: of_family(self.postgres).saturating_sub(self.before.postgres),
            node: of_process(std::process::id()).saturating_sub(self.before.node),
        }
    }
}

/// What a process has used, in all its threads.
fn of_process(pid: u32) -> Duration {
    Stat::read(pid).map_or(Duration::ZERO, |stat| TICK * stat.own)
}

/// What a process and its children have used, those that have ended included.
fn of_family(pid: u32) -> Duration {
    let Ok(entries) = std::fs::read_dir("/proc") else { return Duration::ZERO };
    let pids = entries.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    let children: u32 = pids.filter_map(Stat::read).filter(|stat| stat.parent == pid).map(|stat| stat.own).sum();
    let own = Stat::read(pid).map_or(0, |stat| stat.own + stat.ended_children);
    TICK * (own + children)
}

struct Stat {
    parent: u32,
    own: u32,
    ended_children: u32,
}

impl Stat {
    /// `pid (name) state ppid ...`; the name may hold anything, so fields are counted from its end.
    fn read(pid: u32) -> Option<Self> {
        let text = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        let fields: Vec<&str> = text.rsplit_once(')')?.1.split_whitespace().collect();
        let number = |at: usize| fields.get(at).and_then(|field| field.parse::<u32>().ok());
        Some(Self { parent: number(1)?, own: number(11)? + number(12)?, ended_children: number(13)? + number(14)? })
    }
}

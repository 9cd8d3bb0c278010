//! What a node does wrong, and when.

mod draw;
mod header;
mod logs;
mod refusal;
mod transport;
mod view;

pub(super) use draw::{Drawn, Stage};
pub use header::HeaderFault;
pub use logs::LogFault;
pub use refusal::{ArchiveWording, RangeWording, Refusal, ResultWording};
pub use transport::TransportFault;
pub(super) use transport::{deliver, ended, intercept, malformed};
pub use view::ViewFault;

use alloy_primitives::B256;
use std::collections::{BTreeMap, HashMap};

/// One way to misbehave.
#[derive(Debug, Clone)]
pub enum Fault {
    /// Of HTTP, whatever is asked.
    Transport(TransportFault),
    /// Of the chain the node sees.
    View(ViewFault),
    /// An error in place of an answer.
    Refusal(Refusal),
    /// Of the blocks it gives.
    Header(HeaderFault),
    /// Of the logs it gives.
    Logs(LogFault),
}

impl Fault {
    /// Whether an answer to `method` can show this fault.
    fn concerns(&self, method: &str) -> bool {
        match self {
            Self::Transport(_) => true,
            Self::View(fault) => fault.concerns(method),
            Self::Refusal(refusal) => refusal.concerns(method),
            Self::Header(_) => matches!(method, "eth_getBlockByNumber" | "eth_getBlockByHash"),
            Self::Logs(_) => method == "eth_getLogs",
        }
    }

    /// Its name in the script: `DropOne`, `Lag`.
    fn name(&self) -> String {
        let words = match self {
            Self::Transport(fault) => format!("{fault:?}"),
            Self::View(fault) => format!("{fault:?}"),
            Self::Refusal(fault) => format!("{fault:?}"),
            Self::Header(fault) => format!("{fault:?}"),
            Self::Logs(fault) => format!("{fault:?}"),
        };
        words.chars().take_while(char::is_ascii_alphanumeric).collect()
    }
}

/// Makes `Fault::from` accept every kind of fault.
macro_rules! from_kind {
    ($($kind:ident($type:ty)),*) => {$(
        impl From<$type> for Fault {
            fn from(fault: $type) -> Self {
                Self::$kind(fault)
            }
        }
    )*};
}

from_kind!(Transport(TransportFault), View(ViewFault), Refusal(Refusal), Header(HeaderFault), Logs(LogFault));

/// When a fault strikes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Scope {
    /// On every request it concerns.
    Always,
    /// On the next so many requests it concerns, whether or not their answers have anything to spoil.
    Next(u32),
    /// On each request it concerns with this probability, from 0 to 1.
    Chance(f64),
}

/// A fault, when it strikes, and on which methods.
#[derive(Debug, Clone)]
pub struct Rule {
    fault: Fault,
    scope: Scope,
    methods: Vec<String>,
}

impl Rule {
    /// Restricts the rule to `method`; said several times, to all those methods.
    pub fn on(&mut self, method: &str) -> &mut Self {
        self.methods.push(method.to_owned());
        self
    }

    fn concerns(&self, method: &str) -> bool {
        self.fault.concerns(method) && (self.methods.is_empty() || self.methods.iter().any(|own| own == method))
    }
}

/// What a node does wrong.
#[derive(Debug)]
pub struct Faults {
    seed: u64,
    rules: Vec<Rule>,
    /// How often each request was asked.
    asked: HashMap<B256, u64>,
    struck: BTreeMap<String, u64>,
}

impl Faults {
    /// A node that does nothing wrong.
    pub(super) fn none(seed: u64) -> Self {
        Self { seed, rules: Vec::new(), asked: HashMap::new(), struck: BTreeMap::new() }
    }

    /// `fault` strikes on every request it concerns.
    pub fn always(&mut self, fault: impl Into<Fault>) -> &mut Rule {
        self.add(Scope::Always, fault)
    }

    /// `fault` strikes on the next `requests` requests it concerns.
    pub fn next(&mut self, requests: u32, fault: impl Into<Fault>) -> &mut Rule {
        self.add(Scope::Next(requests), fault)
    }

    /// `fault` strikes on each request it concerns with this probability, from 0 to 1.
    pub fn chance(&mut self, probability: f64, fault: impl Into<Fault>) -> &mut Rule {
        self.add(Scope::Chance(probability), fault)
    }

    /// `fault` strikes within `scope`. Faults apply in the order in which they were added.
    pub fn add(&mut self, scope: Scope, fault: impl Into<Fault>) -> &mut Rule {
        let index = self.rules.len();
        self.rules.push(Rule { fault: fault.into(), scope, methods: Vec::new() });
        &mut self.rules[index]
    }

    /// The node does nothing wrong any more.
    pub fn clear(&mut self) {
        self.rules.clear();
    }

    /// How often each fault has struck, by its name in the script, whether or not the answer had anything to spoil.
    pub fn struck(&self) -> &BTreeMap<String, u64> {
        &self.struck
    }

    /// Draws by this seed from now on. Without it a node draws by its chain's seed, so that nodes of one chain need
    /// seeds of their own to differ.
    pub fn reseed(&mut self, seed: u64) {
        self.seed = seed;
        self.asked.clear();
    }
}

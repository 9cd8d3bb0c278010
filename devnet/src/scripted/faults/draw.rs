use super::{Fault, Faults, HeaderFault, LogFault, Refusal, Rule, Scope, TransportFault, ViewFault};
use crate::scripted::rpc::Call;
use alloy_primitives::keccak256;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// When in a request's life faults are drawn: once for what HTTP does to the whole of it, once for each call in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::scripted) enum Stage {
    Transport,
    Call,
}

impl Stage {
    fn of(fault: &Fault) -> Self {
        match fault {
            Fault::Transport(_) => Self::Transport,
            _ => Self::Call,
        }
    }
}

/// The faults that strike one request, and the randomness they are carried out with.
#[derive(Debug)]
pub(in crate::scripted) struct Drawn {
    faults: Vec<Fault>,
    pub(super) rng: ChaCha8Rng,
}

impl Drawn {
    pub(super) fn transport(&self) -> impl Iterator<Item = &TransportFault> {
        self.faults.iter().filter_map(|fault| match fault {
            Fault::Transport(fault) => Some(fault),
            _ => None,
        })
    }

    pub(in crate::scripted) fn view(&self) -> impl Iterator<Item = &ViewFault> {
        self.faults.iter().filter_map(|fault| match fault {
            Fault::View(fault) => Some(fault),
            _ => None,
        })
    }

    pub(super) fn refusals(&self) -> impl Iterator<Item = &Refusal> {
        self.faults.iter().filter_map(|fault| match fault {
            Fault::Refusal(refusal) => Some(refusal),
            _ => None,
        })
    }

    pub(super) fn header(&self) -> Vec<HeaderFault> {
        let headers = self.faults.iter().filter_map(|fault| match fault {
            Fault::Header(fault) => Some(*fault),
            _ => None,
        });
        headers.collect()
    }

    pub(super) fn logs(&self) -> Vec<LogFault> {
        let logs = self.faults.iter().filter_map(|fault| match fault {
            Fault::Logs(fault) => Some(*fault),
            _ => None,
        });
        logs.collect()
    }
}

impl Faults {
    /// The faults of `stage` that strike a request for `calls`.
    pub(in crate::scripted) fn draw(&mut self, stage: Stage, calls: &[Call]) -> Drawn {
        let mut rng = self.rng(stage, calls);
        let mut faults = Vec::new();
        for rule in &mut self.rules {
            let concerned = Stage::of(&rule.fault) == stage && calls.iter().any(|call| rule.concerns(&call.method));
            if concerned && rule.strikes(&mut rng) {
                *self.struck.entry(rule.fault.name()).or_default() += 1;
                faults.push(rule.fault.clone());
            }
        }
        self.rules.retain(|rule| rule.scope != Scope::Next(0));
        Drawn { faults, rng }
    }

    /// The faults of `stage` that strike every request for `call`; nothing is used up.
    pub(in crate::scripted) fn standing(&self, stage: Stage, call: &Call) -> Drawn {
        let rules = self.rules.iter().filter(|rule| rule.scope == Scope::Always && rule.concerns(&call.method));
        let faults = rules.filter(|rule| Stage::of(&rule.fault) == stage).map(|rule| rule.fault.clone()).collect();
        Drawn { faults, rng: ChaCha8Rng::seed_from_u64(self.seed) }
    }

    /// Depends on what is asked and how often it was, never on what else is: requests that race draw the same.
    fn rng(&mut self, stage: Stage, calls: &[Call]) -> ChaCha8Rng {
        let content: String = calls.iter().map(|call| format!("{}{}\n", call.method, call.params)).collect();
        let key = keccak256(format!("{stage:?} {content}"));
        let times = self.asked.entry(key).or_default();
        *times += 1;
        ChaCha8Rng::from_seed(keccak256(format!("{} {key} {times}", self.seed)).0)
    }
}

impl Rule {
    fn strikes(&mut self, rng: &mut ChaCha8Rng) -> bool {
        match &mut self.scope {
            Scope::Always => true,
            Scope::Next(0) => false,
            Scope::Next(left) => {
                *left -= 1;
                true
            }
            Scope::Chance(probability) => rng.random_bool(probability.clamp(0.0, 1.0)),
        }
    }
}

//! Whom to ask, in which order, and what an error of one comes to.

use std::sync::PoisonError;
use std::time::Instant;

use super::Pool;
use super::choice::Candidate;
use super::health::Excluded;
use super::node::{Kind, Node};
use crate::chain::ChainError;
use crate::chain::rpc::RpcChain;

impl Pool {
    /// Places of the nodes in the order in which to ask; those of another chain are not among them.
    pub(super) fn order(&self) -> Vec<usize> {
        let now = Instant::now();
        let excluded: Vec<Option<Excluded>> = self.nodes.iter().map(|node| self.excluded(node, now)).collect();
        let candidates: Vec<Candidate> = (self.nodes.iter().zip(&excluded))
            .map(|(node, excluded)| Candidate { is_usable: excluded.is_none(), score: node.health().score() })
            .collect();
        let mut preferred = self.preferred.lock().unwrap_or_else(PoisonError::into_inner);
        preferred.update(now, &candidates);
        let mut places = preferred.order(&candidates);
        places.retain(|place| !matches!(excluded[*place], Some(Excluded::Unchecked | Excluded::OtherChain(_))));
        places
    }

    /// Those that are healthy, in the order in which to ask.
    pub(super) fn healthy(&self) -> Vec<usize> {
        let now = Instant::now();
        self.order().into_iter().filter(|place| self.excluded(&self.nodes[*place], now).is_none()).collect()
    }

    pub(super) fn excluded(&self, node: &Node, now: Instant) -> Option<Excluded> {
        let excluded = node.health().excluded(now);
        // Before anybody said which chain it is to be, none can be of another.
        excluded.filter(|why| *why != Excluded::Unchecked || self.chain_id.get().is_some())
    }

    pub(super) fn preferred(&self) -> usize {
        self.preferred.lock().unwrap_or_else(PoisonError::into_inner).place
    }

    /// Asks one after the other until one answers; the error is the first one's.
    pub(super) async fn first<T, F>(
        &self,
        kind: Kind,
        request: impl Fn(RpcChain) -> F,
    ) -> Result<(usize, T), ChainError>
    where
        F: Future<Output = Result<T, ChainError>>,
    {
        let mut first_error = None;
        for place in self.order() {
            let node = &self.nodes[place];
            match node.ask(kind, request(node.chain.clone())).await {
                Ok(answer) => return Ok((place, answer)),
                Err(error) if may_be_mended_elsewhere(&error) => {
                    first_error.get_or_insert(self.named(node, error));
                }
                Err(error) => return Err(self.named(node, error)),
            }
        }
        Err(first_error.unwrap_or_else(|| self.none_left()))
    }

    /// An error with the node's name, where there are several.
    pub(super) fn named(&self, node: &Node, error: ChainError) -> ChainError {
        if self.nodes.len() == 1 { error } else { error.of(&node.name) }
    }

    pub(super) fn none_left(&self) -> ChainError {
        let why = self.nodes.iter().filter_map(|node| {
            let excluded = self.excluded(node, Instant::now())?;
            Some(format!("{}: {}", node.name, excluded.detail()))
        });
        ChainError::Unavailable(format!("none is left ({})", why.collect::<Vec<_>>().join("; ")))
    }

    /// Asks a node for its chain id and notes what it says.
    pub(super) async fn admit_one(&self, place: usize, expected: u64) -> Result<(), ChainError> {
        let node = &self.nodes[place];
        let id = node.ask(Kind::Small, node.chain.chain_id()).await.map_err(|error| self.named(node, error))?;
        let is_ours = id == expected;
        let before = node.health().chain.replace(if is_ours { Ok(()) } else { Err(id) });
        if is_ours {
            return Ok(());
        }
        if !matches!(before, Some(Err(_))) {
            tracing::error!(node = node.name, "left out: it is of chain {id}, the deployment of {expected}");
        }
        let message = format!("the node is of chain {id}, the deployment of {expected}");
        Err(ChainError::OtherChain(message).of(&node.name))
    }
}

/// Whether another node may answer what this one did not.
pub(super) fn may_be_mended_elsewhere(error: &ChainError) -> bool {
    !matches!(error, ChainError::TooLarge { .. } | ChainError::Reverted(_))
}

//! What is final, and what is abandoned, by the word of all healthy nodes.

use alloy_primitives::B256;
use futures::future::join_all;

use super::node::Kind;
use super::{Nodes, Pool};
use crate::chain::rpc::RpcChain;
use crate::chain::{Chain, ChainError, Finality, Header};

impl Pool {
    /// The lowest of what healthy nodes call safe and finalized. A node without such tags has no say; where none has
    /// them, the deployment's depths below the head.
    pub(super) async fn finality(&self, chain: &Nodes) -> Result<Finality, ChainError> {
        let healthy = self.healthy();
        let told = self.of_each(&healthy, async |chain| chain.finality().await).await;
        let told = match told.is_empty() {
            // Nobody is healthy, or nobody answered: whoever answers at all.
            true => vec![self.first(Kind::Small, async |chain: RpcChain| chain.finality().await).await?],
            false => told,
        };
        let lowest = |tag: fn(&Finality) -> Option<&Header>| {
            let tags = told.iter().filter_map(|(place, finality)| Some((*place, tag(finality)?.clone())));
            tags.min_by_key(|(_, header)| header.number)
        };
        let finality = Finality {
            safe: self.held(lowest(|finality| finality.safe.as_ref())).await?,
            finalized: self.held(lowest(|finality| finality.finalized.as_ref())).await?,
        };
        match self.depths {
            Some(depths) if finality == Finality::default() => {
                let head = chain.head().await?;
                Ok(Finality {
                    safe: below(chain, &head, depths.safe_depth).await?,
                    finalized: below(chain, &head, depths.finalized_depth).await?,
                })
            }
            _ => Ok(finality),
        }
    }

    /// A tag of one node, held against the one that is asked first: two that differ there are on two chains.
    async fn held(&self, tag: Option<(usize, Header)>) -> Result<Option<Header>, ChainError> {
        let Some((place, header)) = tag else { return Ok(None) };
        let first = self.preferred();
        if place == first {
            return Ok(Some(header));
        }
        let (asked, number) = (&self.nodes[first], header.number);
        let Ok(Some(theirs)) = asked.ask(Kind::Small, asked.chain.header(number)).await else {
            return Ok(Some(header));
        };
        if theirs.hash == header.hash {
            return Ok(Some(header));
        }
        let (first, second) = (&asked.name, &self.nodes[place].name);
        Err(ChainError::Contradiction(format!(
            "block {number} is {} to {first} and {} to {second}, which calls it final",
            theirs.hash, header.hash
        )))
    }

    /// Whether no healthy node has this block at this height, and one at least has another.
    pub(super) async fn is_abandoned(&self, number: u64, hash: B256) -> Result<bool, ChainError> {
        let healthy = self.healthy();
        let told = self.of_each(&healthy, move |chain| async move { chain.header(number).await }).await;
        let hashes: Vec<B256> = told.into_iter().filter_map(|(_, header)| Some(header?.hash)).collect();
        Ok(!hashes.is_empty() && !hashes.contains(&hash))
    }

    /// What each of them answers; those that fail are left out.
    async fn of_each<T, F>(&self, places: &[usize], request: impl Fn(RpcChain) -> F) -> Vec<(usize, T)>
    where
        F: Future<Output = Result<T, ChainError>>,
    {
        let asked = places.iter().map(|place| {
            let node = &self.nodes[*place];
            let request = request(node.chain.clone());
            async move { node.ask(Kind::Small, request).await.ok().map(|answer| (*place, answer)) }
        });
        join_all(asked).await.into_iter().flatten().collect()
    }
}

/// The block so far below the head; `None` where the chain is not that long yet.
async fn below(chain: &Nodes, head: &Header, depth: u64) -> Result<Option<Header>, ChainError> {
    match head.number.checked_sub(depth) {
        Some(number) => chain.header(number).await,
        None => Ok(None),
    }
}

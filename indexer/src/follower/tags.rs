//! What the node says of its head and of how final its blocks are, asked again when it is old.

use std::time::Duration;

use tokio::time::Instant;

use super::{Follower, HEAD_EVERY, StepError};
use crate::chain::{Chain, ChainError, Finality, Tags};

/// The node's last word.
#[derive(Debug, Default)]
pub(super) struct NodeTags {
    /// Not to be built on after an error.
    tags: Option<Tags>,
    asked: Option<Instant>,
    finality: Option<(Instant, Finality)>,
}

impl NodeTags {
    pub(super) fn last(&self) -> Option<&Tags> {
        self.tags.as_ref()
    }

    /// The head is asked for at the next step.
    pub(super) fn ask_again(&mut self) {
        self.asked = None;
    }

    /// All of it is.
    pub(super) fn forget(&mut self) {
        self.asked = None;
        self.finality = None;
    }
}

impl<C: Chain> Follower<C> {
    /// The node's tags, asked again when they are old or when all that they name is stored.
    pub(super) async fn current_tags(&mut self, max_age: Duration) -> Result<Tags, StepError> {
        if let (Some(asked), Some(tags)) = (self.node.asked, &self.node.tags)
            && asked.elapsed() < self.useful_for(tags, max_age)
        {
            return Ok(tags.clone());
        }
        let finality = self.current_finality(max_age).await?;
        let head = self.chain.head().await?;
        if finality.finalized.as_ref().is_some_and(|finalized| finalized.number > head.number) {
            self.node.finality = None;
            return Err(ChainError::Contradiction("the finalized block is above the head".into()).into());
        }
        let tags = Tags { head, finality };
        self.node.asked = Some(Instant::now());
        self.node.tags = Some(tags.clone());
        Ok(tags)
    }

    fn useful_for(&self, tags: &Tags, max_age: Duration) -> Duration {
        let cursors = self.cursors();
        if cursors.capacity.is_some_and(|cursor| cursor.number < tags.head.number) {
            max_age
        } else if cursors.are_level() {
            Duration::ZERO
        } else {
            max_age.min(HEAD_EVERY)
        }
    }

    /// Safe and finalized move every few seconds at most: they are asked for less often than the head.
    async fn current_finality(&mut self, max_age: Duration) -> Result<Finality, StepError> {
        match &self.node.finality {
            Some((asked, finality)) if asked.elapsed() < max_age => Ok(finality.clone()),
            _ => {
                let finality = self.chain.finality().await?;
                self.node.finality = Some((Instant::now(), finality.clone()));
                Ok(finality)
            }
        }
    }
}

//! Logs, of one node or of two that agree, or proven by receipts.

use std::time::Duration;

use super::agree::{difference, holds};
use super::node::{Kind, Node, Wanted};
use super::pool::may_be_mended_elsewhere;
use super::{Agree, Pool};
use crate::chain::{ChainError, Grade, Graded, Header, Log, LogQuery, receipts};

/// A node asked second may hear of a new block a little later: it is asked again after these.
const PAUSES_MS: [u64; 8] = [10, 25, 50, 100, 200, 400, 800, 1_600];
/// Before two that disagree are both asked again.
const SECOND_THOUGHT: Duration = Duration::from_millis(250);

impl Pool {
    pub(super) async fn logs(&self, wanted: Wanted, query: &LogQuery) -> Result<Graded, ChainError> {
        let healthy = self.healthy();
        match (self.agree, healthy.as_slice()) {
            (Agree::Two, [first, second, others @ ..]) => self.agreed((*first, *second), others, &wanted, query).await,
            _ => self.single(&wanted, query).await,
        }
    }

    async fn single(&self, wanted: &Wanted, query: &LogQuery) -> Result<Graded, ChainError> {
        let mut first_error = None;
        for place in self.order() {
            let node = &self.nodes[place];
            match node.logs(wanted, query).await {
                Ok(logs) => return Ok(Graded { logs, grade: Grade::Single }),
                Err(error) if may_be_mended_elsewhere(&error) => {
                    first_error.get_or_insert(self.named(node, error));
                }
                Err(error) => return Err(self.named(node, error)),
            }
        }
        Err(first_error.unwrap_or_else(|| self.none_left()))
    }

    /// The first two are asked at once. One that fails is replaced by another; where none is left, what the other one
    /// says is one node's word.
    async fn agreed(
        &self,
        (first, second): (usize, usize),
        others: &[usize],
        wanted: &Wanted,
        query: &LogQuery,
    ) -> Result<Graded, ChainError> {
        let (a, b) = self.both(first, second, wanted, query).await?;
        let mut answers = Vec::new();
        let mut first_error = None;
        let mut take = |place: usize, answer: Result<Vec<Log>, ChainError>| match answer {
            Ok(logs) => {
                answers.push((place, logs));
                Ok(answers.len())
            }
            Err(error) if may_be_mended_elsewhere(&error) && !matches!(error, ChainError::UnknownBlock(_)) => {
                first_error.get_or_insert(self.named(&self.nodes[place], error));
                Ok(answers.len())
            }
            Err(error) => Err(self.named(&self.nodes[place], error)),
        };
        take(first, a)?;
        let mut count = take(second, b)?;
        let mut others = others.iter().copied();
        while count < 2
            && let Some(place) = others.next()
        {
            count = take(place, self.patient(&self.nodes[place], wanted, query).await)?;
        }
        let mut answers = answers.into_iter();
        match (answers.next(), answers.next()) {
            (Some(a), Some(b)) => self.settled(a, b, others.next(), wanted, query).await,
            (Some((_, logs)), None) => Ok(Graded { logs, grade: Grade::Single }),
            (None, _) => Err(first_error.unwrap_or_else(|| self.none_left())),
        }
    }

    /// Both answers. A block that the first does not know any more is not waited for.
    async fn both(
        &self,
        first: usize,
        second: usize,
        wanted: &Wanted,
        query: &LogQuery,
    ) -> Result<(Answer, Answer), ChainError> {
        let node = &self.nodes[first];
        let a = async {
            match node.logs(wanted, query).await {
                Err(error @ ChainError::UnknownBlock(_)) => Err(self.named(node, error)),
                answer => Ok(answer),
            }
        };
        let b = async { Ok(self.patient(&self.nodes[second], wanted, query).await) };
        futures::try_join!(a, b)
    }

    /// A node that has not got the block yet is waited for a little.
    async fn patient(&self, node: &Node, wanted: &Wanted, query: &LogQuery) -> Answer {
        let mut pauses = PAUSES_MS.into_iter();
        loop {
            let error = match node.logs(wanted, query).await {
                Err(error @ ChainError::UnknownBlock(_)) => error,
                answer => return answer,
            };
            let Some(pause) = pauses.next() else { return Err(error) };
            tokio::time::sleep(Duration::from_millis(pause)).await;
        }
    }

    /// Two answers that are the same, or that a third or a second thought makes so. Of two sets the smaller is never
    /// taken: who leaves something out may be in good company.
    async fn settled(
        &self,
        (first, a): (usize, Vec<Log>),
        (second, b): (usize, Vec<Log>),
        third: Option<usize>,
        wanted: &Wanted,
        query: &LogQuery,
    ) -> Result<Graded, ChainError> {
        let Some(differs) = difference(&a, &b) else { return Ok(agreed(a)) };
        let [one, other] = [first, second].map(|place| &self.nodes[place]);
        let what = differs.between(&one.name, &other.name).to_string();
        tracing::warn!("two nodes disagree: {what}");
        let opinion = match third {
            Some(third) => self.patient(&self.nodes[third], wanted, query).await.ok(),
            None => None,
        };
        for (node, theirs, against) in [(other, &a, &b), (one, &b, &a)] {
            if opinion.as_ref().is_some_and(|opinion| difference(opinion, theirs).is_none()) && holds(theirs, against) {
                node.lied(&ChainError::Contradiction(what));
                return Ok(agreed(theirs.clone()));
            }
        }
        tokio::time::sleep(SECOND_THOUGHT).await;
        let (a, b) = futures::join!(one.logs(wanted, query), other.logs(wanted, query));
        let (a, b) = (a.map_err(|error| self.named(one, error))?, b.map_err(|error| self.named(other, error))?);
        match difference(&a, &b) {
            None => Ok(agreed(a)),
            Some(differs) => {
                let what = differs.between(&one.name, &other.name);
                Err(ChainError::Contradiction(format!(
                    "{what}, also when asked again; --agree 1 takes one node's word"
                )))
            }
        }
    }

    /// Logs of the block's receipts, which its header commits to.
    pub(super) async fn proven(&self, header: &Header, query: &LogQuery) -> Result<Graded, ChainError> {
        let mut first_error = None;
        for place in self.order() {
            let node = &self.nodes[place];
            match receipts_of(node, header, query).await {
                Ok(logs) => return Ok(Graded { logs, grade: Grade::Receipts }),
                Err(error) => {
                    first_error.get_or_insert(self.named(node, error));
                }
            }
        }
        Err(first_error.unwrap_or_else(|| self.none_left()))
    }
}

type Answer = Result<Vec<Log>, ChainError>;

fn agreed(logs: Vec<Log>) -> Graded {
    Graded { logs, grade: Grade::Agreed }
}

async fn receipts_of(node: &Node, header: &Header, query: &LogQuery) -> Answer {
    let receipts = node.ask(Kind::Optional, node.chain.receipts(header.hash)).await?;
    let unknown = || ChainError::UnknownBlock(format!("no receipts of block {}", header.number));
    receipts::logs(header, &receipts.ok_or_else(unknown)?, query).inspect_err(|error| node.lied(error))
}

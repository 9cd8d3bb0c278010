//! Which blocks a backfill is about, and whether they can be had. Pure.

use store::cursor::Cursors;

/// The first block, and the last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Must follow on what is stored, or be stored.
    pub from: u64,
    /// Included.
    pub to: u64,
}

impl Bounds {
    /// The first block that is not stored yet; `None`: they all are.
    ///
    /// # Errors
    /// What is wrong with the bounds, and which would be right.
    pub fn next(&self, cursors: Cursors, start_block: u64) -> Result<Option<u64>, String> {
        let Self { from, to } = *self;
        let stored = [cursors.capacity, cursors.supply].map(|cursor| cursor.map_or(start_block, |at| at.number + 1));
        let next = stored[0].min(stored[1]);
        if to < from {
            return Err(format!("--to {to} lies below --from {from}"));
        }
        if from < start_block {
            return Err(format!("--from {from} lies below the deployment's start block: --from {start_block}"));
        }
        if from > next {
            let missing = format!("blocks {next} to {} would be missing", from - 1);
            return Err(format!("--from {from}: {missing}: --from {next}"));
        }
        Ok((next <= to).then_some(next))
    }

    /// Makes sure that the last block can no longer change.
    ///
    /// # Errors
    /// What is the last that cannot.
    pub fn hold_finalized(&self, finalized: Option<u64>) -> Result<(), String> {
        match finalized {
            Some(finalized) if self.to <= finalized => Ok(()),
            Some(finalized) => Err(format!(
                "--to {} may still change: the newest finalized block is --to {finalized}, and `indexer run` goes on from there",
                self.to
            )),
            None => Err("--rpc-url: the node names no finalized block, and what may change is not backfilled".into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use store::cursor::BlockRef;

    use super::*;

    fn cursors(capacity: Option<u64>, supply: Option<u64>) -> Cursors {
        let at = |number| BlockRef { number, hash: None };
        Cursors { capacity: capacity.map(at), supply: supply.map(at) }
    }

    fn next(from: u64, to: u64, cursors: Cursors) -> Result<Option<u64>, String> {
        Bounds { from, to }.next(cursors, 100)
    }

    #[test]
    fn an_empty_database_begins_with_the_start_block() {
        assert_eq!(next(100, 200, cursors(None, None)), Ok(Some(100)));
        assert!(
            next(101, 200, cursors(None, None))
                .unwrap_err()
                .ends_with("blocks 100 to 100 would be missing: --from 100")
        );
        assert!(next(99, 200, cursors(None, None)).unwrap_err().ends_with("start block: --from 100"));
    }

    #[test]
    fn blocks_follow_on_the_lane_that_is_behind() {
        let stored = cursors(Some(180), Some(150));
        assert_eq!(next(151, 200, stored), Ok(Some(151)));
        assert_eq!(next(100, 160, stored), Ok(Some(151)));
        assert_eq!(next(100, 150, stored), Ok(None), "all of it is stored");
        assert!(next(152, 200, stored).unwrap_err().contains("blocks 151 to 151 would be missing"));
        assert!(next(151, 150, stored).is_err());
    }

    #[test]
    fn what_may_change_is_not_backfilled() {
        let bounds = Bounds { from: 100, to: 200 };
        assert_eq!(bounds.hold_finalized(Some(200)), Ok(()));
        assert!(bounds.hold_finalized(Some(199)).unwrap_err().contains("--to 199"));
        assert!(bounds.hold_finalized(None).is_err());
    }
}

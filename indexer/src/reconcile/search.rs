//! Where a difference begins. Pure but for what is asked.

use std::future::Future;

/// What is known of a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Probed<D> {
    /// All totals are equal there.
    Equal,
    /// One differs.
    Differs(D),
    /// The node has no state of it.
    Unknown,
}

/// Where a difference begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Beginning<D> {
    /// The first block that may be wrong: `differs_at` itself, or lower where nothing could be asked in between.
    pub first_block: u64,
    /// The first block that was seen to differ.
    pub differs_at: u64,
    /// By what.
    pub difference: D,
}

/// Halves the blocks between one that is `equal` and one that differs until they touch. A node has no state of old blocks
/// rather than of new ones, so where it does not know the search goes on above.
///
/// # Errors
/// Those of `probe`.
pub async fn beginning<D, E, F>(
    equal: Option<u64>,
    start_block: u64,
    differs: (u64, D),
    mut probe: impl FnMut(u64) -> F,
) -> Result<Beginning<D>, E>
where
    F: Future<Output = Result<Probed<D>, E>>,
{
    let mut first_block = equal.map_or(start_block, |equal| equal + 1);
    let (mut differs_at, mut difference) = differs;
    let mut lowest = first_block;
    while lowest < differs_at {
        let middle = lowest + (differs_at - lowest) / 2;
        match probe(middle).await? {
            Probed::Differs(found) => (differs_at, difference) = (middle, found),
            Probed::Equal => {
                first_block = middle + 1;
                lowest = middle + 1;
            }
            Probed::Unknown => lowest = middle + 1,
        }
    }
    Ok(Beginning { first_block, differs_at, difference })
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::convert::Infallible;

    use super::*;

    /// Wrong from one block on, with state from another on: what is found, and in how many questions.
    async fn check(equal: Option<u64>, wrong_from: u64, state_from: u64) -> (Beginning<u64>, u32) {
        let asked = Cell::new(0);
        let probe = |block| {
            asked.set(asked.get() + 1);
            std::future::ready(Ok::<_, Infallible>(match block {
                block if block < state_from => Probed::Unknown,
                block if block < wrong_from => Probed::Equal,
                block => Probed::Differs(block),
            }))
        };
        let Ok(found) = beginning(equal, 100, (1_100, 1_100), probe).await;
        (found, asked.get())
    }

    #[tokio::test]
    async fn with_all_state_the_block_is_found() {
        for wrong_from in [101, 102, 600, 777, 1_099, 1_100] {
            let (found, asked) = check(Some(100), wrong_from, 0).await;
            let expected = Beginning { first_block: wrong_from, differs_at: wrong_from, difference: wrong_from };
            assert_eq!(found, expected);
            assert!(asked <= 10, "{asked}");
        }
    }

    #[tokio::test]
    async fn from_the_start_where_nothing_was_ever_equal() {
        let expected = Beginning { first_block: 100, differs_at: 100, difference: 100 };
        assert_eq!(check(None, 0, 0).await.0, expected);
    }

    #[tokio::test]
    async fn without_old_state_it_lies_above_the_last_block_known_to_be_equal() {
        let expected = Beginning { first_block: 501, differs_at: 900, difference: 900 };
        assert_eq!(check(Some(500), 600, 900).await.0, expected, "every block with state differs");
        let expected = Beginning { first_block: 950, differs_at: 950, difference: 950 };
        assert_eq!(check(Some(500), 950, 900).await.0, expected, "the first of those with state is equal");
    }
}

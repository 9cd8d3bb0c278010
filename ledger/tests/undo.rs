//! Apply and undo: blocks whose rows are dropped never were, and nothing lives in memory that the rows do not tell.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod chain;
mod economy;
mod rows;

use economy::{Wish, granted, hostile_blocks};
use proptest::prelude::*;
use proptest::sample::Index;
use proptest::test_runner::TestCaseError;
use rows::State;

/// A block after the other; those that are refused leave nothing.
fn grow(state: &mut State, blocks: &[Vec<Wish>]) {
    for block in blocks {
        let transactions: Vec<_> = block.iter().map(|wish| granted(wish, state)).collect();
        let _ = state.mine(&transactions);
    }
}

fn are_equal(one: &State, other: &State) -> Result<(), TestCaseError> {
    prop_assert_eq!(one.number, other.number);
    prop_assert_eq!(&one.rows, &other.rows);
    prop_assert_eq!(one.capacity.totals(), other.capacity.totals());
    prop_assert_eq!(one.capacity.parameters(), other.capacity.parameters());
    prop_assert_eq!(one.supply.totals(), other.supply.totals());
    Ok(())
}

proptest! {
    #[test]
    fn apply_followed_by_undo_is_the_identity(blocks in hostile_blocks(), fork in hostile_blocks(), at in any::<Index>()) {
        let (common, rest) = blocks.split_at(at.index(blocks.len()));
        let mut straight = State::new();
        grow(&mut straight, common);
        let mut forked = straight.clone();
        grow(&mut forked, &fork);
        forked.undo(straight.number);
        are_equal(&forked, &straight)?;
        grow(&mut straight, rest);
        grow(&mut forked, rest);
        are_equal(&forked, &straight)?;
    }

    /// To any depth: the state at a block is what it was when the block was the last one.
    #[test]
    fn undone_to_any_block_it_is_as_it_was_there(blocks in hostile_blocks(), at in any::<Index>()) {
        let (common, rest) = blocks.split_at(at.index(blocks.len()));
        let mut state = State::new();
        grow(&mut state, common);
        let there = state.clone();
        grow(&mut state, rest);
        state.undo(there.number);
        are_equal(&state, &there)?;
    }

    #[test]
    fn nothing_lives_in_memory_alone(blocks in hostile_blocks()) {
        let (mut remembers, mut forgets) = (State::new(), State::new());
        for block in &blocks {
            grow(&mut remembers, std::slice::from_ref(block));
            grow(&mut forgets, std::slice::from_ref(block));
            are_equal(&remembers, &forgets)?;
            forgets.forget();
            are_equal(&remembers, &forgets)?;
        }
    }
}

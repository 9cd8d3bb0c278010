use std::cell::RefCell;
use std::collections::BTreeSet;
use std::convert::Infallible;

use proptest::prelude::*;

use super::*;

const RATE: Parameter = Parameter::EmissionRate;
const COOLDOWN: Parameter = Parameter::SvvvCooldown;

/// Values by the block from which on they hold, ascending.
type History = Vec<(u64, u64)>;

fn at(history: &History, block: u64) -> U256 {
    U256::from(history.iter().rev().find(|(from, _)| *from <= block).unwrap().1)
}

fn difference(parameter: Parameter, history: &History, low: u64, high: u64) -> Difference {
    let shown = |block_number| Shown { block_number, value: vec![at(history, block_number)] };
    Difference { parameter, known: shown(low), read: shown(high) }
}

/// What is found between two blocks, with state from one on, and which blocks were asked about.
async fn find(histories: &[(Parameter, History)], low: u64, high: u64, state_from: u64) -> (UntoldByBlock, Vec<u64>) {
    let asked = RefCell::new(Vec::new());
    let probe = |block| {
        asked.borrow_mut().push(block);
        let settings = histories.iter().map(|(parameter, history)| Setting::word(*parameter, at(history, block)));
        std::future::ready(Ok::<_, Infallible>((block >= state_from).then(|| settings.collect())))
    };
    let differences: Vec<Difference> =
        histories.iter().map(|(parameter, history)| difference(*parameter, history, low, high)).collect();
    let Ok(found) = changes(&differences, probe).await;
    (found, asked.into_inner())
}

fn untold(parameter: Parameter, after_block: u64) -> Untold {
    Untold { parameter, after_block }
}

#[tokio::test]
async fn each_change_is_found_and_questions_are_shared() {
    let histories = [(RATE, vec![(0, 5), (41, 7), (900, 9)]), (COOLDOWN, vec![(0, 100), (41, 300)])];
    let (found, asked) = find(&histories, 10, 1_034, 0).await;
    let expected = [(41, vec![untold(RATE, 40), untold(COOLDOWN, 40)]), (900, vec![untold(RATE, 899)])];
    assert_eq!(found, expected.into());
    assert!(asked.len() <= 20, "{asked:?}");
}

#[tokio::test]
async fn a_change_between_neighbours_needs_no_question() {
    assert_eq!(find(&[(RATE, vec![(0, 1), (8, 2)])], 7, 8, 0).await, ([(8, vec![untold(RATE, 7)])].into(), vec![]));
}

#[tokio::test]
async fn without_old_state_it_lies_in_a_stretch() {
    let (found, _) = find(&[(RATE, vec![(0, 1), (300, 2), (700, 3)])], 100, 1_000, 500).await;
    assert_eq!(found, [(500, vec![untold(RATE, 100)]), (700, vec![untold(RATE, 699)])].into());
    let (found, _) = find(&[(RATE, vec![(0, 1), (300, 2)])], 100, 1_000, 1_000).await;
    assert_eq!(found, [(1_000, vec![untold(RATE, 100)])].into());
}

/// A node that says something else each time does not keep anybody busy for long.
#[tokio::test]
async fn questions_come_to_an_end() {
    let history: History = (0..100_000).map(|block| (block, block)).collect();
    let (found, asked) = find(&[(RATE, history.clone()), (COOLDOWN, history)], 0, 99_999, 0).await;
    assert_eq!(asked.len(), QUESTIONS_MAX);
    assert_eq!(found.values().map(Vec::len).sum::<usize>(), 2 * (QUESTIONS_MAX + 1), "every value met");
}

proptest! {
    /// Whatever is found as a change is one, values follow on one another without a gap, and no block is asked about twice.
    #[test]
    fn what_is_found_is_true(
        values in proptest::collection::btree_map(1_u64..400, 0_u64..4, 0..6),
        state_from in 0_u64..400,
        first in 0_u64..4,
    ) {
        let history: History = std::iter::once((0, first)).chain(values).collect();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let (found, asked) = runtime.block_on(find(&[(RATE, history.clone())], 0, 400, state_from));
        prop_assert_eq!(asked.iter().collect::<BTreeSet<_>>().len(), asked.len());
        let mut value = at(&history, 0);
        let mut after = 0;
        for (block, untold) in &found {
            let [Untold { after_block, .. }] = untold.as_slice() else { panic!("{untold:?}") };
            prop_assert!(*after_block >= after && after_block < block);
            prop_assert_eq!(at(&history, *after_block), value);
            value = at(&history, *block);
            prop_assert_ne!(at(&history, *after_block), value);
            prop_assert!(*after_block + 1 == *block || *block == state_from.max(1) || *block == 400);
            after = *block;
        }
        prop_assert_eq!(value, at(&history, 400));
    }
}

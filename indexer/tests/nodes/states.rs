//! A node that answers with the state of another block than the one it was asked about.

use alloy_primitives::{Bytes, U256};
use alloy_sol_types::SolValue;
use devnet::scripted::CallAnswer;
use indexer::chain::multicall::{self, Call};
use indexer::chain::{At, ChainError};

use crate::support::World;

/// Of Multicall3's `getBlockNumber()`.
const BLOCK_NUMBER: [u8; 4] = [0x42, 0xcb, 0xb1, 0x5c];

#[tokio::test]
async fn the_state_of_another_block_is_not_taken() {
    let world = World::new(1).await;
    let multicall3 = world.nodes[0].chain(|chain| chain.options().multicall);
    let input = Bytes::from_static(&BLOCK_NUMBER);
    let calls = [Call { target: multicall3, data: input.clone() }];
    for hash in [None, Some(world.header(20).hash)] {
        let answers = multicall::ask(&world.pool, multicall3, At { number: 20, hash }, &calls).await;
        assert_eq!(answers, Ok(Some(vec![Some(U256::from(20).abi_encode().into())])));
    }
    for (answer, named) in [
        (CallAnswer::Returned(U256::from(21).abi_encode().into()), "that of block 21"),
        (CallAnswer::Returned(Bytes::new()), "does not name"),
        (CallAnswer::Reverted(Bytes::new()), "does not name"),
    ] {
        world.nodes[0].chain(|chain| chain.set_answer(0, multicall3, input.clone(), answer));
        match multicall::ask(&world.pool, multicall3, At { number: 20, hash: None }, &calls).await {
            Err(ChainError::Contradiction(message)) => {
                assert!(message.contains("block 20") && message.contains(named), "{message}");
            }
            other => panic!("{other:?}"),
        }
    }
}

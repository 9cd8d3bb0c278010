//! Constructors run at given addresses, with real transactions in a real block.
//!
//! `contracts/README.md` tells the way and the reasons step by step.

use std::collections::BTreeMap;

use alloy_primitives::{Address, Bytes, hex};
use anyhow::{Result, ensure};
use serde_json::{Value, json};

use super::addresses::DEPLOYER;
use crate::mining::{self, Head, Transaction};
use crate::rpc::Rpc;

const CONSTRUCTOR_GAS: u64 = 16_000_000;

/// A contract and where it shall stand.
pub(super) struct Placement {
    address: Address,
    creation: Bytes,
}

impl Placement {
    /// A contract from its bytecode and its constructor's encoded arguments.
    pub(super) fn new(address: Address, bytecode: &Bytes, arguments: &[u8]) -> Self {
        Self { address, creation: [bytecode.as_ref(), arguments].concat().into() }
    }

    /// An account nobody uses, to keep the creation code at while it runs.
    fn scratch(&self) -> Address {
        let mut scratch = self.address;
        scratch[..2].copy_from_slice(&[0xc0, 0xde]);
        scratch
    }

    /// Runs the code at `scratch` when called without data, and answers any other call as an account without code does:
    /// anvil counts what is set before a block as the state of the block before.
    fn stub(&self) -> Bytes {
        const HEAD: [u8; 9] = hex!("36602957 5f5f5f5f 73");
        const TAIL: [u8; 14] = hex!("5af4 3d5f5f3e 602957 3d5ffd 5b00");
        [&HEAD[..], self.scratch().as_slice(), &TAIL[..]].concat().into()
    }

    fn construction(&self) -> Transaction {
        Transaction { from: DEPLOYER, to: self.address, data: Bytes::new(), gas: CONSTRUCTOR_GAS }
    }
}

/// Runs all constructors in one block, in this order.
pub(super) async fn place(rpc: &Rpc, timestamp: u64, placements: &[Placement]) -> Result<Head> {
    let questions: Vec<_> = placements.iter().map(runtime_of).collect();
    let runtimes: Vec<Bytes> = rpc.batch(&questions).await?;
    let stage = placements.iter().flat_map(|it| [(it.scratch(), it.creation.clone()), (it.address, it.stub())]);
    let stage: Vec<_> = stage.collect();
    set_code(rpc, &stage).await?;
    let constructions: Vec<_> = placements.iter().map(Placement::construction).collect();
    let transactions: Vec<_> = constructions.iter().collect();
    let hashes = mining::send(rpc, &transactions).await?;
    let (head, receipts) = mining::mine(rpc, timestamp).await?;
    let status: BTreeMap<_, _> = receipts.iter().map(|receipt| (receipt.transaction_hash, receipt.status)).collect();
    for (placement, hash) in placements.iter().zip(hashes) {
        ensure!(status.get(&hash) == Some(&1), "the constructor at {} failed", placement.address);
    }
    let unstage =
        placements.iter().zip(runtimes).flat_map(|(it, code)| [(it.address, code), (it.scratch(), Bytes::new())]);
    let unstage: Vec<_> = unstage.collect();
    set_code(rpc, &unstage).await?;
    Ok(head)
}

/// What the constructor returns when it runs at the address.
fn runtime_of(placement: &Placement) -> (&'static str, Value) {
    let code = json!({ placement.address.to_string(): {"code": placement.creation} });
    ("eth_call", json!([placement.construction().request(), "latest", code]))
}

async fn set_code(rpc: &Rpc, codes: &[(Address, Bytes)]) -> Result<()> {
    let calls: Vec<_> = codes.iter().map(|(address, code)| ("anvil_setCode", json!([address, code]))).collect();
    rpc.batch::<Value>(&calls).await?;
    Ok(())
}

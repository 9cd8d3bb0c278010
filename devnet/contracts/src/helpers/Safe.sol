// SPDX-License-Identifier: UNLICENSED
pragma solidity 0.8.30;

import {Call, callOrRevert} from "./Calls.sol";

/// A wallet or vault whose owners act through it, so that the payer is never the transaction's sender. Signatures are left out.
contract Safe {
    event ExecutionSuccess(bytes32 indexed txHash, uint256 payment);

    error NotOwner();

    uint256 public nonce;
    mapping(address account => bool) public isOwner;

    constructor(address[] memory owners) {
        for (uint256 i = 0; i < owners.length; i++) isOwner[owners[i]] = true;
    }

    modifier onlyOwner() {
        if (!isOwner[msg.sender]) revert NotOwner();
        _;
        emit ExecutionSuccess(keccak256(abi.encode(address(this), nonce++, msg.data)), 0);
    }

    function exec(address target, bytes calldata data) external onlyOwner returns (bytes memory) {
        return callOrRevert(target, data);
    }

    function execBatch(Call[] calldata calls) external onlyOwner {
        for (uint256 i = 0; i < calls.length; i++) callOrRevert(calls[i].target, calls[i].data);
    }
}

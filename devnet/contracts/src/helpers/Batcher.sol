// SPDX-License-Identifier: UNLICENSED
pragma solidity 0.8.30;

import {Call, callOrRevert} from "./Calls.sol";

/// Anyone's calls in one transaction. As an owner of several Safes it makes several accounts mint DIEM in the same one.
contract Batcher {
    function run(Call[] calldata calls) external {
        for (uint256 i = 0; i < calls.length; i++) callOrRevert(calls[i].target, calls[i].data);
    }
}

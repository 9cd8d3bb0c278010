// SPDX-License-Identifier: UNLICENSED
pragma solidity 0.8.30;

struct Call {
    address target;
    bytes data;
}

/// Calls a target and passes its failure on as it came.
function callOrRevert(address target, bytes calldata data) returns (bytes memory result) {
    bool ok;
    (ok, result) = target.call(data);
    if (!ok) {
        assembly ("memory-safe") {
            revert(add(result, 32), mload(result))
        }
    }
}

// SPDX-License-Identifier: UNLICENSED
pragma solidity 0.8.30;

import {ERC1967} from "./ERC1967.sol";

contract ERC1967Proxy is ERC1967 {
    constructor(address implementation, bytes memory data) payable {
        _upgradeToAndCall(implementation, data);
    }

    fallback() external payable {
        address implementation = _implementation();
        assembly {
            calldatacopy(0, 0, calldatasize())
            let ok := delegatecall(gas(), implementation, 0, calldatasize(), 0, 0)
            returndatacopy(0, 0, returndatasize())
            if iszero(ok) {
                revert(0, returndatasize())
            }
            return(0, returndatasize())
        }
    }
}

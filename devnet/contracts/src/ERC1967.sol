// SPDX-License-Identifier: UNLICENSED
pragma solidity 0.8.30;

/// The implementation slot of ERC-1967, shared by the proxy and by the logic that upgrades it.
abstract contract ERC1967 {
    event Upgraded(address indexed implementation);

    error InvalidImplementation(address implementation);

    bytes32 internal constant IMPLEMENTATION_SLOT = bytes32(uint256(keccak256("eip1967.proxy.implementation")) - 1);

    function _implementation() internal view returns (address implementation) {
        bytes32 slot = IMPLEMENTATION_SLOT;
        assembly ("memory-safe") {
            implementation := sload(slot)
        }
    }

    function _upgradeToAndCall(address implementation, bytes memory data) internal {
        if (implementation.code.length == 0) revert InvalidImplementation(implementation);
        bytes32 slot = IMPLEMENTATION_SLOT;
        assembly ("memory-safe") {
            sstore(slot, implementation)
        }
        emit Upgraded(implementation);
        if (data.length == 0) return;
        (bool ok, bytes memory reason) = implementation.delegatecall(data);
        if (!ok) {
            assembly ("memory-safe") {
                revert(add(reason, 32), mload(reason))
            }
        }
    }
}

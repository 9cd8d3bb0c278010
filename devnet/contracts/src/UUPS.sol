// SPDX-License-Identifier: UNLICENSED
pragma solidity 0.8.30;

import {ERC1967} from "./ERC1967.sol";
import {Ownable} from "./Ownable.sol";

abstract contract UUPS is ERC1967, Ownable {
    error OnlyThroughProxy();
    error NotThroughProxy();

    string public constant UPGRADE_INTERFACE_VERSION = "5.0.0";

    address private immutable SELF = address(this);

    function upgradeToAndCall(address newImplementation, bytes calldata data) external payable onlyOwner {
        if (address(this) == SELF || _implementation() != SELF) revert OnlyThroughProxy();
        try UUPS(newImplementation).proxiableUUID() returns (bytes32 slot) {
            if (slot != IMPLEMENTATION_SLOT) revert InvalidImplementation(newImplementation);
        } catch {
            revert InvalidImplementation(newImplementation);
        }
        _upgradeToAndCall(newImplementation, data);
    }

    function proxiableUUID() external view returns (bytes32) {
        if (address(this) != SELF) revert NotThroughProxy();
        return IMPLEMENTATION_SLOT;
    }
}

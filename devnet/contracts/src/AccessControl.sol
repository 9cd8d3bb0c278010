// SPDX-License-Identifier: UNLICENSED
pragma solidity 0.8.30;

/// Roles as OpenZeppelin announces them: an event only where something changes.
abstract contract AccessControl {
    event RoleGranted(bytes32 indexed role, address indexed account, address indexed sender);
    event RoleRevoked(bytes32 indexed role, address indexed account, address indexed sender);
    event RoleAdminChanged(bytes32 indexed role, bytes32 indexed previousAdminRole, bytes32 indexed newAdminRole);

    error MissingRole(bytes32 role, address account);

    bytes32 public constant DEFAULT_ADMIN_ROLE = bytes32(0);

    mapping(bytes32 role => mapping(address account => bool)) public hasRole;
    mapping(bytes32 role => bytes32) public getRoleAdmin;

    modifier onlyRole(bytes32 role) {
        if (!hasRole[role][msg.sender]) revert MissingRole(role, msg.sender);
        _;
    }

    function grantRole(bytes32 role, address account) external onlyRole(getRoleAdmin[role]) {
        _grantRole(role, account);
    }

    function revokeRole(bytes32 role, address account) external onlyRole(getRoleAdmin[role]) {
        if (!hasRole[role][account]) return;
        hasRole[role][account] = false;
        emit RoleRevoked(role, account, msg.sender);
    }

    function setRoleAdmin(bytes32 role, bytes32 adminRole) external onlyRole(DEFAULT_ADMIN_ROLE) {
        emit RoleAdminChanged(role, getRoleAdmin[role], adminRole);
        getRoleAdmin[role] = adminRole;
    }

    function _grantRole(bytes32 role, address account) internal {
        if (hasRole[role][account]) return;
        hasRole[role][account] = true;
        emit RoleGranted(role, account, msg.sender);
    }
}

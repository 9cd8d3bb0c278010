// SPDX-License-Identifier: UNLICENSED
pragma solidity 0.8.30;

abstract contract Initializable {
    event Initialized(uint64 version);

    error AlreadyInitialized();

    uint64 private _initializedVersion;

    /// Runs once per version, and the event comes after everything the body emits.
    modifier initializer(uint64 version) {
        if (_initializedVersion >= version) revert AlreadyInitialized();
        _initializedVersion = version;
        _;
        emit Initialized(version);
    }

    /// For the constructor of an implementation: only proxies are ever initialised.
    function _disableInitializers() internal {
        _initializedVersion = type(uint64).max;
        emit Initialized(type(uint64).max);
    }
}

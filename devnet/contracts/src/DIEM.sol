// SPDX-License-Identifier: UNLICENSED
pragma solidity 0.8.30;

import {AccessControl} from "./AccessControl.sol";
import {ERC20} from "./ERC20.sol";

/// DIEM. Staked DIEM sits in the token contract itself, and so does what anyone sends there by mistake.
contract DIEM is ERC20, AccessControl {
    event Staked(address indexed user, uint256 amount);
    event UnstakeInitiated(address indexed user, uint256 amount);
    event Unstaked(address indexed user, uint256 amount);
    event CooldownDurationUpdated(uint256 cooldownDuration);

    error ZeroAmount();
    error InsufficientStake();
    error NothingCooling();
    error CooldownNotOver();

    struct StakedInfo {
        uint256 amountStaked;
        uint256 coolDownEnd;
        uint256 coolDownAmount;
    }

    string public constant name = "Diem";
    string public constant symbol = "DIEM";
    bytes32 public constant MINTER_BURNER_ROLE = keccak256("MINTER_BURNER_ROLE");

    uint256 public cooldownDuration;
    /// Cooling DIEM included: it lowers only when DIEM leaves the contract.
    uint256 public totalStaked;
    mapping(address => StakedInfo) public stakedInfos;

    /// The first cooldown is set without its event.
    constructor(address admin, address stakingProxy, uint256 initialCooldownDuration) {
        cooldownDuration = initialCooldownDuration;
        _grantRole(DEFAULT_ADMIN_ROLE, admin);
        _grantRole(MINTER_BURNER_ROLE, stakingProxy);
    }

    function stake(uint256 amount) external {
        if (amount == 0) revert ZeroAmount();
        _transfer(msg.sender, address(this), amount);
        stakedInfos[msg.sender].amountStaked += amount;
        totalStaked += amount;
        emit Staked(msg.sender, amount);
    }

    /// Starts the clock anew for everything the account has cooling.
    function initiateUnstake(uint256 amount) external {
        if (amount == 0) revert ZeroAmount();
        StakedInfo storage info = stakedInfos[msg.sender];
        if (info.amountStaked < amount) revert InsufficientStake();
        info.amountStaked -= amount;
        info.coolDownAmount += amount;
        info.coolDownEnd = block.timestamp + cooldownDuration;
        emit UnstakeInitiated(msg.sender, amount);
    }

    function unstake() external {
        StakedInfo storage info = stakedInfos[msg.sender];
        uint256 amount = info.coolDownAmount;
        if (amount == 0) revert NothingCooling();
        if (block.timestamp < info.coolDownEnd) revert CooldownNotOver();
        info.coolDownAmount = 0;
        info.coolDownEnd = 0;
        totalStaked -= amount;
        _transfer(address(this), msg.sender, amount);
        emit Unstaked(msg.sender, amount);
    }

    function mint(address to, uint256 amount) external onlyRole(MINTER_BURNER_ROLE) {
        _mint(to, amount);
    }

    function burn(address from, uint256 amount) external onlyRole(MINTER_BURNER_ROLE) {
        _burn(from, amount);
    }

    function setCooldownDuration(uint256 newCooldownDuration) external onlyRole(DEFAULT_ADMIN_ROLE) {
        cooldownDuration = newCooldownDuration;
        emit CooldownDurationUpdated(newCooldownDuration);
    }
}

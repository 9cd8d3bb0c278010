// SPDX-License-Identifier: UNLICENSED
pragma solidity 0.8.30;

interface IToken {
    function transfer(address to, uint256 value) external returns (bool);
    function transferFrom(address from, address to, uint256 value) external returns (bool);
}

/// A pool without a price: it takes and gives what the caller says. The output goes straight to the receiver, and a receiver of
/// 0x0 is what makes a programmatic burn. Token 0 or 1 is left alone where its amounts are zero, so it need not exist.
contract Pool {
    event Swap(
        address indexed sender,
        address indexed to,
        uint256 amount0In,
        uint256 amount1In,
        uint256 amount0Out,
        uint256 amount1Out
    );

    IToken public token0;
    IToken public token1;

    constructor(IToken token0_, IToken token1_) {
        token0 = token0_;
        token1 = token1_;
    }

    function swap(uint256 amount0In, uint256 amount1In, uint256 amount0Out, uint256 amount1Out, address to) external {
        if (amount0In > 0) token0.transferFrom(msg.sender, address(this), amount0In);
        if (amount1In > 0) token1.transferFrom(msg.sender, address(this), amount1In);
        if (amount0Out > 0) token0.transfer(to, amount0Out);
        if (amount1Out > 0) token1.transfer(to, amount1Out);
        emit Swap(msg.sender, to, amount0In, amount1In, amount0Out, amount1Out);
    }
}

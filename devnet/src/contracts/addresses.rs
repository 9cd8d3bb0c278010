//! Where everything stands: mainnet's addresses, and for helpers that mainnet has no counterpart of, made-up ones.

use alloy_primitives::{Address, address};

/// The VVV token.
pub const VVV: Address = address!("0xacfE6019Ed1A7Dc6f7B508C02d1b04ec88cC21bf");
/// The staking proxy, which is sVVV.
pub const STAKING: Address = address!("0x321b7ff75154472B18EDb199033fF4D116F340Ff");
/// The proxy's first logic.
pub const STAKING_V1: Address = address!("0x417E7e8045aab25dcd703003dd8d7b5f2f11ead8");
/// The proxy's logic since DIEM.
pub const STAKING_V2: Address = address!("0xe37A7920dbc11253ac6d031C29f592f71B348DCA");
/// The DIEM token.
pub const DIEM: Address = address!("0xF4d97F2da56e8c3098f3a8D538DB630A2606a024");
/// Multicall3.
pub const MULTICALL3: Address = address!("0xcA11bde05977b3631167028862bE2a173976CA11");
/// The airdrop's claims.
pub const AIRDROP: Address = address!("0xf4940c7dEE63d885C8Fb20123e9C8e5c49a3Ef41");
/// The Safe that owns the contracts and is their first treasury.
pub const TREASURY: Address = address!("0x2D8CB8DC596daD0e1E34E2042E7ae6Df93B11524");
/// The Safe of the discretionary burns.
pub const BURN_SAFE: Address = address!("0x35Fb3b67C57849Bf57EB24b061EEF0B5e560dc57");
/// The VVV/WETH pool, whose swaps can pay the zero address: programmatic burns.
pub const WETH_POOL: Address = address!("0x01784ef301D79e4B2DF3a21ad9a536d4cF09A5Ce");
/// The VVV/DIEM pool.
pub const DIEM_POOL: Address = address!("0xbB345D35450BF9Ee76F3D2cE214E8e7AC5e1071d");
/// Vaults that stake for many users.
pub const VAULTS: [Address; 3] = [
    address!("0xdbF05AF4fdAA518AC9c4dc5aA49399b8dd0B4be2"),
    address!("0x8065228a8156590A8BFca30678394e9db91f80Ee"),
    address!("0x1f228613116E2d08014DfdCC198377C8dedf18C9"),
];
/// Custody; mainnet's vesting contracts are others.
pub const VESTING: Address = address!("0x00000000000000000000000000000000000c0de5");
/// Sets the treasury's share under the first logic.
pub const ORACLE: Address = address!("0x00000000000000000000000000000000000a11ce");
/// Several accounts' calls in one transaction.
pub const BATCHER: Address = address!("0x00000000000000000000000000000000000ba7c4");
/// A Safe that may mint and burn DIEM directly, and takes its turn as treasury.
pub const FOUNDATION: Address = address!("0x000000000000000000000000000000000f0da710");
/// WETH. There is no code: the twin of the pool never calls the token whose amounts are zero.
pub const WETH: Address = address!("0x4200000000000000000000000000000000000006");
/// Owner of every Safe, and of the airdrop.
pub const OPERATOR: Address = address!("0x0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b");
/// Owner of VVV until the proxy is.
pub const DEPLOYER: Address = address!("0xd0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0");

/// Every Safe: what it does, [`OPERATOR`] signs.
pub const SAFES: [Address; 7] = [TREASURY, BURN_SAFE, FOUNDATION, VESTING, VAULTS[0], VAULTS[1], VAULTS[2]];

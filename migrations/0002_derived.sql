-- Derived state: each row holds from the block it names until the next row of the same key. State at block N is the
-- newest row at or below N; undoing blocks is deleting rows above the ancestor.

-- Decoded logs of `log`, one row each. A topic nobody knows has kind 'unknown'.
create table event (
    block_number bigint  not null,
    log_index    integer not null,
    contract     text    not null check (contract in ('vvv', 'staking', 'diem')),
    kind         text    not null,
    account      bytea   check (octet_length(account) = 20),      -- whose position it moves; for DIEM mints found by attribution
    counterparty bytea   check (octet_length(counterparty) = 20), -- a transfer's recipient
    amount       numeric(78, 0),
    svvv_amount  numeric(78, 0),             -- sVVV locked or unlocked beside a mint or burn of DIEM
    direct       boolean not null default false, -- a DIEM mint or burn without a partner event of the staking proxy
    primary key (block_number, log_index)
);
create index event_account on event (account, block_number desc, log_index desc) where account is not null;

-- What one address holds of sVVV and DIEM after a block that changed it.
create table position (
    address              bytea  not null check (octet_length(address) = 20),
    block_number         bigint not null,
    svvv                 numeric(78, 0) not null, -- locked and unlocked together
    locked               numeric(78, 0) not null,
    outstanding          numeric(78, 0) not null, -- DIEM minted against the lock and not yet burned
    svvv_cooling         numeric(78, 0) not null,
    svvv_cooling_ends_at bigint,             -- null: nothing cools, or the duration in force is not known
    diem_liquid          numeric(78, 0) not null,
    diem_staked          numeric(78, 0) not null,
    diem_cooling         numeric(78, 0) not null, -- stays after its end until withdrawn
    diem_cooling_ends_at bigint,
    claimed              numeric(78, 0) not null, -- VVV rewards claimed since the start
    primary key (address, block_number)
);
create index position_block on position (block_number);

-- Network totals that the light events move, after a block that changed one.
create table capacity_totals (
    block_number          bigint primary key,
    svvv_supply           numeric(78, 0) not null,
    svvv_locked           numeric(78, 0) not null,
    svvv_cooling          numeric(78, 0) not null,
    diem_supply           numeric(78, 0) not null,
    diem_outstanding      numeric(78, 0) not null,
    diem_staked           numeric(78, 0) not null,
    diem_cooling          numeric(78, 0) not null,
    diem_minted           numeric(78, 0) not null, -- by DiemMinted events
    diem_minted_count     bigint not null,
    diem_minted_direct    numeric(78, 0) not null, -- minted without one
    diem_burned           numeric(78, 0) not null,
    diem_burned_count     bigint not null,
    diem_burned_direct    numeric(78, 0) not null,
    stakers               bigint not null,   -- addresses with sVVV, the three contracts left out
    diem_stakers          bigint not null,   -- addresses with staked DIEM
    minters               bigint not null,   -- addresses with outstanding DIEM
    unknown_logs          bigint not null    -- logs kept undecoded
);

-- Network totals that VVV transfers move.
create table supply_totals (
    block_number bigint primary key,
    supply       numeric(78, 0) not null,    -- VVV.totalSupply(): burns do not lower it
    burned       numeric(78, 0) not null,    -- VVV.balanceOf(0x0)
    burn_count   bigint not null,            -- burns of more than zero
    holders      bigint not null             -- addresses with VVV, 0x0 left out
);

-- Burned VVV per sender, running totals. Classes are given to senders by the deployment's labels when read, so that
-- another label set needs no new derivation.
create table burn (
    sender       bytea  not null check (octet_length(sender) = 20),
    block_number bigint not null,
    amount       numeric(78, 0) not null,
    count        bigint not null,
    primary key (sender, block_number)
);
create index burn_block on burn (block_number);

-- Parameters of the contracts, at the end of a block that set or showed them.
create table parameter (
    name         text   not null,
    block_number bigint not null,
    value        numeric(78, 0)[],           -- null: changed to a value that is not known
    source       text   not null check (source in ('event', 'call')),
    primary key (name, block_number)
);
create index parameter_block on parameter (block_number);

-- What the ledger did not expect but can live with: events that their transfers do not bear out, unknown topics,
-- readings that differ from events. Counted and shown, never silent.
create table anomaly (
    block_number bigint  not null,
    log_index    integer,                    -- null: the block as a whole
    kind         text    not null,
    detail       text    not null
);
create index anomaly_block on anomaly (block_number);

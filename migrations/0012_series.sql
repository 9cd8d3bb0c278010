-- Running totals that make any period's flow one subtraction of two rows. What was stored before is of another derivation
-- and derived anew before anybody reads it.
alter table capacity_totals
    add column svvv_minted           numeric(78, 0) not null default 0, -- ever come into sVVV; less svvv_burned: svvv_supply
    add column svvv_burned           numeric(78, 0) not null default 0,
    add column svvv_cooling_accounts bigint  not null default 0, -- addresses with svvv_cooling
    add column stakes                bigint  not null default 0, -- Staked of more than zero
    add column unstakes              bigint  not null default 0, -- UnstakeInitiated of more than zero
    add column claimed               numeric(78, 0) not null default 0, -- VVV rewards
    add column claimed_count         bigint  not null default 0,
    add column diem_cooling_accounts bigint  not null default 0, -- addresses with diem_cooling
    add column stakers_joined        bigint  not null default 0, -- by ends of blocks; less stakers_left: stakers
    add column stakers_left          bigint  not null default 0,
    add column diem_stakers_joined   bigint  not null default 0,
    add column diem_stakers_left     bigint  not null default 0,
    add column genesis_end_block     bigint; -- first showed the staking proxy as VVV's owner; null: not yet

alter table supply_totals
    add column holders_joined bigint not null default 0, -- by ends of blocks; less holders_left: holders
    add column holders_left   bigint not null default 0;

-- Minted VVV per recipient, running totals. Of the lane of capacity: mints are light logs. Who is a treasury is told by
-- `parameter` when it is read.
create table mint (
    recipient      bytea  not null check (octet_length(recipient) = 20),
    block_number   bigint not null,
    genesis_amount numeric(78, 0) not null,  -- before the staking proxy owned VVV
    genesis_count  bigint not null,
    amount         numeric(78, 0) not null,  -- since it does
    count          bigint not null,
    undated_amount numeric(78, 0) not null,  -- while nobody knows whether it had owned it yet
    undated_count  bigint not null,
    primary key (recipient, block_number)
);
create index mint_block on mint (block_number);

grant select on mint to capacity_reader;

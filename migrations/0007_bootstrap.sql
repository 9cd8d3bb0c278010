-- A database that did not begin at the deployment's start block but with another oracle's state: which, and what of it
-- no other table holds. Positions, totals, burns and parameters taken over lie in their own tables, under the blocks
-- since which they hold.

create table bootstrap (
    only_row      boolean primary key default true check (only_row),
    block_number  bigint not null,           -- the state after it was taken over; logs up to it are not here
    block_hash    bytea  not null check (octet_length(block_hash) = 32),
    opening_block bigint,                    -- the last one before its epoch, whose state was taken over too; null: nothing was staked then
    file_digest   bytea  not null check (octet_length(file_digest) = 32), -- of the export, as its last line says
    taken_at      timestamptz not null default now()
);

-- VVV of every address that had any after that block. Later balances are those that transfers left.
create table vvv_opening (
    address bytea primary key check (octet_length(address) = 20),
    balance numeric(78, 0) not null check (balance > 0)
);

grant select on bootstrap, vvv_opening to capacity_reader;

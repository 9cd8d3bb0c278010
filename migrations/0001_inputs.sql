-- Inputs: what the node told us, kept as it came. Everything else can be derived anew from these tables.
-- Conventions: addresses are 20 bytes, hashes 32; amounts are uint256 in base units (1e-18 of a token) as numeric(78,0);
-- timestamps are whole seconds since 1970, UTC, as the block carries them.

-- The chain, contracts and policy this database is about. Written once by the indexer; the API reads it only here.
create table deployment (
    only_row    boolean primary key default true check (only_row),
    chain_id    bigint  not null,
    start_block bigint  not null,            -- first block asked for
    digest      bytea   not null check (octet_length(digest) = 32), -- keccak256 of the canonical document
    document    jsonb   not null             -- the whole deployment, labels and policy included
);

-- The last block stored, per set of events. `capacity` needs the light contracts, `supply` all VVV transfers.
-- Moved in the transaction that writes the rows, and only from the value the writer believes is there.
create table cursor (
    name         text   primary key check (name in ('capacity', 'supply')),
    block_number bigint not null,
    block_hash   bytea  check (octet_length(block_hash) = 32) -- null: no header of it was stored
);

-- Blocks whose header or logs were seen. Above the finalized block of the time: every block. Below: those with logs of
-- ours, the ends of ranges, and, where no clock gives time to the others, all.
create table block (
    number      bigint primary key,
    hash        bytea  not null unique check (octet_length(hash) = 32),
    parent_hash bytea  check (octet_length(parent_hash) = 32), -- null: known from its logs only
    timestamp   bigint not null
);
create index block_timestamp on block (timestamp);

-- Logs of the staking proxy and DIEM, and VVV's other than Transfer: topics and data untouched, known or not.
create table log (
    block_number bigint  not null,
    log_index    integer not null,
    tx_index     integer not null,
    tx_hash      bytea   not null check (octet_length(tx_hash) = 32),
    address      bytea   not null check (octet_length(address) = 20),
    topics       bytea[] not null,
    data         bytea   not null,
    primary key (block_number, log_index)
);

-- A VVV Transfer: raw log, event and history in one row, because there are fifty million of them. The balances are
-- those of the two parties after this log; null where the party is 0x0 as a mint's sender, which is not debited.
create table vvv_transfer (
    block_number      bigint  not null,
    log_index         integer not null,
    tx_index          integer not null,
    tx_hash           bytea   not null check (octet_length(tx_hash) = 32),
    sender            bytea   not null check (octet_length(sender) = 20),
    recipient         bytea   not null check (octet_length(recipient) = 20),
    amount            numeric(78, 0) not null,
    sender_balance    numeric(78, 0),
    recipient_balance numeric(78, 0) not null,
    primary key (block_number, log_index)
);
create index vvv_transfer_sender on vvv_transfer (sender, block_number desc, log_index desc);
create index vvv_transfer_recipient on vvv_transfer (recipient, block_number desc, log_index desc);

-- Contracts' own answers at the end of a block, taken where a value may have changed without an event.
create table reading (
    name         text   not null,            -- as in `parameter`
    block_number bigint not null,
    value        numeric(78, 0)[] not null,  -- one word, or the 256 cells of a curve table
    primary key (name, block_number)
);
create index reading_block on reading (block_number);

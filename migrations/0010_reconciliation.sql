-- Checkpoints: blocks at which a lane's totals were held against the contracts' own answers and found equal, or at which
-- the node had no state to answer from. Where they differ the blocks are undone instead. Undone with their blocks.
create table reconciliation (
    lane          text        not null check (lane in ('capacity', 'supply')),
    block_number  bigint      not null,
    reconciled_at timestamptz not null default now(),
    answered      boolean     not null,      -- false: nothing was compared
    primary key (lane, block_number)
);

-- Blocks that were undone to be fetched again, because a total differed from the contract's. Not reorgs: the chain was the
-- same, what was stored of it was wrong. Kept for good.
create table repair (
    id            bigint generated always as identity primary key,
    repaired_at   timestamptz not null default now(),
    lane          text        not null check (lane in ('capacity', 'supply')),
    from_number   bigint      not null,      -- the lane's cursor before
    first_block   bigint      not null,      -- the first one undone
    differs_at    bigint      not null,      -- the first block at which the difference was seen: not before first_block
    figure        text        not null,
    derived       numeric(78, 0) not null,   -- after that block, as stored
    contract      numeric(78, 0) not null    -- the contract's own answer there
);

grant select on reconciliation, repair to capacity_reader;

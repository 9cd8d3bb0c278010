-- How the derived state compared with the contracts' own answers, each time it was compared. Not part of the chain's
-- truth and not undone with blocks: only finalized ones are compared.
create table verification (
    id           bigint generated always as identity primary key,
    block_number bigint      not null,
    verified_at  timestamptz not null default now(),
    compared     bigint      not null,       -- figures, of the network and of some addresses
    differences  bigint      not null,       -- of these, how many differ
    detail       text[]      not null        -- the first differences, for a human
);

grant select on verification to capacity_reader;

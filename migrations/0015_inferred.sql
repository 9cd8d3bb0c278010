-- Changes of parameters that no event tells of, found by asking the contract block by block. An input like a reading, which
-- is taken at each of these blocks: stored before the blocks from there on are derived anew, undone with a reorg.
create table inferred (
    block_number bigint not null,            -- the first block after which the contract answered with the new value
    name         text   not null,            -- as in `parameter`
    after_block  bigint not null check (after_block < block_number), -- the last one known to end with the value before; not the one right below where no node has the state of those between
    primary key (block_number, name)
);

grant select on inferred to capacity_reader;

alter table parameter drop constraint parameter_source_check;
alter table parameter add constraint parameter_source_check check (source in ('event', 'call', 'inferred'));

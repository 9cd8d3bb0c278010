-- How sure it is that no log is missing, as stretches of blocks. The newest stretch grows while the grade stays the
-- same; undoing blocks cuts it. Part of the inputs: a replay leaves it alone.
create table completeness (
    cursor     text   not null check (cursor in ('capacity', 'supply')),
    from_block bigint not null,
    to_block   bigint not null check (to_block >= from_block), -- inclusive
    grade      text   not null check (grade in ('single', 'agreed', 'receipts')), -- one node's word; two nodes' word; proven by receiptsRoot
    primary key (cursor, from_block)
);

-- What was stored before anybody graded it came from one node.
insert into completeness (cursor, from_block, to_block, grade)
select c.name, d.start_block, c.block_number, 'single' from cursor c, deployment d where c.block_number >= d.start_block;

-- The nodes as the writer sees them, rewritten every other second. Not part of the chain's truth.
create table node (
    place          integer primary key check (place >= 0), -- in the order given, from 0
    host           text    not null,         -- with a port where one was given; never a path, a query or a user
    observed_at    timestamptz not null,     -- when these rows were written
    answered_at    timestamptz,              -- when it last answered; null: not yet
    head_number    bigint,                   -- its newest block; null: not known yet
    head_timestamp bigint,
    head_seen_at   timestamptz,              -- when that head was first seen
    lag_seconds    bigint,                   -- by block time, behind the newest head of all
    latency_ms     double precision,         -- of small requests of late
    error_rate     double precision not null, -- of the last requests, from 0 to 1
    requests       bigint  not null,         -- since the writer's start, repeated ones included
    preferred      boolean not null,         -- asked first
    pushes         boolean not null,         -- its new heads are pushed to us at the moment
    excluded       text,                     -- why it is not asked: a name to compare; null: it is asked
    detail         text                      -- the same, and what else is remarkable, for a human
);

-- Who stands still: the chain, as far as all nodes show it, or the writer, while nodes go on.
alter table follower add column chain_stalled text;
alter table follower add column writer_stalled text;

grant select on completeness, node to capacity_reader;

-- Which derivation the derived rows are of, as the program counts them: raised when the same inputs come to give other
-- rows. What was stored before this table was there is of the first.
create table derivation (
    only_row boolean primary key default true check (only_row),
    revision integer not null,
    replays  bigint  not null default 0      -- how often rows were replaced by ones derived anew
);
insert into derivation (revision) values (1);

-- A replay under way; no row where there is none. What it derives lies in the schema `replay`, in tables of the same
-- names and with a cursor of its own, and takes the place of the old rows in one transaction, which also deletes this
-- row and drops the schema.
create table replay (
    only_row    boolean primary key default true check (only_row),
    from_block  bigint  not null,            -- first block derived anew
    revision    integer not null,            -- of the derivation that derives
    deployment  bytea   not null check (octet_length(deployment) = 32), -- digest of the one that it derives under
    refetch     boolean not null,            -- the inputs too are had anew
    done_blocks bigint  not null default 0,  -- of both cursors together
    all_blocks  bigint  not null             -- to be derived
);

grant select on derivation, replay to capacity_reader;

-- What the writer says of itself and of the node. One row, rewritten at every step; not part of the chain's truth.
create table follower (
    only_row          boolean primary key default true check (only_row),
    observed_at       timestamptz not null,  -- when the node last answered
    head_number       bigint  not null,
    head_timestamp    bigint  not null,
    safe_number       bigint,                -- null: the node has no such tag
    finalized_number  bigint,                -- never falls; null: not known
    blocks_per_second double precision not null,
    caught_up         boolean not null,      -- the cursor was at the head at observed_at
    halted            text,                  -- why the writer stopped for good
    fork_suspected    text,                  -- the node's head is on another branch than the cursor
    failing           text,                  -- why the last step failed; cleared by the next good one
    started_at        timestamptz not null,
    version           text    not null
);

create table reorg (
    id              bigint generated always as identity primary key,
    seen_at         timestamptz not null default now(),
    from_number     bigint not null,         -- the cursor before
    from_hash       bytea  not null,
    ancestor_number bigint not null
);

-- Readers log in with a role of their own that is a member of this one. Roles belong to the cluster, not to the
-- database, so several databases may race to make it; who may not make roles must have been given it.
do $$
begin
    create role capacity_reader nologin;
exception
    when duplicate_object or unique_violation then null;
    when insufficient_privilege then
        if not exists (select from pg_roles where rolname = 'capacity_reader') then
            raise exception 'role capacity_reader does not exist and this user may not create it'
                using hint = 'as a superuser: create role capacity_reader nologin';
        end if;
end $$;

grant usage on schema public to capacity_reader;
grant select on all tables in schema public to capacity_reader;
alter default privileges in schema public grant select on tables to capacity_reader;

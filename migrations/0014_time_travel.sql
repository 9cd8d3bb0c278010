-- What is asked for of the past is found by descents of an index, whose number does not grow with history. These are over
-- the light contracts' rows, one where there are a hundred transfers.

-- Lists of events that are narrowed down: by contract and kind, and either party. Each pair of contract and kind is a
-- list of its own in the index, so that a rare one among many is not searched for.
create index event_kind on event (contract, kind, block_number desc, log_index desc);
create index event_account_kind on event (account, contract, kind, block_number desc, log_index desc) where account is not null;
create index event_counterparty_kind on event (counterparty, contract, kind, block_number desc, log_index desc) where counterparty is not null;
drop index event_account;

-- What cools until later, and what cools until nobody knows when. A point is a block and the time at which what cools after it
-- ends: those that a block lies behind and a time before are one corner of the plane. Whole numbers below 2^53 are exact there.
create index position_svvv_cooling on position using gist (point(block_number, svvv_cooling_ends_at))
    where svvv_cooling > 0 and svvv_cooling_ends_at is not null;
create index position_diem_cooling on position using gist (point(block_number, diem_cooling_ends_at))
    where diem_cooling > 0 and diem_cooling_ends_at is not null;
create index position_svvv_unknown_end on position (address, block_number)
    where svvv_cooling > 0 and svvv_cooling_ends_at is null;
create index position_diem_unknown_end on position (address, block_number)
    where diem_cooling > 0 and diem_cooling_ends_at is null;

-- Every day's reading has a row, and few of them say something new.
alter table parameter add column is_change boolean not null default true; -- the value is another one than before, or the first
update parameter set is_change = false
  from (select name, block_number,
               row_number() over before > 1 and value is not distinct from lag(value) over before as is_same
          from parameter window before as (partition by name order by block_number)) row
 where row.is_same and parameter.name = row.name and parameter.block_number = row.block_number;
create index parameter_change on parameter (name, block_number) where is_change;
create index parameter_change_block on parameter (block_number, name collate "C") where is_change;

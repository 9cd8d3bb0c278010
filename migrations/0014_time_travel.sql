-- What is asked for of the past is found by descents of an index, whose number does not grow with history. These are over
-- the light contracts' rows, one where there are a hundred transfers.

-- Lists of events that are narrowed down: by contract and kind, and either party. Each pair of contract and kind is a
-- list of its own in the index, so that a rare one among many is not searched for.
create index event_kind on event (contract, kind, block_number desc, log_index desc);
create index event_account_kind on event (account, contract, kind, block_number desc, log_index desc) where account is not null;
create index event_counterparty_kind on event (counterparty, contract, kind, block_number desc, log_index desc) where counterparty is not null;
drop index event_account;

-- What cools, by when it ends: what ends at some time later was begun at most the longest cooldown earlier.
create index position_svvv_cooling on position (svvv_cooling_ends_at, block_number, address) where svvv_cooling > 0;
create index position_diem_cooling on position (diem_cooling_ends_at, block_number, address) where diem_cooling > 0;

-- Nobody looks a block up by its hash, and to keep hashes in order cost as much as the rows themselves.
alter table block drop constraint block_hash_key;

-- The place of a transfer in the chain: an index like the two of accounts, so that a first backfill, whose cursor lets
-- nothing in twice, can go without it too. Building it finds out what would be there twice.
alter table vvv_transfer drop constraint vvv_transfer_pkey;
create unique index vvv_transfer_place on vvv_transfer (block_number, log_index);

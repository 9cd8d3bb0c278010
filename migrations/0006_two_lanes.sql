-- Each cursor has its own pace: in a first backfill capacity is at the head while supply is far behind.
alter table follower rename column blocks_per_second to capacity_blocks_per_second;
alter table follower add column supply_blocks_per_second double precision not null default 0;

-- Mints of VVV are light logs too: rewards are told by them, and capacity is followed without the other transfers. Each has
-- a row in `log` and one in `event` of kind 'mint', stored with the cursor of capacity, beside its row in `vvv_transfer`,
-- stored with that of supply.
comment on table log is 'Logs of the staking proxy and DIEM, and of VVV the mints and changes of owner: topics and data untouched, known or not.';
comment on table event is 'Decoded logs of `log`, one row each. Mints of VVV have the kind mint here and are shown as transfers only.';

-- Those stored until now, written back from their transfers.
create function pg_temp.word(value numeric) returns bytea language plpgsql as $$
declare
    word bytea := decode(repeat('00', 32), 'hex');
begin
    for position in reverse 31..0 loop
        word := set_byte(word, position, mod(value, 256)::integer);
        value := div(value, 256);
    end loop;
    return word;
end $$;

create temporary table mint on commit drop as
select block_number, log_index, tx_index, tx_hash, recipient, amount
  from vvv_transfer where sender = decode(repeat('00', 20), 'hex');

insert into log (block_number, log_index, tx_index, tx_hash, address, topics, data)
select block_number, log_index, tx_index, tx_hash, decode(substr(document #>> '{contracts,vvv}', 3), 'hex'),
       array[decode('ddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef', 'hex'), -- Transfer
             decode(repeat('00', 32), 'hex'),
             decode(repeat('00', 12), 'hex') || recipient],
       pg_temp.word(amount)
  from mint, deployment;

insert into event (block_number, log_index, contract, kind, account, amount)
select block_number, log_index, 'vvv', 'mint', recipient, amount from mint;

-- Rewards as StakingV2 adds them up. Null: not known, because nobody read them or something contradicted what was
-- derived; and always under the first implementation. Rows of an earlier derivation have nulls until they are derived anew.
alter table capacity_totals add column acc_unlocked   numeric(78, 0); -- VVV per unlocked sVVV since the start, units of 1e-36
alter table capacity_totals add column acc_locked     numeric(78, 0); -- the same per locked one
alter table capacity_totals add column rewarded_until bigint          -- until when they are added up, seconds since 1970
    check (num_nulls(acc_unlocked, acc_locked, rewarded_until) in (0, 3));

-- What an account's sVVV had earned when its rewards were last settled; pending is what it has earned since.
alter table position add column reward_debt numeric(78, 0);

-- A reading named reward_debts is of accounts: pairs of an address as a number and its debt, of everybody with sVVV.
comment on column reading.value is 'One word, the 256 cells of a curve table, or pairs of address and debt.';

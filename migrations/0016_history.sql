-- Names what is stored: what readers keep of one history is none of another. A number counted up does not, for it begins
-- anew in every database and goes back with a backup.
alter table derivation add column history uuid not null default gen_random_uuid(); -- another wherever `replays` is raised and a writer comes

-- A repair of the lane of supply takes back what that lane noted, and nothing else. Older rows are derived anew before
-- anybody is served.
alter table anomaly add column lane text not null default 'capacity' check (lane in ('capacity', 'supply'));
alter table anomaly alter column lane drop default;

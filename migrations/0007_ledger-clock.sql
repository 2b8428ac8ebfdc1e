-- A clock that is set back gives two stretches of time the same instants. With the first poll after it the history of a switch
-- begins anew: of what was committed before, nothing is read any more, and it goes with the retention. Every time is in
-- milliseconds since the epoch.
ALTER TABLE ledger_switch ADD COLUMN last_poll_at INTEGER;                        -- of the newest commit
ALTER TABLE ledger_switch ADD COLUMN begun_after_poll INTEGER NOT NULL DEFAULT 0; -- polls and calls up to these ids are
ALTER TABLE ledger_switch ADD COLUMN begun_after_call INTEGER NOT NULL DEFAULT 0; -- of another time

-- How numbers were read when countries were taken down, and since when so. Read otherwise, every country would be new.
ALTER TABLE ledger_switch ADD COLUMN numbering TEXT;
ALTER TABLE ledger_switch ADD COLUMN numbered_since INTEGER NOT NULL DEFAULT 0;

ALTER TABLE ledger_login ADD COLUMN last_listed_at INTEGER;  -- the last poll that brought a listing, sound or not

-- The first sound listing without the call, while an entry that cannot be read may be it: nobody saw it since. With ended_at
-- beside it the call was given up then, and nobody knows when it ended.
ALTER TABLE ledger_call ADD COLUMN absent_at INTEGER;
-- Which entry of a call that is listed once for each of its two accounts; NULL for the first.
ALTER TABLE ledger_call ADD COLUMN leg INTEGER;

UPDATE ledger_switch SET last_poll_at = (
  SELECT at FROM ledger_poll WHERE switch_id = ledger_switch.id AND id = ledger_switch.last_poll_id
);
UPDATE ledger_login SET last_listed_at = (
  SELECT max(at) FROM ledger_poll
  WHERE switch_id = ledger_login.switch_id AND login_id = ledger_login.id AND result <> 'failed'
);

-- Where the clock was set back before this was kept, nobody can tell the two times apart any more.
UPDATE ledger_switch SET
  begun_after_poll = last_poll_id,
  begun_after_call = (SELECT coalesce(max(id), 0) FROM ledger_call)
WHERE EXISTS (
  SELECT 1 FROM (
    SELECT at, lag(at) OVER (ORDER BY id) AS before FROM ledger_poll WHERE switch_id = ledger_switch.id
  ) WHERE at <= before
);
UPDATE ledger_call SET ended_at = last_seen_at
WHERE ended_at IS NULL AND switch_id IN (SELECT id FROM ledger_switch WHERE begun_after_poll > 0);
UPDATE ledger_login SET last_sound_at = NULL, last_listed_at = NULL
WHERE switch_id IN (SELECT id FROM ledger_switch WHERE begun_after_poll > 0);
DELETE FROM ledger_holding WHERE switch_id IN (SELECT id FROM ledger_switch WHERE begun_after_poll > 0);

-- Up to when calls of a login that ended have been deleted: of a window that begins before, nobody knows any more what was in it.
-- NULL where none has been; milliseconds since the epoch.
ALTER TABLE ledger_login ADD COLUMN pruned_until INTEGER;

-- What was deleted before this was kept had ended by whatever end is left, for the oldest went first. Where none is left, polls
-- were kept a day longer than calls; what has polls of less than a day has pruned none.
UPDATE ledger_login SET pruned_until = (
  SELECT coalesce(
    (
      SELECT c.ended_at FROM ledger_call AS c INDEXED BY ledger_call_ended
      WHERE c.switch_id = s.id AND c.ended_at IS NOT NULL AND c.id > s.begun_after_call ORDER BY c.ended_at LIMIT 1
    ),
    (
      SELECT p.at + 86400000 FROM ledger_poll AS p
      WHERE p.switch_id = s.id AND p.id > s.begun_after_poll AND p.at <= s.last_poll_at - 86400000 ORDER BY p.at LIMIT 1
    )
  ) FROM ledger_switch AS s WHERE s.id = ledger_login.switch_id
);

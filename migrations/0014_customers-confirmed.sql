-- What a process has to know of the customers that another one asked for: when the switch last said what a row states, which
-- may be long after it was learned, and what it has not said yet. Without it a process that begins anew, as every `once` does,
-- takes what has held for an hour for an hour old, asks for all of it again, and begins anew to wait for what has to be said twice.
ALTER TABLE ledger_customer ADD COLUMN answered_at INTEGER; -- its own listing came last then; milliseconds since the epoch, NULL for learned_at
ALTER TABLE ledger_customer ADD COLUMN placed_at INTEGER;   -- of the listings that lacked it, the one that is oldest by now; likewise
ALTER TABLE ledger_customer ADD COLUMN lacked_by TEXT;      -- JSON array: those above it whose last listing lacked it for the first time
ALTER TABLE ledger_customer ADD COLUMN unplaced_by TEXT;    -- JSON array: where it is not placed, whose listings alone do not tell; NULL for many

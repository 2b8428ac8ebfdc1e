-- When the switch last said what a row states, which may be long after it was learned. Without it a process that begins
-- anew, as every `once` does, takes what has held for an hour for an hour old, and asks for all of it again.
ALTER TABLE ledger_customer ADD COLUMN answered_at INTEGER; -- its own listing came last then; milliseconds since the epoch, NULL for learned_at
ALTER TABLE ledger_customer ADD COLUMN placed_at INTEGER;   -- of the listings that lacked it, the one that is oldest by now; likewise

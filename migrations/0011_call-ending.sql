-- How a call ended, which was known to the process that saw it alone. NULL in rows from before this was kept.
ALTER TABLE ledger_call ADD COLUMN ended_by REAL;          -- when the listing that told its end was there; milliseconds since the epoch
ALTER TABLE ledger_call ADD COLUMN ended_in_gap INTEGER;   -- 1 where it may have ended at any time since last_seen_at
ALTER TABLE ledger_call ADD COLUMN final_duration REAL;    -- DURATION as listed with the call over; seconds, NULL where it says nothing
ALTER TABLE ledger_call ADD COLUMN whole_seconds INTEGER;  -- 1 while every DURATION of it was a whole number: it may be cut off

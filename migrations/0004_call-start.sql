-- When a call started whose SETUP_TIME cannot be trusted: reckoned from its listed age, or its first sight by a switch that was
-- watched. NULL where setup_at is known, where nobody can say, and in rows written before; milliseconds since the epoch.
ALTER TABLE ledger_call ADD COLUMN started_at REAL;

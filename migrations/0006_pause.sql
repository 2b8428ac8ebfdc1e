-- The pauses in force: a person stopped acting on one switch, or on all. A working table: that somebody paused or resumed
-- is an event of the audit log (audit_administration), written in the same transaction as the change here. A pause that has
-- ended by itself stays until the next change, and says nothing. Every time is in milliseconds since the epoch.

CREATE TABLE pause (
  switch TEXT CHECK (switch <> ''),         -- NULL: all switches, also those that come later
  at INTEGER NOT NULL,
  until INTEGER CHECK (until > at),         -- NULL: until somebody resumes
  reason TEXT NOT NULL,
  actor TEXT NOT NULL
) STRICT;

-- One each; NULLs alone would not count as equal.
CREATE UNIQUE INDEX pause_of ON pause (ifnull(switch, ''));

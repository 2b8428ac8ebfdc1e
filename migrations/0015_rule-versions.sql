-- Which versions of rules are in force on a switch, and since when: what one did before it was changed, muted or taken out counts no
-- more once it comes back. A version without a row is one that no pass kept.
CREATE TABLE rule_version (
  switch TEXT NOT NULL,
  rule_hash TEXT NOT NULL,
  mode TEXT NOT NULL,                       -- enforce or monitor, by rule and config
  since INTEGER NOT NULL,                   -- the first pass with it, in milliseconds since the epoch; 0 where it may be older
  absent_since INTEGER,                     -- the first pass without it since the last one with it; NULL while there is none
  absent_passes INTEGER NOT NULL,           -- how many there were
  PRIMARY KEY (switch, rule_hash, mode)
) STRICT, WITHOUT ROWID;

-- When each version of a rule was in force on a switch: what it did before it was changed, muted or taken out counts no more once
-- it comes back. A source without rows is one whose passes never kept it.
CREATE TABLE rule_span (
  switch TEXT NOT NULL,
  source TEXT NOT NULL,                     -- the rules directory, as the config names it
  rule_hash TEXT NOT NULL,
  mode TEXT NOT NULL,                       -- enforce or monitor, by rule and config
  since INTEGER NOT NULL,                   -- the first pass with it, in milliseconds since the epoch; 0 where it may be older
  until INTEGER,                            -- the last poll with it; NULL while it is in force
  PRIMARY KEY (switch, source, rule_hash, mode, since)
) STRICT, WITHOUT ROWID;

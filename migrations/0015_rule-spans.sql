-- When each version of a rule was in force on a switch: what it did before it was changed, or taken out, counts no more once it
-- comes back. A switch without rows is one whose passes never kept it.
CREATE TABLE rule_span (
  switch TEXT NOT NULL,
  rule_hash TEXT NOT NULL,
  since INTEGER NOT NULL,                   -- the first pass with it, in milliseconds since the epoch; 0 where it may be older
  until INTEGER,                            -- the last poll with it; NULL while it is in force
  PRIMARY KEY (switch, rule_hash, since)
) STRICT, WITHOUT ROWID;

-- Which versions of rules are in force on a switch, for each source of rules by itself: passes of one config say nothing of whether
-- a rule of another one was changed. Records are counted by their number and not by their time, as clocks are set back.
-- What migration 0015 kept cannot say whose versions they were. A source without a row is one that no pass has used.
DROP TABLE rule_version;

CREATE TABLE rule_source (
  id INTEGER PRIMARY KEY,
  switch TEXT NOT NULL,
  config TEXT NOT NULL,                     -- absolute path of the config
  directory TEXT NOT NULL,                  -- absolute path of the rules, as the config says it
  mode TEXT NOT NULL,                       -- of the config
  used INTEGER NOT NULL,                    -- the higher, the later a pass went by it
  UNIQUE (switch, config, directory, mode)
) STRICT;

CREATE TABLE rule_version (
  source_id INTEGER NOT NULL REFERENCES rule_source (id),
  rule TEXT NOT NULL,
  rule_hash TEXT NOT NULL,
  mode TEXT NOT NULL,                       -- enforce or monitor, by rule and config
  cools_after INTEGER NOT NULL,             -- audit_action.id: for its cooldown counts what it did after this one
  climbs_after INTEGER NOT NULL,            -- the same for its escalation
  since INTEGER NOT NULL,                   -- from when on `for` counts, in milliseconds since the epoch
  absent_since INTEGER,                     -- the first pass of the config without it since the last one of the source with it
  absent_passes INTEGER NOT NULL,           -- how many passes of the source went without it since then
  other_passes INTEGER NOT NULL,            -- how many of other configs judged another version of the rule since then; at most 4
  PRIMARY KEY (source_id, rule, rule_hash, mode)
) STRICT, WITHOUT ROWID;

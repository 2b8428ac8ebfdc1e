-- Which rule files are in force, so that a restart compares what lies on disk with what it last trusted. One callwarden may
-- have had several rules directories; each stands for itself. Every time is in milliseconds since the epoch.

CREATE TABLE rules_file (
  directory TEXT NOT NULL,
  file TEXT NOT NULL,                       -- as messages name it, e.g. rules/lists/high-risk.txt
  kind TEXT NOT NULL CHECK (kind IN ('rules', 'list', 'limits')),
  text TEXT NOT NULL,
  kept_at INTEGER NOT NULL,
  PRIMARY KEY (directory, file)
) STRICT;

-- Lists and limits that a person accepted although they lost many entries at once.
CREATE TABLE rules_accepted (
  directory TEXT NOT NULL,
  hash TEXT NOT NULL,                       -- SHA-256 of the text, in hex
  file TEXT NOT NULL,
  actor TEXT NOT NULL,
  at INTEGER NOT NULL,
  PRIMARY KEY (directory, hash, file)
) STRICT, WITHOUT ROWID;

-- What a service last said of its rules, for `callwarden status`.
CREATE TABLE rules_report (
  directory TEXT PRIMARY KEY,
  report TEXT NOT NULL CHECK (json_valid(report))
) STRICT;

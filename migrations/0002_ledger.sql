-- The ledger: the calls seen over passes, which windowed facts, `for` and backtests read. Unlike the audit log it forgets:
-- what is older than the retention is deleted. Every time is in milliseconds since the epoch.

CREATE TABLE ledger_switch (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  last_poll_id INTEGER NOT NULL DEFAULT 0   -- counts the commits of this switch; outlives the polls themselves
) STRICT;

CREATE TABLE ledger_login (
  id INTEGER PRIMARY KEY,
  switch_id INTEGER NOT NULL REFERENCES ledger_switch (id),
  name TEXT NOT NULL,                       -- under whose rights was listed, e.g. login:ops
  last_sound_at INTEGER,                    -- the last sound poll; calls that it showed and nobody ended were live then
  UNIQUE (switch_id, name)
) STRICT;

CREATE TABLE ledger_poll (
  switch_id INTEGER NOT NULL REFERENCES ledger_switch (id),
  at INTEGER NOT NULL,
  id INTEGER NOT NULL,                      -- of the commit, per switch
  login_id INTEGER NOT NULL REFERENCES ledger_login (id),
  interval_ms INTEGER NOT NULL,
  result TEXT NOT NULL CHECK (result IN ('sound', 'suspect', 'failed')),
  PRIMARY KEY (switch_id, at, id)
) STRICT, WITHOUT ROWID;

-- One row per call and switch. Most of a database is this table and its indexes, so what repeats in every row is a number
-- here. REAL where fractions occur; whole numbers take no more room in it than as INTEGER.
CREATE TABLE ledger_call (
  id INTEGER PRIMARY KEY,
  identity_hash INTEGER NOT NULL,           -- 32 bits over switch_id, ref, call_id and setup_time; only narrows a search
  switch_id INTEGER NOT NULL REFERENCES ledger_switch (id),
  login_id INTEGER NOT NULL REFERENCES ledger_login (id),
  ref TEXT NOT NULL,                        -- ID of the call on the switch
  call_id TEXT NOT NULL,                    -- CALL_ID, the SIP Call-ID
  setup_time TEXT,                          -- SETUP_TIME as listed
  first_seen_at INTEGER NOT NULL,
  last_seen_at INTEGER NOT NULL,
  ended_at INTEGER,                         -- NULL while it lives
  setup_at REAL,
  connected_at REAL,
  cut_at REAL,
  last_duration REAL,                       -- seconds, as is last_delay
  last_delay REAL,
  account INTEGER,
  customer INTEGER,
  connection INTEGER,
  environment INTEGER,
  cli TEXT,
  cld TEXT,
  direction TEXT,
  caller_media_ip TEXT,
  callee_media_ip TEXT,
  vendors TEXT,                             -- JSON: IDs, ascending; NULL for none
  states TEXT NOT NULL                      -- JSON: state, milliseconds after first_seen_at, state, …
) STRICT;

-- The identity itself would take several times the room of its hash.
CREATE INDEX ledger_call_identity ON ledger_call (identity_hash);
CREATE INDEX ledger_call_live ON ledger_call (switch_id, login_id, first_seen_at) WHERE ended_at IS NULL;
-- With first_seen_at, so that calls can be put in that order before their rows are read.
CREATE INDEX ledger_call_ended ON ledger_call (switch_id, ended_at, first_seen_at) WHERE ended_at IS NOT NULL;

CREATE TABLE ledger_country (
  switch_id INTEGER NOT NULL REFERENCES ledger_switch (id),
  account INTEGER NOT NULL,
  country TEXT NOT NULL,
  first_at REAL NOT NULL,
  last_at REAL NOT NULL,
  PRIMARY KEY (switch_id, account, country)
) STRICT, WITHOUT ROWID;

CREATE INDEX ledger_country_last ON ledger_country (last_at);

CREATE TABLE ledger_account (
  switch_id INTEGER NOT NULL REFERENCES ledger_switch (id),
  account INTEGER NOT NULL,
  first_at REAL NOT NULL,
  PRIMARY KEY (switch_id, account)
) STRICT, WITHOUT ROWID;

-- Since when a subject has violated a version of a rule without a break.
CREATE TABLE ledger_holding (
  switch_id INTEGER NOT NULL REFERENCES ledger_switch (id),
  rule_hash TEXT NOT NULL,
  subject TEXT NOT NULL,
  rule TEXT NOT NULL,
  since INTEGER NOT NULL,
  last_at INTEGER NOT NULL,
  PRIMARY KEY (switch_id, rule_hash, subject)
) STRICT, WITHOUT ROWID;

-- When which version of a rule acted: working tables derived from the audit log by the trigger below, asked at every pass.
-- An index of the log would lead through all that was withheld, and through every call under an account action.

CREATE TABLE acted_rule (
  id INTEGER PRIMARY KEY,
  switch TEXT NOT NULL,
  rule_hash TEXT NOT NULL,
  mode TEXT NOT NULL,
  UNIQUE (switch, rule_hash, mode)
) STRICT;

CREATE TABLE acted_record (
  acted_rule_id INTEGER NOT NULL REFERENCES acted_rule (id),
  at INTEGER NOT NULL,
  action_id INTEGER NOT NULL,
  PRIMARY KEY (acted_rule_id, at, action_id)
) STRICT, WITHOUT ROWID;

-- An alert with a reason is a safeguard's, not the rule's. A call under an account or customer action was taken with it;
-- one under a whole that was withheld was cut in its place.
CREATE VIEW acted_action AS
SELECT a.id AS id, a.switch AS switch, a.rule_hash AS rule_hash, a.mode AS mode, a.at AS at
FROM audit_action AS a JOIN audit_outcome AS o ON o.action_id = a.id
WHERE (
  (a.mode = 'enforce' AND o.outcome IN ('disconnected', 'already-gone', 'failed', 'unknown'))
  OR (a.mode = 'enforce' AND o.outcome = 'alerted' AND o.reason IS NULL)
  OR (a.mode = 'monitor' AND o.outcome = 'monitored' AND o.reason IS NOT 'dry-run')
) AND (
  a.parent IS NULL
  OR (SELECT whole.outcome FROM audit_outcome AS whole WHERE whole.action_id = a.parent) = 'withheld'
);

INSERT INTO acted_rule (switch, rule_hash, mode) SELECT DISTINCT switch, rule_hash, mode FROM acted_action;
INSERT INTO acted_record (acted_rule_id, at, action_id)
SELECT r.id, a.at, a.id FROM acted_action AS a
JOIN acted_rule AS r ON r.switch = a.switch AND r.rule_hash = a.rule_hash AND r.mode = a.mode;

-- NOT EXISTS rather than OR IGNORE: inside a trigger the conflict clause of the outer statement wins.
CREATE TRIGGER audit_outcome_acted AFTER INSERT ON audit_outcome
WHEN NEW.outcome <> 'withheld'
BEGIN
  INSERT INTO acted_rule (switch, rule_hash, mode)
  SELECT a.switch, a.rule_hash, a.mode FROM acted_action AS a
  WHERE a.id = NEW.action_id AND NOT EXISTS (
    SELECT 1 FROM acted_rule AS r WHERE r.switch = a.switch AND r.rule_hash = a.rule_hash AND r.mode = a.mode
  );
  INSERT INTO acted_record (acted_rule_id, at, action_id)
  SELECT r.id, a.at, a.id FROM acted_action AS a
  JOIN acted_rule AS r ON r.switch = a.switch AND r.rule_hash = a.rule_hash AND r.mode = a.mode
  WHERE a.id = NEW.action_id;
END;

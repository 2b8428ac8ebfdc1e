-- The audit log. Rows of tables named audit_… are only ever added: an action is one row, written before its request
-- leaves; its outcome and its confirmations are rows of their own, written when they are known. The view audit_record
-- at the end shows them together, under the names that `callwarden audit -o jsonl` prints.

CREATE TABLE audit_action (
  id INTEGER PRIMARY KEY AUTOINCREMENT CHECK (id > 0),
  parent INTEGER REFERENCES audit_action (id),
  at INTEGER NOT NULL,            -- milliseconds since the epoch, like every time in this file
  switch TEXT NOT NULL,
  pass_id TEXT NOT NULL,
  rule TEXT NOT NULL,
  rule_hash TEXT NOT NULL,
  scope TEXT NOT NULL,
  subject TEXT NOT NULL,
  action TEXT NOT NULL,
  target TEXT NOT NULL,
  mode TEXT NOT NULL,
  actor TEXT NOT NULL,
  login TEXT NOT NULL,            -- under whose rights the calls were listed, e.g. login:ops
  account INTEGER,
  customer INTEGER,
  call_ref TEXT,                  -- ID of the call on the switch
  call_id TEXT,                   -- CALL_ID, the SIP Call-ID; set exactly where the record takes or judges one call
  setup_time TEXT,                -- SETUP_TIME as listed
  cli TEXT,
  cld TEXT,
  evidence TEXT NOT NULL CHECK (json_valid(evidence)),
  -- Without separators and without a leading + or 00, so that +49 30 1 and 0049301 are one number to a search.
  cli_number TEXT GENERATED ALWAYS AS (
    CASE WHEN substr(replace(replace(replace(replace(replace(replace(cli, '+', ''), ' ', ''), '-', ''), '.', ''), '(', ''), ')', ''), 1, 2) = '00'
         THEN substr(replace(replace(replace(replace(replace(replace(cli, '+', ''), ' ', ''), '-', ''), '.', ''), '(', ''), ')', ''), 3)
         ELSE replace(replace(replace(replace(replace(replace(cli, '+', ''), ' ', ''), '-', ''), '.', ''), '(', ''), ')', '') END
  ) VIRTUAL,
  cld_number TEXT GENERATED ALWAYS AS (
    CASE WHEN substr(replace(replace(replace(replace(replace(replace(cld, '+', ''), ' ', ''), '-', ''), '.', ''), '(', ''), ')', ''), 1, 2) = '00'
         THEN substr(replace(replace(replace(replace(replace(replace(cld, '+', ''), ' ', ''), '-', ''), '.', ''), '(', ''), ')', ''), 3)
         ELSE replace(replace(replace(replace(replace(replace(cld, '+', ''), ' ', ''), '-', ''), '.', ''), '(', ''), ')', '') END
  ) VIRTUAL
) STRICT;

CREATE INDEX audit_action_at ON audit_action (at);
CREATE INDEX audit_action_account ON audit_action (account, at) WHERE account IS NOT NULL;
CREATE INDEX audit_action_customer ON audit_action (customer, at) WHERE customer IS NOT NULL;
CREATE INDEX audit_action_call_ref ON audit_action (call_ref, at) WHERE call_ref IS NOT NULL;
CREATE INDEX audit_action_call_id ON audit_action (call_id, at) WHERE call_id IS NOT NULL;
CREATE INDEX audit_action_cli ON audit_action (cli_number, at) WHERE cli_number IS NOT NULL;
CREATE INDEX audit_action_cld ON audit_action (cld_number, at) WHERE cld_number IS NOT NULL;
CREATE INDEX audit_action_parent ON audit_action (parent) WHERE parent IS NOT NULL;

CREATE TABLE audit_outcome (
  action_id INTEGER PRIMARY KEY REFERENCES audit_action (id),
  at INTEGER NOT NULL,
  outcome TEXT NOT NULL,
  reason TEXT,
  count INTEGER,
  latency_ms INTEGER,
  error TEXT
) STRICT;

-- What the switch was told, or may have been told: asked for at every pass, so it must not wade through the rest.
CREATE INDEX audit_outcome_sent ON audit_outcome (at) WHERE outcome IN ('disconnected', 'unknown', 'already-gone', 'failed');

CREATE TABLE audit_confirmation (
  id INTEGER PRIMARY KEY AUTOINCREMENT CHECK (id > 0),
  action_id INTEGER NOT NULL REFERENCES audit_action (id),
  at INTEGER NOT NULL,
  confirmed INTEGER NOT NULL CHECK (confirmed IN (0, 1)),
  UNIQUE (action_id, confirmed)
) STRICT;

-- Append-only. INSERT OR REPLACE deletes the old row without firing delete triggers (unless recursive_triggers is on),
-- so inserts over an existing row are refused as well. In a BEFORE trigger a rowid not yet chosen reads as -1.

CREATE TRIGGER audit_action_no_update BEFORE UPDATE ON audit_action
BEGIN SELECT RAISE(ABORT, 'audit_action is append-only: rows cannot be changed'); END;
CREATE TRIGGER audit_action_no_delete BEFORE DELETE ON audit_action
BEGIN SELECT RAISE(ABORT, 'audit_action is append-only: rows cannot be deleted'); END;
CREATE TRIGGER audit_action_no_replace BEFORE INSERT ON audit_action
WHEN NEW.id <> -1 AND NEW.id <= (SELECT max(id) FROM audit_action)
BEGIN SELECT RAISE(ABORT, 'audit_action is append-only: rows are added at the end'); END;

CREATE TRIGGER audit_outcome_no_update BEFORE UPDATE ON audit_outcome
BEGIN SELECT RAISE(ABORT, 'audit_outcome is append-only: rows cannot be changed'); END;
CREATE TRIGGER audit_outcome_no_delete BEFORE DELETE ON audit_outcome
BEGIN SELECT RAISE(ABORT, 'audit_outcome is append-only: rows cannot be deleted'); END;
CREATE TRIGGER audit_outcome_no_replace BEFORE INSERT ON audit_outcome
WHEN EXISTS (SELECT 1 FROM audit_outcome WHERE action_id = NEW.action_id)
BEGIN SELECT RAISE(ABORT, 'audit_outcome is append-only: the action has its outcome already'); END;

CREATE TRIGGER audit_confirmation_no_update BEFORE UPDATE ON audit_confirmation
BEGIN SELECT RAISE(ABORT, 'audit_confirmation is append-only: rows cannot be changed'); END;
CREATE TRIGGER audit_confirmation_no_delete BEFORE DELETE ON audit_confirmation
BEGIN SELECT RAISE(ABORT, 'audit_confirmation is append-only: rows cannot be deleted'); END;
CREATE TRIGGER audit_confirmation_no_replace BEFORE INSERT ON audit_confirmation
WHEN EXISTS (SELECT 1 FROM audit_confirmation WHERE id = NEW.id)
  OR EXISTS (SELECT 1 FROM audit_confirmation WHERE action_id = NEW.action_id AND confirmed >= NEW.confirmed)
BEGIN SELECT RAISE(ABORT, 'audit_confirmation is append-only: a confirmation can only go from false to true'); END;

-- Working tables, derived from the log by the triggers below; they hold nothing that the log does not.
--
-- A facet is one combination of the columns with few values. There are some hundreds of them, so any question about
-- these columns is a handful of facets, each with its records in order of time: no combination needs an index of its own.

CREATE TABLE search_facet (
  id INTEGER PRIMARY KEY,
  switch TEXT NOT NULL,
  rule TEXT NOT NULL,
  action TEXT NOT NULL,
  mode TEXT NOT NULL,
  outcome TEXT NOT NULL,          -- '' while the request is under way
  UNIQUE (switch, rule, action, mode, outcome)
) STRICT;

CREATE TABLE search_record (
  facet_id INTEGER NOT NULL REFERENCES search_facet (id),
  at INTEGER NOT NULL,
  action_id INTEGER NOT NULL,
  PRIMARY KEY (facet_id, at, action_id)
) STRICT, WITHOUT ROWID;

-- Disconnected calls that no listing has shown to be gone yet.
CREATE TABLE unconfirmed_call (
  switch TEXT NOT NULL,
  action_id INTEGER NOT NULL,
  PRIMARY KEY (switch, action_id)
) STRICT, WITHOUT ROWID;

-- NOT EXISTS rather than OR IGNORE: inside a trigger the conflict clause of the outer statement wins.

CREATE TRIGGER audit_action_search AFTER INSERT ON audit_action
BEGIN
  INSERT INTO search_facet (switch, rule, action, mode, outcome)
  SELECT NEW.switch, NEW.rule, NEW.action, NEW.mode, ''
  WHERE NOT EXISTS (
    SELECT 1 FROM search_facet
    WHERE switch = NEW.switch AND rule = NEW.rule AND action = NEW.action AND mode = NEW.mode AND outcome = ''
  );
  INSERT INTO search_record (facet_id, at, action_id)
  SELECT id, NEW.at, NEW.id FROM search_facet
  WHERE switch = NEW.switch AND rule = NEW.rule AND action = NEW.action AND mode = NEW.mode AND outcome = '';
END;

CREATE TRIGGER audit_outcome_search AFTER INSERT ON audit_outcome
BEGIN
  INSERT INTO search_facet (switch, rule, action, mode, outcome)
  SELECT a.switch, a.rule, a.action, a.mode, NEW.outcome FROM audit_action AS a
  WHERE a.id = NEW.action_id AND NOT EXISTS (
    SELECT 1 FROM search_facet AS f
    WHERE f.switch = a.switch AND f.rule = a.rule AND f.action = a.action AND f.mode = a.mode AND f.outcome = NEW.outcome
  );
  DELETE FROM search_record WHERE (facet_id, at, action_id) = (
    SELECT f.id, a.at, a.id FROM audit_action AS a CROSS JOIN search_facet AS f
    ON f.switch = a.switch AND f.rule = a.rule AND f.action = a.action AND f.mode = a.mode AND f.outcome = ''
    WHERE a.id = NEW.action_id
  );
  INSERT INTO search_record (facet_id, at, action_id)
  SELECT f.id, a.at, a.id FROM audit_action AS a CROSS JOIN search_facet AS f
  ON f.switch = a.switch AND f.rule = a.rule AND f.action = a.action AND f.mode = a.mode AND f.outcome = NEW.outcome
  WHERE a.id = NEW.action_id;
END;

CREATE TRIGGER audit_outcome_unconfirmed AFTER INSERT ON audit_outcome
WHEN NEW.outcome IN ('disconnected', 'unknown', 'already-gone')
BEGIN
  INSERT INTO unconfirmed_call (switch, action_id)
  SELECT switch, id FROM audit_action WHERE id = NEW.action_id AND call_id IS NOT NULL;
END;

CREATE TRIGGER audit_confirmation_confirmed AFTER INSERT ON audit_confirmation
WHEN NEW.confirmed = 1
BEGIN
  DELETE FROM unconfirmed_call
  WHERE action_id = NEW.action_id AND switch = (SELECT switch FROM audit_action WHERE id = NEW.action_id);
END;

-- One row per record, with the names and the order of `callwarden audit -o jsonl`. An account or customer action is
-- confirmed when all the calls it took are, and refuted when one of them is still there.

CREATE VIEW audit_record AS
SELECT
  a.id AS id,
  a.parent AS parent,
  strftime('%Y-%m-%dT%H:%M:%fZ', a.at / 1000.0, 'unixepoch') AS at,
  a.switch AS switch,
  a.pass_id AS passId,
  a.rule AS rule,
  a.rule_hash AS ruleHash,
  a.scope AS scope,
  a.subject AS subject,
  a.action AS action,
  a.target AS target,
  a.mode AS mode,
  o.outcome AS outcome,
  CASE
    WHEN o.outcome IS NULL OR o.outcome NOT IN ('disconnected', 'unknown', 'already-gone') THEN NULL
    WHEN a.call_id IS NOT NULL
      THEN (SELECT max(c.confirmed) FROM audit_confirmation AS c WHERE c.action_id = a.id)
    ELSE (
      SELECT CASE WHEN min(taken.confirmed) = 0 OR count(taken.confirmed) = count(*) THEN min(taken.confirmed) END
      FROM (
        SELECT (SELECT max(c.confirmed) FROM audit_confirmation AS c WHERE c.action_id = child.id) AS confirmed
        FROM audit_action AS child WHERE child.parent = a.id
      ) AS taken
    )
  END AS confirmed,
  o.count AS count,
  o.reason AS reason,
  a.actor AS actor,
  a.account AS account,
  a.customer AS customer,
  a.call_id AS callId,
  a.cli AS cli,
  a.cld AS cld,
  o.latency_ms AS latencyMs,
  o.error AS error,
  a.evidence AS evidence
FROM audit_action AS a LEFT JOIN audit_outcome AS o ON o.action_id = a.id;

-- What each pass came to, for `callwarden status`. Not part of the audit log: only the newest are kept.

CREATE TABLE pass (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  switch TEXT NOT NULL,
  pass_id TEXT NOT NULL,
  started_at INTEGER NOT NULL,
  duration_ms INTEGER NOT NULL,
  status TEXT NOT NULL,
  error_code TEXT,
  error_message TEXT,
  calls INTEGER NOT NULL,
  suspect INTEGER NOT NULL,
  violations INTEGER NOT NULL,
  indeterminate INTEGER NOT NULL, -- subjects that could not be judged, over all rules
  actions TEXT NOT NULL           -- JSON: how many actions came to which outcome
) STRICT;

CREATE INDEX pass_order ON pass (switch, id);
CREATE INDEX pass_status ON pass (switch, status, id);
CREATE INDEX pass_time ON pass (switch, started_at);

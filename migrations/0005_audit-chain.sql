-- The chain of the audit log. Every row of audit_action, audit_outcome, audit_confirmation and audit_administration is an
-- event with a number of its own, written in the row's transaction by the triggers …_chain below. Its hash is the SHA-256 of
--
--   the hash of the event before it (32 bytes; zeros before the first), then as fields
--   its number, its kind, and of each column of the row that is not NULL, in the order of the table, the name and the value.
--
-- A field is a letter for the type (i integer, t text), the length of the value in bytes as decimal digits, a colon and the
-- value: integers as decimal digits, text as it is stored, in UTF-8. Action 7 at event 9 begins i1:9t6:actiont2:idi1:7. A NULL
-- leaves nothing, so a column that a later version adds does not change the hashes of the rows before it. Generated columns
-- are not part of it.
--
-- audit_hash is a function of callwarden's own writing connections: any program can read the log, no other can add to it
-- by accident.

-- What people did to the service itself.
CREATE TABLE audit_administration (
  id INTEGER PRIMARY KEY AUTOINCREMENT CHECK (id > 0),
  at INTEGER NOT NULL,
  actor TEXT NOT NULL,
  kind TEXT NOT NULL,             -- begun | paused | resumed | pruned
  switch TEXT,                    -- NULL for all of them
  reason TEXT,
  detail TEXT CHECK (detail IS NULL OR json_valid(detail))
) STRICT;

CREATE TABLE audit_event (
  seq INTEGER PRIMARY KEY AUTOINCREMENT CHECK (seq > 0),
  kind TEXT NOT NULL CHECK (kind IN ('action', 'outcome', 'confirmation', 'administration')),
  ref INTEGER NOT NULL,           -- id of the row; of an outcome its action_id
  hash BLOB NOT NULL CHECK (length(hash) = 32)
) STRICT;

-- Heads of the chain that were signed: every prune leaves the one that seals its span.
CREATE TABLE audit_checkpoint (
  id INTEGER PRIMARY KEY AUTOINCREMENT CHECK (id > 0),
  sequence INTEGER NOT NULL,      -- number of the event
  hash TEXT NOT NULL,
  at TEXT NOT NULL,               -- as it was signed
  key TEXT NOT NULL,
  signature TEXT NOT NULL
) STRICT;

-- What the next event follows. Numbers of events whose end of the log was cut off are not given again, so that the gap shows;
-- a transaction that is rolled back gives its numbers back, sqlite_sequence included.
CREATE VIEW audit_head AS
SELECT
  max(
    coalesce((SELECT max(seq) FROM audit_event), 0),
    coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'audit_event'), 0)
  ) AS seq,
  coalesce((SELECT hash FROM audit_event ORDER BY seq DESC LIMIT 1), zeroblob(32)) AS hash;

-- How far the log was pruned: what is in the span that the last record of it names may be deleted, and is in the same
-- transaction. Events of a span are of actions up to last_action; see createAuditChain for why none of theirs stays.
CREATE VIEW audit_pruned AS
SELECT
  id AS id,
  detail ->> '$.to' AS event,
  detail ->> '$.hash' AS hash,
  detail ->> '$.lastAction' AS last_action,
  detail ->> '$.lastAdministration' AS last_administration
FROM audit_administration WHERE kind = 'pruned' ORDER BY id DESC LIMIT 1;

-- Append-only, but for what was pruned.

CREATE TRIGGER audit_administration_no_update BEFORE UPDATE ON audit_administration
BEGIN SELECT RAISE(ABORT, 'audit_administration is append-only: rows cannot be changed'); END;
CREATE TRIGGER audit_administration_no_delete BEFORE DELETE ON audit_administration
WHEN NOT EXISTS (SELECT 1 FROM audit_pruned WHERE OLD.id <= last_administration)
BEGIN SELECT RAISE(ABORT, 'audit_administration is append-only: rows cannot be deleted'); END;
CREATE TRIGGER audit_administration_no_replace BEFORE INSERT ON audit_administration
WHEN NEW.id <> -1 AND NEW.id <= (SELECT max(id) FROM audit_administration)
BEGIN SELECT RAISE(ABORT, 'audit_administration is append-only: rows are added at the end'); END;

CREATE TRIGGER audit_event_no_update BEFORE UPDATE ON audit_event
BEGIN SELECT RAISE(ABORT, 'audit_event is append-only: rows cannot be changed'); END;
CREATE TRIGGER audit_event_no_delete BEFORE DELETE ON audit_event
WHEN NOT EXISTS (SELECT 1 FROM audit_pruned WHERE OLD.seq <= event)
BEGIN SELECT RAISE(ABORT, 'audit_event is append-only: rows cannot be deleted'); END;
CREATE TRIGGER audit_event_no_replace BEFORE INSERT ON audit_event
WHEN NEW.seq <> (SELECT seq + 1 FROM audit_head)
BEGIN SELECT RAISE(ABORT, 'audit_event is append-only: rows are added at the end'); END;

CREATE TRIGGER audit_checkpoint_no_update BEFORE UPDATE ON audit_checkpoint
BEGIN SELECT RAISE(ABORT, 'audit_checkpoint is append-only: rows cannot be changed'); END;
CREATE TRIGGER audit_checkpoint_no_delete BEFORE DELETE ON audit_checkpoint
BEGIN SELECT RAISE(ABORT, 'audit_checkpoint is append-only: rows cannot be deleted'); END;
CREATE TRIGGER audit_checkpoint_no_replace BEFORE INSERT ON audit_checkpoint
WHEN NEW.id <> -1 AND NEW.id <= (SELECT max(id) FROM audit_checkpoint)
BEGIN SELECT RAISE(ABORT, 'audit_checkpoint is append-only: rows are added at the end'); END;

DROP TRIGGER audit_action_no_delete;
CREATE TRIGGER audit_action_no_delete BEFORE DELETE ON audit_action
WHEN NOT EXISTS (SELECT 1 FROM audit_pruned WHERE OLD.id <= last_action)
BEGIN SELECT RAISE(ABORT, 'audit_action is append-only: rows cannot be deleted'); END;
DROP TRIGGER audit_action_no_replace;
CREATE TRIGGER audit_action_no_replace BEFORE INSERT ON audit_action
WHEN NEW.id <> -1 AND (
  NEW.id <= (SELECT max(id) FROM audit_action) OR NEW.id <= (SELECT last_action FROM audit_pruned)
)
BEGIN SELECT RAISE(ABORT, 'audit_action is append-only: rows are added at the end'); END;

DROP TRIGGER audit_outcome_no_delete;
CREATE TRIGGER audit_outcome_no_delete BEFORE DELETE ON audit_outcome
WHEN NOT EXISTS (SELECT 1 FROM audit_pruned WHERE OLD.action_id <= last_action)
BEGIN SELECT RAISE(ABORT, 'audit_outcome is append-only: rows cannot be deleted'); END;

DROP TRIGGER audit_confirmation_no_delete;
CREATE TRIGGER audit_confirmation_no_delete BEFORE DELETE ON audit_confirmation
WHEN NOT EXISTS (SELECT 1 FROM audit_pruned WHERE OLD.action_id <= last_action)
BEGIN SELECT RAISE(ABORT, 'audit_confirmation is append-only: rows cannot be deleted'); END;

-- The events. Text is handed over as its bytes: it need not be valid UTF-8, and must not be made so on the way.

CREATE TRIGGER audit_action_chain AFTER INSERT ON audit_action
BEGIN
  INSERT INTO audit_event (seq, kind, ref, hash)
  SELECT h.seq + 1, 'action', NEW.id, audit_hash(
    h.hash, h.seq + 1, 'action',
    'id', NEW.id, 'parent', NEW.parent, 'at', NEW.at, 'switch', CAST(NEW.switch AS BLOB),
    'pass_id', CAST(NEW.pass_id AS BLOB), 'rule', CAST(NEW.rule AS BLOB), 'rule_hash', CAST(NEW.rule_hash AS BLOB),
    'scope', CAST(NEW.scope AS BLOB), 'subject', CAST(NEW.subject AS BLOB), 'action', CAST(NEW.action AS BLOB),
    'target', CAST(NEW.target AS BLOB), 'mode', CAST(NEW.mode AS BLOB), 'actor', CAST(NEW.actor AS BLOB),
    'login', CAST(NEW.login AS BLOB), 'account', NEW.account, 'customer', NEW.customer,
    'call_ref', CAST(NEW.call_ref AS BLOB), 'call_id', CAST(NEW.call_id AS BLOB),
    'setup_time', CAST(NEW.setup_time AS BLOB), 'cli', CAST(NEW.cli AS BLOB), 'cld', CAST(NEW.cld AS BLOB),
    'evidence', CAST(NEW.evidence AS BLOB)
  )
  FROM audit_head AS h;
END;

CREATE TRIGGER audit_outcome_chain AFTER INSERT ON audit_outcome
BEGIN
  INSERT INTO audit_event (seq, kind, ref, hash)
  SELECT h.seq + 1, 'outcome', NEW.action_id, audit_hash(
    h.hash, h.seq + 1, 'outcome',
    'action_id', NEW.action_id, 'at', NEW.at, 'outcome', CAST(NEW.outcome AS BLOB),
    'reason', CAST(NEW.reason AS BLOB), 'count', NEW.count, 'latency_ms', NEW.latency_ms,
    'error', CAST(NEW.error AS BLOB)
  )
  FROM audit_head AS h;
END;

CREATE TRIGGER audit_confirmation_chain AFTER INSERT ON audit_confirmation
BEGIN
  INSERT INTO audit_event (seq, kind, ref, hash)
  SELECT h.seq + 1, 'confirmation', NEW.id, audit_hash(
    h.hash, h.seq + 1, 'confirmation',
    'id', NEW.id, 'action_id', NEW.action_id, 'at', NEW.at, 'confirmed', NEW.confirmed
  )
  FROM audit_head AS h;
END;

CREATE TRIGGER audit_administration_chain AFTER INSERT ON audit_administration
BEGIN
  INSERT INTO audit_event (seq, kind, ref, hash)
  SELECT h.seq + 1, 'administration', NEW.id, audit_hash(
    h.hash, h.seq + 1, 'administration',
    'id', NEW.id, 'at', NEW.at, 'actor', CAST(NEW.actor AS BLOB), 'kind', CAST(NEW.kind AS BLOB),
    'switch', CAST(NEW.switch AS BLOB), 'reason', CAST(NEW.reason AS BLOB), 'detail', CAST(NEW.detail AS BLOB)
  )
  FROM audit_head AS h;
END;

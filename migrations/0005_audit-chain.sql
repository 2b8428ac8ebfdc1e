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
-- audit_hash(hash before, message) is a function of callwarden's own writing connections: any program can read the log, no
-- other can add to it by accident.

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

-- What was pruned, by whom and why, for ever: one row for each span, signed. It names the one before by the SHA-256 of what was
-- signed then and of the signature, so none can be taken out or put in.
CREATE TABLE audit_seal (
  id INTEGER PRIMARY KEY AUTOINCREMENT CHECK (id > 0),
  first_event INTEGER NOT NULL,
  last_event INTEGER NOT NULL,
  events INTEGER NOT NULL,
  actions INTEGER NOT NULL,
  last_action INTEGER NOT NULL,         -- the greatest ids in the span; 0 where there were none
  last_administration INTEGER NOT NULL,
  hash TEXT NOT NULL,                   -- of the last event, in lower-case hex: the chain goes on from it
  begun TEXT NOT NULL,                  -- of the first event of the log: whose log it is
  previous TEXT NOT NULL,               -- zeros where there is none
  at TEXT NOT NULL,                     -- as it was signed
  actor TEXT NOT NULL,
  reason TEXT NOT NULL,
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

-- How far the log was pruned: what is in the span of the last seal may be deleted, and is in the same transaction. Events of a
-- span are of actions up to last_action; see createAuditChain for why none of theirs stays.
CREATE VIEW audit_pruned AS
SELECT id, last_event AS event, hash, last_action, last_administration FROM audit_seal ORDER BY id DESC LIMIT 1;

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

CREATE TRIGGER audit_seal_no_update BEFORE UPDATE ON audit_seal
BEGIN SELECT RAISE(ABORT, 'audit_seal is append-only: rows cannot be changed'); END;
CREATE TRIGGER audit_seal_no_delete BEFORE DELETE ON audit_seal
BEGIN SELECT RAISE(ABORT, 'audit_seal is append-only: rows cannot be deleted'); END;
CREATE TRIGGER audit_seal_no_replace BEFORE INSERT ON audit_seal
WHEN NEW.id <> -1 AND NEW.id <= (SELECT max(id) FROM audit_seal)
BEGIN SELECT RAISE(ABORT, 'audit_seal is append-only: rows are added at the end'); END;

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

-- The events. The message is put together here from the bytes that are stored: text need not be valid UTF-8, and must not be
-- made so on the way. concat leaves out what is NULL.

CREATE TRIGGER audit_action_chain AFTER INSERT ON audit_action
BEGIN
  INSERT INTO audit_event (seq, kind, ref, hash)
  SELECT h.seq + 1, 'action', NEW.id, audit_hash(h.hash, CAST(concat(
    'i' || octet_length(h.seq + 1) || ':' || (h.seq + 1) || 't6:action',
    't2:idi' || octet_length(NEW.id) || ':' || NEW.id,
    't6:parenti' || octet_length(NEW.parent) || ':' || NEW.parent,
    't2:ati' || octet_length(NEW.at) || ':' || NEW.at,
    't6:switcht' || octet_length(NEW.switch) || ':' || NEW.switch,
    't7:pass_idt' || octet_length(NEW.pass_id) || ':' || NEW.pass_id,
    't4:rulet' || octet_length(NEW.rule) || ':' || NEW.rule,
    't9:rule_hasht' || octet_length(NEW.rule_hash) || ':' || NEW.rule_hash,
    't5:scopet' || octet_length(NEW.scope) || ':' || NEW.scope,
    't7:subjectt' || octet_length(NEW.subject) || ':' || NEW.subject,
    't6:actiont' || octet_length(NEW.action) || ':' || NEW.action,
    't6:targett' || octet_length(NEW.target) || ':' || NEW.target,
    't4:modet' || octet_length(NEW.mode) || ':' || NEW.mode,
    't5:actort' || octet_length(NEW.actor) || ':' || NEW.actor,
    't5:logint' || octet_length(NEW.login) || ':' || NEW.login,
    't7:accounti' || octet_length(NEW.account) || ':' || NEW.account,
    't8:customeri' || octet_length(NEW.customer) || ':' || NEW.customer,
    't8:call_reft' || octet_length(NEW.call_ref) || ':' || NEW.call_ref,
    't7:call_idt' || octet_length(NEW.call_id) || ':' || NEW.call_id,
    't10:setup_timet' || octet_length(NEW.setup_time) || ':' || NEW.setup_time,
    't3:clit' || octet_length(NEW.cli) || ':' || NEW.cli,
    't3:cldt' || octet_length(NEW.cld) || ':' || NEW.cld,
    't8:evidencet' || octet_length(NEW.evidence) || ':' || NEW.evidence
  ) AS BLOB))
  FROM audit_head AS h;
END;

CREATE TRIGGER audit_outcome_chain AFTER INSERT ON audit_outcome
BEGIN
  INSERT INTO audit_event (seq, kind, ref, hash)
  SELECT h.seq + 1, 'outcome', NEW.action_id, audit_hash(h.hash, CAST(concat(
    'i' || octet_length(h.seq + 1) || ':' || (h.seq + 1) || 't7:outcome',
    't9:action_idi' || octet_length(NEW.action_id) || ':' || NEW.action_id,
    't2:ati' || octet_length(NEW.at) || ':' || NEW.at,
    't7:outcomet' || octet_length(NEW.outcome) || ':' || NEW.outcome,
    't6:reasont' || octet_length(NEW.reason) || ':' || NEW.reason,
    't5:counti' || octet_length(NEW.count) || ':' || NEW.count,
    't10:latency_msi' || octet_length(NEW.latency_ms) || ':' || NEW.latency_ms,
    't5:errort' || octet_length(NEW.error) || ':' || NEW.error
  ) AS BLOB))
  FROM audit_head AS h;
END;

CREATE TRIGGER audit_confirmation_chain AFTER INSERT ON audit_confirmation
BEGIN
  INSERT INTO audit_event (seq, kind, ref, hash)
  SELECT h.seq + 1, 'confirmation', NEW.id, audit_hash(h.hash, CAST(concat(
    'i' || octet_length(h.seq + 1) || ':' || (h.seq + 1) || 't12:confirmation',
    't2:idi' || octet_length(NEW.id) || ':' || NEW.id,
    't9:action_idi' || octet_length(NEW.action_id) || ':' || NEW.action_id,
    't2:ati' || octet_length(NEW.at) || ':' || NEW.at,
    't9:confirmedi' || octet_length(NEW.confirmed) || ':' || NEW.confirmed
  ) AS BLOB))
  FROM audit_head AS h;
END;

CREATE TRIGGER audit_administration_chain AFTER INSERT ON audit_administration
BEGIN
  INSERT INTO audit_event (seq, kind, ref, hash)
  SELECT h.seq + 1, 'administration', NEW.id, audit_hash(h.hash, CAST(concat(
    'i' || octet_length(h.seq + 1) || ':' || (h.seq + 1) || 't14:administration',
    't2:idi' || octet_length(NEW.id) || ':' || NEW.id,
    't2:ati' || octet_length(NEW.at) || ':' || NEW.at,
    't5:actort' || octet_length(NEW.actor) || ':' || NEW.actor,
    't4:kindt' || octet_length(NEW.kind) || ':' || NEW.kind,
    't6:switcht' || octet_length(NEW.switch) || ':' || NEW.switch,
    't6:reasont' || octet_length(NEW.reason) || ':' || NEW.reason,
    't6:detailt' || octet_length(NEW.detail) || ':' || NEW.detail
  ) AS BLOB))
  FROM audit_head AS h;
END;

-- A rule's cooldown, and the times of its escalation, count from the listing that it acted on, which its evidence names, and
-- not from the moment at which the record was written: that is later, so that a cooldown of one poll would last two.
-- Records from before this name none.

DROP TRIGGER audit_outcome_acted;
DROP VIEW acted_action;

CREATE VIEW acted_action AS
SELECT a.id AS id, a.switch AS switch, a.rule_hash AS rule_hash, a.mode AS mode,
  coalesce(CAST(round(unixepoch(json_extract(a.evidence, '$.listedAt'), 'subsec') * 1000) AS INTEGER), a.at) AS at
FROM audit_action AS a JOIN audit_outcome AS o ON o.action_id = a.id
WHERE (
  (a.mode = 'enforce' AND o.outcome IN ('disconnected', 'already-gone', 'failed', 'unknown'))
  OR (a.mode = 'enforce' AND o.outcome = 'alerted' AND o.reason IS NULL)
  OR (a.mode = 'monitor' AND o.outcome = 'monitored' AND o.reason IS NOT 'dry-run')
) AND (
  a.parent IS NULL
  OR (SELECT whole.outcome FROM audit_outcome AS whole WHERE whole.action_id = a.parent) = 'withheld'
);

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

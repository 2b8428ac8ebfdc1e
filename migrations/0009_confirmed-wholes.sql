-- An account or customer action is confirmed when all the calls are that it is known to have taken. Those that it only may have
-- taken along say nothing of it: a call of another customer lives on, and has never been asked to end.

DROP VIEW audit_record;

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
        FROM audit_action AS child JOIN audit_outcome AS its ON its.action_id = child.id
        WHERE child.parent = a.id AND its.reason IS NOT 'perhaps-taken'
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

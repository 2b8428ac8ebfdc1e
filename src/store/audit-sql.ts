/** The statements of the audit log. CROSS JOIN and INDEXED BY hold the order that keeps each of them off the whole log. */

export const INSERT_ACTION = `
  INSERT INTO audit_action (
    parent, at, switch, pass_id, rule, rule_hash, scope, subject, action, target, mode, actor, login,
    account, customer, call_ref, call_id, setup_time, cli, cld, evidence
  ) VALUES (
    @parent, @at, @switch, @passId, @rule, @ruleHash, @scope, @subject, @action, @target, @mode, @actor, @login,
    @account, @customer, @callRef, @callId, @setupTime, @cli, @cld, @evidence
  )`;

export const INSERT_OUTCOME = `
  INSERT INTO audit_outcome (action_id, at, outcome, reason, count, latency_ms, error)
  VALUES (@actionId, @at, @outcome, @reason, @count, @latencyMs, @error)`;

/** Adds nothing where the same is known already, where true would become false, or where the action was pruned meanwhile. */
export const INSERT_CONFIRMATION = `
  INSERT INTO audit_confirmation (action_id, at, confirmed)
  SELECT @actionId, @at, @confirmed
  WHERE NOT EXISTS (SELECT 1 FROM audit_confirmation WHERE action_id = @actionId AND confirmed >= @confirmed)
    AND NOT EXISTS (SELECT 1 FROM audit_pruned WHERE @actionId <= last_action)`;

export const OPEN_INTENTS = `
  SELECT s.action_id FROM search_facet AS f CROSS JOIN search_record AS s ON s.facet_id = f.id
  WHERE f.switch = @switch AND f.outcome = '' ORDER BY s.action_id`;

/** What was sent, or may have been: with an outcome that says so since then, or begun since then and still open. */
const SENT_SINCE = `
  SELECT a.id, a.parent, a.action, a.call_ref, a.call_id, a.setup_time, a.cli, a.cld, a.evidence,
    o.at AS sent_at, o.outcome, o.reason, o.count
  FROM audit_outcome AS o INDEXED BY audit_outcome_sent CROSS JOIN audit_action AS a ON a.id = o.action_id
  WHERE o.outcome IN ('disconnected', 'unknown', 'already-gone', 'failed') AND o.at >= @since AND a.switch = @switch
  UNION ALL
  SELECT a.id, a.parent, a.action, a.call_ref, a.call_id, a.setup_time, a.cli, a.cld, a.evidence,
    s.at, 'open', NULL, NULL
  FROM search_facet AS f CROSS JOIN search_record AS s ON s.facet_id = f.id
  CROSS JOIN audit_action AS a ON a.id = s.action_id
  WHERE f.switch = @switch AND f.outcome = '' AND f.action <> 'alert' AND s.at >= @since`;

/**
 * Calls that were only perhaps taken along are left out where they would be spared as gone: by every rule, for as long as one
 * acts. A call that was gone already ended by itself, unless an earlier request for it was lost: then that one is found.
 */
export const DISCONNECTS_SINCE = `
  SELECT DISTINCT call_ref AS ref, call_id AS callId, setup_time AS setupTime, cli, cld,
    json_extract(evidence, '$.call.direction') AS direction
  FROM (${SENT_SINCE})
  WHERE call_id IS NOT NULL AND outcome <> 'failed' AND sent_at <= @until
    AND CASE WHEN @mayHaveEnded = 1 THEN outcome <> 'already-gone' ELSE reason IS NOT 'perhaps-taken' END`;

/**
 * What the hourly cap counts among these requests. A request that was refused, or came too late, counts as well: it was sent, and a login that may
 * not disconnect must not send without end. A record that takes one call weighs 1; an account or customer action weighs the calls it was seen to take, as its
 * evidence has them since on-net calls count once. What the switch counted stands where that is more than its children: those are of entries, as a switch may
 * count them. They are in its weight already.
 */
export function callsTakenOf(sent: string): string {
  return `
  WITH taken AS MATERIALIZED (${sent}),
  weighed AS (
    SELECT id, parent, action, call_id, count, json_extract(evidence, '$.calls') AS calls,
      (SELECT count(*) FROM audit_action AS child INDEXED BY audit_action_parent WHERE child.parent = taken.id) AS children
    FROM taken
  )
  SELECT coalesce(sum(
    CASE WHEN action IN ('disconnectAccount', 'disconnectCustomer') AND call_id IS NULL
      THEN CASE WHEN coalesce(count, 0) > children THEN count ELSE coalesce(calls, children) END
      ELSE 1
    END
  ), 0)
  FROM weighed WHERE parent IS NULL OR parent NOT IN (SELECT id FROM taken)`;
}

export const CALLS_TAKEN_SINCE = callsTakenOf(SENT_SINCE);

/** By facet, so that a rule whose records are looked for further back does not lead through those of all the others. */
export const UNCHANGED_SINCE = `
  WITH given AS MATERIALIZED (
    SELECT value ->> 0 AS rule, value ->> 1 AS since, value ->> 2 AS after FROM json_each(@fromOfRule)
  ),
  facet AS MATERIALIZED (
    SELECT f.id, coalesce(g.since, @since) AS since, coalesce(g.after, 0) AS after
    FROM search_facet AS f LEFT JOIN given AS g ON g.rule = f.rule
    WHERE f.switch = @switch AND f.outcome IN ('alerted', 'monitored', 'withheld')
  )
  SELECT a.id, a.rule, a.rule_hash AS ruleHash, a.subject, a.action, a.target, o.reason, a.mode,
    a.call_id AS callId, a.setup_time AS setupTime
  FROM facet AS f CROSS JOIN search_record AS s ON s.facet_id = f.id AND s.at >= f.since
  CROSS JOIN audit_action AS a ON a.id = s.action_id CROSS JOIN audit_outcome AS o ON o.action_id = a.id
  WHERE a.id > f.after AND coalesce(json_extract(a.evidence, '$.listedAt') >= strftime('%Y-%m-%dT%H:%M:%fZ', f.since / 1000.0, 'unixepoch'), 1)
  ORDER BY a.at, a.id`;

/** What of a rule counts as acting is written in the view acted_action, from which acted_record is filled. */
/**
 * A call goes by its whole identity, written as identityKey does, since its ID may be another one's by now. Where the
 * record takes more than that call, or another one in place of a whole, its evidence names it.
 */
const ACTED_SUBJECT = `CASE
    WHEN a.scope <> 'call' THEN a.subject
    WHEN json_extract(a.evidence, '$.judged.id') IS NOT NULL THEN 'call:' || json_array(
      json_extract(a.evidence, '$.judged.id'), json_extract(a.evidence, '$.judged.callId'),
      json_extract(a.evidence, '$.judged.setupTime'))
    WHEN a.call_ref IS NOT NULL THEN 'call:' || json_array(a.call_ref, a.call_id, a.setup_time)
    WHEN json_extract(a.evidence, '$.call.id') IS NOT NULL THEN 'call:' || json_array(
      json_extract(a.evidence, '$.call.id'), json_extract(a.evidence, '$.call.callId'),
      json_extract(a.evidence, '$.call.setupTime'))
    ELSE a.subject END`;

export const ACTED_SINCE = `
  SELECT ${ACTED_SUBJECT} AS subject, min(r.at) AS at, a.pass_id AS passId, min(a.id) AS actionId
  FROM acted_rule AS v CROSS JOIN acted_record AS r ON r.acted_rule_id = v.id
  CROSS JOIN audit_action AS a ON a.id = r.action_id
  WHERE v.switch = @switch AND v.rule_hash = @ruleHash AND v.mode = @mode AND r.at >= @since AND r.action_id > @after
  GROUP BY 1, a.pass_id ORDER BY min(r.at), min(a.id)`;

export const UNCONFIRMED = `
  SELECT a.id, a.rule, a.rule_hash AS ruleHash, a.call_ref AS ref, a.call_id AS callId, a.setup_time AS setupTime,
    a.account, a.customer,
    o.at AS closedAt, o.reason, a.login,
    (SELECT c.id FROM audit_confirmation AS c WHERE c.action_id = a.id AND c.confirmed = 0) AS refuted
  FROM unconfirmed_call AS u CROSS JOIN audit_action AS a ON a.id = u.action_id
  CROSS JOIN audit_outcome AS o ON o.action_id = a.id
  WHERE u.switch = @switch ORDER BY a.id`;

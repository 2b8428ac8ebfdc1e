import { climbedText } from '../documents/climbed-text.js';
import type { AuditRecord, Outcome } from '../domain/action.js';
import type { Config } from '../domain/config.js';
import { type EventType, HAND_RULE } from '../domain/rule.js';
import type { ConditionEvidence, Evidence } from '../domain/verdict.js';
import { openAuditReader } from '../store/audit-reader.js';
import { type CliContext, say, shown } from './context.js';
import { EXIT_FAILED } from './errors.js';
import { evidenceTree } from './evidence-tree.js';
import { harmless, harmlessJson } from './harmless-text.js';
import { REASON_TEXT } from './reason-text.js';
import { wrappedLine } from './wrapped-line.js';

/** Explains a record of the audit log by the evidence that was written with it. */
export async function explainRecord(
  id: number,
  { database, file }: Config,
  format: 'text' | 'json',
  context: CliContext,
): Promise<void> {
  const found = findRecord(id, database);
  if (found === undefined) {
    await say(
      context,
      `The audit log has no record ${id}: \`callwarden audit list -c ${file}\` prints them with their ids.`,
    );
    context.setExitCode(EXIT_FAILED);
    return;
  }
  const record = shown(found, context);
  const text = format === 'json' ? harmlessJson(record) : textOf(record, context.stdout.columns);
  await context.stdout.write(`${text}\n`);
}

function textOf(record: AuditRecord, columns: number | undefined): string {
  return recordLines(record)
    .map(harmless)
    .flatMap((line) => wrappedLine(line, columns))
    .join('\n');
}

function findRecord(id: number, database: string): AuditRecord | undefined {
  const reader = openAuditReader(database);
  try {
    return [...reader.query({ id })][0];
  } finally {
    reader.close();
  }
}

function recordLines(record: AuditRecord): readonly string[] {
  const { id, at, action, target, outcome, reason, parent } = record;
  const evidence = record.evidence as Partial<Evidence> & { reason?: string };
  const call = evidence.call;
  return [
    `Record ${id}, ${at}, ${record.switch}: ${action} ${target}, ${outcome ?? 'under way'}${reason === null ? '' : ` (${reason})`}`,
    ruleLine(record),
    ...(parent === null ? [] : [`Part of record ${parent}`]),
    ...(evidence.conditions === undefined ? [] : evidenceTree(evidence.conditions as ConditionEvidence)),
    ...(evidence.reason === undefined ? [] : [`  reason given: ${evidence.reason}`]),
    ...(evidence.pool === undefined ? [] : [poolText(evidence.pool)]),
    ...(evidence.held === undefined ? [] : [`Violated without a break since ${evidence.held.since}`]),
    ...(evidence.escalated === undefined
      ? []
      : [sentence(climbedText(evidence.escalated, climbedTo(record)))]),
    ...(call === undefined
      ? []
      : [`Call ${call.id}, ${call.callId}, set up ${call.setupTime ?? 'at an unknown time'}`]),
    ...whyLine(record),
    ...answerLines(record),
    ...confirmedLine(record),
  ];
}

function sentence(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}

/** A call that goes with, or in place of, a whole does not tell what the rule had climbed to. */
function climbedTo({ action, evidence }: AuditRecord): EventType | undefined {
  const isOwn = (evidence as Partial<Evidence>).pool !== undefined;
  return action === 'disconnectCall' && !isOwn ? undefined : action;
}

/** What was done by hand goes by no text of a rule. */
function ruleLine({ rule, ruleHash, mode, subject, actor }: AuditRecord): string {
  if (rule === HAND_RULE || ruleHash === '') return `By hand (${mode}) on ${subject}, by ${actor}`;
  return `Rule ${rule} (version ${ruleHash.slice(0, 12)}, ${mode}) on ${subject}, by ${actor}`;
}

function poolText({ size, keep }: NonNullable<Evidence['pool']>): string {
  return `Chosen from ${size === 1 ? '1 call' : `${size} calls`}, of which ${keep} ${keep === 1 ? 'was' : 'were'} to stay`;
}

/** What came of a request that was not plainly carried out. */
const ANSWER_TEXT: Readonly<Record<string, string>> = {
  refused: 'Not cut, because the switch refused it',
  'reply-lost': 'The request may have arrived: its answer did not',
  orphaned: 'The request may have arrived: the program ended before it could note an answer',
  'perhaps-taken':
    'It may have been taken along: nobody knows whose call it was, or the switch ended fewer calls than were listed',
};

function answerLines({ outcome, reason, error }: AuditRecord): readonly string[] {
  const said = reason === null ? undefined : ANSWER_TEXT[reason];
  const unsent =
    outcome === 'failed' && reason === null ? 'Not cut, because the request could not be sent' : undefined;
  return [said ?? unsent, error === null ? undefined : `Error: ${error}`].filter(
    (line) => line !== undefined,
  );
}

function whyLine({ reason, action, outcome, mode }: AuditRecord): readonly string[] {
  const text =
    reason === null ? undefined : Object.entries(REASON_TEXT).find(([name]) => name === reason)?.[1];
  if (text === undefined) return [];
  // A tripped cap withholds calls and raises an alert, both for the same reason.
  if (outcome === 'alerted') {
    return [`Raised${mode === 'monitor' ? ' for what was only monitored' : ''}, because ${text}`];
  }
  return [action === 'alert' ? `Not raised, because ${text}` : `Not cut, because ${text}`];
}

/** What ended nothing for all that is known, or has not ended itself, no listing confirms. */
const CONFIRMABLE: readonly (Outcome | null)[] = ['disconnected', 'already-gone', 'unknown'];

function confirmedLine({ confirmed, outcome, action }: AuditRecord): readonly string[] {
  if (!CONFIRMABLE.includes(outcome)) return [];
  const isWhole = action === 'disconnectAccount' || action === 'disconnectCustomer';
  const gone = isWhole ? 'its calls are gone' : 'it is gone';
  if (confirmed === null) return [`No later listing has shown yet whether ${gone}`];
  if (!confirmed) return [`A later listing still showed ${isWhole ? 'calls of it' : 'it'}`];
  return [`A later listing showed that ${gone}`];
}

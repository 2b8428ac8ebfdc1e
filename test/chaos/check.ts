import { hasEnded } from '../../src/domain/call.js';
import { stateAt } from '../../src/simulator/simulated-call.js';
import { type AuditRow, intentsAmong } from './audit-side.js';
import type { Child } from './child.js';
import { KEPT_CALLS, type Lab, OWN_CUSTOMERS, PROTECTED_ACCOUNT } from './lab.js';
import type { DisconnectRequest } from './switch-side.js';

/** A signal is delivered at once, but a commit that had begun by then may still bear a later time. */
const SIGNAL_MS = 100;

const ANSWERED: readonly DisconnectRequest['fault'][] = [undefined, 'slow'];

/** After every kill: what must hold whatever was under way. */
export function checkAfterKill(lab: Lab): void {
  const rows = lab.audit.rows();
  const passAt = lab.audit.lastCompletedPass();
  for (const row of rows) {
    if (row.outcome === null && passAt !== undefined && row.at < passAt) {
      lab.complain(`intent ${row.id} is still open although a later pass has completed`);
    }
    if (row.reason === 'orphaned') checkOrphan(row, lab);
  }
}

/** Only an intent whose process is gone may be taken for an orphan. */
function checkOrphan(row: AuditRow, lab: Lab): void {
  if (row.outcome !== 'unknown') lab.complain(`record ${row.id} is ${row.outcome}, reason orphaned`);
  const opener = openerOf(row, lab.children);
  if (opener === undefined) {
    lab.complain(`nobody ran who could have opened intent ${row.id} of ${row.actor}`);
    return;
  }
  const endedAt = opener.endedAt();
  if (endedAt === undefined || (row.closedAt ?? 0) < endedAt) {
    lab.complain(`intent ${row.id} of ${row.actor} was taken for an orphan while its process was alive`);
  }
  if (endedAt !== undefined && !opener.killed()) {
    lab.complain(`${row.actor} ended by itself and left intent ${row.id} open`);
  }
}

function openerOf({ actor, at }: AuditRow, children: readonly Child[]): Child | undefined {
  const kind = actor === 'scheduler' ? 'run' : 'cli';
  return children.find(
    (child) => child.kind === kind && child.startedAt <= at && at <= (child.endedAt() ?? at) + SIGNAL_MS,
  );
}

/** With nobody running, and after a pass and one more listing without any trouble: the whole log against the switch. */
export function checkAtRest(lab: Lab): void {
  checkAfterKill(lab);
  const rows = lab.audit.rows();
  for (const row of rows) {
    if (row.outcome === null) lab.complain(`record ${row.id} has no outcome at rest`);
    checkConfirmation(row, lab);
  }
  const intents = intentsAmong(rows);
  checkRequests(intents, lab);
  checkUnclaimed(intents, lab);
  checkCap(lab);
  checkKept(lab);
  for (const text of lab.audit.damage()) lab.complain(`the database is damaged: ${text}`);
}

function checkRequests(intents: readonly AuditRow[], lab: Lab): void {
  const byId = new Map(intents.map((intent) => [intent.id, intent]));
  const lastOf = new Map<string, number>();
  for (const request of lab.switchSide.requests) {
    const what = `${request.action} ${request.target}`;
    const intent = byId.get(request.intent ?? 0);
    if (intent === undefined) {
      lab.complain(`${what} rests on record ${request.intent}, which is no intent`);
      continue;
    }
    if (intent.mode !== 'enforce') lab.complain(`${what} was sent for record ${intent.id} in mode monitor`);
    if (intent.id < (lastOf.get(what) ?? 0))
      lab.complain(`${what}: requests and intents are not in one order`);
    lastOf.set(what, intent.id);
    if (!tellsTheTruth(intent, request)) {
      lab.complain(
        `record ${intent.id} says ${intent.outcome} (${intent.reason}), the switch: ${JSON.stringify(request)}`,
      );
    }
  }
}

function tellsTheTruth({ outcome, reason }: AuditRow, request: DisconnectRequest): boolean {
  const answered = ANSWERED.includes(request.fault);
  switch (outcome) {
    case 'disconnected':
      return answered && request.done?.result === 'OK';
    case 'already-gone':
      return answered && request.done?.result.startsWith('Call not found') === true;
    case 'failed':
      return reason === 'refused' && request.faulted;
    default:
      return outcome === 'unknown' && (reason === 'orphaned' || reason === 'reply-lost');
  }
}

/** An intent whose request never reached the switch must not claim that it did. */
function checkUnclaimed(intents: readonly AuditRow[], lab: Lab): void {
  const claimed = new Set(lab.switchSide.requests.map(({ intent }) => intent));
  for (const { id, outcome, reason } of intents) {
    if (claimed.has(id)) continue;
    const honest =
      (outcome === 'unknown' && (reason === 'orphaned' || reason === 'reply-lost')) ||
      (outcome === 'failed' && reason === null);
    if (!honest) lab.complain(`record ${id} says ${outcome} (${reason}), but no request came`);
  }
}

/** Every call that was cut, or may have been, is confirmed exactly as the switch lists it now. */
function checkConfirmation({ id, callRef, outcome, confirmed }: AuditRow, lab: Lab): void {
  if (callRef === null || !['disconnected', 'unknown', 'already-gone'].includes(outcome ?? '')) return;
  const gone = !isLive(lab, callRef);
  if (confirmed !== (gone ? 1 : 0)) {
    const fact = gone ? 'gone' : 'still there';
    lab.complain(`record ${id} (${outcome}): call ${callRef} is ${fact}, but confirmed is ${confirmed}`);
  }
}

function isLive({ simulator: { world } }: Lab, id: string): boolean {
  const call = world.call(id);
  return call !== undefined && !hasEnded(stateAt(call.timeline, world.now));
}

/** As the switch saw it: what it carried out, in calls. Labs live for minutes, so one hour holds all of it. */
export function callsTaken({ switchSide }: Lab): number {
  return switchSide.requests
    .filter(({ done }) => done?.result === 'OK')
    .reduce((sum, { done }) => sum + (done?.count ?? 1), 0);
}

function checkCap(lab: Lab): void {
  const taken = callsTaken(lab);
  if (taken > lab.perHour) lab.complain(`${taken} calls were taken, and caps.perHour is ${lab.perHour}`);
}

/** However often it was interrupted, the excess was cut and nothing more. */
function checkKept(lab: Lab): void {
  const { world } = lab.simulator;
  const accounts = new Set(
    lab.switchSide.cutSinceRest
      .filter(({ customer, account }) => customer === OWN_CUSTOMERS.oneByOne && account !== PROTECTED_ACCOUNT)
      .map(({ account }) => account),
  );
  for (const account of accounts) {
    const left = world.calls().filter((call) => call.account === account && isLive(lab, call.id)).length;
    if (left < KEPT_CALLS)
      lab.complain(`account ${account} has ${left} calls left, ${KEPT_CALLS} are to be kept`);
  }
}

import type { DocumentPath } from '../documents/located-document.js';
import type { CaseFindings } from './case-findings.js';
import type { WrittenCall, WrittenCase } from './case-schema.js';
import { durationText } from './duration-text.js';

/** SETUP_TIME has four digits for the year, and nobody has listed calls before 1970. */
const FIRST = Date.parse('1970-01-01T00:00:00.000Z');
const LAST = Date.parse('9999-12-31T23:59:59.999Z');
const EXPECTED = 'expected an instant in the years 1970 to 9999';

export interface CaseTimes {
  start: number;
  everyMs: number;
}

/** Reports an instant that no switch could write, counted from the start of the case; `what` would stand there. */
type CheckInstant = (path: DocumentPath, atMs: number, what?: string) => boolean;

/** Refuses instants that no switch could write, in whatever they are named. Returns whether there are none. */
export function checkInstants(
  written: WrittenCase,
  { start, everyMs }: CaseTimes,
  findings: CaseFindings,
): boolean {
  if (!isWritable(start)) {
    findings.error(['start'], `"start": ${EXPECTED}, but found ${new Date(start).toISOString()}.`);
    return false;
  }
  const check: CheckInstant = (path, atMs, what) => {
    if (isWritable(start + atMs)) return true;
    const found = what === undefined ? 'found' : `${what} would stand`;
    findings.error(path, `"${path.findLast(isKey)}": ${EXPECTED}, but ${found} ${placeText(atMs)}.`);
    return false;
  };
  const { history, until, fail = [], expect = [], calls = [] } = written;
  return [
    check(['every'], -everyMs, 'the poll before the first one'),
    history === undefined || check(['history'], -history, 'the beginning of the ledger'),
    until === undefined || check(['until'], until),
    ...fail.map(({ toMs }, index) => check(['fail', index], toMs)),
    ...expect.flatMap(({ at }, index) => [at].flat().map((atMs) => check(['expect', index, 'at'], atMs))),
    ...calls.map((call, index) => checkCall(call, ['calls', index], check)),
  ].every(Boolean);
}

/** Of repetitions the last one is the furthest, as a step leads forwards only. */
function checkCall(call: WrittenCall, path: DocumentPath, check: CheckInstant): boolean {
  const { from = 0, to, answered, step = 0, repeat = 1 } = call;
  const answeredAt = answered === undefined ? undefined : from + answered;
  const isFine =
    check([...path, 'from'], from) &&
    (to === undefined || check([...path, 'to'], to)) &&
    (answeredAt === undefined || check([...path, 'answered'], answeredAt, 'its answer'));
  const furthest = Math.max(from, to ?? from, answeredAt ?? from) + (repeat - 1) * step;
  return isFine && check([...path, 'step'], furthest, `what ${call.id}-${repeat} comes to`);
}

function isWritable(at: number): boolean {
  return at >= FIRST && at <= LAST;
}

function isKey(step: string | number): step is string {
  return typeof step === 'string';
}

/** `100000000d after "start"` */
function placeText(atMs: number): string {
  return atMs < 0 ? `${durationText(-atMs)} before "start"` : `${durationText(atMs)} after "start"`;
}

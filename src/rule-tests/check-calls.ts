import { unseenDirection } from '../documents/unseen-direction.js';
import type { PlacedCall } from './case-calls.js';
import type { CaseFindings } from './case-findings.js';
import type { WrittenCall } from './case-schema.js';
import { durationText } from './duration-text.js';

/** Refuses calls that no switch could list, and warns of what none has been seen to list. */
export function checkCalls(
  written: readonly WrittenCall[],
  placed: readonly PlacedCall[],
  findings: CaseFindings,
): void {
  for (const [index, call] of written.entries()) {
    checkSpan(call, index, findings);
    if (call.step !== undefined && call.repeat === undefined)
      findings.warning(
        ['calls', index, 'step'],
        '"step" shifts repetitions: it does nothing without "repeat".',
      );
    const unseen = call.direction === undefined ? undefined : unseenDirection(call.direction);
    if (unseen !== undefined) findings.warning(['calls', index, 'direction'], unseen);
  }
  const names = new Map<string, number>();
  const reported = new Set<number>();
  for (const one of placed) {
    const { call, index } = one;
    const isTaken = names.has(call.name);
    names.set(call.name, index);
    if (reported.has(index)) continue;
    const wrong = wrongNumber(one);
    if (wrong !== undefined) {
      reported.add(index);
      findings.error(['calls', index, wrong.key], `"${wrong.key}": ${wrong.message}`);
    } else if (isTaken) {
      reported.add(index);
      const message = `"id": there is another call named "${call.name}": give each a name of its own.`;
      findings.error(['calls', index, 'id'], message);
    }
  }
}

function checkSpan({ from: fromMs = 0, to, answered }: WrittenCall, index: number, findings: CaseFindings) {
  if (to === undefined) return;
  if (to <= fromMs) {
    const message = `"to": the call ends at ${durationText(to)}, not after its setup at ${durationText(fromMs)}.`;
    findings.error(['calls', index, 'to'], message);
  } else if (answered !== undefined && answered >= to - fromMs) {
    const length = durationText(to - fromMs);
    const message = `"answered": counted from the call's own setup, it has to come before its end, ${length} later.`;
    findings.error(['calls', index, 'answered'], message);
  }
}

const NUMBERS = ['account', 'customer', 'connection', 'environment'] as const;

/** What is written out of counters and lists may be a number that nobody wrote. */
function wrongNumber({ call }: PlacedCall): { key: (typeof NUMBERS)[number]; message: string } | undefined {
  for (const key of NUMBERS) {
    const value = call[key];
    if (value === undefined) continue;
    if (!Number.isSafeInteger(value)) {
      const message = `call ${call.name} would get a number that is too large: expected at most ${Number.MAX_SAFE_INTEGER}.`;
      return { key, message };
    }
    // As a switch lists it, that is no account at all; only an environment may be 0.
    if (value === 0 && key !== 'environment') {
      const message = `call ${call.name} would get 0, by which a switch means that it has none: expected at least 1, as "{n%10+1}" gives it. Leave "${key}" out for a call without one.`;
      return { key, message };
    }
  }
  return undefined;
}

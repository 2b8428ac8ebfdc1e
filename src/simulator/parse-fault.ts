import { FAULT_KINDS, type Fault, type FaultKind, LIST_FAULTS, LIST_METHODS } from './faults.js';
import { isMethod, METHODS, type Method } from './methods.js';

/**
 * Reads a fault as it is written on a command line: `METHOD:KIND`, then any of a probability, `next=N`, `after=TIME`,
 * `delay=TIME` (slow) and `share=P` (unreadable), each after a colon. METHOD is one of the six or `*`, a probability is
 * `0.2` or `20%`, a time `500ms`, `2s` or `1m`. Example: `disconnectCall:lost-reply:0.2`. Throws a RangeError that says
 * what was expected.
 */
export function parseFault(text: string): Fault {
  const [methodText = '', kindText, ...terms] = text.split(':');
  const method = parseMethod(text, methodText);
  const kind = parseKind(text, kindText);
  if (LIST_FAULTS.includes(kind) && method !== '*' && !LIST_METHODS.includes(method)) {
    throw refusal(text, `${kind} works on lists only, so the method must be ${LIST_METHODS.join(', ')} or *`);
  }
  const fault: Fault = { method, kind };
  for (const term of terms) addTerm(text, fault, term);
  return fault;
}

function parseMethod(text: string, method: string): Method | '*' {
  if (method === '*' || isMethod(method)) return method;
  throw refusal(text, `"${method}" is no method; expected ${METHODS.join(', ')} or *`);
}

function parseKind(text: string, kind: string | undefined): FaultKind {
  if (kind !== undefined && Object.hasOwn(FAULT_KINDS, kind)) return kind as FaultKind;
  const kinds = Object.entries(FAULT_KINDS).map(([name, description]) => `\n  ${name}: ${description}`);
  throw refusal(text, `after the method comes one of${kinds.join('')}`);
}

function addTerm(text: string, fault: Fault, term: string): void {
  const [name = '', value] = term.split('=', 2);
  if (value === undefined) {
    fault.probability = parseShare(text, term);
  } else if (name === 'next') {
    if (!/^[1-9]\d{0,8}$/.test(value)) throw refusal(text, `next=${value} is no count of requests from 1 up`);
    fault.next = Number(value);
  } else if (name === 'after') {
    fault.afterMs = parseTime(text, value);
  } else if (name === 'delay' && fault.kind === 'slow') {
    fault.delayMs = parseTime(text, value);
  } else if (name === 'share' && fault.kind === 'unreadable') {
    fault.share = parseShare(text, value);
  } else {
    throw refusal(
      text,
      `"${term}" is no term of ${fault.kind}; expected a probability, next=N, after=TIME, delay=TIME (slow) or share=P (unreadable)`,
    );
  }
}

function parseShare(text: string, written: string): number {
  const [, digits, percent] = /^(\d+(?:\.\d+)?)(%?)$/.exec(written) ?? [];
  const share = digits === undefined ? Number.NaN : Number(digits) / (percent === '%' ? 100 : 1);
  if (share > 0 && share <= 1) return share;
  throw refusal(
    text,
    `"${written}" is no probability; expected more than 0 and at most 1, or a percentage such as 20%`,
  );
}

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000 };

function parseTime(text: string, written: string): number {
  const [, digits, unit = ''] = /^(\d{1,6})(ms|s|m)$/.exec(written) ?? [];
  const unitMs = UNIT_MS[unit];
  if (digits === undefined || unitMs === undefined) {
    throw refusal(text, `"${written}" is no time; expected for example 500ms, 2s or 1m`);
  }
  return Number(digits) * unitMs;
}

function refusal(text: string, reason: string): RangeError {
  return new RangeError(`Fault "${text}" cannot be read: ${reason}.`);
}

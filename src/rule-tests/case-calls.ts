import type { WrittenCall } from './case-schema.js';
import { type Repeated, textOf } from './repeated.js';
import type { CaseCall } from './test-case.js';

/** A case longer than this is no example any more, and takes minutes. */
export const MAX_CALLS = 20_000;

/** A call of a case and the place in its list of calls where it is written. */
export interface PlacedCall {
  call: CaseCall;
  index: number;
}

/**
 * Writes out the repetitions and gives every call its ID on the switch, in the order of setup and then of the file. Names
 * of digits alone stay what they are; the others become numbers above all of those.
 */
export function expandCalls(written: readonly WrittenCall[], start: number): readonly PlacedCall[] {
  const calls = written.flatMap((call, index) =>
    Array.from({ length: call.repeat ?? 1 }, (_, k) => ({ call: repetition(call, k + 1, start), index })),
  );
  calls.sort((one, other) => one.call.from - other.call.from);
  let next = calls.reduce(
    (highest, { call }) => (call.id !== '' && BigInt(call.id) > highest ? BigInt(call.id) : highest),
    0n,
  );
  for (const { call } of calls) {
    if (call.id !== '') continue;
    next += 1n;
    call.id = next.toString();
  }
  return calls;
}

function repetition(written: WrittenCall, n: number, start: number): CaseCall {
  const name = written.repeat === undefined ? written.id : `${written.id}-${n}`;
  const shiftMs = (n - 1) * (written.step ?? 0);
  const from = start + (written.from ?? 0) + shiftMs;
  const text = (value: Repeated<string> | undefined) => (value === undefined ? undefined : textOf(value, n));
  return {
    name,
    id: /^\d+$/.test(name) ? name : '',
    callId: text(written.callId) ?? `${name}@test`,
    from,
    to: written.to === undefined ? Number.POSITIVE_INFINITY : start + written.to + shiftMs,
    answeredAt: written.answered === undefined ? undefined : from + written.answered,
    setupState: written.state ?? 'ARComplete',
    account: idOf(written.account, n),
    customer: idOf(written.customer, n),
    connection: idOf(written.connection, n),
    environment: idOf(written.environment, n),
    cli: text(written.cli),
    cld: text(written.cld),
    direction: written.direction ?? 'vendor',
    callerMediaIp: text(written.callerMediaIp),
    calleeMediaIp: text(written.calleeMediaIp),
    vendors: written.vendors ?? [],
  };
}

function idOf(written: Repeated<string | number> | undefined, n: number): number | undefined {
  if (written === undefined) return undefined;
  const texts = (typeof written === 'object' ? written : [written]).map(String);
  return Number(textOf(texts, n));
}

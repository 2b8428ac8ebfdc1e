import { type Call, hasEnded, isLive } from '../domain/call.js';
import type { Numbering } from '../domain/numbering.js';
import { LACKS } from '../domain/quiet.js';
import { readAddress } from './read-address.js';

/** What a call fails to say, as bits of LACKS; only what is in `asked` is looked at. */
export function lacksOf(call: Call, asked: number, numbering: Numbering): number {
  let lacks = 0;
  for (const [bit, isMissing] of TESTS) if ((asked & bit) !== 0 && isMissing(call, numbering)) lacks |= bit;
  return lacks;
}

const TESTS: readonly (readonly [bit: number, isMissing: (call: Call, numbering: Numbering) => boolean])[] = [
  [LACKS.state, ({ state }) => !isLive(state) && !hasEnded(state)],
  [LACKS.cli, ({ cliNumber }) => cliNumber === undefined],
  [LACKS.cld, ({ cldNumber }) => cldNumber === undefined],
  [LACKS.direction, ({ direction }) => direction === undefined],
  [
    LACKS.country,
    ({ cldNumber }, numbering) => cldNumber === undefined || numbering.countryOf(cldNumber) === undefined,
  ],
  [LACKS.callerMediaIp, ({ callerMediaIp }) => readAddress(callerMediaIp) === undefined],
  [LACKS.answer, ({ duration }) => duration === undefined],
  [LACKS.account, ({ account }) => account === undefined],
  [LACKS.customer, ({ customer }) => customer === undefined],
  [LACKS.connection, ({ connection }) => connection === undefined],
  [LACKS.start, ({ setupAt, age, state }) => setupAt === undefined && (age === undefined || !isLive(state))],
];

import { type Call, hasEnded, isLive } from '../domain/call.js';
import type { Numbering } from '../domain/numbering.js';
import { LACKS } from '../domain/quiet.js';
import { readAddress } from './read-address.js';

/** What a call fails to say, as bits of LACKS; only what is in `asked` is looked at. */
export function lacksOf(call: Call, asked: number, numbering: Numbering): number {
  return lastingLacksOf(call, asked, numbering) | passingLacksOf(call, asked);
}

/** What it will always fail to say, as all of its fields stay but its state and its durations. */
export function lastingLacksOf(call: Call, asked: number, numbering: Numbering): number {
  let lacks = 0;
  for (const [bit, isMissing] of LASTING) if ((asked & bit) !== 0 && isMissing(call, numbering)) lacks |= bit;
  return lacks;
}

/** What it fails to say as it is listed now. It is asked at every event of every call. */
export function passingLacksOf(call: Call, asked: number): number {
  const { state } = call;
  let lacks = 0;
  if ((asked & LACKS.state) !== 0 && !isLive(state) && !hasEnded(state)) lacks |= LACKS.state;
  if ((asked & LACKS.answer) !== 0 && call.duration === undefined) lacks |= LACKS.answer;
  if ((asked & LACKS.start) !== 0 && call.setupAt === undefined && (call.age === undefined || !isLive(state)))
    lacks |= LACKS.start;
  return lacks;
}

const LASTING: readonly (readonly [bit: number, isMissing: (call: Call, numbering: Numbering) => boolean])[] =
  [
    [LACKS.cli, ({ cliNumber }) => cliNumber === undefined],
    [LACKS.cld, ({ cldNumber }) => cldNumber === undefined],
    [LACKS.direction, ({ direction }) => direction === undefined],
    [
      LACKS.country,
      ({ cldNumber }, numbering) => cldNumber === undefined || numbering.countryOf(cldNumber) === undefined,
    ],
    [LACKS.callerMediaIp, ({ callerMediaIp }) => readAddress(callerMediaIp) === undefined],
    [LACKS.account, ({ account }) => account === undefined],
    [LACKS.customer, ({ customer }) => customer === undefined],
    [LACKS.connection, ({ connection }) => connection === undefined],
    [LACKS.vendor, () => true],
  ];

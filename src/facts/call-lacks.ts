import { type Call, hasEnded, isLive } from '../domain/call.js';
import type { Numbering } from '../domain/numbering.js';
import { LACKS } from '../domain/quiet.js';
import { readAddress } from './read-address.js';

/** What a call fails to say, as bits of LACKS; only what is in `asked` is looked at. */
export function lacksOf(call: Call, asked: number, numbering: Numbering): number {
  let lacks = 0;
  const note = (bit: number, isMissing: () => boolean) => {
    if ((asked & bit) !== 0 && isMissing()) lacks |= bit;
  };
  note(LACKS.state, () => !isLive(call.state) && !hasEnded(call.state));
  note(LACKS.cli, () => call.cliNumber === undefined);
  note(LACKS.cld, () => call.cldNumber === undefined);
  note(LACKS.direction, () => call.direction === undefined);
  note(
    LACKS.country,
    () => call.cldNumber === undefined || numbering.countryOf(call.cldNumber) === undefined,
  );
  note(LACKS.callerMediaIp, () => readAddress(call.callerMediaIp) === undefined);
  note(LACKS.answer, () => call.duration === undefined);
  note(LACKS.account, () => call.account === undefined);
  note(LACKS.customer, () => call.customer === undefined);
  note(LACKS.connection, () => call.connection === undefined);
  note(LACKS.start, () => call.setupAt === undefined && (call.age === undefined || !isLive(call.state)));
  return lacks;
}

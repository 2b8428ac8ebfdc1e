import type { Call } from '../domain/call.js';
import type { FactValue, Observed } from '../domain/facts.js';
import type { Numbering } from '../domain/numbering.js';

type Read = (call: Call, numbering: Numbering) => FactValue | undefined;

const READERS: ReadonlyMap<string, Read> = new Map<string, Read>([
  ['id', (call) => call.id],
  ['callId', (call) => call.callId],
  ['cli', (call) => call.cliNumber],
  ['cld', (call) => call.cldNumber],
  ['account', (call) => call.account],
  ['customer', (call) => call.customer],
  ['connection', (call) => call.connection],
  ['environment', (call) => call.environment],
  ['state', (call) => call.state],
  ['direction', (call) => call.direction],
  ['callerMediaIp', (call) => call.callerMediaIp],
  ['calleeMediaIp', (call) => call.calleeMediaIp],
  ['duration', (call) => call.duration],
  ['delay', (call) => call.delay],
  ['age', (call) => call.age],
  [
    'country',
    (call, numbering) => (call.cldNumber === undefined ? undefined : numbering.countryOf(call.cldNumber)),
  ],
]);

/** Undefined for a name that is no fact of a call. */
export function observeCall(name: string, call: Call, numbering: Numbering): Observed | undefined {
  const read = READERS.get(name);
  if (read === undefined) return undefined;
  const value = read(call, numbering);
  if (value !== undefined) return { known: true, value, atLeast: false };
  // A number that is listed, but of no single country.
  const reason = name === 'country' && call.cldNumber !== undefined ? 'unreadable' : 'not-listed';
  return { known: false, reason };
}

import type { Call } from '../domain/call.js';
import type { FactValue, Observed } from '../domain/facts.js';
import type { Numbering } from '../domain/numbering.js';
import { readAddress } from './read-address.js';
import { callerIsCalled } from './window-measures.js';

/** What a call says, and what a rule compares: not everything that is listed can be read. */
interface Attribute {
  read: (call: Call, numbering: Numbering) => FactValue | undefined;
  /** As listed; undefined where the attribute cannot be unreadable. */
  listed?: (call: Call) => string | undefined;
}

const ATTRIBUTES: ReadonlyMap<string, Attribute> = new Map<string, Attribute>([
  ['id', { read: (call) => call.id }],
  ['callId', { read: (call) => call.callId }],
  ['cli', { read: (call) => call.cliNumber, listed: (call) => call.cli }],
  ['cld', { read: (call) => call.cldNumber, listed: (call) => call.cld }],
  ['account', { read: (call) => call.account }],
  ['customer', { read: (call) => call.customer }],
  ['connection', { read: (call) => call.connection }],
  ['environment', { read: (call) => call.environment }],
  ['state', { read: (call) => call.state }],
  ['direction', { read: (call) => call.direction }],
  [
    'callerMediaIp',
    { read: (call) => readAddress(call.callerMediaIp), listed: (call) => call.callerMediaIp },
  ],
  [
    'calleeMediaIp',
    { read: (call) => readAddress(call.calleeMediaIp), listed: (call) => call.calleeMediaIp },
  ],
  ['duration', { read: (call) => call.duration }],
  ['delay', { read: (call) => call.delay }],
  ['age', { read: (call) => call.age }],
  [
    'callerIsCalled',
    { read: callerIsCalled, listed: (call) => (call.cliNumber === undefined ? call.cli : call.cld) },
  ],
  ['country', { read: countryOfCall, listed: (call) => call.cld ?? call.cldNumber }],
]);

/** Undefined for a name that is no fact of a call. */
export function observeCall(name: string, call: Call, numbering: Numbering): Observed | undefined {
  const attribute = ATTRIBUTES.get(name);
  if (attribute === undefined) return undefined;
  const value = attribute.read(call, numbering);
  if (value !== undefined) return { known: true, value, atLeast: false };
  const isListed = attribute.listed?.(call) !== undefined;
  return { known: false, reason: isListed ? 'unreadable' : 'not-listed' };
}

function countryOfCall(call: Call, numbering: Numbering): string | undefined {
  return call.cldNumber === undefined ? undefined : numbering.countryOf(call.cldNumber);
}

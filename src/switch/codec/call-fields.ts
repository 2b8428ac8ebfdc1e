import type { ListedCall } from '../../domain/call.js';
import type { ScalarType } from './answer-grammar.js';
import { decimalNumber, wholeDigits } from './scalars.js';

/** A ListedCall under construction: its identity may still turn out to be unreadable. */
export type DraftCall = Omit<ListedCall, 'id' | 'callId' | 'state'> & {
  id: string | undefined;
  callId: string | undefined;
  state: string | undefined;
};

type KeyOf<T> = { [K in keyof DraftCall]-?: T extends DraftCall[K] ? K : never }[keyof DraftCall];

/**
 * One documented field of a call: its type by the API's own table, whatever type the switch then sends it as. `bit`
 * stands for the field in sets of fields. An `id` is an integer from 1.
 */
export type CallField = { name: string; bit: number } & (
  | { kind: 'text'; key: KeyOf<string> }
  | { kind: 'time'; key: 'setupTimeText' }
  | { kind: 'id' | 'integer' | 'seconds'; key: KeyOf<number> }
);

/** In the order of the API's table of data types. */
const CALL_FIELDS: readonly CallField[] = [
  { name: 'CLI', bit: 1 << 0, kind: 'text', key: 'cli' },
  { name: 'I_CONNECTION', bit: 1 << 1, kind: 'id', key: 'connection' },
  { name: 'CLD', bit: 1 << 2, kind: 'text', key: 'cld' },
  { name: 'CALL_ID', bit: 1 << 3, kind: 'text', key: 'callId' },
  { name: 'DELAY', bit: 1 << 4, kind: 'seconds', key: 'delay' },
  { name: 'DURATION', bit: 1 << 5, kind: 'seconds', key: 'duration' },
  { name: 'CC_STATE', bit: 1 << 6, kind: 'text', key: 'state' },
  { name: 'I_CUSTOMER', bit: 1 << 7, kind: 'id', key: 'customer' },
  { name: 'I_ENVIRONMENT', bit: 1 << 8, kind: 'integer', key: 'environment' },
  { name: 'I_ACCOUNT', bit: 1 << 9, kind: 'id', key: 'account' },
  { name: 'ID', bit: 1 << 10, kind: 'text', key: 'id' },
  { name: 'CALLER_MEDIA_IP', bit: 1 << 11, kind: 'text', key: 'callerMediaIp' },
  { name: 'CALLEE_MEDIA_IP', bit: 1 << 12, kind: 'text', key: 'calleeMediaIp' },
  { name: 'DIRECTION', bit: 1 << 13, kind: 'text', key: 'direction' },
  { name: 'SETUP_TIME', bit: 1 << 14, kind: 'time', key: 'setupTimeText' },
];

const FIELDS_BY_NAME: ReadonlyMap<string, CallField> = new Map(
  CALL_FIELDS.map((field) => [field.name, field]),
);

export function callField(name: string): CallField | undefined {
  return FIELDS_BY_NAME.get(name);
}

/** A call of which nothing is known yet. Every key is there from the start, so that all calls share one layout. */
export function emptyDraft(): DraftCall {
  return {
    id: undefined,
    callId: undefined,
    setupTimeText: undefined,
    state: undefined,
    cli: undefined,
    cld: undefined,
    account: undefined,
    customer: undefined,
    connection: undefined,
    environment: undefined,
    direction: undefined,
    callerMediaIp: undefined,
    calleeMediaIp: undefined,
    duration: undefined,
    delay: undefined,
  };
}

/** What became of a field: `absent` is a fact that is missing, `unreadable` one that is there in the wrong type. */
export type FieldReading = 'read' | 'absent' | 'unreadable';

/**
 * Coerces a scalar to the field's documented type and puts it into the draft; types wander on real switches (I_CUSTOMER
 * as "1", DURATION as 0 or "22.70"). Nil and blank text are `absent` for every field, and so is 0 for an account, customer or connection: it stands for none.
 */
export function readField(draft: DraftCall, field: CallField, type: ScalarType, text: string): FieldReading {
  if (type === 'nil') return 'absent';
  const isText = type === 'string' || type === 'untyped';
  if (isText && text.trim() === '') return 'absent';
  if (field.kind === 'text' || field.kind === 'time') {
    const value = readText(type, isText, text, field.kind === 'time');
    draft[field.key] = value;
    return value === undefined ? 'unreadable' : 'read';
  }
  const value = field.kind === 'seconds' ? readSeconds(type, isText, text) : readInteger(type, isText, text);
  if (field.kind === 'id' && value === 0) return 'absent';
  draft[field.key] = value;
  return value === undefined ? 'unreadable' : 'read';
}

/** Texts as listed. Whole numbers keep all their digits, also those that a number could not hold. */
function readText(type: ScalarType, isText: boolean, text: string, isTime: boolean): string | undefined {
  if (isText) return detached(text);
  if (type === 'int' || type === 'i8') return wholeDigits(text);
  // A time is text by the API's table, but dateTime.iso8601 writes it the same way.
  if (type === 'dateTime' && isTime && text.trim() !== '') return detached(text);
  return undefined;
}

/** A negative ID, or one past 2^53, cannot be told from another. */
function readInteger(type: ScalarType, isText: boolean, text: string): number | undefined {
  if (isText || type === 'int' || type === 'i8') {
    const digits = wholeDigits(text);
    return digits === undefined ? undefined : safeCount(Number(digits));
  }
  return type === 'double' ? safeCount(decimalNumber(text)) : undefined;
}

function safeCount(value: number | undefined): number | undefined {
  return value !== undefined && Number.isSafeInteger(value) && value >= 0 ? value + 0 : undefined;
}

function readSeconds(type: ScalarType, isText: boolean, text: string): number | undefined {
  if (!isText && type !== 'double' && type !== 'int' && type !== 'i8') return undefined;
  const value = decimalNumber(text);
  return value !== undefined && value >= 0 ? value + 0 : undefined;
}

/**
 * A copy with its own memory. V8 makes a slice of 13 characters or more a view into the string it was cut from, so a
 * listed call would otherwise keep the whole chunk of the answer alive.
 */
function detached(text: string): string {
  return text.length < 13 ? text : ` ${text}`.slice(1);
}

import type { CallwardenError } from '../domain/errors.js';
import type { DisconnectResult } from '../domain/ports.js';
import type { AccountCallStats } from '../domain/snapshot.js';
import { badAnswer, printable } from './codec/bad-answer.js';
import type { PlainStruct, PlainValue } from './codec/plain-value.js';

const NOT_FOUND = 'Call not found or not accessible';

/** What a disconnect method answered. Throws SWITCH_BAD_RESPONSE where there is no result text. */
export function readDisconnect(answer: PlainStruct): DisconnectResult {
  const result = resultOf(answer);
  // Its case says nothing of what was done, and a call that was cut must not be recorded as kept.
  if (result.toUpperCase() === 'OK') return { result: 'ok', count: wholeNumber(answer.get('count')) };
  if (result === NOT_FOUND) return { result: 'not-found' };
  return { result: 'refused', text: printable(result, 300) };
}

/**
 * What getAccountCallStats answered. Entries that cannot be read, or where fewer calls are in total than connected, are
 * left out and make the whole suspect. Throws SWITCH_BAD_RESPONSE where there is no data: that is not "no calls".
 */
export function readStats(answer: PlainStruct): Omit<AccountCallStats, 'timing'> {
  const result = resultOf(answer);
  if (result !== 'OK')
    throw oddResult(`getAccountCallStats answered "${printable(result, 300)}" instead of OK`);
  const data = answer.get('data');
  if (!(data instanceof Map)) throw oddResult('getAccountCallStats answered without its data struct');

  const accounts = new Map<number, { total: number; connected: number }>();
  const suspects: string[] = [];
  for (const [key, entry] of data as PlainStruct) {
    const account = /^(0|[1-9]\d{0,14})$/.test(key) ? Number(key) : undefined;
    const calls = account === undefined ? 'is no account ID' : readCalls(entry);
    if (account === undefined || typeof calls === 'string') suspects.push(`"${printable(key, 40)}" ${calls}`);
    else accounts.set(account, calls);
  }
  return { accounts, suspect: suspicion(suspects) };
}

/** `[total, connected]`, or what is wrong with it. */
function readCalls(entry: PlainValue): { total: number; connected: number } | string {
  const [total, connected] = Array.isArray(entry) && entry.length === 2 ? entry.map(wholeNumber) : [];
  if (total === undefined || connected === undefined) return 'is not two whole numbers';
  if (total < connected) return `has ${connected} connected calls of ${total}`;
  return { total, connected };
}

function suspicion(suspects: readonly string[]): string | undefined {
  if (suspects.length === 0) return undefined;
  const more = suspects.length > 1 ? `, and ${suspects.length - 1} more entries like it` : '';
  return `entry ${suspects[0]}${more}`;
}

function resultOf(answer: PlainStruct): string {
  const result = answer.get('result');
  if (typeof result !== 'string' || result.trim() === '') {
    throw oddResult(`the answer has ${result === undefined ? 'no result' : 'a result that is no text'}`);
  }
  return result.trim();
}

function oddResult(found: string): CallwardenError {
  return badAnswer(found, {
    hint: 'Nothing is concluded from this answer. Compare it with the documentation of this method for the version of your switch.',
  });
}

/** Zero or more; switches write numbers as text now and then. */
function wholeNumber(value: PlainValue | undefined): number | undefined {
  const number = typeof value === 'string' && /^\d{1,15}$/.test(value) ? Number(value) : value;
  return typeof number === 'number' && Number.isSafeInteger(number) && number >= 0 ? number : undefined;
}

import { DEFAULT_DELAY_MS, DEFAULT_UNREADABLE_SHARE, type Fault } from './faults.js';
import type { Random } from './random.js';
import type { XmlRpcValue } from './xml-rpc.js';

/** One answer as it goes out. */
export interface Answer {
  status: number;
  headers: Readonly<Record<string, string>>;
  body: string;
  /** whole; half of the body and then a reset; or a reset without a byte. */
  delivery: 'whole' | 'cut' | 'none';
  delayMs: number;
}

export function xmlAnswer(body: string): Answer {
  return { status: 200, headers: { 'Content-Type': 'text/xml' }, body, delivery: 'whole', delayMs: 0 };
}

export function htmlAnswer(
  status: number,
  title: string,
  headers: Readonly<Record<string, string>> = {},
): Answer {
  return {
    status,
    headers: { 'Content-Type': 'text/html; charset=utf-8', ...headers },
    body: `<!DOCTYPE html>\n<html><head><title>${title}</title></head><body><h1>${title}</h1></body></html>\n`,
    delivery: 'whole',
    delayMs: 0,
  };
}

/** What a misrouted or logged-out request gets from a web server: a page to log in, with status 200. */
export function loginPage(): Answer {
  const form = '<form method="post"><input name="login"><input name="password" type="password"></form>';
  const page = htmlAnswer(200, 'Log in');
  return { ...page, body: page.body.replace('</body>', `${form}</body>`) };
}

/** The fault's effect on an answer of a method that was carried out. */
export function spoilDelivery(answer: Answer, fault: Fault | undefined): Answer {
  switch (fault?.kind) {
    case 'slow':
      return { ...answer, delayMs: fault.delayMs ?? DEFAULT_DELAY_MS };
    case 'cut':
      return { ...answer, delivery: 'cut' };
    case 'lost-reply':
      return { ...answer, delivery: 'none' };
    default:
      return answer;
  }
}

/** The fault's effect on what a method returned: nothing, an empty list, or one with broken IDs. */
export function spoilValue(value: XmlRpcValue, fault: Fault | undefined, random: Random): XmlRpcValue {
  if (!Array.isArray(value)) return value;
  if (fault?.kind === 'empty') return [];
  if (fault?.kind === 'unreadable') return breakIds(value, fault.share ?? DEFAULT_UNREADABLE_SHARE, random);
  return value;
}

/** Breaks the ID of exactly this share of the calls, rounded up, in turns in every way that a switch might. */
function breakIds(calls: readonly XmlRpcValue[], share: number, random: Random): readonly XmlRpcValue[] {
  const brokenIds: readonly (XmlRpcValue | undefined)[] = [null, undefined, '', []];
  const broken = [...calls];
  const count = Math.ceil(calls.length * share);
  const from = random.integer(Math.max(1, calls.length));
  for (let step = 0; step < count; step += 1) {
    const index = (from + step) % calls.length;
    const call = calls[index];
    if (typeof call !== 'object' || call === null) continue;
    broken[index] = { ...call, ID: brokenIds[step % brokenIds.length] };
  }
  return broken;
}

import type { CallIdentity } from '../domain/call.js';
import type { LedgerCall, SeenState } from '../domain/ledger.js';

/**
 * The columns of a call, in the order of toCallValues and CallRow. Positions instead of names, for a ledger is read by the
 * million.
 */
const COLUMNS = [
  'login_id',
  'ref',
  'call_id',
  'setup_time',
  'first_seen_at',
  'last_seen_at',
  'ended_at',
  'setup_at',
  'connected_at',
  'cut_at',
  'last_duration',
  'last_delay',
  'account',
  'customer',
  'connection',
  'environment',
  'cli',
  'cld',
  'direction',
  'caller_media_ip',
  'callee_media_ip',
  'vendors',
  'states',
  'started_at',
  'absent_at',
  'leg',
  'ended_by',
  'ended_in_gap',
  'final_duration',
  'whole_seconds',
] as const;

type Value = string | number | null;

/** What CALL_COLUMNS selects. */
export type CallRow = [
  loginId: number,
  ref: string,
  callId: string,
  setupTime: string | null,
  firstSeenAt: number,
  lastSeenAt: number,
  endedAt: number | null,
  setupAt: number | null,
  connectedAt: number | null,
  cutAt: number | null,
  lastDuration: number | null,
  lastDelay: number | null,
  account: number | null,
  customer: number | null,
  connection: number | null,
  environment: number | null,
  cli: string | null,
  cld: string | null,
  direction: string | null,
  callerMediaIp: string | null,
  calleeMediaIp: string | null,
  vendors: string | null,
  states: string,
  startedAt: number | null,
  absentAt: number | null,
  leg: number | null,
  endedBy: number | null,
  endedInGap: number | null,
  finalDuration: number | null,
  wholeSeconds: number | null,
];

export const CALL_COLUMNS = COLUMNS.join(', ');

/**
 * Takes the id after which the history of the switch begins, the hash, the switch and the values of toCallValues. Ids rise for
 * ever, also where the newest rows were deleted: they tell what was written since.
 */
export const INSERT_CALL = `
  INSERT INTO ledger_call (id, identity_hash, switch_id, ${CALL_COLUMNS})
  VALUES (max(coalesce((SELECT max(id) FROM ledger_call), 0), ?) + 1, ${['identity_hash', 'switch_id', ...COLUMNS].map(() => '?').join(', ')})`;

/** Takes the values of toCallValues and the row's id. */
export const UPDATE_CALL = `
  UPDATE ledger_call SET ${COLUMNS.map((column) => `${column} = ?`).join(', ')} WHERE id = ?`;

/** Rows hold positions in this list instead of names: add at its end, and never move or remove what is there. */
const STATE_BY_CODE = [
  'Idle',
  'WaitAuth',
  'WaitRoute',
  'ARComplete',
  'Connected',
  'Disconnecting',
  'Dead',
] as const;
const CODE_BY_STATE: ReadonlyMap<string, number> = new Map(STATE_BY_CODE.map((state, code) => [state, code]));

/** Different texts of one meaning are kept once: a million calls come from some hundreds of media addresses. */
export type Interner = (text: string) => string;

/** Texts beyond this are not kept: then they are many, and to keep them would take memory instead of saving it. */
const INTERNED_TEXTS = 20_000;

export function createInterner(): Interner {
  const known = new Map<string, string>();
  return (text) => {
    const same = known.get(text);
    if (same !== undefined) return same;
    if (known.size < INTERNED_TEXTS) known.set(text, text);
    return text;
  };
}

/**
 * FNV-1a over the identity and its switch (http://www.isthe.com/chongo/tech/comp/fnv/), as a signed number of 32 bits. It
 * stands in an index, so it may never be reckoned in another way.
 */
export function identityHash(switchId: number, { id, callId, setupTimeText }: CallIdentity): number {
  const text = `${switchId}\n${id}\n${callId}\n${setupTimeText ?? ''}`;
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  }
  return hash | 0;
}

export function toCallValues(call: LedgerCall, loginId: number): Value[] {
  return [
    loginId,
    call.id,
    call.callId,
    call.setupTimeText ?? null,
    call.firstSeenAt,
    call.lastSeenAt,
    call.endedAt ?? null,
    call.setupAt ?? null,
    call.connectedAt ?? null,
    call.cutAt ?? null,
    call.lastDuration ?? null,
    call.lastDelay ?? null,
    call.account ?? null,
    call.customer ?? null,
    call.connection ?? null,
    call.environment ?? null,
    call.cli ?? null,
    call.cld ?? null,
    call.direction ?? null,
    call.callerMediaIp ?? null,
    call.calleeMediaIp ?? null,
    call.vendors.length === 0 ? null : JSON.stringify(call.vendors),
    statesText(call),
    call.startedAt ?? null,
    call.absentAt ?? null,
    call.leg ?? null,
    call.endedBy ?? null,
    flagValue(call.endedInGap),
    call.finalDuration ?? null,
    flagValue(call.wholeSeconds),
  ];
}

export function toCall(row: CallRow, logins: ReadonlyMap<number, string>, intern: Interner): LedgerCall {
  const firstSeenAt = row[4];
  return {
    id: row[1],
    callId: row[2],
    setupTimeText: row[3] ?? undefined,
    login: logins.get(row[0]) ?? '',
    cli: row[16] ?? undefined,
    cld: row[17] ?? undefined,
    account: row[12] ?? undefined,
    customer: row[13] ?? undefined,
    connection: row[14] ?? undefined,
    environment: row[15] ?? undefined,
    direction: row[18] === null ? undefined : intern(row[18]),
    callerMediaIp: row[19] === null ? undefined : intern(row[19]),
    calleeMediaIp: row[20] === null ? undefined : intern(row[20]),
    vendors: row[21] === null ? NO_VENDORS : (JSON.parse(row[21]) as number[]),
    setupAt: row[7] ?? undefined,
    firstSeenAt,
    startedAt: row[23] ?? undefined,
    lastSeenAt: row[5],
    connectedAt: row[8] ?? undefined,
    states: statesOf(row[22], firstSeenAt, intern),
    lastDuration: row[10] ?? undefined,
    lastDelay: row[11] ?? undefined,
    endedAt: row[6] ?? undefined,
    cutAt: row[9] ?? undefined,
    absentAt: row[24] ?? undefined,
    leg: row[25] ?? undefined,
    endedBy: row[26] ?? undefined,
    endedInGap: flagOf(row[27]),
    finalDuration: row[28] ?? undefined,
    wholeSeconds: flagOf(row[29]),
  };
}

function flagValue(flag: boolean | undefined): number | null {
  return flag === undefined ? null : Number(flag);
}

function flagOf(value: number | null): boolean | undefined {
  return value === null ? undefined : value === 1;
}

const NO_VENDORS: readonly number[] = Object.freeze([]);

const ZERO = 48;
const COMMA = 44;
/** Longer ones a number may not hold exactly. */
const MOST_DIGITS = 15;

/**
 * The numbers of a list without spaces, signs, fractions and leading zeros, as nearly all states are: several times faster than JSON.parse.
 * Undefined for any other.
 */
function wholeNumbersOf(text: string): number[] | undefined {
  const end = text.length - 1;
  if (end < 2 || text[0] !== '[' || text[end] !== ']') return undefined;
  const numbers: number[] = [];
  let number = 0;
  let digits = 0;
  for (let at = 1; at < end; at += 1) {
    const code = text.charCodeAt(at);
    const digit = code - ZERO;
    if (digit >= 0 && digit <= 9 && digits < MOST_DIGITS && (digits === 0 || number > 0)) {
      number = number * 10 + digit;
      digits += 1;
    } else if (code === COMMA && digits > 0) {
      numbers.push(number);
      number = 0;
      digits = 0;
    } else return undefined;
  }
  if (digits === 0) return undefined;
  numbers.push(number);
  return numbers;
}

/** `[3,0,4,5003]`: a known state as its code, another as its text, each with its distance from the first sight. */
function statesText({ states, firstSeenAt }: LedgerCall): string {
  return JSON.stringify(
    states.flatMap(({ state, at }) => [CODE_BY_STATE.get(state) ?? state, at - firstSeenAt]),
  );
}

function statesOf(text: string, firstSeenAt: number, intern: Interner): SeenState[] {
  const parts = wholeNumbersOf(text) ?? (JSON.parse(text) as (string | number)[]);
  const states: SeenState[] = [];
  for (let index = 0; index + 1 < parts.length; index += 2) {
    const part = parts[index] ?? '';
    const state = typeof part === 'number' ? (STATE_BY_CODE[part] ?? String(part)) : intern(part);
    states.push({ state, at: firstSeenAt + Number(parts[index + 1]) });
  }
  return states;
}

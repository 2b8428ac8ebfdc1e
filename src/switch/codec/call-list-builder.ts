import type { ListedCall, SuspectCall } from '../../domain/call.js';
import type { ScalarType, ValueSink } from './answer-grammar.js';
import type { AnswerLimits } from './answer-limits.js';
import { badAnswer } from './bad-answer.js';
import { type CallField, callField, type DraftCall, emptyDraft, readField } from './call-fields.js';

/** The fields without which a call cannot be told from another, or is not known to be alive. */
const IDENTITY_KEYS: ReadonlySet<string> = new Set(['id', 'callId', 'state']);

const NOT_A_LIST_HINT =
  'Nothing was decided on this answer. listAllCalls and listActiveCalls answer with a bare array of structs; check that the URL leads to the XML-RPC API of a Sippy switch (path /xmlapi/xmlapi).';

/** Where the builder stands. */
const BEFORE_LIST = 0;
const IN_LIST = 1;
const IN_CALL = 2;

/**
 * Turns a bare array of structs straight into listed calls. Unknown members are skipped whatever is in them. A field
 * that a struct names twice is unreadable, so that no decision depends on which of the two came last; an item that is
 * no struct at all is a suspect call, since something was listed there.
 */
export class CallListBuilder implements ValueSink {
  readonly calls: ListedCall[] = [];
  readonly suspects: SuspectCall[] = [];
  readonly unreadableFields: Record<string, number> = {};
  private readonly limits: AnswerLimits;

  private place = BEFORE_LIST;
  /** Structs and arrays that are open inside something skipped. */
  private skipping = 0;
  private draft: DraftCall = emptyDraft();
  private field: CallField | undefined;
  /** Fields of this call by bit: those that came, and those counted as unreadable. */
  private seen = 0;
  private unreadable = 0;
  /** Why an identity field of this call has no value, by its name. */
  private faults: Map<string, string> | undefined;

  constructor(limits: AnswerLimits) {
    this.limits = limits;
  }

  scalar(type: ScalarType, text: string): void {
    if (this.skipping > 0) return;
    if (this.place === IN_CALL) this.takeField(type, text);
    else if (this.place === IN_LIST) this.addNonCall(typeWords(type));
    else throw notAList(typeWords(type));
  }

  openStruct(): void {
    if (this.skipping > 0) this.skipping += 1;
    else if (this.place === IN_CALL) this.skipCompound('a struct');
    else if (this.place === IN_LIST) this.openCall();
    else throw notAList('a struct');
  }

  openArray(): void {
    if (this.skipping > 0) this.skipping += 1;
    else if (this.place === IN_CALL) this.skipCompound('an array');
    else if (this.place === IN_LIST) {
      this.addNonCall('an array');
      this.skipping = 1;
    } else this.place = IN_LIST;
  }

  member(name: string): void {
    if (this.skipping > 0) return;
    const field = callField(name);
    this.field = field;
    if (field === undefined) return;
    if ((this.seen & field.bit) !== 0) this.rejectRepeated(field);
    this.seen |= field.bit;
  }

  closeStruct(): void {
    if (this.skipping > 0) this.skipping -= 1;
    else this.closeCall();
  }

  closeArray(): void {
    if (this.skipping > 0) this.skipping -= 1;
  }

  private openCall(): void {
    this.countItem();
    this.place = IN_CALL;
    this.draft = emptyDraft();
    this.seen = 0;
    this.unreadable = 0;
    this.faults = undefined;
  }

  private takeField(type: ScalarType, text: string): void {
    const field = this.field;
    if (field === undefined) return;
    const reading = readField(this.draft, field, type, text);
    if (reading === 'read') return;
    if (reading === 'absent') this.note(field, type === 'nil' ? 'is nil' : 'is empty');
    else this.reject(field, `is ${typeWords(type)}`);
  }

  private skipCompound(what: string): void {
    this.skipping = 1;
    if (this.field !== undefined) this.reject(this.field, `is ${what}`);
  }

  /** Takes back what the first of the two said, and keeps the second from being read. */
  private rejectRepeated(field: CallField): void {
    this.draft[field.key] = undefined;
    this.field = undefined;
    this.reject(field, 'is listed twice');
  }

  private reject(field: CallField, why: string): void {
    this.note(field, why);
    if ((this.unreadable & field.bit) !== 0) return;
    this.unreadable |= field.bit;
    this.unreadableFields[field.name] = (this.unreadableFields[field.name] ?? 0) + 1;
  }

  private note(field: CallField, why: string): void {
    if (!IDENTITY_KEYS.has(field.key)) return;
    this.faults ??= new Map();
    this.faults.set(field.name, why);
  }

  private closeCall(): void {
    this.place = IN_LIST;
    const draft = this.draft;
    if (isIdentified(draft)) this.calls.push(draft);
    else this.suspects.push(this.suspectOf(draft));
  }

  private suspectOf(draft: DraftCall): SuspectCall {
    const { id, callId, state, account, customer, connection, cli, cld } = draft;
    const identity = { ID: id, CALL_ID: callId, CC_STATE: state };
    const reasons: string[] = [];
    for (const [name, value] of Object.entries(identity)) {
      if (value === undefined) reasons.push(`${name} ${this.faults?.get(name) ?? 'is missing'}`);
    }
    return { id, callId, state, account, customer, connection, cli, cld, reason: reasons.join(', ') };
  }

  private addNonCall(what: string): void {
    this.countItem();
    const { id, callId, state, account, customer, connection, cli, cld } = emptyDraft();
    const reason = `the list has ${what} where a call belongs`;
    this.suspects.push({ id, callId, state, account, customer, connection, cli, cld, reason });
  }

  private countItem(): void {
    if (this.calls.length + this.suspects.length < this.limits.maxCalls) return;
    throw badAnswer(`the answer lists more than ${this.limits.maxCalls} calls`);
  }
}

function isIdentified(draft: DraftCall): draft is ListedCall {
  return draft.id !== undefined && draft.callId !== undefined && draft.state !== undefined;
}

function notAList(found: string) {
  return badAnswer(`the answer is ${found} instead of a list of calls`, { hint: NOT_A_LIST_HINT });
}

function typeWords(type: ScalarType): string {
  switch (type) {
    case 'nil':
      return 'nil';
    case 'int':
    case 'i8':
      return 'a whole number';
    case 'unknown':
      return 'of an unknown type';
    case 'untyped':
    case 'string':
      return 'a text';
    default:
      return `a ${type}`;
  }
}

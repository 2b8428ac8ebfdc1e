import type { AnswerLimits } from './answer-limits.js';
import { badAnswer, printable } from './bad-answer.js';
import type { XmlSink } from './xml-reader.js';

/** `untyped` is a value without a type element, which is a string; `unknown` is any type that XML-RPC does not name. */
export type ScalarType =
  | 'nil'
  | 'int'
  | 'i8'
  | 'double'
  | 'string'
  | 'untyped'
  | 'boolean'
  | 'dateTime'
  | 'base64'
  | 'unknown';

/** Takes the one value of an answer, as it comes in. */
export interface ValueSink {
  scalar(type: ScalarType, text: string): void;
  openStruct(): void;
  /** The name of the member whose value comes next. */
  member(name: string): void;
  closeStruct(): void;
  openArray(): void;
  closeArray(): void;
}

const SCALAR_TYPES: ReadonlyMap<string, ScalarType> = new Map([
  ['string', 'string'],
  ['int', 'int'],
  ['i4', 'int'],
  ['i8', 'i8'],
  ['double', 'double'],
  ['boolean', 'boolean'],
  ['nil', 'nil'],
  ['ex:nil', 'nil'],
  ['dateTime.iso8601', 'dateTime'],
  ['base64', 'base64'],
]);

/** The elements of an answer, by what they may contain. */
const DOCUMENT = 0;
const RESPONSE = 1;
const PARAMS = 2;
const PARAM = 3;
const FAULT = 4;
const VALUE = 5;
const SCALAR = 6;
const STRUCT = 7;
const MEMBER = 8;
const NAME = 9;
const ARRAY = 10;
const DATA = 11;

const ELEMENT_NAMES = [
  'the document',
  '<methodResponse>',
  '<params>',
  '<param>',
  '<fault>',
  '<value>',
  'a scalar value',
  '<struct>',
  '<member>',
  '<name>',
  '<array>',
  '<data>',
];

/**
 * The grammar of an XML-RPC answer (xmlrpc.com/spec, with nil and i8): every element where it belongs, as often as it
 * may be there, and no text between them. Anything else is SWITCH_BAD_RESPONSE. Values go to `result`, those of a
 * fault to `fault`.
 */
export class AnswerGrammar implements XmlSink {
  private readonly fault: ValueSink;
  private readonly limits: AnswerLimits;
  private sink: ValueSink;
  /** Set once the answer shows itself to be a fault. */
  isFault = false;

  private readonly parents: number[] = [];
  private element = DOCUMENT;
  /** How many children the element has so far, as far as the grammar counts them. */
  private children = 0;
  private depth = 0;
  private characters = '';
  private scalarType: ScalarType = 'untyped';

  constructor(result: ValueSink, fault: ValueSink, limits: AnswerLimits) {
    this.fault = fault;
    this.limits = limits;
    this.sink = result;
  }

  open(name: string): void {
    const child = this.childElement(name);
    if (this.element === VALUE && !isBlank(this.characters)) throw this.strayText(this.characters);
    this.parents.push(this.element, this.children + 1);
    this.element = child;
    this.children = 0;
    this.characters = '';
  }

  text(piece: string): void {
    switch (this.element) {
      case SCALAR:
      case NAME:
        break;
      case VALUE:
        if (this.children === 0) break;
        if (!isBlank(piece)) throw this.strayText(piece);
        return;
      default:
        if (!isBlank(piece)) throw this.strayText(piece);
        return;
    }
    if (this.characters.length + piece.length > this.limits.maxTextLength) {
      throw badAnswer(`the answer has a text of more than ${this.limits.maxTextLength} characters`);
    }
    this.characters = this.characters === '' ? piece : this.characters + piece;
  }

  close(): void {
    this.finish();
    this.children = this.parents.pop() ?? 0;
    this.element = this.parents.pop() ?? DOCUMENT;
  }

  /** What the element means now that it is complete. */
  private finish(): void {
    switch (this.element) {
      case SCALAR:
        if (this.scalarType === 'nil' && !isBlank(this.characters)) throw this.strayText(this.characters);
        this.sink.scalar(this.scalarType, this.characters);
        return;
      case VALUE:
        if (this.children === 0) this.sink.scalar('untyped', this.characters);
        return;
      case NAME:
        this.sink.member(this.characters);
        return;
      case MEMBER:
        if (this.children < 2) throw badAnswer('the answer has a <member> without a name or a value');
        return;
      case STRUCT:
        this.depth -= 1;
        this.sink.closeStruct();
        return;
      case ARRAY:
        if (this.children === 0) throw badAnswer('the answer has an <array> without <data>');
        this.depth -= 1;
        this.sink.closeArray();
        return;
      case DATA:
        return;
      default:
        if (this.children === 0)
          throw badAnswer(`the answer carries no value: ${this.elementName()} is empty`);
    }
  }

  /** Which element `name` is here; throws where it may not be. */
  private childElement(name: string): number {
    switch (this.element) {
      case VALUE:
        if (this.children === 0) return this.typeElement(name);
        throw badAnswer('the answer has a <value> with two types');
      case STRUCT:
        if (name === 'member') return MEMBER;
        break;
      case MEMBER:
        if (this.children === 0 && name === 'name') return NAME;
        if (this.children === 1 && name === 'value') return VALUE;
        break;
      case DATA:
        if (name === 'value') return VALUE;
        break;
      case ARRAY:
        if (this.children === 0 && name === 'data') return DATA;
        break;
      default:
        return this.envelopeElement(name);
    }
    throw this.misplaced(name);
  }

  private envelopeElement(name: string): number {
    switch (this.element) {
      case DOCUMENT:
        if (name === 'methodResponse') return RESPONSE;
        throw badAnswer(`the answer is <${printable(name, 60)}> instead of an XML-RPC <methodResponse>`);
      case RESPONSE:
        if (this.children > 0) break;
        if (name === 'params') return PARAMS;
        if (name !== 'fault') break;
        this.isFault = true;
        this.sink = this.fault;
        return FAULT;
      case PARAMS:
        if (name !== 'param') break;
        if (this.children > 0) throw badAnswer('the answer carries several params where XML-RPC has one');
        return PARAM;
      case PARAM:
      case FAULT:
        if (name === 'value' && this.children === 0) return VALUE;
        break;
    }
    throw this.misplaced(name);
  }

  private typeElement(name: string): number {
    if (name === 'struct' || name === 'array') {
      this.depth += 1;
      if (this.depth > this.limits.maxDepth) {
        throw badAnswer(`the answer nests values more than ${this.limits.maxDepth} deep`);
      }
      if (name === 'struct') {
        this.sink.openStruct();
        return STRUCT;
      }
      this.sink.openArray();
      return ARRAY;
    }
    this.scalarType = SCALAR_TYPES.get(name) ?? 'unknown';
    return SCALAR;
  }

  private misplaced(name: string) {
    return badAnswer(`the answer has <${printable(name, 60)}> where it cannot be, in ${this.elementName()}`);
  }

  private strayText(text: string) {
    const shown = printable(text.trim(), 60);
    return badAnswer(`the answer has the text "${shown}" where none can be, in ${this.elementName()}`);
  }

  private elementName(): string {
    return ELEMENT_NAMES[this.element] ?? 'the document';
  }
}

/** Nothing but what XML counts as white space, which is less than what JavaScript does. */
function isBlank(text: string): boolean {
  return text === '' || /^[ \t\r\n]*$/.test(text);
}

import type { ListedCall, SuspectCall } from '../../domain/call.js';
import { CallwardenError } from '../../domain/errors.js';
import { AnswerGrammar, type ValueSink } from './answer-grammar.js';
import { type AnswerLimits, DEFAULT_ANSWER_LIMITS } from './answer-limits.js';
import { AnswerText } from './answer-text.js';
import { badAnswer, faultAnswer, printable } from './bad-answer.js';
import { CallListBuilder } from './call-list-builder.js';
import type { PlainStruct, PlainValue } from './plain-value.js';
import { ValueBuilder } from './value-builder.js';
import { XmlReader } from './xml-reader.js';

/** The body of an answer as it arrives; boundaries may fall anywhere. */
export type ByteChunks = AsyncIterable<Uint8Array> | Iterable<Uint8Array>;

export interface DecodedCalls {
  calls: ListedCall[];
  suspects: SuspectCall[];
  /** How often each field could not be coerced to its documented type, e.g. { DURATION: 2 }. */
  unreadableFields: Record<string, number>;
}

/**
 * Decodes the answer of listAllCalls and listActiveCalls as it streams in, without ever holding the document.
 *
 * Resolves only for a complete, well-formed answer with one array in it. Throws SWITCH_FAULT for a complete fault, and
 * SWITCH_BAD_RESPONSE for whatever else came. Errors of `chunks` itself pass through as they are.
 */
export async function decodeCalls(
  chunks: ByteChunks,
  limits: Partial<AnswerLimits> = {},
): Promise<DecodedCalls> {
  const allLimits = { ...DEFAULT_ANSWER_LIMITS, ...limits };
  const builder = new CallListBuilder(allLimits);
  await decodeAnswer(chunks, builder, allLimits);
  const { calls, suspects, unreadableFields } = builder;
  return { calls, suspects, unreadableFields };
}

/**
 * Decodes a small answer that is one struct, as the disconnect methods and getAccountCallStats give it. Throws as
 * decodeCalls does, and SWITCH_BAD_RESPONSE for a struct that names a member twice.
 */
export async function decodeResult(
  chunks: ByteChunks,
  limits: Partial<AnswerLimits> = {},
): Promise<PlainStruct> {
  const value = await decodeValue(chunks, limits);
  if (value instanceof Map) return value;
  throw badAnswer(`the answer is ${valueWords(value)} instead of a struct`);
}

/** Decodes an answer of any type. Throws as decodeResult does. */
export async function decodeValue(
  chunks: ByteChunks,
  limits: Partial<AnswerLimits> = {},
): Promise<PlainValue> {
  const builder = new ValueBuilder();
  await decodeAnswer(chunks, builder, { ...DEFAULT_ANSWER_LIMITS, ...limits });
  if (builder.value === undefined) throw badAnswer('the answer carries no value');
  return builder.value;
}

async function decodeAnswer(chunks: ByteChunks, sink: ValueSink, limits: AnswerLimits): Promise<void> {
  const decoder = new AnswerDecoder(sink, limits);
  for await (const chunk of chunks) decoder.write(chunk);
  decoder.end();
}

/** How much of the beginning is kept, to say what came where it was no XML-RPC. */
const HEAD_CHARACTERS = 512;

/** How much of the end is kept, to tell an answer that was cut short from one that is broken but whole. */
const TAIL_CHARACTERS = 64;

/** One answer on its way from bytes through XML and XML-RPC to values. */
class AnswerDecoder {
  private readonly text = new AnswerText();
  private readonly fault = new ValueBuilder();
  private readonly grammar: AnswerGrammar;
  private readonly xml: XmlReader;
  private head = '';
  private tail = '';

  constructor(sink: ValueSink, limits: AnswerLimits) {
    this.grammar = new AnswerGrammar(sink, this.fault, limits);
    this.xml = new XmlReader(this.grammar, limits);
  }

  write(chunk: Uint8Array): void {
    this.guarded(() => this.read(this.text.decode(chunk)));
  }

  end(): void {
    this.guarded(() => this.read(this.text.end()));
    if (this.head.trim() === '') throw badAnswer('the answer is empty');
    this.guarded(() => this.close());
    if (this.grammar.isFault) throw faultOf(this.fault.value);
  }

  private read(text: string): void {
    if (this.head.length < HEAD_CHARACTERS) this.head += text.slice(0, HEAD_CHARACTERS - this.head.length);
    this.tail = (this.tail + text.slice(-TAIL_CHARACTERS)).slice(-TAIL_CHARACTERS);
    this.xml.write(text);
  }

  private close(): void {
    try {
      this.xml.end();
    } catch (cause) {
      if (/<\/methodResponse\s*>\s*$/.test(this.tail)) throw cause;
      throw badAnswer(`the answer was cut short: ${messageOf(cause)}`, {
        hint: 'Nothing was decided on this answer. The switch, or a proxy before it, ended it early; look for timeouts and size limits there.',
        cause,
      });
    }
  }

  /** Says what came instead of XML-RPC, where a step fails. */
  private guarded(step: () => void): void {
    try {
      step();
    } catch (error) {
      throw explained(error, this.head);
    }
  }
}

/** How a web page begins: after an XML declaration, white space and comments. */
const HTML_BEGINNING =
  /^\ufeff?\s*(?:<\?xml[^>]*>\s*)?(?:<!--[^>]*-->\s*)*<(?:!doctype\s+html|html|head|body|title|center|h1|h2|p|div|pre)\b/i;

function explained(error: unknown, head: string): unknown {
  if (HTML_BEGINNING.test(head)) {
    return badAnswer('an HTML page came instead of XML-RPC', {
      hint: 'Check that the URL path is /xmlapi/xmlapi and that the login is right; a proxy or a login page may have answered.',
      cause: error,
    });
  }
  const beginning = head.replace(/^\ufeff?\s*/, '');
  if (beginning !== '' && !beginning.startsWith('<')) {
    return badAnswer(`the answer is not XML: it begins with "${printable(beginning, 60)}"`, { cause: error });
  }
  if (error instanceof CallwardenError) return error;
  return badAnswer(`the answer is not well-formed XML: ${messageOf(error)}`, { cause: error });
}

function messageOf(error: unknown): string {
  return printable(error instanceof Error ? error.message : String(error), 200);
}

/** XML-RPC: a fault is a struct of an int faultCode and a string faultString; a code in a string is let pass. */
function faultOf(value: PlainValue | undefined): CallwardenError {
  if (value instanceof Map) {
    const code = value.get('faultCode');
    const text = value.get('faultString');
    const codeIsPlain = typeof code === 'number' || (typeof code === 'string' && /^-?\d{1,18}$/.test(code));
    if (codeIsPlain && typeof text === 'string') return faultAnswer(String(code), text);
  }
  return badAnswer('the answer is a fault without a faultCode and faultString');
}

function valueWords(value: PlainValue): string {
  if (value === null) return 'nil';
  if (Array.isArray(value)) return 'an array';
  if (typeof value === 'object') return 'a scalar value';
  return `a ${typeof value}`;
}

import { serializeMethodCall } from 'xmlrpc/lib/serializer.js';
import { CallwardenError } from '../../domain/errors.js';
import { printable } from './bad-answer.js';

const INT32_MIN = -(2 ** 31);
const INT32_MAX = 2 ** 31 - 1;

/** Outside the Char production of XML 1.0 (section 2.2); with the u flag \p{Cs} is a surrogate without its partner. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what XML forbids
const FORBIDDEN_IN_XML = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff\p{Cs}]/u;

/**
 * The body of an XML-RPC request: the method with one struct as its single parameter, also where it is empty, as the
 * switch expects. A string stays a string, so the ID of disconnectCall must be handed in as one.
 *
 * Throws SWITCH_FAULT, before anything is sent, for a value that would not arrive as it is meant: the six methods take
 * strings, booleans and 32-bit integers, and xmlrpc's serializer writes longer integers as int all the same, undefined
 * as an empty string, and breaks a text that needs CDATA but contains "]]>" or a carriage return.
 */
export function encodeRequest(method: string, params: Readonly<Record<string, unknown>>): string {
  refuse(method, 'the name of the method', textProblem(method));
  for (const [name, value] of Object.entries(params)) {
    refuse(method, `the name of parameter ${name}`, textProblem(name));
    refuse(method, name, valueProblem(value));
  }
  return serializeMethodCall(method, [params]);
}

function refuse(method: string, what: string, problem: string | undefined): void {
  if (problem === undefined) return;
  throw new CallwardenError(
    'SWITCH_FAULT',
    `${printable(method, 60)} was not sent: ${printable(what, 60)} ${problem}`,
    {
      hint: 'Check the ID that was asked for; the switch takes texts, booleans and whole numbers of 32 bits.',
    },
  );
}

function valueProblem(value: unknown): string | undefined {
  switch (typeof value) {
    case 'boolean':
      return undefined;
    case 'string':
      return textProblem(value);
    case 'number':
      if (!Number.isInteger(value)) return `is ${value}, which is not a whole number`;
      if (value < INT32_MIN || value > INT32_MAX) return `is ${value}, which an XML-RPC int cannot hold`;
      return undefined;
    default:
      return `is ${value === null ? 'null' : typeof value}, which no method of the switch takes`;
  }
}

function textProblem(text: string): string | undefined {
  const found = FORBIDDEN_IN_XML.exec(text);
  if (found !== null) {
    const code = (found[0].codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0');
    return `contains the character U+${code}, which XML cannot carry`;
  }
  if (text.includes(']]>') || (/[<&]/.test(text) && text.includes('\r'))) {
    return 'contains characters that cannot be sent unchanged';
  }
  return undefined;
}

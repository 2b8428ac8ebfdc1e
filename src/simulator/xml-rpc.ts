import { Readable } from 'node:stream';
import Deserializer from 'xmlrpc/lib/deserializer.js';

/** What an answer can hold. Whole numbers are sent as int and others as double, like the switch sends DURATION. */
export type XmlRpcValue =
  | null
  | boolean
  | number
  | string
  | readonly XmlRpcValue[]
  | { readonly [name: string]: XmlRpcValue | undefined };

/** An XML-RPC fault: the switch's way to refuse. */
export class XmlRpcFault extends Error {
  override readonly name = 'XmlRpcFault';
  readonly code: number;

  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}

/**
 * Reads a method call with xmlrpc's parser, so that what our client writes is read by code that is not ours. Its server
 * is not used: it has no place for digest, faults or other content types. Rejects with a fault on anything else.
 */
export function readMethodCall(body: Buffer): Promise<{ method: string; params: readonly unknown[] }> {
  return new Promise((resolve, reject) => {
    new Deserializer().deserializeMethodCall(Readable.from([body]), (error, method, params) => {
      if (error) reject(new XmlRpcFault(400, `The request cannot be read: ${error.message.split('\n')[0]}`));
      else resolve({ method, params });
    });
  });
}

/**
 * Writes an answer. A string builder of our own: xmlrpc's serializer builds a tree first, which takes seconds for a
 * list of 10,000 calls.
 */
export function writeAnswer(value: XmlRpcValue): string {
  return `${DECLARATION}<methodResponse><params><param>${write(value)}</param></params></methodResponse>`;
}

export function writeFault(fault: XmlRpcFault): string {
  const value = write({ faultCode: fault.code, faultString: fault.message });
  return `${DECLARATION}<methodResponse><fault>${value}</fault></methodResponse>`;
}

const DECLARATION = "<?xml version='1.0'?>\n";

function write(value: XmlRpcValue): string {
  if (value === null) return '<value><nil/></value>';
  if (typeof value === 'string') return `<value><string>${escapeText(value)}</string></value>`;
  if (typeof value === 'number') return writeNumber(value);
  if (typeof value === 'boolean') return `<value><boolean>${value ? 1 : 0}</boolean></value>`;
  if (isList(value)) return `<value><array><data>${value.map(write).join('')}</data></array></value>`;
  let members = '';
  for (const [name, member] of Object.entries(value)) {
    if (member === undefined) continue;
    members += `<member><name>${escapeText(name)}</name>${write(member)}</member>`;
  }
  return `<value><struct>${members}</struct></value>`;
}

function isList(value: XmlRpcValue): value is readonly XmlRpcValue[] {
  return Array.isArray(value);
}

function writeNumber(value: number): string {
  return Number.isInteger(value)
    ? `<value><int>${value}</int></value>`
    : `<value><double>${value}</double></value>`;
}

function escapeText(text: string): string {
  return /[&<>]/.test(text)
    ? text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
    : text;
}

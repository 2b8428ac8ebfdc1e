import type { ScalarType } from './answer-grammar.js';
import { badAnswer, printable } from './bad-answer.js';
import { DateTimeText, type PlainValue } from './plain-value.js';

const WHOLE = /^[ \t\r\n]*([+-]?\d+)[ \t\r\n]*$/;
const DECIMAL = /^[ \t\r\n]*([+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?)[ \t\r\n]*$/;
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}(?:==)?|[A-Za-z0-9+/]{3}=?)?$/;

const INT32_MIN = -(2 ** 31);
const INT32_MAX = 2 ** 31 - 1;

/** The digits of a whole number with its sign, or undefined where the text is none. */
export function wholeDigits(text: string): string | undefined {
  return WHOLE.exec(text)?.[1];
}

/** A decimal number; exponents are read although XML-RPC has none, since some servers write them. */
export function decimalNumber(text: string): number | undefined {
  const digits = DECIMAL.exec(text)?.[1];
  if (digits === undefined) return undefined;
  const number = Number(digits);
  return Number.isFinite(number) ? number : undefined;
}

/** The value of one scalar, read strictly: what its type does not allow is SWITCH_BAD_RESPONSE. */
export function scalarValue(type: ScalarType, text: string): PlainValue {
  const value = readScalar(type, text);
  if (value === undefined) {
    throw badAnswer(
      type === 'unknown'
        ? 'the answer has a value of a type that XML-RPC does not have'
        : `the answer has "${printable(text, 60)}" where a value of type ${type} belongs`,
    );
  }
  return value;
}

function readScalar(type: ScalarType, text: string): PlainValue | undefined {
  switch (type) {
    case 'nil':
      return null;
    case 'string':
    case 'untyped':
      return text;
    case 'int':
      return intValue(text);
    case 'i8':
      return longValue(text);
    case 'double':
      return decimalNumber(text);
    case 'boolean':
      return text === '1' ? true : text === '0' ? false : undefined;
    case 'dateTime':
      return new DateTimeText(text);
    case 'base64':
      return base64Value(text);
    case 'unknown':
      return undefined;
  }
}

function intValue(text: string): number | undefined {
  const digits = wholeDigits(text);
  if (digits === undefined) return undefined;
  const number = Number(digits);
  return number >= INT32_MIN && number <= INT32_MAX ? number + 0 : undefined;
}

function longValue(text: string): number | bigint | undefined {
  const digits = wholeDigits(text);
  if (digits === undefined) return undefined;
  const number = Number(digits);
  if (Number.isSafeInteger(number)) return number + 0;
  const long = BigInt(digits.startsWith('+') ? digits.slice(1) : digits);
  return BigInt.asIntN(64, long) === long ? long : undefined;
}

function base64Value(text: string): Uint8Array | undefined {
  const letters = text.replace(/[ \t\r\n]+/g, '');
  return BASE64.test(letters) ? Buffer.from(letters, 'base64') : undefined;
}

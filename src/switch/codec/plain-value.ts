/** A decoded XML-RPC value. */
export type PlainValue =
  | null
  | boolean
  /** int, i4, double, and i8 as far as a number holds it exactly. */
  | number
  /** i8 beyond Number.MAX_SAFE_INTEGER. */
  | bigint
  | string
  | DateTimeText
  /** base64 */
  | Uint8Array
  | readonly PlainValue[]
  | PlainStruct;

/** Members by name. A map, so that a member named `__proto__` is a name like any other. */
export type PlainStruct = ReadonlyMap<string, PlainValue>;

/** dateTime.iso8601, as written: XML-RPC gives it no time zone, so that no instant can be derived from it here. */
export class DateTimeText {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

import type { ScalarType, ValueSink } from './answer-grammar.js';
import { badAnswer, printable } from './bad-answer.js';
import type { PlainValue } from './plain-value.js';
import { scalarValue } from './scalars.js';

type Container = PlainValue[] | Map<string, PlainValue>;

/**
 * Builds any XML-RPC value, for the small answers. A struct that names a member twice is refused with
 * SWITCH_BAD_RESPONSE, so that nothing depends on which of the two came last.
 */
export class ValueBuilder implements ValueSink {
  private built: PlainValue | undefined;
  private readonly open: { container: Container; name: string }[] = [];

  /** The value; undefined while there is none. */
  get value(): PlainValue | undefined {
    return this.built;
  }

  scalar(type: ScalarType, text: string): void {
    this.add(scalarValue(type, text));
  }

  openStruct(): void {
    this.open.push({ container: new Map(), name: '' });
  }

  openArray(): void {
    this.open.push({ container: [], name: '' });
  }

  member(name: string): void {
    const top = this.open.at(-1);
    if (top === undefined || Array.isArray(top.container)) return;
    if (top.container.has(name)) {
      throw badAnswer(`the answer has a struct with two members named "${printable(name, 60)}"`);
    }
    top.name = name;
  }

  closeStruct(): void {
    this.closeContainer();
  }

  closeArray(): void {
    this.closeContainer();
  }

  private closeContainer(): void {
    const closed = this.open.pop();
    if (closed !== undefined) this.add(closed.container);
  }

  private add(value: PlainValue): void {
    const top = this.open.at(-1);
    if (top === undefined) this.built = value;
    else if (Array.isArray(top.container)) top.container.push(value);
    else top.container.set(top.name, value);
  }
}

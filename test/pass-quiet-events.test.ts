import { describe, expect, it } from 'vitest';
import { EVENTS } from '../src/domain/quiet.js';
import { createEventMasks } from '../src/pass-quiet-events.js';
import { aCall } from './support/calls.js';

const to = (prefix: string) => ({ of: EVENTS.fresh, calls: [prefix] });

describe('what an event is to those who wait for calls of one sort', () => {
  it('is one for those whose prefixes the number begins with, and for those who wait for any', () => {
    const masks = createEventMasks();
    const [any, costly, cheap] = [{ of: EVENTS.fresh, calls: undefined }, to('882'), to('49')].map(
      masks.maskOf,
    );
    const bits = EVENTS.fresh * masks.sortsOf(aCall({ id: '1', cldNumber: '88213' }));
    expect([any, costly, cheap].map((mask) => (bits & (mask ?? 0)) !== 0)).toEqual([true, true, false]);
    expect((EVENTS.over * masks.sortsOf(aCall({ id: '1', cldNumber: '88213' }))) & (costly ?? 0)).toBe(0);
  });

  it('is one for those who wait for calls of a number to itself where it may be such a call', () => {
    const masks = createEventMasks();
    const mask = masks.maskOf({ of: EVENTS.fresh, calls: 'to-themselves' });
    const isFor = (cliNumber: string | undefined) =>
      ((EVENTS.fresh * masks.sortsOf(aCall({ id: '1', cliNumber, cldNumber: '49301' }))) & mask) !== 0;
    expect(['49301', '49302', undefined].map(isFor)).toEqual([true, false, true]);
  });

  it('is one for all of them where the call has no number', () => {
    const masks = createEventMasks();
    const mask = masks.maskOf(to('882'));
    expect((EVENTS.fresh * masks.sortsOf(aCall({ id: '1', cldNumber: undefined }))) & mask).not.toBe(0);
  });

  it('is one at every call for those who come after the lists that it can tell apart', () => {
    const masks = createEventMasks();
    const lists = Array.from({ length: 12 }, (_, index) => masks.maskOf(to(`99${index}`)));
    const bits = EVENTS.fresh * masks.sortsOf(aCall({ id: '1', cldNumber: '49301' }));
    expect(lists.map((mask) => (bits & mask) !== 0)).toEqual([
      ...Array.from({ length: 9 }, () => false),
      ...Array.from({ length: 3 }, () => true),
    ]);
  });
});

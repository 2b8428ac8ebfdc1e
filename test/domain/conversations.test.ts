import { describe, expect, it } from 'vitest';
import {
  Conversations,
  countConversations,
  groupById,
  perhapsOtherSide,
} from '../../src/domain/conversations.js';
import { aCall, calls, onNetPair } from '../support/calls.js';

const [out, into] = onNetPair(aCall({ id: '1' }), { id: '2', account: 20 });
const othersOf = (id: string, ...listed: (typeof out)[]) =>
  new Conversations(groupById(listed)).othersOf(id).map((call) => call.id);

describe('entries', () => {
  it('of opposite directions that share the CALL_ID, SETUP_TIME and numbers are one call', () => {
    expect([othersOf('1', out, into), othersOf('2', out, into)]).toEqual([['2'], ['1']]);
    expect(countConversations([out, into, aCall({ id: '3' })])).toEqual({ fewest: 2, most: 2 });
  });

  it.each([
    ['of the same direction', { direction: 'onnet_out' }],
    ['to a vendor', { direction: 'vendor' }],
    ['without a direction', { direction: undefined }],
    ['with another CALL_ID', { callId: 'another' }],
    ['with another SETUP_TIME', { setupTimeText: '20260105T09:59:01.000' }],
    ['without a SETUP_TIME', { setupTimeText: undefined }],
    ['with another CLI', { cli: '33' }],
    ['without a CLD', { cld: undefined }],
  ])('%s are calls of their own', (_, other) => {
    expect(othersOf('1', out, { ...into, ...other })).toEqual([]);
    expect(countConversations([out, { ...into, ...other }])).toEqual({ fewest: 2, most: 2 });
  });

  it('under one ID are one call, which has no other entry where it shows both sides', () => {
    const [same, other] = [out, into].map((call) => ({ ...call, id: '9' }));
    expect(othersOf('9', same!, other!, out, into)).toEqual([]);
    expect(othersOf('1', same!, other!, out, into)).toEqual(['2']);
    expect(countConversations([same!, other!, out, into])).toEqual({ fewest: 2, most: 2 });
    expect(countConversations([aCall({ id: '1' }), aCall({ id: '1', direction: undefined })]).most).toBe(1);
  });

  it('of a caller who gives all his calls one CALL_ID are as many calls', () => {
    const flood = calls(20, { callId: 'one', direction: 'onnet_out', setupAt: 0 });
    expect(othersOf('1', ...flood)).toEqual([]);
    expect(countConversations(flood)).toEqual({ fewest: 20, most: 20 });
  });

  it('of one caller and two who are called at once are two calls at most, and one at least', () => {
    const third = { ...into, id: '3', account: 30 };
    expect(othersOf('1', out, into, third)).toEqual(['2', '3']);
    expect(othersOf('2', out, into, third)).toEqual(['1']);
    expect(countConversations([out, into, third])).toEqual({ fewest: 1, most: 2 });
  });

  it('of two calls under one ID end with it, of whichever of them they are', () => {
    const other = { ...out, callId: 'another' };
    const listed = [out, other, into, { ...into, id: '3', callId: 'another' }];
    expect(othersOf('1', ...listed)).toEqual(['2', '3']);
    expect(countConversations(listed)).toEqual({ fewest: 1, most: 2 });
    const vendor = aCall({ id: '1', callId: 'a third' });
    expect(countConversations([out, vendor, into])).toEqual({ fewest: 1, most: 2 });
    expect(countConversations([vendor, aCall({ id: '1' })])).toEqual({ fewest: 1, most: 2 });
  });
});

describe('what is listed after a disconnect', () => {
  it.each([
    ['the other direction', into, true],
    ['the same direction', { ...into, direction: 'onnet_out' }, false],
    ['a call to a vendor', { ...into, direction: 'vendor' }, false],
    ['another CALL_ID', { ...into, callId: 'another' }, false],
    ['another number', { ...into, cld: '33' }, false],
    ['a number that is not shown', { ...into, cld: undefined }, true],
  ])('may be what is left of the call: %s', (_, listed, expected) => {
    expect(perhapsOtherSide(out, listed)).toBe(expected);
  });

  it('may be so in any direction where the record does not tell it', () => {
    const { id, callId, setupTimeText } = out;
    expect([out, into].map((listed) => perhapsOtherSide({ id, callId, setupTimeText }, listed))).toEqual([
      true,
      true,
    ]);
    expect(perhapsOtherSide({ ...out, direction: 'vendor' }, into)).toBe(false);
  });
});

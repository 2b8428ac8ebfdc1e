import { describe, expect, it } from 'vitest';
import { asStated } from '../../src/domain/customer-tree.js';
import { createProtection } from '../../src/plan/protection.js';
import { aCall } from '../support/calls.js';

interface Protected {
  accounts?: number[];
  customers?: number[];
  tree?: [number, number][];
}
type Fields = Partial<ReturnType<typeof aCall>>;

const protectionOf = (protect: Protected) =>
  createProtection(
    { accounts: protect.accounts ?? [], customers: protect.customers ?? [] },
    asStated(new Map(protect.tree ?? [])),
    (raw) => (raw === '112' ? raw : undefined),
  );
const reasonFor = (protect: Protected, call: Fields) =>
  protectionOf(protect).reasonFor({ ...aCall({ id: '1' }), ...call });
const reasonsFor = (protect: Protected, call: Fields) =>
  protectionOf(protect).reasonsFor({ ...aCall({ id: '1' }), ...call });

describe('protection', () => {
  it('covers numbers as CLD and CLI, accounts, and customers with their stated descendants', () => {
    expect(reasonFor({}, {})).toBeUndefined();
    expect(reasonFor({}, { cld: '112' })).toBe('protected-number');
    expect(reasonFor({}, { cli: '112' })).toBe('protected-number');
    expect(reasonFor({ accounts: [10] }, {})).toBe('protected-account');
    expect(reasonFor({ customers: [2] }, {})).toBe('protected-customer');
    expect(reasonFor({ customers: [1], tree: [[2, 1]] }, {})).toBe('protected-customer');
    expect(reasonFor({ customers: [1] }, {})).toBeUndefined();
  });

  it('covers a call whose number is not known, and a call of unknown owner where owners are protected', () => {
    expect(reasonFor({}, { cldNumber: undefined, cld: undefined })).toBe('number-unknown');
    expect(reasonFor({}, { cldNumber: undefined, cld: '0011#1(2' })).toBe('number-unknown');
    expect(reasonFor({}, { account: undefined, customer: undefined })).toBeUndefined();
    expect(reasonFor({ accounts: [7] }, { account: undefined })).toBe('owner-unknown');
    expect(reasonFor({ customers: [3] }, { customer: undefined })).toBe('owner-unknown');
    expect(reasonFor({ accounts: [7] }, { customer: undefined })).toBeUndefined();
  });

  it('tells all reasons where there are several, that for the record first', () => {
    const all = { accounts: [10], customers: [2] };
    expect(reasonsFor(all, { cld: '112', cli: '112' })).toEqual([
      'protected-number',
      'protected-account',
      'protected-customer',
    ]);
    expect(reasonsFor(all, { cldNumber: undefined, account: undefined })).toEqual([
      'protected-customer',
      'number-unknown',
      'owner-unknown',
    ]);
    expect(reasonsFor({}, {})).toEqual([]);
  });
});

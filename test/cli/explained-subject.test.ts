import { describe, expect, it } from 'vitest';
import { subjectWord } from '../../src/cli/explained-subject.js';

describe('a subject that is named', () => {
  it.each(['account', 'customer', 'connection', 'vendor'] as const)(
    'is no %s where its ID has leading zeros, or is the 0 that stands for none',
    (scope) => {
      for (const id of ['0', '00', '011', '-1', '1.0', 'abc']) {
        expect(() => subjectWord(`${scope}:${id}`)).toThrow(
          `Expected digits without a leading 0 as the ID of a${scope === 'account' ? 'n' : ''} ${scope}, such as ${scope}:10.`,
        );
      }
      expect(subjectWord(`${scope}:10`)).toEqual({ scope, id: '10' });
    },
  );

  it('may be a call, caller or switch with leading zeros, which belong to the name there', () => {
    expect(subjectWord('call:0960')).toEqual({ scope: 'call', id: '0960' });
    expect(subjectWord('call:0')).toEqual({ scope: 'call', id: '0' });
    expect(subjectWord('cli:004930123456')).toEqual({ scope: 'cli', id: '004930123456' });
    expect(subjectWord('switch:01')).toEqual({ scope: 'switch', id: '01' });
  });
});

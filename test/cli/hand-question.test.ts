import { describe, expect, it } from 'vitest';
import { handQuestion } from '../../src/cli/hand-question.js';
import type { ActionCall } from '../../src/domain/action.js';
import { maskNumbers } from '../../src/domain/mask.js';
import { aCall } from '../support/calls.js';

function asked(call: ActionCall | undefined) {
  return { action: 'disconnectCall', call, weight: 3, target: '960' } as const;
}

describe('the question before a disconnect by hand', () => {
  it('names the call and its parties, and says that monitor mode does not hold it back', () => {
    expect(handQuestion(asked(aCall({ id: '960' })), 'lab', 'monitor')).toBe(
      'The config is in monitor mode; a disconnect by hand acts all the same.\n' +
        'Disconnect call 960 (442079460001 -> 493023125001, account 10) on switch lab?',
    );
    const account = { ...asked(undefined), action: 'disconnectAccount', target: '10' } as const;
    expect(handQuestion(account, 'lab', 'enforce')).toBe('Disconnect account 10 with 3 calls on switch lab?');
  });

  it('cannot be turned into another one by the texts of the call', () => {
    const call = aCall({ id: '960', cli: '49\u001b[2K\rDisconnect call 1?\u202e', cld: '1\n2\u009b31m' });
    expect(handQuestion(asked(call), 'lab', 'enforce')).toBe(
      'Disconnect call 960 (49\\u001b[2K\\u000dDisconnect call 1?\\u202e -> 1\\u000a2\\u009b31m, account 10) on switch lab?',
    );
  });

  it('shows no full number where numbers are masked', () => {
    const question = handQuestion(maskNumbers(asked(aCall({ id: '960' }))), 'lab', 'enforce');
    expect(question).toContain('(442079****** -> 493023******, account 10)');
  });
});

import { expect, it } from 'vitest';
import { climbedText } from '../../src/documents/climbed-text.js';

it.each([
  [1, 'disconnectCall', 'climbed to disconnectCall: the rule had acted once on this subject within 10m'],
  [
    2,
    'disconnectAccount',
    'climbed to disconnectAccount: the rule had acted twice on this subject within 10m',
  ],
  [3, undefined, 'climbed to the step `after: 1`: the rule had acted 3 times on this subject within 10m'],
] as const)('says how often a rule had acted, and to what it climbed: %i, %s', (acted, event, text) => {
  expect(climbedText({ after: 1, withinSeconds: 600, acted }, event)).toBe(text);
});

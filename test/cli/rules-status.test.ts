import { describe, expect, it } from 'vitest';
import { rulesInForceText, rulesStatus, rulesTrouble } from '../../src/cli/rules-status.js';
import type { RulesReport } from '../../src/domain/rules-in-force.js';

const GOOD: RulesReport = {
  directory: '/etc/rules',
  loadedHash: 'aaaaaaaaaaaaaaaaaaaa',
  diskHash: 'aaaaaaaaaaaaaaaaaaaa',
  loadedAt: Date.parse('2026-01-05T10:00:00Z'),
  rules: 3,
  problems: [],
  heldBack: [],
  waiting: [],
};
const LOCATION = { file: '/etc/rules/a.yaml', line: 4, column: 7 };
const HELD = { file: '/etc/rules/lists/risky.txt', entriesBefore: 10, entriesNow: 1, lost: 9, hash: 'cc' };
const INSTEAD = { inForce: { file: HELD.file, hash: 'dd' } };

describe('status of the rules', () => {
  it('gives the fields that the documentation names', () => {
    const message = 'Expected a mode.';
    const file = LOCATION.file;
    const problems: RulesReport['problems'] = [
      { file, location: LOCATION, message, severity: 'error' },
      { file, message, severity: 'error' },
    ];
    expect(rulesStatus({ ...GOOD, diskHash: '', problems, heldBack: [{ ...HELD, ...INSTEAD }] })).toEqual({
      directory: '/etc/rules',
      loadedHash: GOOD.loadedHash,
      diskHash: null,
      loadedAt: '2026-01-05T10:00:00.000Z',
      rules: 3,
      problems: [
        { file, line: 4, column: 7, message },
        { file, line: null, column: null, message },
      ],
      heldBack: [{ ...HELD, endsMidLine: false }],
      waiting: [],
    });
  });

  it('names the rules in force in a few words, and those on disk where they are others', () => {
    const text = (report: RulesReport) => rulesInForceText(rulesStatus(report));
    expect(text(GOOD)).toBe('3 (aaaaaaaaaaaa)');
    expect(text({ ...GOOD, diskHash: 'bbbbbbbbbbbbbbbb' })).toBe('3 (aaaaaaaaaaaa), disk bbbbbbbbbbbb');
    expect(text({ ...GOOD, diskHash: '' })).toBe('3 (aaaaaaaaaaaa), disk unreadable');
  });

  it('has nothing to tell a person where the files on disk are in force', () => {
    expect(rulesTrouble(GOOD, 'cw.yaml')).toEqual([]);
  });

  it('tells a person of what has to come to rest first', () => {
    const problems: RulesReport['problems'] = [
      { file: LOCATION.file, message: 'Left alone?', severity: 'warning' },
    ];
    expect(rulesTrouble({ ...GOOD, diskHash: 'bbbbbbbbbbbbbbbb', problems }, 'cw.yaml')).toEqual([
      '/etc/rules/a.yaml: warning: Left alone?',
      'warning: the rules on disk (hash bbbbbbbbbbbb) are not taken yet; in force are those loaded at 2026-01-05T10:00:00.000Z (hash aaaaaaaaaaaa) until then.',
    ]);
  });

  it('tells a person the place, what is in force instead, and what to do', () => {
    const report: RulesReport = {
      ...GOOD,
      diskHash: 'bbbbbbbbbbbbbbbb',
      problems: [{ file: LOCATION.file, location: LOCATION, message: 'Expected a mode.', severity: 'error' }],
      heldBack: [{ ...HELD, ...INSTEAD }],
    };
    expect(rulesTrouble(report, 'cw.yaml')).toEqual([
      '/etc/rules/a.yaml:4:7: error: Expected a mode.',
      'warning: the rules on disk (hash bbbbbbbbbbbb) have problems; in force are those loaded at 2026-01-05T10:00:00.000Z (hash aaaaaaaaaaaa) until this is mended.',
      'warning: /etc/rules/lists/risky.txt is held back: it lost 9 of the 10 entries in force and has 1 now, so its last good text stays in force. If this is meant: `callwarden rules accept /etc/rules/lists/risky.txt -c cw.yaml`.',
    ]);
  });
});

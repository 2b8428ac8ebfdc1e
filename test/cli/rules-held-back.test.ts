import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { holdBack } from '../../src/cli/rules-held-back.js';
import { heldBackFinding } from '../../src/cli/rules-weigh.js';
import { sha256 } from '../../src/cli/sha256.js';
import type { RuleFileText } from '../../src/domain/rule-files.js';
import type { LossOfEntries } from '../../src/domain/rules-in-force.js';

const NOTHING: readonly LossOfEntries[] = [];

function list(count: number, name = 'risky.txt'): RuleFileText {
  const lines = Array.from({ length: count }, (_, index) => `+88${1000 + index}`);
  return { file: `/r/lists/${name}`, kind: 'list', text: lines.map((line) => `${line}\n`).join('') };
}

/** Entries by their numbers, as `list` writes them. */
function listOf(...entries: number[]): RuleFileText {
  return { ...list(0), text: entries.map((entry) => `+88${1000 + entry}\n`).join('') };
}

function limitRows(...rows: string[]): RuleFileText {
  return { ...limits(0), text: ['scope,id,name,value,switch', ...rows].join('\n') };
}

function limits(count: number): RuleFileText {
  const lines = Array.from({ length: count }, (_, index) => `account,${index + 1},calls,5`);
  return { file: '/r/limits.csv', kind: 'limits', text: ['scope,id,name,value', ...lines].join('\n') };
}

const RULE: RuleFileText = { file: '/r/a.yaml', kind: 'rules', text: 'name: a' };

describe('holdBack', () => {
  it('has nothing to compare with at the first start', () => {
    expect(holdBack([RULE, list(1)], [], NOTHING)).toMatchObject({ files: [RULE, list(1)], heldBack: [] });
  });

  it('lets a loss of exactly a fifth through, and holds back more', () => {
    expect(holdBack([list(8)], [list(10)], NOTHING).heldBack).toEqual([]);
    expect(holdBack([list(7)], [list(10)], NOTHING)).toEqual({
      letThrough: [],
      files: [list(10)],
      heldBack: [
        {
          file: '/r/lists/risky.txt',
          entriesBefore: 10,
          entriesNow: 7,
          lost: 3,
          hash: sha256(list(7).text),
          inForce: { file: '/r/lists/risky.txt', hash: sha256(list(10).text) },
        },
      ],
    });
  });

  it('holds back limits as well as lists, and lets all other files through', () => {
    const { files, heldBack } = holdBack([RULE, limits(1), list(12)], [limits(3), list(10)], NOTHING);
    expect(files).toEqual([RULE, limits(3), list(12)]);
    expect(heldBack).toMatchObject([{ file: '/r/limits.csv', entriesBefore: 3, entriesNow: 1 }]);
  });

  it.each(['', '# nothing\n\n', '\uFEFF'])('holds back a list that was emptied to %j', (text) => {
    const { files, heldBack } = holdBack([{ ...list(0), text }], [list(10)], NOTHING);
    expect(files).toEqual([list(10)]);
    expect(heldBack).toMatchObject([{ entriesBefore: 10, entriesNow: 0 }]);
    expect(heldBack.map(heldBackFinding)).toEqual([
      '/r/lists/risky.txt is held back: it holds none of the 10 entries in force any more, and no other, so its last good text stays in force',
    ]);
  });

  it('keeps a file that was deleted', () => {
    const { files, heldBack } = holdBack([RULE], [list(3)], NOTHING);
    expect(files).toEqual([RULE, list(3)]);
    expect(heldBack).toMatchObject([{ file: '/r/lists/risky.txt', entriesBefore: 3, entriesNow: 0 }]);
    expect(heldBack.map(heldBackFinding)).toEqual([
      '/r/lists/risky.txt is held back: the file is gone, with the 3 entries in force, so its last good text stays in force',
    ]);
  });

  it('lets a deletion through that was accepted, but not that of another file or of a later text', () => {
    const accepted = holdBack([], [list(3)], NOTHING).heldBack;
    expect(holdBack([], [list(3)], accepted)).toMatchObject({ files: [], heldBack: [] });
    expect(holdBack([], [list(4)], accepted).heldBack).toHaveLength(1);
    expect(holdBack([], [list(3, 'other.txt')], accepted).heldBack).toHaveLength(1);
  });

  it('lets through what was accepted, and nothing else', () => {
    const accepted = holdBack([list(2)], [list(10)], NOTHING).heldBack;
    expect(holdBack([list(2)], [list(10)], accepted)).toEqual({
      files: [list(2)],
      heldBack: [],
      letThrough: ['/r/lists/risky.txt'],
    });
    expect(holdBack([list(1)], [list(10)], accepted).heldBack).toHaveLength(1);
  });

  it('lets the same text through for no other file, and against no other text in force', () => {
    const accepted = holdBack([list(2)], [list(10)], NOTHING).heldBack;
    expect(holdBack([list(2)], [list(11)], accepted).heldBack).toHaveLength(1);
    const [now, before] = [
      [list(2), list(2, 'other.txt')],
      [list(10), list(10, 'other.txt')],
    ];
    expect(holdBack(now, before, accepted).heldBack).toMatchObject([{ file: '/r/lists/other.txt' }]);
    expect(holdBack([list(2, 'risky.csv')], [list(10)], accepted).heldBack).toHaveLength(1);
  });

  it('follows a list that changes its format, not its name', () => {
    const csv = { ...list(10, 'risky.csv') };
    expect(holdBack([csv], [list(10)], NOTHING)).toMatchObject({ files: [csv], heldBack: [] });
    expect(holdBack([list(2, 'risky.csv')], [list(10)], NOTHING)).toMatchObject({
      files: [list(10)],
      heldBack: [{ file: '/r/lists/risky.csv' }],
    });
  });

  it('counts different entries, as the rules read them', () => {
    const twice = { ...list(10), text: `${list(10).text}${list(10).text}# a comment\n` };
    expect(holdBack([list(10)], [twice], NOTHING).heldBack).toEqual([]);
  });

  it('leaves what cannot be read as a list or limits to the checker', () => {
    const yaml = { file: '/r/lists/risky.yaml', kind: 'list' as const };
    const before = { ...yaml, text: '["1", "2", "3"]' };
    const broken = { ...yaml, text: '["1"' };
    expect(holdBack([broken], [before], NOTHING)).toMatchObject({ files: [broken], heldBack: [] });
    const badLimits = { ...limits(1), text: 'scope,id\naccount,1' };
    expect(holdBack([badLimits], [limits(5)], NOTHING)).toMatchObject({ files: [badLimits], heldBack: [] });
  });

  it('holds back a list that is as long as before, but another one', () => {
    const other = listOf(20, 21, 22, 23, 24);
    const { files, heldBack } = holdBack([other], [list(5)], NOTHING);
    expect(files).toEqual([list(5)]);
    expect(heldBack).toMatchObject([{ entriesBefore: 5, entriesNow: 5, lost: 5 }]);
    expect(holdBack([listOf(0, 1, 2, 3, 20)], [list(5)], NOTHING).heldBack).toEqual([]);
    expect(holdBack([listOf(0, 1, 2, 20, 21, 22, 23)], [list(5)], NOTHING).heldBack).toMatchObject([
      { entriesNow: 7, lost: 2 },
    ]);
  });

  it('takes a number for the same one however it is spaced, but no address for another', () => {
    const before = { ...list(0), text: '+49 30 1234\n0044207946\n1.23.4.5\nalice\n' };
    const after = { ...list(0), text: '4930-1234\n+44 (207) 946\n1.23.4.5\nalice\n' };
    expect(holdBack([after], [before], NOTHING).heldBack).toEqual([]);
    const other = { ...list(0), text: after.text.replace('1.23.4.5', '12.3.4.5') };
    expect(holdBack([other], [before], NOTHING).heldBack).toMatchObject([{ lost: 1 }]);
  });

  it('takes a limit for the same one whatever its value, but not for another switch, ID or name', () => {
    const before = limitRows('account,1,calls,5,', 'cli,+49 30 1234567,calls,5,lab');
    const sameAs = limitRows('account,1,calls,50,', 'cli,+49301234567,calls,7,lab');
    expect(holdBack([sameAs], [before], NOTHING)).toMatchObject({ files: [sameAs], heldBack: [] });
    for (const other of ['account,1,calls,5,lab', 'account,2,calls,5,', 'account,1,minutes,5,']) {
      const changed = limitRows(other, 'cli,+49301234567,calls,7,lab');
      expect(holdBack([changed], [before], NOTHING).heldBack).toMatchObject([{ entriesNow: 2, lost: 1 }]);
    }
  });

  it.each([
    ['a list', list(30), '+881029\n', '+88'],
    ['limits whose value lost a digit', { ...limits(1), text: `${limits(1).text}0\n` }, '0\n', ''],
    ['a list in CSV', { ...list(30), file: '/r/lists/risky.csv' }, '1029\n', ''],
    ['a comment', { ...list(30), text: `${list(30).text}# as of January\n` }, 'January\n', ''],
  ])('holds back what ends in the middle of a line, however little it lost: %s', (_, before, end, left) => {
    const cut = { ...before, text: before.text.slice(0, -end.length) + left };
    const { files, heldBack } = holdBack([cut], [before], NOTHING);
    expect(files).toEqual([before]);
    expect(heldBack).toMatchObject([{ endsMidLine: true, entriesNow: heldBack[0]?.entriesBefore }]);
    expect(heldBackFinding(heldBack[0] as (typeof heldBack)[0])).toContain(
      'is held back: it ends in the middle of a line of what is in force, as if it were half-written',
    );
    expect(holdBack([cut], [before], heldBack)).toMatchObject({ files: [cut], heldBack: [] });
  });

  it.each([
    ['a line break less', '+881\n+882\n', '+881\n+882'],
    ['blanks less', '+881\r\n+882  \r\n', '+881\r\n+882'],
    ['half a line break less', '+881\r\n', '+881\r'],
    ['whole lines less', '+881\n+882\n+883\n+884\n+885\n', '+881\n+882\n+883\n+884\n'],
    ['another line before', '+881\n+882\n+883\n+884\n+885', '+881 \n+882\n+883\n+884\n+8'],
  ])('takes a text for no half-written one for %s', (_, before, now) => {
    const [was, is] = [before, now].map((text) => ({ ...list(0), text })) as [RuleFileText, RuleFileText];
    expect(holdBack([is], [was], NOTHING)).toMatchObject({ files: [is], heldBack: [] });
  });

  it('says of a half-written list what it lost as well', () => {
    const cut = { ...list(10), text: list(10).text.slice(0, -26) };
    expect(holdBack([cut], [list(10)], NOTHING).heldBack.map(heldBackFinding)).toEqual([
      '/r/lists/risky.txt is held back: it ends in the middle of a line of what is in force, as if it were half-written: it lost 4 of the 10 entries in force and has 7 now, so its last good text stays in force',
    ]);
  });

  it('holds back exactly where more than a fifth of the entries is missing, whatever else is there', () => {
    const entries = fc.uniqueArray(fc.integer({ min: 0, max: 40 }), { minLength: 1 });
    fc.assert(
      fc.property(entries, entries, (before, now) => {
        const { files, heldBack } = holdBack([listOf(...now)], [listOf(...before)], NOTHING);
        const lost = before.filter((entry) => !now.includes(entry)).length;
        const lostTooMuch = lost / before.length > 0.2;
        expect(heldBack.map((held) => held.lost)).toEqual(lostTooMuch ? [lost] : []);
        expect(files).toEqual([listOf(...(lostTooMuch ? before : now))]);
      }),
    );
  });
});

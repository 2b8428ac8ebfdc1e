import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import {
  BACKTEST_DIFF_VIEW,
  BACKTEST_VIEW,
  type BacktestRow,
  noteLines,
} from '../../src/cli/backtest-view.js';
import { addRulesBacktest } from '../../src/cli/commands/rules-backtest.js';
import type { CliContext } from '../../src/cli/context.js';
import { reportError } from '../../src/cli/errors.js';
import { type RowView, writeRows } from '../../src/cli/output.js';
import { replayHere } from '../../src/cli/replay-job.js';
import type { LedgerCall } from '../../src/domain/ledger.js';
import { openStore } from '../../src/store/open-store.js';
import { aRow, at, polls } from '../support/backtest.js';
import { tempDir } from '../support/temp-store.js';

const CAP = `name: cap
scope: account
mode: monitor
conditions:
  all:
    - { fact: account.connectedCalls, operator: greaterThan, value: 1 }
event:
  type: disconnectCall
  params: { select: newest, keep: 1 }
`;
const OFF = CAP.replace('cap', 'unused').replace('monitor', 'off');
const LAX = CAP.replaceAll(' 1 }', ' 2 }');

const CALLS = [
  aRow({ id: '1' }),
  aRow({ id: '2', firstSeenAt: at(10), endedAt: at(70), lastSeenAt: at(65) }),
];

interface Setting {
  /** By switch: what its ledger holds. */
  ledgers?: Readonly<Record<string, readonly LedgerCall[]>>;
  rules?: string;
  terminal?: boolean;
  /** Seconds after START between which no poll was made. */
  away?: readonly [number, number];
  /** Calls that ended so many seconds after START have been pruned. */
  pruned?: number;
}

/** Runs the command a minute and a half after START, on twenty polls of each switch. */
async function backtest(
  { ledgers = { lab: CALLS }, rules = CAP, terminal = false, away: [from, to] = [0, 0], pruned }: Setting,
  ...args: string[]
) {
  const directory = tempDir();
  for (const [name, text] of Object.entries({ rules, lax: LAX, plain: CAP })) {
    mkdirSync(join(directory, name));
    writeFileSync(join(directory, name, 'cap.yaml'), text);
    writeFileSync(join(directory, name, 'off.yaml'), OFF);
  }
  const config = join(directory, 'callwarden.yaml');
  const switches = Object.keys(ledgers).map(
    (name) => `  - { name: ${name}, url: "http://127.0.0.1:9/", username: a, password: "\${PASSWORD}" }`,
  );
  writeFileSync(
    config,
    `switches:\n${switches.join('\n')}\nrules: ./rules\ndatabase: ./callwarden.db\ncaps: { perPass: 50, perHour: 500, sharePerPass: 1 }\n`,
  );
  const store = openStore(join(directory, 'callwarden.db'));
  for (const [name, calls] of Object.entries(ledgers)) {
    for (const poll of calls.length === 0 ? [] : polls(20)) {
      if (poll.at > at(from) && poll.at < at(to)) continue;
      await store.ledger.commit(name, {
        poll,
        calls: calls.filter(({ firstSeenAt }) => firstSeenAt === poll.at),
        countries: [],
        accounts: [],
        holding: { put: [], drop: [] },
      });
    }
  }
  if (pruned !== undefined)
    await store.ledger.prune({ before: at(pruned) + 1, pollsBefore: 0, countriesBefore: 0, maxRows: 100 });
  store.close();
  const ran = { exitCode: 0, stdout: '', stderr: '', actsFrom: [] as number[] };
  const output = (name: 'stdout' | 'stderr') => ({
    write: async (text: string) => {
      ran[name] += text;
    },
    isTerminal: terminal,
    columns: 200,
  });
  let now = at(96);
  const context: CliContext = {
    stdout: output('stdout'),
    stderr: output('stderr'),
    env: { PASSWORD: 'x' },
    clock: () => {
      now += 1;
      return now;
    },
    interrupted: () => new AbortController().signal,
    setExitCode: (code) => {
      ran.exitCode = code;
    },
  };
  const program = new Command().exitOverride();
  addRulesBacktest(program, context, (job, onProgress) => {
    ran.actsFrom.push(job.actsFrom);
    return replayHere(job, onProgress);
  });
  try {
    const given = args.map((arg) => arg.replace('DIR/', `${directory}/`));
    await program.parseAsync(['backtest', '-c', config, ...given], { from: 'user' });
  } catch (error) {
    const { text, exitCode } = reportError(error);
    await context.stderr.write(text ?? '');
    ran.exitCode = exitCode;
  }
  return ran;
}

it('tells by rule what it would have done, without rules that are off, and says what it cannot know', async () => {
  const { exitCode, stdout, stderr } = await backtest({}, '-o', 'jsonl');
  expect(
    stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line)),
  ).toEqual([
    {
      ...{ switch: 'lab', rule: 'cap', mode: 'monitor', actions: 1, alerts: 0, accounts: 1, callsCut: 1 },
      ...{
        minutesBefore: 0,
        minutesCut: 0.92,
        reallyCut: 0,
        withheld: {},
        indeterminatePolls: 0,
        unseenVendors: [],
        error: null,
      },
    },
  ]);
  expect(stderr).toContain('lab: 2 calls at 20 polls; 1 call of 1 account cut.');
  expect(stderr).toContain('nobody can know');
  expect(exitCode).toBe(0);
});

it('gives everything in one JSON document', async () => {
  const { stdout } = await backtest({}, '-o', 'json');
  expect(JSON.parse(stdout)).toMatchObject({
    note: expect.stringContaining('nobody can know'),
    switches: [
      {
        ...{ switch: 'lab', polls: 20, missedPolls: 0, calls: 2, rules: [{ rule: 'cap' }] },
        accounts: [{ account: 10, callsCut: 1, minutesCut: 0.92 }],
        cut: [{ at: '2026-01-05T10:00:10.000Z', rule: 'cap', id: '2', account: 10, minutesCut: 0.92 }],
      },
    ],
  });
});

describe('what rules did before --since', () => {
  const from40 = ['--since', '2026-01-05T10:00:40Z'];

  it('holds them back in the span as well, is in no figure, and is told', async () => {
    const slow = { rules: CAP.replace('event:', 'cooldown: 1m\nevent:') };
    const later = [aRow({ id: '3', firstSeenAt: at(50) }), aRow({ id: '4', firstSeenAt: at(85) })];
    const setting = { ...slow, ledgers: { lab: [...CALLS, ...later] } };
    const spans = ['2026-01-05T10:00:00Z', '2026-01-05T10:00:40Z'];
    const cutSince40 = async (since: string) => {
      const { stdout } = await backtest(setting, '--since', since, '-o', 'json');
      const { cut } = JSON.parse(stdout).switches[0];
      return cut.filter((call: { at: string }) => call.at >= '2026-01-05T10:00:40');
    };
    const [whole, part] = [await cutSince40(spans[0] ?? ''), await cutSince40(spans[1] ?? '')];
    // Its cooldown begins at 10 s and ends at 70 s, when two are too many.
    expect(part).toMatchObject([{ id: '3', at: '2026-01-05T10:01:10.000Z' }]);
    expect(part).toEqual(whole);
    const { stderr } = await backtest(setting, ...from40, '-o', 'jsonl');
    expect(stderr).toContain('lab: 4 calls at 12 polls; 1 call of 1 account cut.');
    expect(stderr).toContain('Of these calls 1 had been cut by the rules before --since');
  });

  it('is told of, in JSON too, where not all of it can be known', async () => {
    const slow = { rules: CAP.replace('event:', 'cooldown: 30d\nevent:') };
    const told =
      'lab: these figures are as though the rules had done nothing before 2026-01-05T10:00:00.000Z (the ledger tells too ' +
      'little of then), though these reach back further: caps.perHour; cooldown or escalate of cap (30d).';
    expect((await backtest(slow, ...from40, '-o', 'jsonl')).stderr).toContain(told);
    const { note, switches } = JSON.parse((await backtest(slow, ...from40, '-o', 'json')).stdout);
    expect(note).toContain(told);
    expect(switches[0].leadIn).toEqual({
      ...{ since: '2026-01-05T10:00:00.000Z', callsCut: 1, perHourReachesFurther: true },
      rulesReachingFurther: [{ rule: 'cap', seconds: 30 * 86_400 }],
    });
    // A rule that does nothing would have done nothing.
    const idle = { rules: slow.rules.replace('value: 1', 'value: 9') };
    expect((await backtest(idle, ...from40, '-o', 'jsonl')).stderr).not.toContain('reach back further');
  });

  it('is as much of it for both versions that are compared', async () => {
    const slow = { rules: CAP.replace('event:', 'cooldown: 3h\nevent:') };
    const compared = ['--against', 'DIR/plain', ...from40];
    const { actsFrom, stdout, stderr } = await backtest(slow, ...compared, '-o', 'json');
    expect(actsFrom).toEqual([at(-3 * 3600), at(-3 * 3600)]);
    const [{ leadIn, against }] = JSON.parse(stdout).switches;
    expect([leadIn.callsCut, against.leadIn.callsCut, stderr]).toEqual([1, 1, '']);
    expect((await backtest(slow, ...compared, '-o', 'jsonl')).stderr).toContain(
      'Of these calls 1 here and 1 against had been cut by the rules before --since',
    );
  });
});

describe('the table', () => {
  const row = (changes: Partial<BacktestRow>): BacktestRow => ({
    ...{ switch: 'lab', rule: 'maximum-duration-costly', mode: 'enforce', actions: 1234, alerts: 12 },
    ...{ accounts: 123, callsCut: 1234, minutesBefore: 1804.52, minutesCut: 196.04, reallyCut: 12 },
    ...{ withheld: {}, indeterminatePolls: 0, unseenVendors: [], error: null, ...changes },
  });
  const laid = async <Row extends object>(rows: readonly Row[], view: RowView<Row>, columns: number) => {
    let text = '';
    const write = async (part: string) => {
      text += part;
    };
    await writeRows(rows, view, 'table', { write, isTerminal: true, columns });
    return text.trimEnd().split('\n');
  };

  it('cuts no number and no word at 80 columns, and leaves out what is told elsewhere instead', async () => {
    const rows = [
      row({ withheld: { 'cap-per-hour': 12 } }),
      row({ rule: 'cap', actions: 2, minutesBefore: 0.92 }),
    ];
    const lines = await laid(rows, BACKTEST_VIEW, 80);
    expect(lines.every((line) => line.length <= 80)).toBe(true);
    expect(lines.filter((line) => /costly|^cap /.test(line))).toEqual([
      expect.stringMatching(/^maximum-duration-costly +enforce +1234 +12 +1234 +196 +12 cap-$/),
      expect.stringMatching(/^cap +enforce +2 +12 +1234 +196 +-$/),
    ]);
    expect(lines.join('\n')).not.toContain('…');
  });

  it('has every column where there is room, with whole minutes where there are many', async () => {
    const [header, first] = await laid([row({ minutesCut: 99.99 })], BACKTEST_VIEW, 200);
    expect(header).toMatch(/^SWITCH +RULE .*REALLY CUT +WITHHELD$/);
    expect(first).toMatch(/ 1805 +99.99 +12 +-$/);
  });

  it('cuts no number of a comparison either', async () => {
    const counts = { callsCut: 12345, callsCutAgainst: 12346, onlyHere: 12347, onlyAgainst: 12348 };
    const minutes = { minutesCut: 1234567.8, minutesCutAgainst: 1234.56, alerts: 1, alertsAgainst: 2 };
    const rows = [{ switch: 'lab', rule: 'maximum-duration-costly', ...counts, ...minutes }];
    const lines = await laid(rows, BACKTEST_DIFF_VIEW, 80);
    expect(lines.every((line) => line.length <= 80)).toBe(true);
    expect(lines.at(-1)).toMatch(/^maximum-duration-costly +12345 +12346 +12347 +12348 +1234568 +1235/);
  });

  it('is followed by what cannot be told in numbers, a line for each rule', () => {
    const rows = [
      row({ rule: 'cap', indeterminatePolls: 19, error: 'broken' }),
      row({ unseenVendors: [3, 4] }),
      row({ rule: 'fine' }),
    ];
    expect(noteLines(rows)).toEqual([
      'cap: indeterminate at 19 polls; broken',
      'maximum-duration-costly: no call of vendors 3, 4 in the ledger',
    ]);
    const [first, second] = rows;
    if (first === undefined || second === undefined) throw new Error('no rows');
    expect(noteLines([first, { ...second, switch: 'other' }])[1]).toMatch(
      /^other, maximum-duration-costly: /,
    );
  });
});

it('prints a table for a person, and CSV for a sheet', async () => {
  expect((await backtest({}, '-o', 'table')).stdout).toMatch(/RULE +.*CALLS CUT.*\n.*cap +/);
  expect((await backtest({}, '-o', 'csv')).stdout.split('\r\n')[0]).toBe(
    'switch,rule,mode,actions,alerts,accounts,callsCut,minutesBefore,minutesCut,reallyCut,withheld,indeterminatePolls,error,unseenVendors',
  );
});

it('compares two versions of the rules', async () => {
  const versions = ['--rules', 'DIR/lax', '--against', 'DIR/rules'];
  expect(JSON.parse((await backtest({}, ...versions, '-o', 'jsonl')).stdout)).toEqual({
    ...{ switch: 'lab', rule: 'cap', callsCut: 0, callsCutAgainst: 1, onlyHere: 0, onlyAgainst: 1 },
    ...{ minutesCut: 0, minutesCutAgainst: 0.92, alerts: 0, alertsAgainst: 0 },
  });
  expect(
    JSON.parse((await backtest({}, ...versions, '-o', 'json')).stdout).switches[0].against,
  ).toMatchObject({
    onlyHere: [],
    onlyAgainst: [{ id: '2' }],
  });
});

it('says in a comparison too what both came to, and what nobody can know', async () => {
  const { stdout, stderr } = await backtest(
    {},
    ...['--rules', 'DIR/lax', '--against', 'DIR/rules', '-o', 'table'],
  );
  expect(stdout).toMatch(/CUT HERE +CUT AGAINST +ONLY HERE +ONLY AGAINST +MIN HERE +MIN AGAINST/);
  expect(stderr).toContain(
    'cut here 0 calls of 0 accounts (0 minutes), against 1 call of 1 account (0.92 minutes).',
  );
  expect(stderr).toContain('nobody can know');
});

it('compares a rule that was renamed with nothing, and says that all rules together cut the same', async () => {
  const renamed = { rules: CAP.replace('cap', 'renamed') };
  const versions = ['--rules', 'DIR/rules', '--against', 'DIR/plain'];
  const { stdout, stderr } = await backtest(renamed, ...versions, '-o', 'jsonl');
  const rows = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(rows).toMatchObject([
    { rule: 'renamed', callsCut: 1, callsCutAgainst: 0, onlyHere: 1, onlyAgainst: 0 },
    { rule: 'cap', callsCut: 0, callsCutAgainst: 1, onlyHere: 0, onlyAgainst: 1 },
  ]);
  expect(stderr).toContain('All rules together: 0 calls cut only here, 0 calls only against;');
  const { against } = JSON.parse((await backtest(renamed, ...versions, '-o', 'json')).stdout).switches[0];
  expect(against).toMatchObject({ diff: rows, onlyHere: [], onlyAgainst: [] });
});

it('says in a comparison how many calls only one of the two versions cut, of all rules together', async () => {
  const compared = ['--rules', 'DIR/lax', '--against', 'DIR/rules', '-o', 'jsonl'];
  expect((await backtest({}, ...compared)).stderr).toContain(
    'All rules together: 0 calls cut only here, 1 call only against;',
  );
  expect((await backtest({}, '-o', 'jsonl')).stderr).not.toContain('All rules together');
});

it('counts the warnings of the rules, and names the check of the very directory that is wrong', async () => {
  const idle = `${CAP}---`.replace('---', 'needs: complete\n');
  const warned = await backtest({ rules: idle }, '-o', 'jsonl');
  expect(warned.stderr).toMatch(
    /1 warning in .*rules: `callwarden rules check .*rules -c .*callwarden.yaml` shows what/,
  );
  expect(warned.stderr).not.toContain('changes nothing here');
  const wrong = await backtest({ rules: 'nam: x\n' }, '--rules', 'DIR/lax', '--against', 'DIR/rules');
  expect(wrong.exitCode).toBe(2);
  expect(wrong.stderr).toMatch(/check with `callwarden rules check .*\/rules -c .*callwarden.yaml`/);
});

it('heeds an exception for as long as it held, also where it has ended since', async () => {
  const until = (second: number) =>
    `${CAP}except: { accounts: [{ id: 10, until: ${JSON.stringify(new Date(at(second)).toISOString())}, because: a test }] }\n`;
  const cutAt = async (rules: string) => {
    const { stdout } = await backtest({ rules }, '-o', 'json');
    return JSON.parse(stdout).switches[0].cut.map(({ at: instant }: { at: string }) => instant);
  };
  expect(await cutAt(until(32))).toEqual([new Date(at(35)).toISOString()]);
  expect(await cutAt(until(96))).toEqual([]);
});

it('says how many of the cut calls were cut in earnest, so that nobody takes their minutes for all that was spared', async () => {
  const cut = CALLS.map((row) => (row.id === '2' ? { ...row, cutAt: at(15), endedAt: at(15) } : row));
  const { stdout, stderr } = await backtest({ ledgers: { lab: cut } }, '-o', 'jsonl');
  expect(JSON.parse(stdout)).toMatchObject({ callsCut: 1, reallyCut: 1 });
  expect(stderr).toContain('1 of these was cut by Callwarden at the time, too');
  expect(stderr).toContain('so that MIN CUT is a lower bound.');
  expect((await backtest({}, '-o', 'jsonl')).stderr).not.toContain('at the time');
  const compared = ['--rules', 'DIR/lax', '--against', 'DIR/rules'];
  const against = await backtest({ ledgers: { lab: cut } }, ...compared, '-o', 'jsonl');
  expect(against.stderr).toContain('1 of these was cut by Callwarden at the time, too');
  expect(against.stderr).toContain('so that the minutes are a lower bound.');
});

it('says how many others were cut in earnest, as they end in the replay too', async () => {
  const cut = CALLS.map((row) => (row.id === '2' ? { ...row, cutAt: at(15), endedAt: at(15) } : row));
  const told = async (format: string, ...options: string[]) =>
    backtest({ ledgers: { lab: cut } }, '--rules', 'DIR/lax', ...options, '-o', format);
  const lax = JSON.parse((await told('json')).stdout);
  expect(lax.switches).toMatchObject([{ cut: [], cutOtherwise: 1 }]);
  expect((await told('jsonl')).stderr).toContain(
    '1 call that these rules had not cut by then was cut by Callwarden at the time, and so ended in the replay as well',
  );
  expect((await told('jsonl', '--against', 'DIR/rules')).stderr).toContain(
    '1 call that one of the two had not cut by then was cut by Callwarden',
  );
  const both = JSON.parse((await told('json', '--against', 'DIR/rules')).stdout);
  expect(both.switches).toMatchObject([{ cutOtherwise: 1, against: { cutOtherwise: 0 } }]);
});

describe('--rule', () => {
  it('replays the named rules alone, those that are off too', async () => {
    const { stdout } = await backtest({}, '--rule', 'unused', '-o', 'jsonl');
    expect(JSON.parse(stdout)).toMatchObject({ rule: 'unused', mode: 'off', callsCut: 1 });
    const both = await backtest({}, '--rule', 'unused', '--rule', 'cap', '-o', 'jsonl');
    expect(both.stdout.trim().split('\n')).toHaveLength(2);
  });

  it('refuses a name that is in neither version, and says which was meant', async () => {
    const { exitCode, stderr } = await backtest({}, '--rule', 'unusd', '--against', 'DIR/lax');
    expect(exitCode).toBe(2);
    expect(stderr).toContain('There is no rule "unusd". Did you mean "unused"?');
  });

  it('takes a rule that only one of two versions has', async () => {
    const rules = CAP.replace('cap', 'next');
    const { exitCode, stdout } = await backtest(
      { rules },
      ...['--rule', 'next', '--against', 'DIR/lax', '-o', 'jsonl'],
    );
    expect(exitCode).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ rule: 'next', onlyHere: 1 });
  });
});

it('draws its bar on a terminal only', async () => {
  expect((await backtest({ terminal: true }, '-o', 'jsonl')).stderr).toContain('lab [');
  expect((await backtest({}, '-o', 'jsonl')).stderr).not.toContain('lab [');
});

it('stops before --until', async () => {
  const { stderr } = await backtest({}, '--until', '2026-01-05T10:00:10Z', '-o', 'jsonl');
  expect(stderr).toContain('lab: 1 call at 2 polls; 0 calls of 0 accounts cut.');
});

it('says where the ledger begins after --since', async () => {
  expect((await backtest({}, '--since', '2026-01-05T09:00:00Z', '-o', 'jsonl')).stderr).toContain(
    'The ledger of lab begins at 2026-01-05T10:00:00.000Z in this span.',
  );
});

it('says of which time calls are gone, and judges no window that reaches into it', async () => {
  const rules = `name: few
scope: account
mode: monitor
needs: complete
conditions: { all: [ { fact: account.callsStarted, params: { within: 25s }, operator: lessThan, value: 2 } ] }
event: { type: alert }
`;
  const args = ['--since', '2026-01-05T10:00:00Z', '-o', 'jsonl'];
  const told = 'Calls of lab that ended by 2026-01-05T10:01:10.000Z are not kept any more';
  const whole = await backtest({ rules }, ...args);
  expect(whole.stderr).not.toContain('are not kept');
  // Up to 20 s the window reaches back before the ledger, and so it does before 70 s, the end of the call that is gone.
  expect(JSON.parse(whole.stdout)).toMatchObject({ indeterminatePolls: 5 });
  const { stdout, stderr } = await backtest({ rules, pruned: 70 }, ...args);
  expect(stderr).toContain(told);
  expect(JSON.parse(stdout)).toMatchObject({ indeterminatePolls: 19 });
});

it('says where nobody watched in the span', async () => {
  const since = ['--since', '2026-01-05T10:00:00Z'];
  const { stderr, stdout } = await backtest({ away: [20, 60] }, ...since, '-o', 'json');
  expect(JSON.parse(stdout)).toMatchObject({
    switches: [{ unwatched: [{ since: '2026-01-05T10:00:20.000Z', until: '2026-01-05T10:01:00.000Z' }] }],
  });
  expect(stderr).toBe('');
  expect((await backtest({ away: [20, 60] }, ...since, '-o', 'jsonl')).stderr).toContain(
    'Nobody watched lab from 2026-01-05T10:00:20.000Z to 2026-01-05T10:01:00.000Z: nothing of that is in these figures.',
  );
  expect((await backtest({}, ...since, '-o', 'jsonl')).stderr).not.toContain('Nobody watched');
});

it('says that nothing is known of vendors that nobody asked for at the time', async () => {
  const rules = `${CAP.replace('scope: account', 'scope: vendor').replace('account.', 'vendor.')}only: { vendors: [3] }\n`;
  const { stdout, stderr } = await backtest({ rules }, '-o', 'jsonl');
  expect(JSON.parse(stdout)).toMatchObject({ rule: 'cap', callsCut: 0, unseenVendors: [3] });
  expect(stderr).toContain(
    'The ledger of lab holds no call of some vendors that cap goes by: whose vendor a call was is known only from when a rule ' +
      'that is not off names the vendor. Without that these figures say nothing.',
  );
  expect((await backtest({ rules }, '-o', 'table')).stdout).toMatch(
    /\ncap: no call of vendor 3 in the ledger\n$/,
  );
  expect((await backtest({}, '-o', 'jsonl')).stderr).not.toContain('vendor');
});

it('fails on an empty ledger and says what to do', async () => {
  const { exitCode, stdout, stderr } = await backtest({ ledgers: { lab: [] } }, '-o', 'jsonl');
  expect([exitCode, stdout]).toEqual([1, '']);
  expect(stderr).toContain('Choose another --since, or let it run for a while.');
});

it('replays every switch, or the one that is named', async () => {
  const ledgers = { lab: CALLS, other: [aRow({ id: '1' })] };
  const both = await backtest({ ledgers }, '-o', 'jsonl');
  const cuts = both.stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(cuts.map((row) => [row.switch, row.callsCut])).toEqual([
    ['lab', 1],
    ['other', 0],
  ]);
  const one = await backtest({ ledgers }, '--switch', 'other', '-o', 'jsonl');
  expect(JSON.parse(one.stdout)).toMatchObject({ switch: 'other' });
});

it('refuses a span that ends before it begins', async () => {
  const { exitCode, stderr } = await backtest(
    {},
    '--since',
    '2026-01-05T10:00:10Z',
    '--until',
    '2026-01-05T10:00:00Z',
  );
  expect(exitCode).toBe(2);
  expect(stderr).toContain('--since must lie before --until');
});

describe('a span in the future', () => {
  it.each([
    ['--until', '2030-01-01', '--until lies in the future'],
    ['--until', 'tomorrow', '--until lies in the future'],
    ['--until', '+2s', 'Leave it out to go up to now.'],
    ['--since', '+1h', '--since lies in the future'],
    ['--since', 'tomorrow', 'Expected an earlier time, such as 24h for the last day.'],
  ])('is refused: %s %s', async (option, time, message) => {
    const { exitCode, stdout, stderr } = await backtest({}, option, time, '-o', 'jsonl');
    expect([exitCode, stdout]).toEqual([2, '']);
    expect(stderr).toContain(message);
  });

  it('is told of at --since where both ends lie there', async () => {
    const { exitCode, stderr } = await backtest({}, '--since', '2030-01-02', '--until', '2030-01-01');
    expect(exitCode).toBe(2);
    expect(stderr).toContain('--since lies in the future');
  });

  it('is none where it ends now, or today, which means its beginning', async () => {
    expect((await backtest({}, '--until', 'now', '-o', 'jsonl')).exitCode).toBe(0);
    const today = await backtest({}, '--since', 'yesterday', '--until', 'today', '-o', 'jsonl');
    expect(today.exitCode).toBe(1);
    expect(today.stderr).toContain('The ledger holds no poll of lab between');
  });
});

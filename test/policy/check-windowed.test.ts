import { describe, expect, it } from 'vitest';
import { check, problemsOf } from './support.js';

/** An account rule with this comparison on line 5, its keys at column 7. */
function withLeaf(leaf: string, event = '{ type: alert }', scope = 'account'): string {
  return `name: a
scope: ${scope}
mode: monitor
conditions: { all: [
      ${leaf}
  ] }
event: ${event}
`;
}

const over = (fact: string, params: string, value = '3') =>
  `{ fact: ${fact}, params: ${params}, operator: greaterThan, value: ${value} }`;

describe('facts over a window', () => {
  it('take durations, which are kept in seconds', () => {
    const leaves = [
      over('account.callsStarted', '{ within: 10m, to: ["+882"] }'),
      over('account.shortCalls', '{ within: 1h, under: 10s }'),
      over('account.equalDurations', '{ within: 24h, tolerance: 5.5s }'),
      over('account.minutesToday', '{ timezone: Europe/Kyiv }'),
      over('account.firstSeenCountry', '{ within: 4h, history: 28d }'),
      over('account.firstSeenCountry', '{ within: 4h, history: 168h }'),
      over('account.firstSeenCountry', '{ within: 4h, history: 90d }'),
    ];
    const { ruleSet, problems } = check({ 'r.yaml': withLeaf(leaves.join(', ')) });
    expect(problems).toEqual([]);
    expect(ruleSet?.rules[0]?.conditions).toMatchObject({
      all: [
        { params: { within: 600, to: ['+882'] } },
        { params: { within: 3600, under: 10 } },
        { params: { within: 86_400, tolerance: 5.5 } },
        { params: { timezone: 'Europe/Kyiv' } },
        { params: { within: 14_400, history: 2_419_200 } },
        { params: { within: 14_400, history: 604_800 } },
        { params: { within: 14_400, history: 7_776_000 } },
      ],
    });
  });

  it.each([
    [
      'account.callsStarted',
      '{ within: 600 }',
      '"within": expected a duration with its unit, such as 500ms, 10s, 5m, 1h or 7d, but found the number 600. For seconds write "600s".',
    ],
    [
      'account.callsStarted',
      '{ within: 25h }',
      '"within": expected more than 0 and at most 24h, but found the text "25h".',
    ],
    ['account.callsStarted', '{ within: 0s }', '"within": expected more than 0 and at most 24h'],
    [
      'account.callsStarted',
      '{ to: ["+882"] }',
      '"within" is missing: "account.callsStarted" looks back over a time, e.g. params: { within: 10m }.',
    ],
    ['account.callsStarted', '{ wihin: 10m }', '"wihin" is not a known key. Did you mean "within"?'],
    ['account.callsStarted', '{ within: 10m, under: 10s }', '"account.callsStarted" does not take "under"'],
    [
      'account.shortCalls',
      '{ within: 10m }',
      '"under" is missing: "account.shortCalls" needs to know which calls are short, e.g. params: { within: 10m, under: 10s }.',
    ],
    ['account.shortCalls', '{ within: 10m, under: 10 }', '"under": expected a duration with its unit'],
    ['account.equalDurations', '{ within: 10m }', '"tolerance" is missing'],
    [
      'account.firstSeenCountry',
      '{ within: 4h, history: 6d }',
      '"history": expected at least 7d and at most 90d, but found the text "6d".',
    ],
    [
      'account.firstSeenCountry',
      '{ within: 4h, history: 91d }',
      '"history": expected at least 7d and at most 90d, but found the text "91d".',
    ],
    [
      'account.firstSeenCountry',
      '{ within: 4h, history: 28 }',
      '"history": expected a duration with its unit, such as 500ms, 10s, 5m, 1h or 7d, but found the number 28.',
    ],
    ['account.firstSeenCountry', '{ history: 28d }', '"within" is missing'],
    [
      'account.distinctCountries',
      '{ within: 4h, history: 28d }',
      '"account.distinctCountries" does not take "history": it takes within, to, state, direction.',
    ],
    ['account.minutesToday', '{ timezone: Berlin }', 'There is no time zone "Berlin": expected an IANA name'],
    ['account.callsStarted', '{ within: 10m, state: Dead }', '"Dead" calls are over and count nowhere'],
    [
      'account.callsStarted',
      '{ within: 10m, recursive: true }',
      '"account.callsStarted" does not take "recursive", which adds the calls of subcustomers: only facts of customers that speak of calls do, as customer.totalCalls.',
    ],
  ])('are refused: %s with %s', (fact, params, message) => {
    expect(problemsOf({ 'r.yaml': withLeaf(over(fact, params)) })).toContainEqual(
      expect.stringContaining(message),
    );
    expect(check({ 'r.yaml': withLeaf(over(fact, params)) }).ruleSet).toBeUndefined();
  });

  it('need their params without "params" too, on the right', () => {
    const bare = '{ fact: account.callsStarted, operator: greaterThan, value: 3 }';
    expect(problemsOf({ 'r.yaml': withLeaf(bare) })).toEqual([
      expect.stringContaining('r.yaml:5:7 "within" is missing'),
    ]);
    const right = '{ fact: account.totalCalls, operator: lessThan, value: { fact: account.callsStarted } }';
    expect(problemsOf({ 'r.yaml': withLeaf(right) })).toContainEqual(
      expect.stringContaining('"within" is missing'),
    );
  });

  it('of ended calls need "where" in a rule that cuts calls, as those are nobody\'s victims', () => {
    const short = over('account.shortCalls', '{ within: 1h, under: 10s }');
    expect(problemsOf({ 'r.yaml': withLeaf(short, '{ type: disconnectCall }') })).toEqual([
      'r.yaml:7:8 "where" is missing: "account.shortCalls" speaks of calls that have ended, so it has to say which calls may be taken.',
    ]);
    const where =
      '{ type: disconnectCall, params: { where: { all: [{ fact: call.age, operator: greaterThan, value: 1 }] } } }';
    for (const event of [where, '{ type: disconnectAccount }', '{ type: alert }'])
      expect(problemsOf({ 'r.yaml': withLeaf(short, event) })).toEqual([]);
    const started = over('account.callsStarted', '{ within: 1h }');
    expect(problemsOf({ 'r.yaml': withLeaf(started, '{ type: disconnectCall }') })).toEqual([]);
  });

  it('lie below the truth, of which comparisons are warned that this may make true', () => {
    const warned = (operator: string) =>
      problemsOf({
        'r.yaml': withLeaf(
          `{ fact: account.callsStarted, params: { within: 1h }, operator: ${operator}, value: 3 }`,
        ),
      }).length;
    expect(['greaterThan', 'greaterThanInclusive'].map(warned)).toEqual([0, 0]);
    expect(['equal', 'notEqual', 'lessThan', 'lessThanInclusive'].map(warned)).toEqual([1, 1, 1, 1]);
    const right = (operator: string) =>
      problemsOf({
        'r.yaml': withLeaf(
          `{ fact: account.limit, params: { name: x, default: 3 }, operator: ${operator}, value: { fact: account.callsStarted, params: { within: 1h } } }`,
        ),
      });
    expect(right('lessThan')).toEqual([]);
    expect(right('greaterThan')).toEqual([
      'r.yaml:5:73 warning: Calls that come and go between two polls are not seen, so "account.callsStarted" may lie below the truth, and "greaterThan" may hold wrongly. With "needs: complete" the rule at least rests while its window has gaps.',
    ]);
    const ratio =
      '{ fact: account.answerRatio, params: { within: 1h, min: 20 }, operator: lessThan, value: 0.2 }';
    expect(problemsOf({ 'r.yaml': withLeaf(ratio) })).toEqual([]);
  });

  it('are warned of under "not" too, which turns a comparison round', () => {
    const started = (operator: string) =>
      `{ fact: account.callsStarted, params: { within: 1h }, operator: ${operator}, value: 3 }`;
    const busy = 'busy: { all: [{ fact: account.totalCalls, operator: greaterThan, value: 3 }';
    const problems = (condition: string, shared = `${busy}] }`) =>
      problemsOf({ 'r.yaml': withLeaf(condition), 's.yaml': `conditions:\n  ${shared}\n` }).filter(
        (problem) => problem.includes('between two polls'),
      );
    const warned = (condition: string) => problems(condition).length;
    expect(problems(`{ not: ${started('greaterThan')} }`)).toEqual([
      expect.stringContaining(
        '"account.callsStarted" may lie below the truth, and "not" around "greaterThan" may hold wrongly. With "needs: complete"',
      ),
    ]);
    expect(warned(`{ not: ${started('lessThan')} }`)).toBe(0);
    expect(warned(`{ not: ${started('equal')} }`)).toBe(1);
    expect(warned(`{ not: { not: ${started('greaterThan')} } }`)).toBe(0);
    expect(warned(`{ not: { any: [${started('greaterThan')}, { not: ${started('lessThan')} }] } }`)).toBe(2);
    // A shared condition is turned round where it is used.
    const shared = `${busy}, ${started('greaterThan')}] }`;
    expect(problems('{ condition: busy }', shared)).toEqual([]);
    expect(problems('{ not: { condition: busy } }', shared)).toEqual([expect.stringMatching(/^r\.yaml:5/)]);
    // Who talks a lot may be spared.
    const where = (fact: string) =>
      withLeaf(
        '{ fact: account.connectedCalls, operator: greaterThan, value: 3 }',
        `{ type: disconnectCall, params: { where: { not: { fact: ${fact}, params: { within: 1h }, operator: greaterThan, value: 15 } } } }`,
      );
    expect(problemsOf({ 'r.yaml': where('cli.minutes') })).toEqual([]);
  });

  it('may be needed complete', () => {
    const text = `${withLeaf(over('account.callsStarted', '{ within: 1h }'))}needs: complete\n`;
    const { ruleSet, problems } = check({ 'r.yaml': text });
    expect(problems).toEqual([]);
    expect(ruleSet?.rules[0]?.needs).toBe('complete');
  });
});

describe('times of the order of the poll interval', () => {
  const lab = { name: 'lab', numbering: undefined, pollEveryMs: 10_000 };

  it('are warned of, in conditions, "where" and on the right, at their place', () => {
    const short = over('account.shortCalls', '{ within: 19s, under: 15s }');
    expect(problemsOf({ 'r.yaml': withLeaf(short) }, [lab])).toEqual([
      'r.yaml:5:53 warning: "within: 19s" is shorter than two polls, which are up to 10s apart (switch "lab"), so that one poll more or less decides it: expected at least 20s.',
      'r.yaml:5:65 warning: "under: 15s" is shorter than two polls, which are up to 10s apart (switch "lab"), so that most calls as short as this are never seen, and few of those seen are surely shorter: expected at least 20s.',
    ]);
    expect(
      problemsOf({ 'r.yaml': withLeaf(over('account.shortCalls', '{ within: 30s, under: 20s }')) }, [lab]),
    ).toEqual([]);
    const right =
      '{ fact: account.totalCalls, operator: lessThan, value: { fact: account.callsStarted, params: { within: 15s } } }';
    expect(problemsOf({ 'r.yaml': withLeaf(right) }, [lab])).toEqual([
      expect.stringContaining('"within: 15s" is shorter than two polls'),
    ]);
    const where = `{ type: disconnectCall, params: { where: { all: [${over('account.callsStarted', '{ within: 15s }')}] } } }`;
    const total = '{ fact: account.totalCalls, operator: greaterThan, value: 3 }';
    expect(problemsOf({ 'r.yaml': withLeaf(total, where) }, [lab])).toEqual([
      expect.stringContaining('r.yaml:7:'),
    ]);
  });

  it('are judged by 5 s where no switch or no schedule is known', () => {
    const short = withLeaf(over('account.shortCalls', '{ within: 1h, under: 9s }'));
    const assumed = [expect.stringContaining('up to 5s apart (assumed, as no schedule is known)')];
    expect(problemsOf({ 'r.yaml': short })).toEqual(assumed);
    expect(problemsOf({ 'r.yaml': short }, [{ name: 'lab', numbering: undefined }])).toEqual(assumed);
    expect(problemsOf({ 'r.yaml': short }, [{ ...lab, pollEveryMs: 4_500 }])).toEqual([]);
  });

  it('are left alone where the rule applies to no switch', () => {
    const short = withLeaf(over('account.shortCalls', '{ within: 1h, under: 9s }'));
    expect(problemsOf({ 'r.yaml': `${short}except: { switches: [lab] }\n` }, [lab])).toEqual([]);
    const ends = `${short}except: { switches: [{ name: lab, until: 2026-02-01 }] }\n`;
    expect(problemsOf({ 'r.yaml': ends }, [lab])).toHaveLength(1);
  });
});

describe('a tolerance', () => {
  const lab = { name: 'lab', numbering: undefined, pollEveryMs: 10_000 };
  const text = (tolerance: string) =>
    withLeaf(over('account.equalDurations', `{ within: 15m, tolerance: ${tolerance} }`));

  it('is warned of below the poll interval, as lengths are not known more closely', () => {
    expect(problemsOf({ 'r.yaml': text('9s') }, [lab])).toEqual([
      'r.yaml:5:73 warning: "tolerance: 9s" is less than the time between two polls, which are up to 10s apart (switch "lab"); lengths are not known more closely, so that equal calls count as different: expected at least 10s.',
    ]);
    expect(problemsOf({ 'r.yaml': text('10s') }, [lab])).toEqual([]);
    expect(problemsOf({ 'r.yaml': text('0s') })).toEqual([
      expect.stringContaining('up to 5s apart (assumed, as no schedule is known)'),
    ]);
    expect(check({ 'r.yaml': text('0s') }).ruleSet?.rules[0]?.conditions).toMatchObject({
      all: [{ params: { tolerance: 0 } }],
    });
  });
});

describe('an average length of ended calls', () => {
  const lab = { name: 'lab', numbering: undefined, pollEveryMs: 10_000 };
  const compared = (value: string, operator = 'lessThan') =>
    withLeaf(
      `{ fact: account.averageEndedDuration, params: { within: 10m, min: 15 }, operator: ${operator}, value: ${value} }`,
    );

  it('is warned of where it is compared with less than two polls, as the shortest calls are in no listing', () => {
    expect(problemsOf({ 'r.yaml': compared('19.9') }, [lab])).toEqual([
      'r.yaml:5:89 warning: "averageEndedDuration" is compared by "lessThan" with 19.9 seconds, less than two polls, which are up to 10s apart (switch "lab"): calls so short mostly come and go between two polls, and the average knows only those that were seen, so that it is too high there: expected at least 20.',
    ]);
    expect(problemsOf({ 'r.yaml': compared('20') }, [lab])).toEqual([]);
    expect(problemsOf({ 'r.yaml': compared('10') })).toEqual([]);
    for (const operator of [
      'greaterThan',
      'greaterThanInclusive',
      'lessThanInclusive',
      'equal',
      'notEqual',
    ]) {
      expect(problemsOf({ 'r.yaml': compared('9', operator) })).toEqual([
        expect.stringContaining(`by "${operator}" with 9 seconds`),
      ]);
    }
  });

  it('is warned of under "where" and in shared conditions too', () => {
    const total = '{ fact: account.totalCalls, operator: greaterThan, value: 3 }';
    const average =
      '{ fact: account.averageEndedDuration, params: { within: 1h }, operator: lessThan, value: 4 }';
    const where = withLeaf(total, `{ type: disconnectCall, params: { where: { all: [${average}] } } }`);
    expect(problemsOf({ 'r.yaml': where })).toEqual([expect.stringContaining('with 4 seconds')]);
    const shared = `conditions:\n  brief: { all: [${average}] }\n`;
    expect(problemsOf({ 'r.yaml': withLeaf('{ condition: brief }'), 's.yaml': shared })).toEqual([
      expect.stringContaining('with 4 seconds'),
    ]);
  });

  it('is warned of by the default of a limit and by its rows, on either side', () => {
    const limit = (value: number) => `{ fact: account.limit, params: { name: brief, default: ${value} } }`;
    const rows = (value: number) => `scope,id,name,value\naccount,10,brief,${value}\n`;
    expect(problemsOf({ 'r.yaml': compared(limit(8)) })).toEqual([expect.stringContaining('with 8 seconds')]);
    expect(problemsOf({ 'r.yaml': compared(limit(30)), 'limits.csv': rows(7) })).toEqual([
      expect.stringContaining('with 7 seconds'),
    ]);
    expect(problemsOf({ 'r.yaml': compared(limit(30)), 'limits.csv': rows(12) })).toEqual([]);
    const turned =
      '{ fact: account.limit, params: { name: brief, default: 6 }, operator: greaterThan, value: { fact: account.averageEndedDuration, params: { within: 1h } } }';
    expect(problemsOf({ 'r.yaml': withLeaf(turned) })).toEqual([expect.stringContaining('with 6 seconds')]);
  });

  it('may be compared with another fact', () => {
    const other = '{ fact: account.averageDuration, params: { min: 5 } }';
    expect(problemsOf({ 'r.yaml': compared(other) })).toEqual([]);
  });
});

describe('a ledger that is kept for less than a window', () => {
  const lab = { name: 'lab', numbering: undefined, ledgerKeptMs: 12 * 3_600_000 };

  it('is warned of at the window, on either side', () => {
    const started = withLeaf(over('account.callsStarted', '{ within: 13h }'));
    expect(
      problemsOf({ 'r.yaml': started }, [{ ...lab, name: 'far', ledgerKeptMs: 86_400_000 }, lab]),
    ).toEqual([
      'r.yaml:5:55 warning: "within: 13h" looks back 13h, and the ledger is kept for 12h only (retention.ledger in the config): after a restart, and in explanations and backtests, the fact knows no more than that, and counts too little, or is missing with needs: complete: expected at least 13h there.',
    ]);
    const today = withLeaf(over('account.minutesToday', '{ timezone: UTC }'));
    expect(problemsOf({ 'r.yaml': today }, [lab])).toEqual([
      expect.stringContaining('"account.minutesToday" looks back up to 25h, and the ledger'),
    ]);
  });

  it('is nothing where it is kept for as long, nor where nobody knows', () => {
    const started = withLeaf(over('account.callsStarted', '{ within: 12h }'));
    expect(problemsOf({ 'r.yaml': started }, [lab])).toEqual([]);
    expect(problemsOf({ 'r.yaml': started.replace('12h', '24h') })).toEqual([]);
  });
});

describe('a ledger that is kept for less than a week', () => {
  const DAY = 86_400_000;
  const lab = { name: 'lab', numbering: undefined, ledgerKeptMs: 3 * DAY };
  const warned = (fact: string) =>
    `warning: "${fact}" needs to know that the switch was watched for the last seven days, and the ledger is kept for 3d only (retention.ledger in the config), so that the fact is missing and the rule decides nothing: expected at least 7d there.`;
  const ofCall = '{ fact: call.firstSeenCountry, operator: equal, value: true }';

  it('is warned of where a rule asks for countries that are new, in a condition or in "where"', () => {
    const text = withLeaf(over('account.firstSeenCountry', '{ within: 1h }'));
    expect(problemsOf({ 'r.yaml': text }, [lab])).toEqual([
      `r.yaml:5:15 ${warned('account.firstSeenCountry')}`,
    ]);
    const where = withLeaf(
      '{ fact: account.totalCalls, operator: greaterThan, value: 3 }',
      `{ type: disconnectCall, params: { where: { all: [${ofCall}] } } }`,
    );
    expect(problemsOf({ 'r.yaml': where }, [{ ...lab, name: 'far', ledgerKeptMs: 7 * DAY }, lab])).toEqual([
      expect.stringContaining(warned('call.firstSeenCountry')),
    ]);
  });

  it('is nothing to other rules, nor where it is kept for a week, nor where nobody knows', () => {
    const text = withLeaf(over('account.firstSeenCountry', '{ within: 1h }'));
    expect(problemsOf({ 'r.yaml': text }, [{ ...lab, ledgerKeptMs: 7 * DAY }])).toEqual([]);
    expect(problemsOf({ 'r.yaml': text }, [{ name: 'lab', numbering: undefined }])).toEqual([]);
    expect(problemsOf({ 'r.yaml': text })).toEqual([]);
    const other = withLeaf(over('account.callsStarted', '{ within: 1h }'));
    expect(problemsOf({ 'r.yaml': other }, [lab])).toEqual([]);
  });
});

describe('recursive', () => {
  const text = (more = '') =>
    `${withLeaf(over('customer.connectedCalls', '{ recursive: true }'), '{ type: alert }', 'customer')}${more}`;
  const known = { name: 'known', numbering: undefined, treeKnown: true };
  const flat = { name: 'flat', numbering: undefined, treeKnown: false };

  it('is refused where the tree of customers is not known, with the reason', () => {
    expect(problemsOf({ 'r.yaml': text() }, [known, flat])).toEqual([
      'r.yaml:5:61 "customer.connectedCalls" cannot count subcustomers: which customers are below which is not known on switch "flat". State it in the config (customerTree: { child: parent }) and restart a running service, or keep the rule to other switches by "only".',
    ]);
    expect(check({ 'r.yaml': text() }, [known, flat]).ruleSet).toBeUndefined();
    expect(problemsOf({ 'r.yaml': text() }, [flat, { ...flat, name: 'bare' }])).toEqual([
      expect.stringContaining('not known on switches "flat" and "bare"'),
    ]);
  });

  it('is taken where it is known, where the rule does not apply to the others, and where no switch is known', () => {
    expect(problemsOf({ 'r.yaml': text() }, [known])).toEqual([]);
    expect(problemsOf({ 'r.yaml': text('only: { switches: [known] }\n') }, [known, flat])).toEqual([]);
    expect(problemsOf({ 'r.yaml': text() })).toEqual([]);
    expect(problemsOf({ 'r.yaml': text().replace('recursive: true', 'recursive: false') }, [flat])).toEqual(
      [],
    );
  });

  it('is true or false', () => {
    expect(problemsOf({ 'r.yaml': text().replace('recursive: true', 'recursive: yes') })).toEqual([
      expect.stringContaining('"recursive": expected true or false, but found the text "yes".'),
    ]);
  });
});

describe('facts that are true or false', () => {
  const leaf = (operator: string, value: string) =>
    withLeaf(
      `{ fact: call.callerIsCalled, operator: ${operator}, value: ${value} }`,
      '{ type: alert }',
      'call',
    );

  it('are compared with true and false', () => {
    for (const operator of ['equal', 'notEqual'])
      for (const value of ['true', 'false', '{ fact: call.firstSeenCountry }'])
        expect(problemsOf({ 'r.yaml': leaf(operator, value) })).toEqual([]);
  });

  it.each([
    [
      'equal',
      '"true"',
      '"call.callerIsCalled" is true or false: expected one of these without quotes, but found the text "true".',
    ],
    ['equal', 'yes', 'but found the text "yes".'],
    ['equal', '1', 'but found the number 1.'],
    ['equal', '[true]', '"equal" compares with one value'],
    ['equal', 'null', 'but found nothing.'],
    [
      'in',
      '[true]',
      '"in" does not fit "call.callerIsCalled", which is true or false: expected one of equal, notEqual.',
    ],
    ['greaterThan', '0', '"greaterThan" does not fit "call.callerIsCalled", which is true or false'],
    ['equal', '{ fact: call.cld }', '"call.cld" is a string, but "call.callerIsCalled" is a boolean'],
  ])('are compared with nothing else: %s %s', (operator, value, message) => {
    expect(problemsOf({ 'r.yaml': leaf(operator, value) })).toContainEqual(expect.stringContaining(message));
    expect(check({ 'r.yaml': leaf(operator, value) }).ruleSet).toBeUndefined();
  });

  it('leave text and numbers to their own kind', () => {
    const text = withLeaf('{ fact: call.cld, operator: equal, value: true }', '{ type: alert }', 'call');
    expect(problemsOf({ 'r.yaml': text })).toEqual([expect.stringContaining('"call.cld" is text')]);
  });
});

import { describe, expect, it } from 'vitest';
import type { KnownSwitch } from '../../src/policy/check-switches.js';
import { NOW } from '../support/calls.js';
import { check, problemsOf } from './support.js';

/** An account rule whose further keys begin on line 6. */
function rule(
  more: string,
  event = '{ type: disconnectCall, params: { keep: 30 } }',
  scope = 'account',
): string {
  return `name: a
scope: ${scope}
mode: monitor
conditions: { all: [{ fact: ${scope === 'call' ? 'account' : scope}.connectedCalls, operator: greaterThan, value: 30 }] }
event: ${event}
${more}
`;
}

function ruleOf(more: string) {
  const { ruleSet, problems } = check({ 'r.yaml': rule(more) });
  const [first] = ruleSet?.rules ?? [];
  if (first === undefined) throw new Error(problems.map(({ message }) => message).join('\n'));
  return first;
}

describe('for and cooldown', () => {
  it('are read as milliseconds', () => {
    expect(ruleOf('for: 10s\ncooldown: 5m')).toMatchObject({ forMs: 10_000, cooldownMs: 300_000 });
  });

  it.each([
    [
      'for: 10',
      '6:6 "for": expected a duration with its unit, such as 500ms, 10s, 5m, 1h or 7d, but found the number 10. For seconds write "10s".',
    ],
    [
      'for: "10"',
      '6:6 "for": expected a duration with its unit, such as 500ms, 10s, 5m, 1h or 7d, but found the text "10". For seconds write "10s".',
    ],
    [
      'for: soon',
      '6:6 "for": expected a duration with its unit, such as 500ms, 10s, 5m, 1h or 7d, but found the text "soon".',
    ],
    [
      'for: [10s]',
      '6:6 "for": expected a duration with its unit, such as 500ms, 10s, 5m, 1h or 7d, but found a list.',
    ],
    ['for: 0s', '6:6 "for": expected more than 0 and at most 24h, but found the text "0s".'],
    ['for: 25h', '6:6 "for": expected more than 0 and at most 24h, but found the text "25h".'],
    [
      'cooldown: 300',
      '6:11 "cooldown": expected a duration with its unit, such as 500ms, 10s, 5m, 1h or 7d, but found the number 300. For seconds write "300s".',
    ],
    ['cooldown: 31d', '6:11 "cooldown": expected more than 0 and at most 30d, but found the text "31d".'],
    [
      'needs: completeness',
      '6:8 "needs": expected "complete", but found the text "completeness". Did you mean "complete"?',
    ],
    ['cooldwn: 5m', '6:1 "cooldwn" is not a known key. Did you mean "cooldown"?'],
  ])('are refused: %s', (more, message) => {
    expect(problemsOf({ 'r.yaml': rule(more) })).toEqual([`r.yaml:${message}`]);
  });

  it('"for" shorter than two polls is warned of, and what is known of the polls is said', () => {
    const files = { 'r.yaml': rule('for: 8s') };
    expect(problemsOf(files)).toEqual([
      'r.yaml:6:6 warning: "for: 8s" is shorter than two polls, which are up to 5s apart (assumed, as no schedule is known), so that one poll more or less decides it: expected at least 10s.',
    ]);
    const lab = { name: 'lab', numbering: undefined, pollEveryMs: 4_000 };
    expect(problemsOf(files, [lab])).toEqual([]);
    expect(problemsOf(files, [lab, { ...lab, name: 'far', pollEveryMs: 30_000 }])).toEqual([
      expect.stringContaining('up to 30s apart (switch "far")'),
    ]);
    const elsewhere = { 'r.yaml': rule('for: 8s\nonly: { switches: [lab] }') };
    expect(problemsOf(elsewhere, [lab, { ...lab, name: 'far', pollEveryMs: 30_000 }])).toEqual([]);
  });

  it('"needs: complete" is warned of where no fact looks back', () => {
    expect(problemsOf({ 'r.yaml': rule('needs: complete') })).toEqual([
      'r.yaml:6:1 warning: "needs: complete" changes nothing here: no fact of this rule looks at a window of time.',
    ]);
  });
});

describe('a schedule', () => {
  it('is read as minutes of days, all days and the whole day where it names none', () => {
    const weekend = '{ days: [sun, sat, sun], from: "18:00", to: "08:00", timezone: Europe/Kyiv }';
    expect(ruleOf(`schedule: [${weekend}]`).schedule).toEqual([
      { days: ['sat', 'sun'], fromMinute: 1080, toMinute: 480, timezone: 'Europe/Kyiv' },
    ]);
    expect(ruleOf('schedule: { timezone: UTC, days: mon }').schedule).toEqual([
      { days: ['mon'], fromMinute: 0, toMinute: 0, timezone: 'UTC' },
    ]);
    expect(ruleOf('schedule: { timezone: UTC, from: 22:30, to: "24:00" }').schedule).toMatchObject([
      { fromMinute: 1350, toMinute: 1440 },
    ]);
    expect(ruleOf('schedule: { timezone: UTC, from: "00:00", to: "24:00" }').schedule).toMatchObject([
      { days: ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'], fromMinute: 0, toMinute: 1440 },
    ]);
  });

  it.each([
    ['{ days: [sat] }', '6:11 "timezone" is missing: expected text.'],
    [
      '{ timezone: Europe/Kyev }',
      '6:23 There is no time zone "Europe/Kyev": expected an IANA name, e.g. "Europe/Kyiv". Did you mean "Europe/Kyiv"?',
    ],
    [
      '{ timezone: Europe/Kief }',
      '6:23 There is no time zone "Europe/Kief": expected an IANA name, e.g. "Europe/Kyiv". Did you mean "Europe/Kyiv"?',
    ],
    ['{ timezone: "+02:00" }', '6:23 There is no time zone "+02:00"'],
    ['{ timezone: "" }', '6:23 There is no time zone ""'],
    [
      '{ timezone: UTC, days: [saturday] }',
      '6:35 "days[0]": expected one of "mon", "tue", "wed", "thu", "fri", "sat" or "sun", but found the text "saturday".',
    ],
    [
      '{ timezone: UTC, days: [] }',
      '6:34 "days": expected a list of at least 1 entry, but found an empty list.',
    ],
    [
      '{ timezone: UTC, from: "25:00", to: "08:00" }',
      '6:34 "from": expected a time of day in quotes, "00:00" to "23:59", but found the text "25:00".',
    ],
    [
      '{ timezone: UTC, from: "24:00", to: "08:00" }',
      '6:34 "from": expected a time of day in quotes, "00:00" to "23:59"',
    ],
    [
      '{ timezone: UTC, from: "18:00" }',
      '6:34 "from" stands here without "to": expected both, or none of them for the whole day.',
    ],
    [
      '[{ timezone: UTC, days: sat }, { timezone: UTC, to: "08:00" }]',
      '6:63 "to" stands here without "from": expected both, or none of them for the whole day.',
    ],
    [
      '{ timezone: UTC, to: 18 }',
      '6:32 "to": expected a time of day in quotes, "00:00" to "24:00", but found the number 18.',
    ],
    ['{ timezone: UTC, to: "8:00", from: "18:00" }', '6:32 "to": expected a time of day in quotes'],
    ['{ timezone: UTC, until: "8:00" }', '6:28 "until" is not a known key'],
    ['[]', '6:11 "schedule": expected a list of at least 1 entry, but found an empty list.'],
    ['[{ timezone: UTC, day: [sat] }]', '6:29 "day" is not a known key. Did you mean "days"?'],
  ])('is refused: %s', (schedule, message) => {
    expect(problemsOf({ 'r.yaml': rule(`schedule: ${schedule}`) })).toEqual([
      expect.stringContaining(`r.yaml:${message}`),
    ]);
  });

  it('is warned of where a span is given twice', () => {
    expect(
      problemsOf({
        'r.yaml': rule('schedule: [{ timezone: UTC, days: sat }, { days: [sat], timezone: UTC }]'),
      }),
    ).toEqual(['r.yaml:6:42 warning: This span is given twice.']);
  });
});

describe('"for" longer than its schedule is open at a time', () => {
  const told = (hold: string, schedule: string, switches?: readonly KnownSwitch[]) =>
    problemsOf({ 'r.yaml': rule(`for: ${hold}\nschedule: ${schedule}`) }, switches, NOW);
  const evening = '{ from: "18:00", to: "20:00", timezone: Europe/Kyiv }';

  it('is warned of, as it begins anew with each span', () => {
    expect(told('3h', evening)).toEqual([
      'r.yaml:6:6 warning: "for: 3h" is never over: "schedule" is open for at most 2h at a time, and "for" begins anew with each span, so that the rule never acts: expected less than 2h.',
    ]);
    expect(told('2h', evening)).toHaveLength(1);
    expect(told('119m', evening)).toEqual([]);
  });

  const from23to1 = '{ from: "23:00", to: "01:00", timezone: Europe/Kyiv }';
  const from2to5 = (timezone: string, days = 'sun') =>
    `{ days: [${days}], from: "02:00", to: "05:00", timezone: ${timezone} }`;
  it.each([
    ['a night before the hour that comes twice', from23to1, '2h'],
    ['the hour that comes twice', from2to5('Europe/Kyiv'), '4h'],
    ['that hour on a day on which it never does', from2to5('Europe/Kyiv', 'mon'), '3h'],
    ['the half hour of Lord Howe', from2to5('Australia/Lord_Howe'), '3h'],
    [
      'an hour before it, which begins anew',
      '{ from: "01:00", to: "02:00", timezone: Australia/Lord_Howe }',
      '90m',
    ],
    ['two hours of Troll', '{ from: "01:00", to: "04:00", timezone: Antarctica/Troll }', '5h'],
    ['two hours before the span of Troll', from2to5('Antarctica/Troll'), '3h'],
    ['a zone whose clocks stay', from2to5('Asia/Tokyo'), '3h'],
    ['two zones', `[${evening}, { from: "18:00", to: "19:30", timezone: Europe/Lisbon }]`, '210m'],
  ])('goes by what the clocks really do: %s', (_, schedule, most) => {
    expect(told('24h', schedule)).toEqual([expect.stringContaining(`at most ${most} at a time`)]);
  });

  it.each([
    [
      'a night an hour of which comes twice, once a year',
      '3h',
      '{ from: "02:00", to: "05:00", timezone: Europe/Kyiv }',
    ],
    [
      'spans that follow on one another',
      '3h',
      '[{ from: "16:00", to: "18:00", timezone: UTC }, { from: "18:00", to: "20:00", timezone: UTC }]',
    ],
    [
      'spans between which hardly a poll comes',
      '3h',
      '[{ from: "16:00", to: "18:00", timezone: UTC }, { from: "18:10", to: "20:00", timezone: UTC }]',
    ],
    ['several time zones', '3h', `[${evening}, { from: "18:00", to: "20:00", timezone: Europe/Lisbon }]`],
    ['days that follow on one another', '24h', '{ days: [sun, mon], timezone: UTC }'],
    ['all days', '24h', '{ timezone: UTC }'],
  ])('is not said of %s', (_, hold, schedule) => {
    expect(told(hold, schedule)).toEqual([]);
  });

  it('goes by how often the switch is polled where spans lie close together', () => {
    const spans =
      '[{ from: "12:00", to: "14:00", timezone: UTC }, { from: "14:30", to: "16:00", timezone: UTC }]';
    const lab = { name: 'lab', numbering: undefined, pollEveryMs: 5_000 };
    expect(told('3h', spans, [lab])).toEqual([expect.stringContaining('at most 2h at a time')]);
    expect(told('3h', spans, [{ ...lab, pollEveryMs: 600_000 }])).toEqual([]);
  });

  it.each([
    ['day by day', '{ days: [mon, tue], from: "09:00", to: "17:00", timezone: UTC }', '8h'],
    ['over midnight', '{ from: "20:00", to: "06:00", timezone: UTC }', '10h'],
    [
      'of several spans, by the longest',
      `[{ from: "08:00", to: "11:00", timezone: Europe/Kyiv }, ${evening}]`,
      '3h',
    ],
  ])('is reckoned %s', (_, schedule, most) => {
    expect(told('20h', schedule)).toEqual([expect.stringContaining(`at most ${most} at a time`)]);
  });
});

describe('an escalation', () => {
  const step = (event: string, more = 'after: 3, within: 10m') => `escalate: [{ ${more}, event: ${event} }]`;

  it('is read with its events checked and filled in', () => {
    const more = `escalate:
  - { after: 3, within: 10m, event: { type: disconnectCall } }
  - { after: 5, within: 1h, event: { type: disconnectAccount } }`;
    expect(ruleOf(more).escalate).toEqual([
      {
        after: 3,
        withinMs: 600_000,
        event: { type: 'disconnectCall', select: 'newest', keep: 0, where: undefined, message: undefined },
      },
      { after: 5, withinMs: 3_600_000, event: expect.objectContaining({ type: 'disconnectAccount' }) },
    ]);
  });

  it.each([
    ['no step', 'escalate: []', '6:11 "escalate": expected a list of at least 1 entry'],
    ['a mapping', 'escalate: { after: 3 }', '6:11 "escalate": expected a list, but found a mapping.'],
    [
      'after no action',
      step('{ type: disconnectAccount }', 'after: 0, within: 10m'),
      '6:21 "after": expected a number, at least 1',
    ],
    [
      'half an action',
      step('{ type: disconnectAccount }', 'after: 1.5, within: 10m'),
      '6:21 "after": expected a whole number',
    ],
    ['no time', step('{ type: disconnectAccount }', 'after: 3'), '6:12 "within" is missing'],
    [
      'a time without a unit',
      step('{ type: disconnectAccount }', 'after: 3, within: 600'),
      '6:32 "within": expected a duration with its unit, such as 500ms, 10s, 5m, 1h or 7d, but found the number 600. For seconds write "600s".',
    ],
    [
      'more than a day',
      step('{ type: disconnectAccount }', 'after: 3, within: 2d'),
      '6:32 "within": expected more than 0 and at most 24h',
    ],
    ['no event', 'escalate: [{ after: 3, within: 10m }]', '6:12 "event" is missing'],
    ['an unknown event', step('{ type: disconectAccount }'), 'Did you mean "disconnectAccount"?'],
    [
      'a param of another event',
      step('{ type: disconnectAccount, params: { keep: 3 } }'),
      '6:81 "keep" chooses single calls, which "disconnectAccount" does not take',
    ],
    ['a param beside the type', step('{ type: disconnectCall, keep: 3 }'), '"keep" belongs one level deeper'],
    [
      'an unknown fact in "where"',
      step(
        '{ type: disconnectCall, params: { where: { all: [{ fact: call.agee, operator: greaterThan, value: 1 }] } } }',
      ),
      'There is no fact "call.agee"',
    ],
    [
      'a fact that "where" does not see',
      step(
        '{ type: disconnectCall, params: { where: { all: [{ fact: vendor.totalCalls, operator: greaterThan, value: 1 }] } } }',
      ),
      '"vendor.totalCalls" needs the vendors',
    ],
    [
      'a fact that "keep" does not see',
      step('{ type: disconnectCall, params: { keep: { fact: cli.totalCalls } } }'),
      '"cli.totalCalls" cannot be seen by rule "a"',
    ],
    [
      'the event that the rule has',
      step('{ type: disconnectCall, params: { select: newest, keep: 30 } }'),
      '6:44 This step asks for the same event as the one before: there is nothing to climb to.',
    ],
    [
      'an unknown key',
      'escalate: [{ after: 3, within: 10m, evnt: { type: alert } }]',
      '"evnt" is not a known key. Did you mean "event"?',
    ],
  ])('is refused with %s', (_, more, message) => {
    expect(problemsOf({ 'r.yaml': rule(more) })).toContainEqual(expect.stringContaining(message));
    expect(check({ 'r.yaml': rule(more) }).ruleSet).toBeUndefined();
  });

  it.each([
    ['3', 'higher than that of the one before: expected more than 3, but found 3.'],
    ['2', 'higher than that of the one before: expected more than 3, but found 2.'],
  ])('is refused out of order: after 3, then after %s', (after, message) => {
    const more = `escalate:
  - { after: 3, within: 10m, event: { type: disconnectAccount } }
  - { after: ${after}, within: 10m, event: { type: disconnectCustomer } }`;
    expect(problemsOf({ 'r.yaml': rule(more) })).toEqual([expect.stringContaining(message)]);
    const twice = more.replace(
      `after: ${after}, within: 10m, event: { type: disconnectCustomer }`,
      'after: 4, within: 10m, event: { type: disconnectAccount }',
    );
    expect(problemsOf({ 'r.yaml': rule(twice) })).toContainEqual(
      expect.stringContaining('nothing to climb to'),
    );
  });

  it('that picks calls needs "where" as the own event does', () => {
    const several = rule(step('{ type: disconnectCall }'), '{ type: alert }').replace(
      'value: 30 }]',
      'value: 30 }, { fact: account.setupCalls, operator: greaterThan, value: 3 }]',
    );
    expect(problemsOf({ 'r.yaml': several })).toContainEqual(
      expect.stringContaining('r.yaml:6:44 "where" is missing: the conditions hold several aggregates'),
    );
  });

  it('that no rhythm of actions can reach is warned of, and one that late polls keep from it', () => {
    const more = (cooldown: string, within: string) =>
      `cooldown: ${cooldown}\nescalate: [{ after: 3, within: ${within}, event: { type: disconnectAccount } }]`;
    const told = (cooldown: string, within: string) => problemsOf({ 'r.yaml': rule(more(cooldown, within)) });
    expect(told('5m', '5m')).toEqual([
      'r.yaml:7:21 warning: This step is never reached: the rule has a cooldown of 5m, so that when the rule may act again, it has acted on a subject at most 1 time within 5m.',
    ]);
    expect(told('5m', '10m')).toEqual([expect.stringContaining('never reached')]);
    // A cooldown may end up to a second early.
    expect(told('5m', '897s')).toEqual([expect.stringContaining('at most 2 times within 897s')]);
    expect(told('5m', '898s')).toEqual([
      'r.yaml:7:21 warning: This step may not be reached: the rule has a cooldown of 5m, so that with polls up to 5s apart (assumed, as no schedule is known) the rule may act again up to 905s after the first of 3 actions, which counts for 898s only: expected "within" of at least 905s.',
    ]);
    expect(told('5m', '904s')).toEqual([expect.stringContaining('may not be reached')]);
    expect(told('5m', '905s')).toEqual([]);
    // Polled every five seconds, a cooldown of six is over after ten.
    expect(told('6s', '15s')).toEqual([expect.stringContaining('never reached')]);
    expect(told('6s', '34s')).toEqual([expect.stringContaining('may not be reached')]);
    expect(told('6s', '35s')).toEqual([]);
    // Whoever polls by hand may poll at any time.
    expect(told('1s', '2s')).toEqual([expect.stringContaining('may not be reached')]);
    const alert = rule(
      'escalate: [{ after: 3, within: 10m, event: { type: disconnectCall } }]',
      '{ type: alert }',
    );
    expect(problemsOf({ 'r.yaml': alert })).toEqual([
      expect.stringContaining('may not be reached: an unchanged alert is repeated every 5m'),
    ]);
    expect(problemsOf({ 'r.yaml': alert.replace('10m', '598s') })).toEqual([
      expect.stringContaining('never reached: an unchanged alert is repeated every 5m'),
    ]);
    // What disconnects without a cooldown acts at every pass, so that only the first step has to wait for alerts.
    const climbs = rule(
      `escalate:
  - { after: 2, within: 6m, event: { type: disconnectCall, params: { keep: 30 } } }
  - { after: 9, within: 6m, event: { type: disconnectAccount } }`,
      '{ type: alert }',
    );
    expect(problemsOf({ 'r.yaml': climbs })).toEqual([]);
  });

  it('is checked however many actions or steps it has', () => {
    const alert = rule(
      `escalate: [{ after: ${Number.MAX_SAFE_INTEGER}, within: 10m, event: { type: disconnectCall } }]`,
      '{ type: alert }',
    );
    expect(problemsOf({ 'r.yaml': alert })).toEqual([expect.stringContaining('at most 3 times within 10m')]);
    const steps = Array.from(
      { length: 2_000 },
      (_, index) =>
        `  - { after: ${index + 2}, within: 10m, event: { type: disconnectCall, params: { keep: ${index} } } }`,
    );
    const many = rule(`escalate:\n${steps.join('\n')}`, '{ type: alert }');
    expect(problemsOf({ 'r.yaml': many })).toEqual([]);
  });
});

describe('an exception', () => {
  it('may end, and say why it was made', () => {
    const { except } = ruleOf(`except:
  accounts: [7, { id: 8, until: 2026-02-01, because: campaign }]
  cld: [{ prefix: "49800", until: "2026-02-01T12:00:00+02:00" }]
  switches: [{ name: lab, because: only a test }]
  customers: [{ id: 3 }]`);
    expect(except).toEqual({
      accounts: [7],
      customers: [3],
      expiring: [
        {
          key: 'switches',
          entry: 'lab',
          until: undefined,
          because: 'only a test',
          location: { file: 'r.yaml', line: 9, column: 14 },
        },
        {
          key: 'accounts',
          entry: 8,
          until: Date.UTC(2026, 1, 2),
          because: 'campaign',
          location: { file: 'r.yaml', line: 7, column: 17 },
        },
        {
          key: 'cld',
          entry: '49800',
          until: Date.UTC(2026, 1, 1, 10),
          because: undefined,
          location: { file: 'r.yaml', line: 8, column: 9 },
        },
      ],
    });
  });

  it.each([
    [
      '{ accounts: [{ id: 8, until: 2026-02-30 }] }',
      '6:38 "until": expected a date, e.g. 2026-12-31 (through that day, UTC), or a date and time with its zone, e.g. 2026-12-31T18:00:00Z, but found the text "2026-02-30".',
    ],
    ['{ accounts: [{ id: 8, until: tomorrow }] }', '6:38 "until": expected a date'],
    ['{ accounts: [{ id: 8, until: "2026-02-01T12:00" }] }', '6:38 "until": expected a date'],
    ['{ accounts: [{ id: 8, until: "2026-02-01T25:00Z" }] }', '6:38 "until": expected a date'],
    ['{ accounts: [{ id: 8, until: 2026 }] }', '6:38 "until" is text'],
    ['{ accounts: [{ id: "8" }] }', '6:28 "id": expected a number, but found the text "8".'],
    ['{ accounts: [{ ID: 8 }] }', '6:22 "id" is missing'],
    ['{ accounts: [{ id: 8, util: 2026-02-01 }] }', '6:31 "util" is not a known key. Did you mean "until"?'],
    ['{ accounts: [{ id: 8, because: "" }] }', '6:40 "because": expected text of at least 1 character'],
    ['{ cld: [{ prefix: abc, until: 2026-02-01 }] }', '6:27 This is no number prefix'],
    ['{ cld: [{ prefix: 49800 }] }', '6:27 A prefix is text'],
    ['{ cli: [{ id: 8 }] }', '"prefix" is missing'],
  ])('is refused: %s', (except, message) => {
    expect(problemsOf({ 'r.yaml': rule(`except: ${except}`) })).toContainEqual(
      expect.stringContaining(`${message}`),
    );
  });

  it('ends only under "except", never under "only"', () => {
    expect(problemsOf({ 'r.yaml': rule('only: { accounts: [{ id: 8, until: 2026-02-01 }] }') })).toEqual([
      'r.yaml:6:20 "accounts[0]": expected a number, but found a mapping.',
    ]);
  });

  it('for somebody who is excepted already is warned of', () => {
    expect(problemsOf({ 'r.yaml': rule('except: { accounts: [8, { id: 8, until: 2026-02-01 }] }') })).toEqual(
      ['r.yaml:6:25 warning: This names 8 again: whichever entry holds longer decides.'],
    );
  });

  it('that has ended is warned of, where it is known what time it is', () => {
    const files = { 'r.yaml': rule('except: { accounts: [{ id: 8, until: 2026-02-01 }] }') };
    const warningsAt = (now?: number) =>
      check(files, undefined, now).problems.map(({ location }) => location?.line);
    expect(warningsAt()).toEqual([]);
    expect(warningsAt(Date.UTC(2026, 1, 1, 23, 59))).toEqual([]);
    expect(warningsAt(Date.UTC(2026, 1, 2))).toEqual([6]);
  });

  it('of a switch or with a prefix that there is none of is refused against the config', () => {
    const lab = [{ name: 'lab', numbering: undefined }];
    expect(
      problemsOf({ 'r.yaml': rule('except: { switches: [{ name: lob, until: 2026-02-01 }] }') }, lab),
    ).toEqual([expect.stringContaining('The config has no switch "lob", which "except" names')]);
  });
});

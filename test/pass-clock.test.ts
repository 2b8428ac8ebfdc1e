import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { Call, SuspectCall } from '../src/domain/call.js';
import { CallwardenError } from '../src/domain/errors.js';
import { FACT_CATALOGUE } from '../src/facts/catalogue.js';
import { createNumbering } from '../src/facts/numbering.js';
import { runPass } from '../src/pass.js';
import type { PassContext } from '../src/pass-enforcement.js';
import { createSwitchMemory } from '../src/pass-memory.js';
import { checkRules } from '../src/policy/check-rules.js';
import { compileRules } from '../src/policy/compile-rules.js';
import { aCall, aSuspect, NOW } from './support/calls.js';
import { fakeSwitch, switchError } from './support/fake-switch.js';
import { aPassContext, NUMBERING } from './support/pass-context.js';
import { tempStore } from './support/temp-store.js';

const SECOND = 1_000;
const never = new AbortController().signal;

type Report = Awaited<ReturnType<typeof runPass>>;

/** A call by when it began in truth, whatever our clock says. */
interface Talk extends Partial<Omit<Call, 'id'>> {
  id: string;
  /** Seconds of true time. */
  from: number;
  /** Seconds until the answer. */
  ring?: number;
}

/**
 * A switch that goes by true time, watched by a machine whose clock the test sets. `pass` lets `seconds` of true time go by
 * first. A restart begins again with an empty memory.
 */
function scene(rules: string, changes: Partial<PassContext> = {}) {
  const { store } = tempStore();
  let truth = 0;
  let ahead = 0;
  let passes = 0;
  const clock = () => NOW + (truth + ahead) * SECOND;
  const port = fakeSwitch([], clock);
  const notes: string[] = [];
  const { numbering = NUMBERING } = changes;
  const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
  const { ruleSet, problems } = checkRules(
    [{ file: 'rules/test.yaml', kind: 'rules', text: rules }],
    FACT_CATALOGUE,
    sha256,
  );
  if (ruleSet === undefined) throw new Error(problems.map(({ message }) => message).join('\n'));
  const compiled = (by: typeof numbering) =>
    compileRules(ruleSet, { catalogue: FACT_CATALOGUE, numbering: by, switchName: 'lab', now: NOW });
  let context = aPassContext({
    ...{ port, store, clock, rules: compiled(numbering), note: (text: string) => notes.push(text) },
    ...changes,
  });

  const listed = ({ from, ring = 0, ...fields }: Talk): Call => {
    const age = truth - from;
    const isAnswered = age >= ring;
    const setupAt = clock() - age * SECOND;
    return aCall({
      // The switch goes by its own clock, so that what it writes stays.
      ...{ setupTimeText: `set up at ${from}`, state: isAnswered ? 'Connected' : 'ARComplete', setupAt, age },
      ...{ delay: Math.min(age, ring), duration: Math.max(0, age - ring) },
      ...fields,
    });
  };

  return {
    port,
    store,
    notes,
    get truth() {
      return truth;
    },
    /** Sets the clock forward, or back where it is negative. */
    step: (seconds: number) => {
      ahead += seconds;
    },
    restart: (by = numbering) => {
      const memory = createSwitchMemory({ switchName: 'lab', numbering: by, ledger: store.ledger });
      context = { ...context, memory, numbering: by, rules: compiled(by) };
    },
    async pass(seconds: number, talks: readonly Talk[]): Promise<Report> {
      truth += seconds;
      port.calls = talks.map(listed);
      passes += 1;
      return runPass(context, {
        ...{ passId: `pass-${passes}`, actor: 'scheduler', dryRun: false, stop: never, abort: never },
      });
    },
  };
}

const done = ({ actions }: Report) =>
  actions.map(({ action, target, outcome }) => `${action} ${target} ${outcome}`);

/** A rule on one account fact; what it says is violated and by how much. */
const rule = (fact: string, comparison: string, more = '') => `
  name: watched
  scope: account
  mode: enforce
  ${more}
  conditions: { all: [ { fact: account.${fact}, ${comparison} } ] }
  event: { type: disconnectCall, params: { keep: 0, where: { all: [ { fact: call.state, operator: equal, value: Connected } ] } } }`;

const over = (value: number, params: string) =>
  `params: { ${params} }, operator: greaterThan, value: ${value}`;

const ids = (from: number, count: number) => Array.from({ length: count }, (_, at) => String(from + at));

describe('a clock that is set back', () => {
  /** A call every 20 s, each of 10 s; 60 in 20 minutes. */
  const traffic = (truth: number): Talk[] => {
    const nth = Math.floor(truth / 20);
    return truth - nth * 20 < 10 ? [{ id: String(nth + 1), from: nth * 20 - 1 }] : [];
  };

  it.each([false, true])(
    'lets no two stretches of time count as one, restarted: %s',
    async (restarts) => {
      const shown = scene(rule('callsStarted', over(35, 'within: 10m')));
      const watch = async (polls: number) => {
        for (let poll = 0; poll < polls; poll += 1) {
          const report = await shown.pass(5, traffic(shown.truth + 5));
          expect(done(report)).toEqual([]);
        }
      };
      await watch(130);
      shown.step(-600);
      if (restarts) shown.restart();
      await watch(2);
      expect(shown.notes.filter((note) => note.includes('set back'))).toHaveLength(1);
      if (restarts) shown.restart();
      await watch(130);
    },
    60_000,
  );

  it('leaves a rule that needs complete windows unjudged until they are', async () => {
    const shown = scene(rule('callsStarted', over(2, 'within: 1m'), 'needs: complete'));
    const unjudged = async (polls: number) => {
      let count = 0;
      for (let poll = 0; poll < polls; poll += 1)
        count += (await shown.pass(5, [{ id: '1', from: 0 }])).indeterminate.length;
      return count;
    };
    await unjudged(20);
    expect(await unjudged(5)).toBe(0);
    shown.step(-3600);
    expect(await unjudged(8)).toBe(8);
    await unjudged(5);
    expect(await unjudged(5)).toBe(0);
  });

  it('makes no call longer after a restart, and no minutes that nobody talked', async () => {
    const shown = scene(rule('minutes', over(5, 'within: 4h')));
    const four: Talk[] = ids(1, 4).map((id) => ({ id, from: 3600 }));
    await shown.pass(0, []);
    shown.step(3600);
    await shown.pass(3605, four);
    await shown.pass(5, four);
    shown.step(-3600);
    await shown.pass(5, four);
    shown.restart();
    await shown.pass(5, []);
    for (const wait of [3600, 60]) {
      shown.restart();
      const next: Talk[] = [{ id: '9', from: shown.truth + wait - 3 }];
      expect(done(await shown.pass(wait, next))).toEqual([]);
    }
  });

  it('begins `for` anew', async () => {
    const shown = scene(rule('connectedCalls', 'operator: greaterThan, value: 0', 'for: 10s'));
    const talks: Talk[] = [{ id: '1', from: -60 }];
    await shown.pass(0, talks);
    await shown.pass(5, talks);
    shown.step(-7);
    for (const seconds of [5, 5]) expect(done(await shown.pass(seconds, talks))).toEqual([]);
    shown.restart();
    expect(done(await shown.pass(5, talks))).toEqual(['disconnectCall 1 disconnected']);
  });

  it('hides none of our own cuts from the history, though polls fail meanwhile', async () => {
    const shown = scene(`
rules:
  - name: cap
    scope: account
    mode: enforce
    priority: 10
    conditions: { all: [ { fact: account.connectedCalls, operator: greaterThan, value: 4 } ] }
    event: { type: disconnectCall, params: { keep: 0 } }
  - ${rule('shortCalls', over(3, 'within: 20m, under: 10m')).trim().replaceAll('\n', '\n  ')}`);
    await shown.pass(0, []);
    shown.step(-3600);
    await shown.pass(5, []);
    const cut = await shown.pass(
      5,
      ids(1, 5).map((id) => ({ id, from: 6 })),
    );
    expect(done(cut)).toHaveLength(5);
    shown.port.before = () => {
      throw new CallwardenError('SWITCH_TIMEOUT', 'no answer.', { hint: 'Wait.' });
    };
    for (let poll = 0; poll < 8; poll += 1) await shown.pass(5, []);
    shown.port.before = () => {};
    expect(done(await shown.pass(5, [{ id: '9', from: shown.truth }]))).toEqual([]);
  });

  it('spares a call that was cut before for as long as any, and no longer', async () => {
    const shown = scene(rule('connectedCalls', 'operator: greaterThan, value: 0'));
    // It says OK, and the call goes on.
    const { timing } = shown.port;
    shown.port.disconnectCall = async () => ({ result: 'ok', count: undefined, timing: timing() });
    const talks: Talk[] = [{ id: '1', from: -60 }];
    const isCut = async (seconds: number) =>
      done(await shown.pass(seconds, talks)).includes('disconnectCall 1 disconnected');
    expect(await isCut(0)).toBe(true);
    shown.step(-1800);
    for (let second = 5; second <= 35; second += 5) expect(await isCut(5)).toBe(false);
    expect(await isCut(5)).toBe(true);
  });
});

describe('a clock that is wrong for one poll', () => {
  const hour = 3600;
  const DAYS = 24 * hour;
  const NEW_COUNTRY = `
  name: new-country
  scope: call
  mode: enforce
  conditions: { all: [ { fact: call.firstSeenCountry, operator: equal, value: true } ] }
  event: { type: disconnectCall }`;
  const calls = {
    DE: { cld: '493023125001', cldNumber: '493023125001' },
    FR: { cld: '33140000001', cldNumber: '33140000001' },
    GB: { cld: '442079460002', cldNumber: '442079460002' },
  };

  it.each([
    ['at 1970', -NOW / SECOND, true],
    ['at 1970, with a listing', -NOW / SECOND, false],
    ['100 days behind', -100 * DAYS, true],
    ['92 days ahead', 92 * DAYS, false],
  ])(
    'makes no country new to an account that calls there: %s',
    async (_name, step, fails) => {
      const shown = scene(NEW_COUNTRY, { intervalMs: hour * SECOND });
      const pass = (...countries: (keyof typeof calls)[]) => {
        const from = shown.truth + hour - 5;
        return shown.pass(
          hour,
          countries.map((country) => ({ id: `${from}${country.charCodeAt(0)}`, from, ...calls[country] })),
        );
      };
      const reports = [await pass('DE', 'FR')];
      for (let hours = 1; hours < 9 * 24; hours += 1) reports.push(await pass('DE'));
      shown.restart();
      shown.step(step);
      if (fails) shown.port.before = () => Promise.reject(switchError('SWITCH_UNREACHABLE'));
      reports.push(await pass('DE'));
      shown.port.before = () => {};
      shown.step(-step);
      for (let hours = 0; hours < 7 * 24; hours += 1) {
        if (hours === 12) shown.restart();
        reports.push(await pass('DE'));
      }
      reports.push(await pass('DE', 'FR'));
      expect(reports.flatMap(done)).toEqual([]);
      // Which is not for want of a verdict.
      expect(done(await pass('DE', 'GB'))).toEqual([
        expect.stringMatching(/^disconnectCall .* disconnected$/),
      ]);
    },
    60_000,
  );
});

describe('a clock that is set back by hours while the switch does not answer', () => {
  it('leaves accounts known for as long as before, over a restart as well', async () => {
    const hour = 3600;
    const shown = scene(
      `
  name: new-country
  scope: account
  mode: enforce
  conditions: { all: [ { fact: account.firstSeenCountry, ${over(0, 'within: 1h, history: 8d')} } ] }
  event: { type: disconnectCall, params: { keep: 0 } }`,
      { intervalMs: hour * SECOND },
    );
    const pass = (cld: string) => {
      const from = shown.truth + hour - 5;
      return shown.pass(hour, [{ id: String(from), from, cld, cldNumber: cld }]);
    };
    for (let hours = 0; hours < 9 * 24; hours += 1) await pass('493023125001');
    shown.step(-2 * hour);
    shown.port.before = () => Promise.reject(switchError('SWITCH_UNREACHABLE'));
    await pass('493023125001');
    shown.port.before = () => {};
    shown.restart();
    expect(done(await pass('493023125001'))).toEqual([]);
    expect(done(await pass('442079460002'))).toEqual([expect.stringMatching(/ disconnected$/)]);
  }, 30_000);
});

describe('a clock that is set forward', () => {
  it.each([2, 50])('adds nothing to what calls have talked, by %i s', async (step) => {
    const shown = scene(rule('minutes', over(3.2, 'within: 1h')));
    const talks: Talk[] = ids(1, 30).map((id) => ({ id, from: -1, setupAt: undefined }));
    await shown.pass(0, talks);
    shown.step(step);
    // 30 calls of 6 s are 3 minutes.
    expect(done(await shown.pass(5, talks))).toEqual([]);
    shown.restart();
    expect(done(await shown.pass(0.001, talks))).toEqual([]);
  });
});

describe('a call that was only perhaps taken along', () => {
  it('is no call that ended by itself, and none that is spared', async () => {
    const shown = scene(`
rules:
  - name: whole
    scope: customer
    mode: enforce
    priority: 10
    only: { customers: [2] }
    conditions: { all: [ { fact: customer.connectedCalls, operator: greaterThan, value: 2 } ] }
    event: { type: disconnectCustomer }
  - ${rule('shortCalls', over(3, 'within: 10m, under: 30s')).trim().replaceAll('\n', '\n  ')}`);
    const own: Talk[] = ids(1, 3).map((id) => ({ id, from: -6 }));
    const others: Talk[] = ids(11, 5).map((id) => ({ id, from: -6, customer: 3, account: 30 }));
    // Nobody stated whose subcustomer 3 is, and all are gone.
    const { timing } = shown.port;
    shown.port.disconnectCustomer = async () => ({ result: 'ok', count: 8, timing: timing() });
    expect(done(await shown.pass(0, [...own, ...others]))).toEqual(['disconnectCustomer 2 disconnected']);
    expect(await shown.store.audit.disconnectsSince('lab', NOW)).toHaveLength(3);
    const next: Talk[] = ids(21, 2).map((id) => ({ id, from: 3, customer: 3, account: 30 }));
    expect(done(await shown.pass(5, next))).toEqual([]);
  });
});

describe('what a restart must not forget', () => {
  const noise = ids(1000, 150).map((id, at): Talk => ({ id, from: -60, account: 500 + at }));

  it('is that nobody saw a call any more while an entry that cannot be read may be it', async () => {
    const shown = scene(rule('minutes', over(5, 'within: 1h')));
    const unreadable: SuspectCall = aSuspect({ state: 'Connected', account: 99 });
    shown.port.suspects = [unreadable];
    const ten: Talk[] = ids(1, 10).map((id) => ({ id, from: 4 }));
    await shown.pass(0, noise);
    await shown.pass(5, [...noise, ...ten]);
    for (let poll = 0; poll < 30; poll += 1) await shown.pass(5, noise);
    for (let poll = 0; poll < 2; poll += 1) {
      shown.restart();
      const next: Talk[] = [{ id: '7777', from: shown.truth + 1 }];
      expect(done(await shown.pass(5, [...noise, ...next]))).toEqual([]);
    }
  }, 30_000);

  it('is the other account of a call between two', async () => {
    const ratio = `params: { within: 1m, min: 4 }, operator: lessThan, value: 0.2`;
    const shown = scene(rule('answerRatio', ratio, 'only: { accounts: [20] }'));
    for (let poll = 0; poll < 14; poll += 1) await shown.pass(5, []);
    const from = shown.truth + 3;
    const inside: Talk[] = ids(1, 6).flatMap((id) => [
      { id, from, account: 10, direction: 'onnet_out' },
      { id, from, account: 20, direction: 'onnet_in' },
    ]);
    const ringing: Talk[] = ids(11, 4).map((id) => ({ id, from, account: 20, ring: 60 }));
    await shown.pass(5, [...inside, ...ringing]);
    await shown.pass(5, []);
    shown.restart();
    const report = await shown.pass(5, [{ id: '99', from: shown.truth + 2, account: 20 }]);
    expect([done(report), report.indeterminate]).toEqual([[], []]);
  });

  it('is that doubtful listings showed a call', async () => {
    const shown = scene(
      rule('averageEndedDuration', `params: { within: 10m, min: 3 }, operator: lessThan, value: 20`),
    );
    const four: Talk[] = ids(1, 4).map((id) => ({ id, from: 2 }));
    await shown.pass(0, []);
    await shown.pass(5, four);
    shown.port.suspects = ids(900, 4).map((id) => aSuspect({ id, account: 99 }));
    for (let poll = 0; poll < 10; poll += 1) await shown.pass(5, four);
    shown.port.suspects = [];
    shown.restart();
    await shown.pass(5, []);
    const report = await shown.pass(5, [{ id: '99', from: shown.truth + 2 }]);
    expect(done(report)).toEqual([]);
    expect(report.indeterminate).toMatchObject([{ missing: ['account.averageEndedDuration'] }]);
  });

  it('is how numbers were read: no country is new because it can be read at last', async () => {
    const hour = 3600;
    const shown = scene(rule('firstSeenCountry', over(2, 'within: 4h')), {
      intervalMs: hour * SECOND,
      numbering: createNumbering({ techPrefixes: [] }),
    });
    const numbering = createNumbering({ techPrefixes: ['0011#'] });
    const clds = ['0011#493023125001', '0011#442079460002', '0011#33140000001'];
    const hourly = () => {
      const from = shown.truth + hour - 5;
      return shown.pass(
        hour,
        clds.map((cld, at) => ({ id: `${at}${from}`, from, cld, cldNumber: numbering.normalise(cld) })),
      );
    };
    for (let hours = 0; hours < 8 * 24; hours += 1) await hourly();
    shown.restart(numbering);
    const reports: Report[] = [];
    for (let hours = 0; hours < 7 * 24; hours += 1) {
      // A restart with the same numbers changes nothing.
      if (hours === 100) shown.restart(numbering);
      reports.push(await hourly());
    }
    expect(reports.flatMap(done)).toEqual([]);
    expect(reports.every(({ indeterminate }) => indeterminate.length === 1)).toBe(true);
    const after = await hourly();
    expect([done(after), after.indeterminate]).toEqual([[], []]);
  }, 60_000);
});

import { describe, expect, it } from 'vitest';
import { calls } from './support/calls.js';
import { cap, outcomes, scene } from './support/pass-scene.js';

const MINUTE = 60;
const HOUR = 3_600;
const DAY = 24 * HOUR;

/** Takes the newest call above two at every pass, and the account at the third within the day. */
const climbing = cap(`escalate: [ { after: 2, within: 24h, event: { type: disconnectAccount } } ]`);
/** Takes one call an hour. */
const hourly = cap('cooldown: 1h', '{ type: disconnectCall, params: { keep: 3 } }');
const muted = (rule: string) => rule.replace('mode: enforce', 'mode: monitor');
const off = (rule: string) => rule.replace('mode: enforce', 'mode: off');
const other = cap('').replace('name: cap', 'name: other').replace('value: 2', 'value: 1000');

const HERE = { config: '/etc/callwarden.yaml', directory: '/etc/rules' };
const THERE = { config: '/etc/other.yaml', directory: '/etc/other' };
const ACCOUNT_CUT = ['disconnectAccount 10 disconnected'];
const CALLS_CUT = ['disconnectCall 3 disconnected', 'disconnectCall 4 disconnected'];
const ONE_CUT = ['disconnectCall 4 disconnected'];

type Change = Parameters<ReturnType<typeof scene>['change']>;

/** A switch on which rules of several configs pass, each pass by a process of its own, and on which the cut calls come back. */
function several() {
  const it = scene(other, calls(4), { rulesFrom: HERE });
  let dialled = '';
  return {
    ...it,
    /** From now on they are other calls under the same IDs. */
    redial: () => {
      dialled += '-again';
    },
    /** Only what was really sent. */
    async once(...change: Change) {
      it.port.calls = calls(4).map((call) => ({ ...call, callId: `${call.callId}${dialled}` }));
      it.change(change[0], { rulesFrom: HERE, configMode: 'enforce', ...change[1] });
      it.restart();
      const done = outcomes(await it.pass());
      // What was cut a moment ago counts as gone.
      it.wait(35);
      return done.filter((one) => one.endsWith('disconnected')).sort();
    },
    async times(count: number, ...change: Change) {
      for (let pass = 0; pass < count; pass++) await this.once(...change);
    },
  };
}

async function climbed() {
  const it = several();
  expect(await it.once(climbing)).toEqual(CALLS_CUT);
  expect(await it.once(climbing)).toEqual(CALLS_CUT);
  return it;
}

async function cooling() {
  const it = several();
  expect(await it.once(hourly)).toEqual(ONE_CUT);
  return it;
}

describe('a rule that was changed, muted or off', () => {
  it.each([
    ['changed', () => climbing.replace('value: 2', 'value: 1000')],
    ['muted', () => muted(climbing)],
    ['off', () => off(climbing)],
    ['removed', () => other],
  ])('begins to climb anew once it is %s for a single pass', async (_, text) => {
    const it = await climbed();
    it.wait(HOUR);
    await it.once(text());
    it.wait(HOUR);
    expect(await it.once(climbing)).toEqual(CALLS_CUT);
    expect(await it.once(climbing)).toEqual(CALLS_CUT);
    expect(await it.once(climbing)).toEqual(ACCOUNT_CUT);
  });

  it('begins to climb anew after the config only monitored', async () => {
    const it = await climbed();
    await it.once(climbing, { configMode: 'monitor' });
    expect(await it.once(climbing)).toEqual(CALLS_CUT);
  });

  it('goes on climbing where nobody polled meanwhile, however long', async () => {
    const it = await climbed();
    it.wait(3 * HOUR);
    expect(await it.once(climbing)).toEqual(ACCOUNT_CUT);
  });

  it('keeps its cooldown for up to three passes, as of an edit that was taken back', async () => {
    const it = await cooling();
    await it.times(3, muted(hourly));
    expect(await it.once(hourly)).toEqual([]);
  });

  it('keeps it for up to a minute, however often it is polled', async () => {
    const it = await cooling();
    it.change(muted(hourly));
    for (let pass = 0; pass < 50; pass++) {
      await it.pass();
      it.wait(1);
    }
    expect(await it.once(hourly)).toEqual([]);
  });

  it.each([1, 9, 40])('acts again after that, and all the same after %i days', async (days) => {
    const monthly = hourly.replace('1h', '30d');
    const it = several();
    expect(await it.once(monthly)).toEqual(ONE_CUT);
    await it.times(4, off(monthly));
    it.wait(days * DAY);
    await it.once(other);
    expect(await it.once(monthly)).toEqual(ONE_CUT);
    expect(await it.once(monthly)).toEqual([]);
  });

  it('records an unchanged alert anew after that', async () => {
    const watch = cap('', '{ type: alert }');
    const it = several();
    const alerts = () => it.records({ action: 'alert' }).length;
    await it.times(2, watch);
    expect(alerts()).toBe(1);
    await it.times(4, watch.replace('value: 2', 'value: 1000'));
    await it.times(2, watch);
    expect(alerts()).toBe(2);
  });
});

describe('a clock that is set back or ahead', () => {
  it('does not revive what a rule did before it was muted', async () => {
    const it = await climbed();
    await it.times(5, muted(climbing));
    it.wait(HOUR / 2);
    expect(await it.once(climbing)).toEqual(CALLS_CUT);
    it.wait(-HOUR);
    it.redial();
    expect(await it.once(climbing)).toEqual(CALLS_CUT);
    expect(await it.once(climbing)).toEqual(ACCOUNT_CUT);
  });

  it('does so neither where it was far ahead while the rule was muted', async () => {
    const it = await climbed();
    await it.times(4, muted(climbing));
    it.wait(90 * DAY);
    await it.once(muted(climbing).replace('value: 2', 'value: 3'));
    it.wait(-90 * DAY);
    it.redial();
    expect(await it.once(climbing)).toEqual(CALLS_CUT);
    expect(await it.once(climbing)).toEqual(CALLS_CUT);
  });

  it('does not void the cooldown of a rule that is in force', async () => {
    const it = await cooling();
    it.wait(-HOUR / 2);
    await it.times(2, muted(hourly));
    expect(await it.once(hourly)).toEqual([]);
    expect(await it.once(hourly)).toEqual([]);
  });

  it('does not void it where it came into force at a later instant than now', async () => {
    const it = several();
    await it.once(other);
    expect(await it.once(hourly)).toEqual(ONE_CUT);
    it.wait(-HOUR / 2);
    it.redial();
    expect(await it.once(hourly)).toEqual([]);
    expect(await it.once(hourly)).toEqual([]);
  });

  it('keeps `for` no longer from counting than the history', async () => {
    const it = scene(other, calls(3), { rulesFrom: HERE });
    await it.pass();
    it.wait(5);
    const patient = cap('for: 10s');
    it.change(patient);
    await it.pass();
    it.wait(-HOUR);
    for (const expected of [[], [], ['disconnectCall 3 disconnected']]) {
      expect(outcomes(await it.pass())).toEqual(expected);
      it.wait(5);
    }
  });
});

describe('passes of another config on the same switch', () => {
  it('neither void the cooldown of a rule that they do not have, nor keep it from climbing', async () => {
    const it = await cooling();
    for (let turn = 0; turn < 3; turn++) {
      await it.times(6, other, { rulesFrom: THERE });
      expect(await it.once(hourly)).toEqual([]);
    }
    expect(await it.once(climbing)).toEqual(CALLS_CUT);
    await it.times(20, other, { rulesFrom: THERE });
    expect(await it.once(climbing)).toEqual(CALLS_CUT);
    await it.times(20, other, { rulesFrom: THERE });
    expect(await it.once(climbing)).toEqual(ACCOUNT_CUT);
  });

  it.each([
    ['that only monitors by the same rules', { config: THERE.config, directory: HERE.directory }],
    ['that has another version', THERE],
  ])('%s do not void its cooldown either', async (_, rulesFrom) => {
    const it = await cooling();
    for (let turn = 0; turn < 2; turn++) {
      await it.times(8, hourly, { rulesFrom, configMode: 'monitor' });
      expect(await it.once(hourly)).toEqual([]);
    }
  });

  it('let it climb where they come in turn', async () => {
    const it = await climbed();
    await it.times(3, muted(climbing), { rulesFrom: THERE });
    expect(await it.once(climbing)).toEqual(ACCOUNT_CUT);
  });

  it.each([
    ['another version', muted(climbing)],
    ['it off', off(climbing)],
  ])('that have %s for more than three passes on end begin its climb anew', async (_, text) => {
    const it = await climbed();
    await it.times(4, text, { rulesFrom: THERE });
    expect(await it.once(climbing)).toEqual(CALLS_CUT);
  });
});

describe('a config of which nothing is kept', () => {
  const release = (name: string) => ({
    rulesFrom: { config: `/srv/${name}/callwarden.yaml`, directory: `/srv/${name}/rules` },
  });

  it('waits for the cooldown of what its rules did under another path', async () => {
    const it = await cooling();
    expect(await it.once(hourly, release('r1'))).toEqual([]);
    await it.once(other, release('r2'));
    expect(await it.once(hourly, release('r3'))).toEqual([]);
  });

  it('goes on climbing where the pass before it was by the same version', async () => {
    const it = await climbed();
    expect(await it.once(climbing, release('r1'))).toEqual(ACCOUNT_CUT);
  });

  it.each([
    ['did not have it', other],
    ['had it muted', muted(climbing)],
  ])('climbs anew where the release in between %s', async (_, between) => {
    const it = await climbed();
    await it.once(between, release('r2'));
    expect(await it.once(climbing, release('r3'))).toEqual(CALLS_CUT);
  });

  it('is one that was forgotten after ten others, and is safe all the same', async () => {
    const cools = await cooling();
    for (let at = 0; at < 11; at++) await cools.once(other, release(`r${at}`));
    expect(await cools.once(hourly)).toEqual([]);
    const climbs = await climbed();
    for (let at = 0; at < 11; at++) await climbs.once(other, release(`r${at}`));
    expect(await climbs.once(climbing)).toEqual(CALLS_CUT);
  });
});

describe('a service whose config was edited, and passes by the edited one beside it', () => {
  it.each([
    ['mode', { configMode: 'monitor' as const }, hourly],
    ['directory', { rulesFrom: { ...HERE, directory: '/etc/rules-2' } }, muted(hourly)],
  ])('keep their cooldowns apart where its %s is another', async (_, edited, text) => {
    const it = await cooling();
    for (let turn = 0; turn < 3; turn++) {
      await it.times(5, text, edited);
      expect(await it.once(hourly)).toEqual([]);
    }
  });
});

describe('a config whose mode or directory was changed, beside another one that has the rule in force', () => {
  it.each([
    ['only monitored', climbing, { configMode: 'monitor' as const }],
    ['had it muted', muted(climbing), { rulesFrom: { ...HERE, directory: '/etc/rules-2' } }],
    ['did not have it', other, { rulesFrom: { ...HERE, directory: '/etc/rules-2' } }],
  ])('climbs anew where it %s before', async (_, text, before) => {
    const it = several();
    await it.once(text, before);
    await it.times(2, climbing, { rulesFrom: THERE });
    expect(await it.once(climbing)).toEqual(CALLS_CUT);
  });

  it('climbs no higher than it had got to itself', async () => {
    const it = several();
    const slowly = climbing.replace('after: 2', 'after: 3');
    const before = { rulesFrom: { ...HERE, directory: '/etc/rules-2' } };
    await it.times(2, slowly, { rulesFrom: THERE });
    await it.once(slowly, before);
    await it.once(muted(slowly), before);
    await it.once(slowly, before);
    await it.once(slowly, { rulesFrom: THERE });
    expect(await it.once(slowly)).toEqual(CALLS_CUT);
  });

  it('begins `for` anew where it only monitored before', async () => {
    const patient = cap('for: 25s');
    const it = scene(patient, calls(3), { rulesFrom: HERE, configMode: 'monitor' });
    await it.pass();
    it.wait(5);
    it.change(patient, { rulesFrom: THERE, configMode: 'enforce' });
    for (let pass = 0; pass < 4; pass++) {
      expect(outcomes(await it.pass())).toEqual([]);
      it.wait(5);
    }
    it.change(patient, { rulesFrom: HERE });
    expect(outcomes(await it.pass())).toEqual([]);
    it.wait(5);
    expect(outcomes(await it.pass())).toEqual([]);
  });
});

describe('`for` of a rule', () => {
  const patient = cap('for: 25s');

  it('begins anew where the config only monitored before', async () => {
    const it = scene(patient, calls(3), { rulesFrom: HERE, configMode: 'monitor' });
    for (let pass = 0; pass < 5; pass++) {
      await it.pass();
      it.wait(5);
    }
    it.change(patient, { configMode: 'enforce' });
    it.restart();
    for (let pass = 0; pass < 5; pass++) {
      expect(outcomes(await it.pass())).toEqual([]);
      it.wait(5);
    }
    it.restart();
    expect(outcomes(await it.pass())).toEqual(['disconnectCall 3 disconnected']);
  });

  it.each([
    ['only monitors', patient, 'monitor' as const],
    ['has another version', muted(patient), 'enforce' as const],
  ])('is not begun anew by passes of a config that %s', async (_, text, configMode) => {
    const it = scene(patient, calls(3), { rulesFrom: HERE });
    for (let pass = 0; pass < 5; pass++) {
      expect(outcomes(await it.pass())).toEqual([]);
      it.change(text, { rulesFrom: THERE, configMode });
      for (let second = 0; second < 4; second++) {
        it.wait(1);
        await it.pass();
      }
      it.change(patient, { rulesFrom: HERE, configMode: 'enforce' });
      it.wait(1);
    }
    expect(outcomes(await it.pass())).toEqual(['disconnectCall 3 disconnected']);
  });
});

describe('a dry run', () => {
  it('neither begins a rule anew nor hides that it began anew', async () => {
    const it = await climbed();
    it.change(muted(climbing));
    await it.pass({ dryRun: true });
    await it.once(muted(climbing));
    it.wait(MINUTE);
    it.port.calls = calls(4);
    it.change(climbing);
    expect(outcomes(await it.pass({ dryRun: true })).sort()).toEqual([
      'disconnectCall 3 monitored',
      'disconnectCall 4 monitored',
    ]);
  });
});

describe('a version that is new to a config, and in force by another one', () => {
  const shifted = hourly.replace('value: 2', 'value: 1');

  it.each([
    ['by another name of the same config', THERE],
    ['by another rules directory of it', { ...HERE, directory: '/etc/releases/2' }],
  ])('goes on with the cooldown that runs %s', async (_, elsewhere) => {
    const it = several();
    expect(await it.once(hourly)).toEqual(ONE_CUT);
    await it.once(other, { rulesFrom: elsewhere });
    expect(await it.once(shifted, { rulesFrom: elsewhere })).toHaveLength(1);
    expect(await it.once(shifted)).toEqual([]);
    it.wait(HOUR);
    expect(await it.once(shifted)).toHaveLength(1);
  });

  it('does so after a single pass of the config without it, by another directory', async () => {
    const moved = { rulesFrom: { ...HERE, directory: '/etc/releases/2' } };
    const it = await cooling();
    await it.once(other, moved);
    expect(await it.once(hourly, moved)).toEqual([]);
  });

  it('does so where that other one passed once without it', async () => {
    const it = several();
    await it.once(other, { rulesFrom: THERE });
    expect(await it.once(hourly)).toEqual(ONE_CUT);
    await it.once(muted(hourly));
    expect(await it.once(hourly, { rulesFrom: THERE })).toEqual([]);
    expect(await it.once(hourly)).toEqual([]);
  });

  it('acts at once where the other one has certainly been without it', async () => {
    const it = several();
    await it.once(other, { rulesFrom: THERE });
    expect(await it.once(hourly)).toEqual(ONE_CUT);
    await it.times(4, muted(hourly));
    expect(await it.once(hourly, { rulesFrom: THERE })).toEqual(ONE_CUT);
  });
});

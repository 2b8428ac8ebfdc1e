import { describe, expect, it } from 'vitest';
import { createPauseWatch } from '../../src/cli/pause-watch.js';
import { CallwardenError } from '../../src/domain/errors.js';
import type { Pause } from '../../src/domain/pause.js';
import { NOW } from '../support/calls.js';

/** A watch over lab and fra; the test says what is in force. */
function scene() {
  let now = NOW;
  let inForce: readonly Pause[] = [];
  let broken = false;
  const lines: string[] = [];
  const write = (level: string) => (_: object, text: string) => void lines.push(`${level} ${text}`);
  const watch = createPauseWatch({
    pauses: {
      list: async () => {
        if (broken) throw new CallwardenError('STORE_FAILED', 'the disk is gone.', { hint: 'x' });
        return inForce.filter(({ until }) => until === undefined || until > now);
      },
    },
    switches: ['lab', 'fra'],
    configFile: 'callwarden.yaml',
    log: { info: write('info'), warn: write('warn'), error: write('error') },
    clock: () => now,
  });
  return {
    async look(pauses: readonly Pause[] = inForce): Promise<string[]> {
      inForce = pauses;
      await watch.look();
      return lines.splice(0);
    },
    wait: (ms: number) => {
      now += ms;
    },
    break: (is: boolean) => {
      broken = is;
    },
  };
}

const ALL: Pause = { switch: undefined, at: NOW, until: undefined, reason: 'a test', actor: 'cli:anna' };
const LAB: Pause = { ...ALL, switch: 'lab' };

describe('the log of a service', () => {
  it('says nothing where nothing is paused', async () => {
    expect(await scene().look()).toEqual([]);
  });

  it('tells once when a pause begins, and once when it was ended', async () => {
    const it = scene();
    expect(await it.look([ALL])).toEqual([
      'warn all switches: paused by cli:anna since 2026-01-05T10:00:00Z until somebody resumes: a test. Nothing is disconnected, detection goes on; `callwarden resume -c callwarden.yaml --reason TEXT` ends it',
    ]);
    expect(await it.look()).toEqual([]);
    expect(await it.look([])).toEqual(['warn the pause of all switches was ended by hand: rules act again']);
    expect(await it.look()).toEqual([]);
  });

  it('tells that a pause has ended by itself', async () => {
    const it = scene();
    await it.look([{ ...LAB, until: NOW + 1000 }]);
    it.wait(1000);
    expect(await it.look()).toEqual(['warn the pause of lab ended by itself: rules act again']);
  });

  it('tells of a pause that took the place of another', async () => {
    const it = scene();
    await it.look([LAB]);
    const [line, ...others] = await it.look([{ ...LAB, until: NOW + 60_000 }]);
    expect(line).toMatch(/^warn lab: paused by .* until 2026-01-05T10:01:00Z: a test/);
    expect(others).toEqual([]);
  });

  it('does not say that rules act again where another pause still holds', async () => {
    const it = scene();
    await it.look([ALL, LAB]);
    expect(await it.look([ALL])).toEqual([
      expect.stringMatching(
        /^warn the pause of lab was ended by hand: all switches: still paused by cli:anna/,
      ),
    ]);
    await it.look([ALL, LAB]);
    expect(await it.look([LAB])).toEqual([
      expect.stringMatching(
        /^warn the pause of all switches was ended by hand: lab: still paused by cli:anna/,
      ),
    ]);
  });

  it('leaves out switches that this service does not watch', async () => {
    expect(await scene().look([{ ...ALL, switch: 'elsewhere' }])).toEqual([]);
  });

  it('tells that pauses cannot be read, once, and goes on when they can', async () => {
    const it = scene();
    it.break(true);
    expect(await it.look([ALL])).toEqual([
      'error nobody can tell whether acting is paused, so nothing is sent: the disk is gone.',
    ]);
    expect(await it.look()).toEqual([]);
    it.break(false);
    expect(await it.look()).toHaveLength(1);
  });
});

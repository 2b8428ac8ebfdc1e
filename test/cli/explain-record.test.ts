import { describe, expect, it } from 'vitest';
import { explainRecord } from '../../src/cli/explain-record.js';
import type { Config } from '../../src/domain/config.js';
import { accountInput, alertInput, callInput, outcomeOf } from '../store/support.js';
import { tempStore } from '../support/temp-store.js';

const NOON = Date.parse('2026-03-01T12:00:00Z');

/** Explains the only record that this writes. */
async function explained(write: (store: ReturnType<typeof tempStore>['store']) => Promise<unknown>) {
  const { store, path, records } = tempStore();
  await write(store);
  let text = '';
  const output = {
    write: async (more: string) => {
      text += more;
    },
    isTerminal: false,
    columns: undefined,
  };
  const context = {
    ...{ stdout: output, stderr: output, env: {}, clock: () => NOON },
    interrupted: () => new AbortController().signal,
    setExitCode: () => undefined,
  };
  await explainRecord(records()[0]?.id ?? 0, { database: path, file: 'c.yaml' } as Config, 'text', context);
  return text;
}

describe('the explanation of a record', () => {
  it('of a request that failed says what the switch said, and nothing of a confirmation', async () => {
    const error = 'SWITCH_FAULT: 403 Customer 2 may not disconnect.';
    const text = await explained(({ audit }) =>
      audit.record(callInput('7'), outcomeOf('failed', { reason: 'refused', error }), []),
    );
    expect(text).toContain('disconnectCall 7, failed (refused)');
    expect(text).toContain('Not cut, because the switch refused it\n');
    expect(text).toContain(`Error: ${error}\n`);
    expect(text).not.toContain('later listing');
  });

  it('of a request that never left says so', async () => {
    const error = 'SWITCH_UNREACHABLE: connection refused.';
    const text = await explained(({ audit }) =>
      audit.record(callInput('7'), outcomeOf('failed', { error }), []),
    );
    expect(text).toContain(`Not cut, because the request could not be sent\nError: ${error}\n`);
    expect(text).not.toContain('later listing');
  });

  it.each(['monitored', 'withheld'] as const)(
    'says nothing of a confirmation of what was only %s',
    async (outcome) => {
      const reason = outcome === 'withheld' ? 'paused' : 'rule-monitor';
      const text = await explained(({ audit }) =>
        audit.record(callInput('7'), outcomeOf(outcome, { reason }), []),
      );
      expect(text).not.toContain('later listing');
    },
  );

  it('says nothing of a confirmation of alerts, and of what is still under way', async () => {
    expect(
      await explained(({ audit }) => audit.record(alertInput(), outcomeOf('alerted'), [])),
    ).not.toContain('later listing');
    const open = await explained(({ audit }) => audit.openIntent(callInput('7'), []));
    expect(open).toContain('under way');
    expect(open).not.toContain('later listing');
  });

  it.each([
    ['cap-per-pass', 'enforce', 'Raised, because caps.perPass is used up'],
    ['cap-per-hour', 'enforce', 'Raised, because caps.perHour is used up'],
    ['cap-share', 'enforce', 'Raised, because the rule would take more than caps.sharePerPass of all calls'],
    ['cap-per-pass', 'monitor', 'Raised for what was only monitored, because caps.perPass is used up'],
  ] as const)('says why a tripped cap raised its alert: %s in mode %s', async (reason, mode, sentence) => {
    const input = alertInput({ mode, scope: 'switch', subject: 'switch:lab', target: 'lab' });
    const text = await explained(({ audit }) => audit.record(input, outcomeOf('alerted', { reason }), []));
    expect(text).toContain(`alert lab, alerted (${reason})`);
    expect(text).toContain(`\n${sentence}`);
    expect(text).not.toContain('Not raised');
  });

  it.each([
    ['rule-monitor', 'the rule only monitors'],
    ['config-monitor', 'the config only monitors'],
    ['dry-run', 'it was a dry run'],
  ] as const)('says why an alert was not raised: %s', async (reason, why) => {
    const input = alertInput({ mode: 'monitor' });
    const text = await explained(({ audit }) => audit.record(input, outcomeOf('monitored', { reason }), []));
    expect(text).toContain(`\nNot raised, because ${why}`);
  });

  it.each([undefined, 'outlived-disconnects', 'took-more-than-listed'] as const)(
    'leaves it to the evidence why the alert %s was raised',
    async (reason) => {
      const evidence = { reason: 'what a person reads' };
      const text = await explained(({ audit }) =>
        audit.record(alertInput({ evidence }), outcomeOf('alerted', { reason }), []),
      );
      expect(text).toContain('reason given: what a person reads');
      expect(text).not.toMatch(/raised, because/i);
    },
  );

  it.each([
    ['disconnected', undefined],
    ['already-gone', undefined],
    ['unknown', 'reply-lost'],
  ] as const)('tells what later listings say of what is %s', async (outcome, reason) => {
    const written =
      (confirmed: boolean | undefined) =>
      async ({ audit }: ReturnType<typeof tempStore>['store']) => {
        const id = await audit.record(callInput('7'), outcomeOf(outcome, { reason }), []);
        if (confirmed !== undefined) await audit.confirm([{ id, confirmed }], NOON);
      };
    expect(await explained(written(undefined))).toContain(
      'No later listing has shown yet whether it is gone',
    );
    expect(await explained(written(true))).toContain('A later listing showed that it is gone');
    expect(await explained(written(false))).toContain('A later listing still showed it');
  });

  it('tells of the answer that was lost', async () => {
    const error = 'SWITCH_TIMEOUT: no answer.';
    const text = await explained(({ audit }) =>
      audit.record(accountInput(), outcomeOf('unknown', { reason: 'reply-lost', error }), []),
    );
    expect(text).toContain(`The request may have arrived: its answer did not\nError: ${error}\n`);
  });
});

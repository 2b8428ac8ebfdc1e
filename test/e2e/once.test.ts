import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { describe, expect, it } from 'vitest';
import { parseFault } from '../../src/simulator/parse-fault.js';
import { openStore, type Store } from '../../src/store/open-store.js';
import { changesOf, ledgerCall, pollAt } from '../store/support-ledger.js';
import { type Lab, lab, THREE_CALLS } from './lab.js';

function addCalls(
  { simulator }: Lab,
  count: number,
  script: Parameters<Lab['simulator']['world']['addCall']>[0] = {},
) {
  const start = simulator.tick() - 60_000;
  for (let index = 0; index < count; index += 1) {
    simulator.world.addCall({ account: 10, setupAt: start + index * 1000, ...script });
  }
}

describe('once', () => {
  it('disconnects exactly the excess, records it, and confirms it at the next pass', async () => {
    const it = await lab();
    addCalls(it, 5);
    const first = await it.once();
    expect(first).toMatchObject({
      code: 0,
      reports: [
        {
          switch: 'lab',
          status: 'completed',
          error: null,
          calls: 5,
          suspect: 0,
          violations: [{ rule: 'three-calls', scope: 'account', subject: 'account:10' }],
          indeterminate: [],
          actions: [
            {
              rule: 'three-calls',
              action: 'disconnectCall',
              target: '5',
              mode: 'enforce',
              outcome: 'disconnected',
              reason: null,
            },
            { target: '4', outcome: 'disconnected' },
          ],
        },
      ],
    });
    expect(it.sent('disconnectCall')).toBe(2);
    expect(it.records()).toMatchObject([
      { target: '5', outcome: 'disconnected', confirmed: null, actor: expect.stringMatching(/^cli:/) },
      { target: '4', outcome: 'disconnected', confirmed: null },
    ]);

    const second = await it.once();
    expect(second.reports[0]).toMatchObject({ calls: 3, violations: [], actions: [] });
    expect(it.records().map(({ confirmed }) => confirmed)).toEqual([true, true]);
  });

  it('prunes the ledger as the service does, also where it sends nothing', async () => {
    const it = await lab();
    addCalls(it, 1);
    expect((await it.once()).code).toBe(0);
    const old = Date.now() - 9 * 86_400_000;
    const withLedger = async <T>(work: (ledger: Store['ledger']) => Promise<T>): Promise<T> => {
      const store = openStore(join(it.folder, 'callwarden.db'));
      try {
        return await work(store.ledger);
      } finally {
        store.close();
      }
    };
    await withLedger((ledger) =>
      ledger.commit(
        'gone',
        changesOf({ poll: pollAt(old), calls: [ledgerCall('1', { firstSeenAt: old, endedAt: old + 1 })] }),
      ),
    );
    // A clock that is far ahead would do so: then no listing comes, and nothing is too old.
    it.simulator.setFaults([parseFault('listAllCalls:html')]);
    expect((await it.once()).code).toBe(1);
    expect((await withLedger((ledger) => ledger.load('gone', 0))).calls).toHaveLength(1);
    it.simulator.setFaults([]);
    expect((await it.once('--dry-run')).code).toBe(0);
    const { polls, calls } = await withLedger((ledger) => ledger.load('gone', 0));
    expect([polls, calls]).toEqual([[], []]);
    expect((await withLedger((ledger) => ledger.load('lab', 0))).polls).toHaveLength(3);
  });

  it('prints the report with exactly the documented keys, in their order', async () => {
    const it = await lab();
    addCalls(it, 4);
    const { reports } = await it.once();
    expect(Object.keys(reports[0] ?? {})).toEqual(
      'switch passId startedAt durationMs status error calls suspect violations indeterminate actions'.split(
        ' ',
      ),
    );
    expect(Object.keys(reports[0]?.actions[0] ?? {})).toEqual(
      'id rule action target mode outcome reason'.split(' '),
    );
    expect(Object.keys(reports[0]?.violations[0] ?? {})).toEqual('rule scope subject evidence'.split(' '));
    const audit = await it.callwarden('audit', '-c', it.config, '-o', 'jsonl');
    expect(Object.keys(JSON.parse(audit.stdout))).toEqual(
      'id parent at switch passId rule ruleHash scope subject action target mode outcome confirmed count reason actor account customer callId cli cld latencyMs error evidence'.split(
        ' ',
      ),
    );
  });

  it('sends nothing in a dry run, but shows and records what it would do', async () => {
    const it = await lab();
    addCalls(it, 4);
    const { code, reports } = await it.once('--dry-run');
    expect(code).toBe(0);
    expect(reports[0]?.actions).toMatchObject([
      { target: '4', mode: 'monitor', outcome: 'monitored', reason: 'dry-run' },
    ]);
    expect(it.sent('disconnectCall')).toBe(0);
    const again = await it.once('--dry-run');
    expect(again.reports[0]?.actions[0]?.id).toBe(reports[0]?.actions[0]?.id);
    expect(it.records()).toHaveLength(1);
  });

  it('never cuts an emergency call or a protected account, however it is written', async () => {
    const it = await lab({ config: 'protect: { accounts: [11], numbers: ["+44 161 496 0123"] }' });
    addCalls(it, 3);
    addCalls(it, 1, { cld: '112', setupAt: it.simulator.tick() - 1000 });
    addCalls(it, 4, { account: 11 });
    addCalls(it, 4, { account: 12, cld: '00441614960123' });
    const { reports } = await it.once();
    expect(reports[0]?.actions.map(({ outcome, reason }) => [outcome, reason])).toEqual([
      ['withheld', 'protected-number'],
      ['withheld', 'protected-account'],
      ['withheld', 'protected-number'],
    ]);
    expect(it.sent('disconnectCall')).toBe(0);
  });

  it.each([
    ['a fault', 'listAllCalls:fault', 'SWITCH_FAULT'],
    ['an HTML page with status 200', 'listAllCalls:html', 'SWITCH_BAD_RESPONSE'],
    ['an answer cut short', 'listAllCalls:cut', 'SWITCH_BAD_RESPONSE'],
    ['status 500', 'listAllCalls:http-500', 'SWITCH_BAD_RESPONSE'],
    ['a connection that is reset', 'listAllCalls:reset', 'SWITCH_UNREACHABLE'],
  ])('takes no action on %s, and says what to do next', async (_, fault, code) => {
    const it = await lab();
    addCalls(it, 5);
    it.simulator.setFaults([parseFault(fault)]);
    const result = await it.once();
    expect(result.code).toBe(1);
    expect(result.reports[0]).toMatchObject({ status: 'failed', error: { code }, actions: [] });
    expect(result.reports[0]?.error?.message.length).toBeGreaterThan(40);
    expect(it.sent('disconnectCall')).toBe(0);
  });

  it('cuts nothing on an empty listing that the statistics contradict, nor on many unreadable calls', async () => {
    const it = await lab();
    // The statistics speak of the root customer's accounts only; 40 is one of them.
    addCalls(it, 12, { account: 40 });
    it.simulator.setFaults([parseFault('listAllCalls:empty')]);
    expect((await it.once()).stderr).toContain('list-contradicts-stats');
    it.simulator.setFaults([{ method: 'listAllCalls', kind: 'unreadable', share: 0.3 }]);
    const { reports } = await it.once();
    expect(reports[0]?.actions.every(({ reason }) => reason === 'suspect-snapshot')).toBe(true);
    expect(reports[0]?.actions.length).toBeGreaterThan(0);
    expect(it.sent('disconnectCall')).toBe(0);
  });

  it('fails with SWITCH_AUTH_FAILED on a wrong password, and never prints it', async () => {
    const it = await lab({ simulator: { password: 'another' } });
    const result = await it.once();
    expect(result).toMatchObject({ code: 1, reports: [{ error: { code: 'SWITCH_AUTH_FAILED' } }] });
    expect(JSON.stringify(result)).not.toContain('"secret"');
  });

  it('records a lost reply as unknown, repeats nothing, and lets the next listing tell', async () => {
    const it = await lab();
    addCalls(it, 4);
    it.simulator.setFaults([parseFault('disconnectCall:lost-reply')]);
    expect((await it.once()).reports[0]?.actions).toMatchObject([
      { outcome: 'unknown', reason: 'reply-lost' },
    ]);
    expect(it.sent('disconnectCall')).toBe(1);
    it.simulator.setFaults([]);
    await it.once();
    expect(it.records()).toMatchObject([{ outcome: 'unknown', confirmed: true }]);
  });

  it('refutes a disconnect that the call outlived, and does not send it again within 30 seconds', async () => {
    const it = await lab();
    addCalls(it, 4, { survivesDisconnect: true });
    await it.once();
    const { reports } = await it.once();
    expect(reports[0]?.actions).toEqual([]);
    expect(it.records()).toMatchObject([{ outcome: 'disconnected', confirmed: false }]);
    expect(it.sent('disconnectCall')).toBe(1);
  });

  it('lets one switch fail without touching the other', async () => {
    const it = await lab();
    const second = await lab();
    addCalls(it, 4);
    const config = readFileSync(it.config, 'utf8');
    writeFileSync(
      it.config,
      config.replace(
        'mode: enforce',
        `  - { name: down, url: "${second.simulator.url}", username: ops, password: x }\nmode: enforce`,
      ),
    );
    await second.simulator.close();
    const { code, reports } = await it.once();
    expect(code).toBe(1);
    expect(reports.map(({ switch: name, status, error }) => [name, status, error?.code])).toEqual([
      ['lab', 'completed', undefined],
      ['down', 'failed', 'SWITCH_UNREACHABLE'],
    ]);
    expect(it.sent('disconnectCall')).toBe(1);
    expect((await it.once('--switch', 'lab')).code).toBe(0);
  });

  it('sends nothing while the database is locked, damaged, or from a newer version', async () => {
    const it = await lab();
    addCalls(it, 4);
    await it.once('--dry-run');
    const database = join(it.folder, 'callwarden.db');
    const other = new Database(database);
    other.exec('BEGIN IMMEDIATE');
    expect(await it.once()).toMatchObject({ code: 1 });
    other.exec('ROLLBACK');
    other.prepare("INSERT INTO schema_migration VALUES (9999, 'of-the-future', 'x', 0)").run();
    other.close();
    const newer = await it.callwarden('once', '-c', it.config);
    expect(newer).toMatchObject({ code: 1, stdout: '' });
    expect(newer.stderr).toContain('STORE_FAILED');
    writeFileSync(database, 'this is no database, and long enough to be read as one'.repeat(50));
    expect((await it.callwarden('once', '-c', it.config)).stderr).toContain('STORE_FAILED');
    expect(it.sent('disconnectCall')).toBe(0);
  });

  it('refuses an invalid config or rule with file, line and column, exit code 2, and writes nothing', async () => {
    const it = await lab({
      rules: { 'three-calls.yaml': THREE_CALLS.replace('greaterThan', 'greaterthan') },
    });
    const badRule = await it.callwarden('once', '-c', it.config);
    expect(badRule.code).toBe(2);
    expect(badRule.stderr).toMatch(/three-calls\.yaml:7:\d+: error: .*Did you mean "greaterThan"\?/);
    writeFileSync(it.config, readFileSync(it.config, 'utf8').replace('mode: enforce', 'moed: enforce'));
    const badConfig = await it.callwarden('once', '-c', it.config);
    expect(badConfig.code).toBe(2);
    expect(badConfig.stderr).toMatch(/callwarden\.yaml:\d+:1: error: .*Did you mean "mode"\?/);
    expect(existsSync(join(it.folder, 'callwarden.db'))).toBe(false);
    expect(it.simulator.requests).toEqual([]);
  });

  it('disconnects an account whole, with a record for each of its calls', async () => {
    const rule = THREE_CALLS.replace('disconnectCall', 'disconnectAccount').replace(/\n {2}params.*/, '');
    const it = await lab({ rules: { 'account.yaml': rule } });
    addCalls(it, 5);
    addCalls(it, 3, { account: 11 });
    const { reports } = await it.once();
    expect(reports[0]?.actions).toMatchObject([
      { action: 'disconnectAccount', target: '10', outcome: 'disconnected' },
    ]);
    expect(it.records({ account: 10 })).toHaveLength(6);
    expect(it.records({ call: '3' })).toMatchObject([{ outcome: 'disconnected', reason: 'taken-along' }]);
    await it.once();
    expect(it.records({ account: 10 }).every(({ confirmed }) => confirmed === true)).toBe(true);
  });

  it('counts subcustomers where the tree is known: by the config, in trusted mode by the switch, and not otherwise', async () => {
    const rule = `
name: family
scope: customer
mode: enforce
conditions:
  all: [ { fact: customer.connectedCalls, params: { recursive: true }, operator: greaterThan, value: 3 } ]
event: { type: disconnectCall, params: { keep: 3 } }
except: { customers: [1] }
`;
    const family = async (config: string, trusted: boolean) => {
      const it = await lab({ rules: { 'family.yaml': rule }, config, simulator: { trusted } });
      it.simulator.world.carrier.addCustomer(70, 1);
      it.simulator.world.carrier.addCustomer(71, 70);
      for (const [account, customer] of [
        [701, 70],
        [711, 71],
      ] as const) {
        for (let call = 0; call < 2; call++) it.simulator.world.addCall({ account, customer });
      }
      if (trusted) {
        const text = readFileSync(it.config, 'utf8');
        writeFileSync(it.config, text.replace(/ {4}username.*\n.*\n/, '    trusted: { customer: 1 }\n'));
      }
      return it;
    };
    const unknown = await (await family('', false)).callwarden('once', '-c', 'callwarden.yaml');
    expect(unknown.code).toBe(2);
    expect(unknown.stderr).toMatch(/family\.yaml:6:\d+: error: .*cannot count subcustomers/);
    const stated = await family('', false);
    const text = readFileSync(stated.config, 'utf8');
    writeFileSync(
      stated.config,
      text.replace('    schedule:', '    customerTree: { 71: 70 }\n    schedule:'),
    );
    const trusted = await family('', true);
    for (const it of [stated, trusted]) {
      const { reports } = await it.once();
      expect(reports[0]?.violations).toMatchObject([{ subject: 'customer:70' }]);
      expect(reports[0]?.actions).toMatchObject([{ action: 'disconnectCall', outcome: 'disconnected' }]);
    }
  });

  it('works in trusted mode, without a login', async () => {
    const it = await lab({ simulator: { trusted: true } });
    addCalls(it, 4);
    const config = readFileSync(it.config, 'utf8');
    writeFileSync(it.config, config.replace(/ {4}username.*\n.*\n/, '    trusted: { customer: 1 }\n'));
    expect((await it.once()).reports[0]?.actions).toMatchObject([{ outcome: 'disconnected' }]);
    expect(it.simulator.requests[0]?.params).toEqual([{ i_customer: 1 }]);
  });
});

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { lab } from './lab.js';

const RULES = {
  'rules.yaml': `
rules:
  - name: three-calls
    scope: account
    mode: enforce
    priority: 5
    conditions: { all: [ { fact: account.connectedCalls, operator: greaterThan, value: 3 } ] }
    event: { type: disconnectCall, params: { keep: 3 } }
    except: { accounts: [{ id: 77, because: a campaign }] }
  - name: first
    scope: call
    mode: enforce
    priority: 9
    conditions: { all: [ { fact: call.cld, operator: startsWithAnyOf, value: ["882"] } ] }
    event: { type: disconnectCall }
  - name: patient
    scope: account
    mode: enforce
    for: 1h
    conditions: { all: [ { fact: account.totalCalls, operator: greaterThan, value: 1 } ] }
    event: { type: alert }
  - name: watching
    scope: account
    mode: monitor
    conditions:
      any:
        - { fact: account.totalCalls, operator: greaterThan, value: 100 }
        - { fact: account.callsStarted, params: { within: 10m }, operator: greaterThan, value: 2 }
    event: { type: disconnectCall, params: { where: { all: [ { fact: call.duration, operator: greaterThan, value: 0 } ] } } }
  - name: never-now
    scope: account
    mode: enforce
    schedule: { days: [DAY], timezone: UTC }
    conditions: { all: [ { fact: account.totalCalls, operator: greaterThan, value: 0 } ] }
    event: { type: alert }
  - name: whole-switch
    scope: switch
    mode: monitor
    conditions: { all: [ { fact: switch.totalCalls, operator: greaterThan, value: 1000 } ] }
    event: { type: alert }
  - name: asleep
    scope: account
    mode: off
    conditions: { all: [ { fact: account.totalCalls, operator: greaterThan, value: 0 } ] }
    event: { type: alert }
`,
};

/** The weekday after tomorrow, which today is not. */
function anotherDay(): string {
  const days = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];
  return days[(new Date().getUTCDay() + 2) % 7] ?? 'sun';
}

async function explaining(config = '') {
  const rules = { 'rules.yaml': RULES['rules.yaml'].replace('DAY', anotherDay()) };
  const it = await lab({ rules, config });
  for (const id of ['901', '902', '903', '904']) {
    it.simulator.world.addCall({
      id,
      account: 10,
      cld: id === '904' ? '88212345678' : '4930123456',
    });
  }
  return {
    ...it,
    explain: async (...args: string[]) => {
      const { code, stdout, stderr } = await it.callwarden('rules', 'explain', '-c', it.config, ...args);
      return { code, text: stdout, errors: stderr };
    },
  };
}

describe('rules explain', () => {
  it('shows conditions with what was observed, the fate of every call, and which rule comes first', async () => {
    const it = await explaining();
    const { code, text, errors } = await it.explain('--rule', 'three-calls', '--subject', 'account:10');
    expect(errors).toBe('');
    expect(code).toBe(0);
    expect(text).toContain('Rule three-calls (enforce, scope account, priority 5) on account:10: violated');
    expect(text).toContain('[x] account.connectedCalls 4 > 3');
    expect(text).toContain('1 call is taken by rule first, which is planned before');
    expect(text).toMatch(/904 .*: taken by another rule \(first\)/);
    expect(text).toMatch(/901 .*: kept/);
    expect(it.sent('disconnectCall')).toBe(0);
  });

  it('answers for a call by what the call belongs to', async () => {
    const it = await explaining();
    const { text } = await it.explain('--rule', 'three-calls', '--subject', 'call:902');
    expect(text).toContain('call:902 belongs to account:10');
  });

  it.each([
    ['patient', 'account:10', 'it has not held long enough'],
    ['watching', 'account:10', 'the rule only monitors'],
    ['never-now', 'account:10', 'the rule is not judged at this time: its `schedule` is closed, opens 20'],
    ['never-now', 'account:10', '[x] account.totalCalls 3 > 0'],
    ['three-calls', 'account:77', 'leave it out: except.accounts names 77 (because: a campaign)'],
    ['three-calls', 'account:11', 'its conditions are not met'],
    ['three-calls', 'account:99', 'no live call of it'],
    ['asleep', 'account:10', 'the rule is off: it is never judged'],
    ['asleep', 'account:10', 'Rule asleep (off, scope account, priority 1)'],
    ['asleep', 'account:10', '  - the rule is off (mode: off in the rule)'],
  ])('says why nothing is cut: %s on %s: %s', async (rule, subject, why) => {
    const it = await explaining();
    it.simulator.world.addCall({ account: 77 });
    it.simulator.world.addCall({ account: 11 });
    const { code, text } = await it.explain('--rule', rule, '--subject', subject);
    expect(code).toBe(0);
    expect(text).toContain(why);
  });

  it('names the mode of the config, protection and caps', async () => {
    const monitoring = await explaining();
    const written = readFileSync(monitoring.config, 'utf8');
    writeFileSync(monitoring.config, written.replace('mode: enforce', 'mode: monitor'));
    const first = ['--rule', 'first', '--subject', 'call:904'];
    expect((await monitoring.explain(...first)).text).toContain('mode: monitor in callwarden.yaml');
    const guarded = await explaining('protect: { numbers: ["+88212345678"] }\n');
    expect((await guarded.explain(...first)).text).toContain('its number is protected');
    const json = await guarded.explain(...first, '-o', 'json');
    expect(JSON.parse(json.text)).toMatchObject([
      {
        rule: 'first',
        subject: 'call:904',
        result: 'violated',
        why: [{ reason: 'protected-number' }],
        calls: [{ id: '904', fate: 'withheld', reason: 'protected-number' }],
      },
    ]);
  });

  it('names all that protects a call, so that whoever lifts one reason knows of the others', async () => {
    const it = await explaining('protect: { numbers: ["+88212345678"], accounts: [77], customers: [2] }\n');
    it.simulator.world.addCall({ id: '905', account: 77, customer: 2, cld: '88212345678' });
    const first = ['--rule', 'first', '--subject', 'call:905'];
    const { text } = await it.explain(...first);
    expect(text).toContain('its number is protected');
    expect(text).toContain('its account is protected');
    expect(text).toContain('its customer is protected');
    expect(text).toContain(': withheld (protected-number, and protected-account, and protected-customer)');
    const json = await it.explain(...first, '-o', 'json');
    expect(JSON.parse(json.text)).toMatchObject([
      {
        why: [
          { reason: 'protected-number' },
          { reason: 'protected-account' },
          { reason: 'protected-customer' },
        ],
        calls: [
          {
            fate: 'withheld',
            reason: 'protected-number',
            otherReasons: ['protected-account', 'protected-customer'],
          },
        ],
      },
    ]);
  });

  it('says who used a cap up, and that the rule would only monitor besides', async () => {
    const rule = (name: string, prefix: string, mode = 'enforce') => `
  - name: ${name}
    scope: call
    mode: ${mode}
    conditions: { all: [ { fact: call.cld, operator: startsWithAnyOf, value: ["${prefix}"] } ] }
    event: { type: disconnectCall }`;
    const rules = `rules:${rule('aaa-first', '49')}${rule('bbb-next', '33')}${rule('ccc-last', '39', 'monitor')}\n`;
    const it = await lab({ rules: { 'rules.yaml': rules }, config: 'caps: { perPass: 3 }\n' });
    for (const [id, cld] of [
      ['901', '4930123456'],
      ['902', '4930123457'],
      ['903', '33123456789'],
      ['904', '33123456780'],
      ['905', '390612345'],
    ] as const)
      it.simulator.world.addCall({ id, account: 10, cld });
    const explain = (...args: string[]) => it.callwarden('rules', 'explain', '-c', it.config, ...args);
    const { stdout } = await explain('--rule', 'bbb-next', '--subject', 'call:904');
    // The newest entry of equals goes first or last by its ID: one of the two is stopped by what came before it.
    const other = await explain('--rule', 'bbb-next', '--subject', 'call:903');
    expect([stdout, other.stdout].filter((text) => text.includes('would be cut'))).toHaveLength(1);
    expect(stdout + other.stdout).toContain(
      '  - caps.perPass (3 calls) is used up by aaa-first (2 calls), this rule itself (1 call)\n',
    );
    const json = await explain('--rule', 'ccc-last', '--subject', 'call:905', '-o', 'json');
    expect(JSON.parse(json.stdout)).toMatchObject([
      {
        why: [
          {
            reason: 'cap-per-pass',
            text: 'caps.perPass (3 calls) is used up by aaa-first (2 calls), bbb-next (1 call)',
          },
          { reason: 'rule-monitor' },
        ],
      },
    ]);
  });

  it('sums up calls that nothing takes where there are many, and shows the one that was asked for', async () => {
    const it = await lab();
    for (let id = 1; id <= 30; id++)
      it.simulator.world.addCall({
        id: String(900 + id),
        account: 10,
        cld: '4930123456',
        state: 'ARComplete',
      });
    const asked = ['rules', 'explain', '-c', it.config, '--rule', 'three-calls', '--subject', 'call:925'];
    const { stdout } = await it.callwarden(...asked);
    expect(stdout).toMatch(/Its 30 live calls:\n {2}925 /);
    expect(stdout).toContain('… and 20 more, all of them kept; -o json has each');
  });

  it('shows what an action on a whole account comes to where one of its calls is protected', async () => {
    const rules = {
      'rules.yaml': `
name: whole
scope: account
mode: enforce
conditions: { all: [ { fact: account.totalCalls, operator: greaterThan, value: 1 } ] }
event: { type: disconnectAccount }
`,
    };
    const it = await lab({ rules });
    for (const [id, cld] of [
      ['901', '4930123456'],
      ['902', '4930123456'],
      ['903', '112'],
    ] as const)
      it.simulator.world.addCall({ id, account: 10, cld });
    const args = ['-c', it.config, '--rule', 'whole', '--subject', 'account:10'];
    const { stdout } = await it.callwarden('rules', 'explain', ...args);
    expect(stdout).toContain('A pass right now would send 2 disconnects.');
    expect(stdout).toContain('it would take a protected call along; the others are cut one by one');
    expect(stdout).toMatch(/903 .* -> 112 .*: withheld \(protected-number\)/);
    expect(stdout).toMatch(/901 .*: would be cut/);
    const { reports } = await it.once();
    const sent = reports[0]?.actions.filter(({ outcome }) => outcome === 'disconnected') ?? [];
    expect(sent.map(({ target }) => target).sort()).toEqual(['901', '902']);
    // The switch may list them for a while; they count as gone.
    const after = await it.callwarden('rules', 'explain', '-o', 'json', ...args);
    expect(JSON.parse(after.stdout)).toMatchObject([
      { result: 'clear', evidence: { conditions: { result: false } } },
    ]);
  });

  it('prints pool and keep, and why a pool that is large enough for nothing takes nothing', async () => {
    const it = await explaining();
    const watching = await it.explain('--rule', 'three-calls', '--subject', 'account:10');
    expect(watching.text).toContain('Pool: 4 calls may be taken, 3 stay (keep)');
    expect(watching.text).toContain('in a pass its conditions are not met');
    const json = await it.explain('--rule', 'three-calls', '--subject', 'account:10', '-o', 'json');
    expect(JSON.parse(json.text)).toMatchObject([
      { pool: { size: 4, keep: 3 }, why: [{ reason: 'priority' }, { reason: 'not-in-pass' }] },
    ]);
  });

  it('judges by the text in force while a list is held back, and says so', async () => {
    const rules = {
      'rules.yaml': `
name: listed
scope: call
mode: enforce
conditions: { all: [ { fact: call.cld, operator: startsWithAnyOf, value: costly } ] }
event: { type: disconnectCall }
`,
      'lists/costly.txt': '881\n882\n883\n884\n885\n',
    };
    const it = await lab({ rules });
    await it.once();
    it.simulator.world.addCall({ id: '904', account: 10, cld: '88212345678' });
    writeFileSync(join(it.folder, 'rules/lists/costly.txt'), '881\n');
    const args = ['--rule', 'listed', '--subject', 'call:904'];
    const { stdout, stderr } = await it.callwarden('rules', 'explain', '-c', it.config, ...args);
    expect(stderr).toContain('costly.txt is held back');
    expect(stdout).toContain('on call:904: violated');
  });

  it('says that the passes before went by other rules than those on disk', async () => {
    const it = await explaining();
    await it.once('--dry-run');
    const asked = ['--rule', 'three-calls', '--subject', 'account:10'];
    expect((await it.explain(...asked)).text).not.toContain('went by other rules');
    await it.once();
    expect((await it.explain(...asked)).text).not.toContain('went by other rules');
    const rules = join(it.folder, 'rules/rules.yaml');
    writeFileSync(rules, readFileSync(rules, 'utf8').replace('value: 3 }', 'value: 2 }'));
    const edited = (await it.explain(...asked)).text;
    expect(edited).toMatch(
      /Note: the last passes went by other rules \(hash \w{12}, loaded at 20.*\); these are the ones on disk \(hash \w{12}\)/,
    );
    expect(edited).toContain('account.connectedCalls 3 > 2');
  });

  it('refuses rules on disk that are no rules, and explains records all the same', async () => {
    const it = await explaining();
    await it.once();
    writeFileSync(join(it.folder, 'rules/bad.yaml'), 'nam: x\n');
    const { code, errors } = await it.explain('--rule', 'first', '--subject', 'call:904');
    expect(code).toBe(2);
    expect(errors).toContain('bad.yaml:1:1');
    const id = String(it.records({ rule: 'first' })[0]?.id);
    expect((await it.explain('--action', id)).text).toContain('[x] call.cld 88212345678');
  });

  it('says of a vendor whom the rule does not name that it is left out', async () => {
    const rules = {
      'rules.yaml': `
name: by-vendor
scope: vendor
mode: monitor
only: { vendors: [3] }
conditions: { all: [ { fact: vendor.totalCalls, operator: greaterThan, value: 0 } ] }
event: { type: alert }
`,
    };
    const it = await lab({ rules });
    const asked = ['rules', 'explain', '-c', it.config, '--rule', 'by-vendor', '--subject'];
    expect((await it.callwarden(...asked, 'vendor:4')).stdout).toContain('only.vendors does not name it');
    expect((await it.callwarden(...asked, 'vendor:3')).stdout).not.toContain('leave it out');
  });

  it('needs no switch where the rule is judged on one alone', async () => {
    const it = await explaining();
    const written = readFileSync(it.config, 'utf8');
    const entry = /switches:\n((?: .*\n)+)/.exec(written)?.[1] ?? '';
    writeFileSync(it.config, written.replace(entry, `${entry}${entry.replace(/name: \w+/, 'name: other')}`));
    const args = ['--rule', 'first', '--subject', 'call:904'];
    const ambiguous = await it.explain(...args);
    expect(ambiguous.errors).toContain('name one with --switch');
    expect(ambiguous.code).toBe(2);
    const rules = join(it.folder, 'rules/rules.yaml');
    const text = readFileSync(rules, 'utf8');
    writeFileSync(rules, text.replace('name: first', 'name: first\n    only: { switches: [lab] }'));
    const { code, text: shown } = await it.explain(...args);
    expect(shown).toContain('on call:904: violated');
    expect(code).toBe(0);
  });

  it('writes since when a violation is held back into the JSON', async () => {
    const it = await explaining();
    await it.once();
    const { text } = await it.explain('--rule', 'patient', '--subject', 'account:10', '-o', 'json');
    expect(JSON.parse(text)).toMatchObject([
      { why: [{ reason: 'for' }], evidence: { held: { since: expect.stringMatching(/^20\d\d-/) } } },
    ]);
  });

  it('tells a listed call that nobody owns, or no vendor lists, from one that is not there', async () => {
    const rules = {
      'rules.yaml': `
rules:
  - name: by-customer
    scope: customer
    mode: monitor
    conditions: { all: [ { fact: customer.totalCalls, operator: greaterThan, value: 1 } ] }
    event: { type: alert }
  - name: by-vendor
    scope: vendor
    mode: monitor
    only: { vendors: [3, 5] }
    conditions: { all: [ { fact: vendor.totalCalls, operator: greaterThan, value: 0 } ] }
    event: { type: alert }
`,
    };
    const it = await lab({ rules });
    it.simulator.world.addCall({ id: '901', cld: '4930123456' });
    it.simulator.world.addCall({ id: '902', account: 10, connection: 5, cld: '4930123456' });
    const explain = (rule: string, id: string) =>
      it.callwarden('rules', 'explain', '-c', it.config, '--rule', rule, '--subject', `call:${id}`);
    expect((await explain('by-customer', '900')).stderr).toContain('No call 900 was listed');
    expect((await explain('by-customer', '901')).stderr).toContain('Call 901 was listed at');
    expect((await explain('by-vendor', '901')).stderr).toContain('for no vendor that a rule names');
    expect((await explain('by-vendor', '902')).stdout).toContain('call:902 belongs to vendor:3');
  });

  it('explains a record of the audit log, and an instant of the past from the ledger', async () => {
    const it = await explaining();
    await it.once();
    expect(it.sent('disconnectCall')).toBe(1);
    const record = it.records({ rule: 'first' })[0];
    const { text } = await it.explain('--action', String(record?.id));
    expect(text).toContain(`Record ${record?.id}, `);
    expect(text).toContain('[x] call.cld 88212345678 startsWithAnyOf (882) (882)');
    const byHand = await it.callwarden(
      'disconnect',
      'call',
      '901',
      '-c',
      it.config,
      '--reason',
      'test',
      '--yes',
    );
    expect(byHand.code).toBe(0);
    const hand = await it.explain('--action', String(it.records({ rule: 'by-hand' })[0]?.id));
    expect(hand.text).toMatch(/^By hand \(enforce\) on call:901, by /m);
    const then = await it.explain('--rule', 'first', '--subject', 'call:904', '--at', 'now');
    expect(then.text).toContain('from the ledger');
    expect(then.text).toContain('call:904: violated');
  });

  it.each([
    [['--rule', 'thre-calls', '--subject', 'account:10'], 2, 'Did you mean "three-calls"?'],
    [['--rule', 'three-calls', '--subject', 'acount:10'], 2, 'Did you mean "account"?'],
    [['--rule', 'three-calls'], 2, 'Expected --rule and --subject, or --action'],
    [['--action', '1', '--rule', 'three-calls'], 2, '--action stands alone'],
    [
      ['--rule', 'three-calls', '--subject', 'account:x'],
      2,
      'Expected digits without a leading 0 as the ID of an account, such as account:10.',
    ],
    [
      ['--rule', 'three-calls', '--subject', 'account:011'],
      2,
      'Expected digits without a leading 0 as the ID of an account, such as account:10.',
    ],
    [['--rule', 'first', '--subject', 'call:9x'], 2, 'Expected digits as the ID of a call'],
    [['--rule', 'first', '--subject', 'call:904', '--at', '2999-01-01'], 2, '--at lies in the future'],
    [['--rule', 'first', '--subject', 'call:1'], 1, 'No call 1 was listed'],
    [['--action', '99'], 1, 'The audit log has no record 99'],
    [
      ['--rule', 'three-calls', '--subject', 'customer:2'],
      2,
      'judges subjects of scope account, not customer:2: expected --subject account:ID',
    ],
    [['--rule', 'first', '--subject', 'account:10'], 2, 'callwarden.yaml` lists them'],
    [
      ['--rule', 'whole-switch', '--subject', 'switch:lob'],
      2,
      'none of the switches that are asked. Did you mean "lab"?',
    ],
    [['--action', 'x'], 2, 'Expected the id of an audit record, as `callwarden audit list` prints it'],
    [['--rule', 'three-calls', '--subject', 'call:1'], 1, 'No call 1 was listed'],
    [
      ['--rule', 'three-calls', '--subject', 'account:10', '--at', '2020-01-01'],
      1,
      'The ledger holds no listing',
    ],
  ] as const)('refuses %j with exit code %i', async (args, exitCode, message) => {
    const it = await explaining();
    await it.once('--dry-run');
    const { code, errors } = await it.explain(...args);
    expect(errors).toContain(message);
    expect(code).toBe(exitCode);
  });
});

describe('a rule that climbs', () => {
  it('is explained with the time of its cooldown, the step it came to, and calls that are gone with a whole', async () => {
    const rules = {
      'rules.yaml': `
name: climbing
scope: account
mode: enforce
conditions: { all: [ { fact: account.totalCalls, operator: greaterThan, value: 0 } ] }
event: { type: alert }
cooldown: 1s
escalate: [ { after: 1, within: 1h, event: { type: disconnectAccount } } ]
`,
    };
    const it = await lab({ rules, config: 'caps: { sharePerPass: 1 }\n' });
    it.simulator.world.addCall({ id: '901', account: 10, cld: '4930123456' });
    const explain = (...args: string[]) => it.callwarden('rules', 'explain', '-c', it.config, ...args);
    await it.once();
    const file = join(it.folder, 'rules/rules.yaml');
    const step = await explain('--rule', 'climbing', '--subject', 'account:10');
    expect(step.stdout).toContain(
      'climbed to disconnectAccount: the rule had acted once on this subject within 1h',
    );
    await it.once();
    const whole = it.records({ action: 'disconnectAccount' })[0];
    const told = await explain('--action', String(whole?.id));
    expect(told.stdout).toContain('Climbed to disconnectAccount: the rule had acted once');
    expect(told.stdout).toMatch(/whether its calls are gone|that its calls are gone/);
    writeFileSync(
      file,
      rules['rules.yaml'].replace('cooldown: 1s', 'cooldown: 1h').replace(/escalate.*/, ''),
    );
    it.simulator.world.addCall({ id: '902', account: 11, cld: '4930123456' });
    await it.once();
    const held = await explain('--rule', 'climbing', '--subject', 'account:11');
    expect(held.stdout).toMatch(
      /No alert is raised, because\n {2}- the rule acted on it at 20\S+Z: its `cooldown` of 1h ends at 20/,
    );
  });
});

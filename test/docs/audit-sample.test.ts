import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { FACT_CATALOGUE } from '../../src/facts/catalogue.js';
import { runPass } from '../../src/pass.js';
import { checkRules } from '../../src/policy/check-rules.js';
import { compileRules } from '../../src/policy/compile-rules.js';
import { calls, NOW } from '../support/calls.js';
import { fakeSwitch } from '../support/fake-switch.js';
import { aPassContext, NUMBERING } from '../support/pass-context.js';
import { tempStore } from '../support/temp-store.js';

const RULE = `name: call-flood
scope: account
mode: enforce
conditions:
  all:
    - fact: account.callsStarted
      params: { within: 10m, state: Connected }
      operator: greaterThan
      value: { fact: account.limit, params: { name: startsPer10m, default: 2 } }
event: { type: alert }
for: 10s
escalate:
  - { after: 1, within: 30m, event: { type: disconnectCall, params: { keep: 2 } } }
`;

it('the sample record of docs/audit.md is what such a rule records', async () => {
  const { store, records } = tempStore();
  let now = NOW;
  const clock = () => now;
  const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
  const files = [{ file: 'rules/test.yaml', kind: 'rules' as const, text: RULE }];
  const { ruleSet } = checkRules(files, FACT_CATALOGUE, sha256);
  if (ruleSet === undefined) throw new Error('the rule is refused');
  const rules = compileRules(ruleSet, {
    catalogue: FACT_CATALOGUE,
    numbering: NUMBERING,
    switchName: 'lab',
    now,
  });
  const port = fakeSwitch(calls(3, { account: 10 }), clock);
  const context = aPassContext({ port, store, clock, rules });
  const never = new AbortController().signal;
  for (; now <= NOW + 15_000; now += 5_000) {
    const how = { actor: 'scheduler', dryRun: false, stop: never, abort: never };
    await runPass(context, { passId: `pass-${now}`, ...how });
  }
  const text = readFileSync(new URL('../../docs/audit.md', import.meta.url), 'utf8');
  const sample = JSON.parse(/```json\n(.*?)```/s.exec(text)?.[1] ?? '') as { evidence: object };
  const record = (await records()).at(-1);
  expect(record).toMatchObject(sample);
  expect(record?.evidence).toEqual(sample.evidence);
});

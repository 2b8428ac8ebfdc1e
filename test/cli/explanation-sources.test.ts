import { createHash } from 'node:crypto';
import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { explanationInput } from '../../src/cli/explanation-input.js';
import type { Subject } from '../../src/domain/scope.js';
import { FACT_CATALOGUE } from '../../src/facts/catalogue.js';
import type { PassContext } from '../../src/pass-enforcement.js';
import { explainRule } from '../../src/pass-explain.js';
import { checkRules } from '../../src/policy/check-rules.js';
import { startSimulator } from '../../src/simulator/start-simulator.js';
import { calls, NOW } from '../support/calls.js';
import { aConfig, aSwitchConfig } from '../support/config.js';
import { cap, outcomes, scene } from '../support/pass-scene.js';
import { tempDir } from '../support/temp-store.js';

type Source = PassContext['rulesFrom'];

const SUBJECT: Subject = { scope: 'account', id: '10' };
const HERE = { config: '/etc/callwarden.yaml', directory: '/etc/rules' };
const THERE = { config: '/srv/r2/callwarden.yaml', directory: '/srv/r2/rules' };

const climbing = cap(`escalate: [ { after: 2, within: 24h, event: { type: disconnectAccount } } ]`);
const hourly = cap('cooldown: 1h', '{ type: disconnectCall, params: { keep: 3 } }');
const other = cap('').replace('name: cap', 'name: other').replace('value: 2', 'value: 1000');

function ruleSetOf(text: string) {
  const { ruleSet } = checkRules([{ file: 'rules/test.yaml', kind: 'rules', text }], FACT_CATALOGUE, (one) =>
    createHash('sha256').update(one).digest('hex'),
  );
  if (ruleSet === undefined) throw new Error('The rules are not valid.');
  return ruleSet;
}

/** Passes by several configs on a switch on which cut calls come back, and explanations of the first rule by any of them. */
function several() {
  let now = NOW;
  const it = scene(other, calls(4), { configMode: 'enforce' });
  const silent = { write: async () => {}, isTerminal: false, columns: undefined };
  return {
    now: () => now,
    async pass(text: string, rulesFrom: Source) {
      it.port.calls = calls(4);
      it.change(text, { rulesFrom });
      const done = outcomes(await it.pass());
      it.wait(35);
      now += 35_000;
      return done;
    },
    async explained(text: string, { config: file, directory }: Source, at?: number, url?: string) {
      const switchConfig = aSwitchConfig(url === undefined ? {} : { url });
      const ruleSet = ruleSetOf(text);
      const [rule] = ruleSet.rules;
      if (rule === undefined) throw new Error('There is no rule.');
      const found = await explanationInput({
        config: aConfig(it.path, switchConfig, { file, rulesDir: directory, mode: 'enforce' }),
        switchConfig,
        ruleSet,
        rule,
        subject: SUBJECT,
        at,
        context: {
          stdout: silent,
          stderr: silent,
          env: {},
          clock: () => now,
          interrupted: () => new AbortController().signal,
          setExitCode: () => undefined,
        },
      });
      const [compiled] = found?.input.rules ?? [];
      if (found === undefined || compiled === undefined) throw new Error('There is nothing to explain.');
      const { actions } = await explainRule(found.input, compiled, SUBJECT);
      return actions.map(({ action }) => `${action.action} ${action.target}`);
    },
  };
}

it('an escalation that began anew with a later config is explained as it was before', async () => {
  const it = several();
  await it.pass(climbing, HERE);
  await it.pass(climbing, HERE);
  const cut = it.now();
  expect(await it.pass(climbing, HERE)).toEqual(['disconnectAccount 10 disconnected']);
  await it.pass(other, HERE);
  // Of a config that is used for the first time it begins at its first step.
  expect(await it.pass(climbing, THERE)).toContain('disconnectCall 3 disconnected');
  for (const config of [HERE, THERE])
    expect(await it.explained(climbing, config, cut)).toEqual(['disconnectAccount 10']);
});

it('a rule is explained by what counts for the service, by whatever link its config is named', async () => {
  const root = tempDir();
  mkdirSync(join(root, 'r1/rules'), { recursive: true });
  symlinkSync('r1', join(root, 'current'));
  const named = (folder: string): Source => ({
    config: join(root, folder, 'callwarden.yaml'),
    directory: join(root, folder, 'rules'),
  });
  const it = several();
  expect(await it.pass(hourly, named('current'))).toEqual(['disconnectCall 4 disconnected']);
  // So long without it that its cooldown begins anew.
  for (let pass = 0; pass < 4; pass++) await it.pass(other, named('current'));
  const simulator = await startSimulator({
    seed: 1,
    traffic: 'none',
    clock: it.now,
    username: 'ops',
    password: 'secret',
  });
  onTestFinished(() => simulator.close());
  for (let call = 0; call < 4; call++) simulator.world.addCall({ account: 10 });
  for (const folder of ['current', 'r1'])
    expect(await it.explained(hourly, named(folder), undefined, simulator.url)).toHaveLength(1);
  expect(await it.explained(hourly, THERE, undefined, simulator.url)).toEqual([]);
});

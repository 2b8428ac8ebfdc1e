import { createHash } from 'node:crypto';
import type { Call } from '../../src/domain/call.js';
import { FACT_CATALOGUE } from '../../src/facts/catalogue.js';
import { runPass } from '../../src/pass.js';
import type { PassContext } from '../../src/pass-enforcement.js';
import { createSwitchMemory } from '../../src/pass-memory.js';
import { checkRules } from '../../src/policy/check-rules.js';
import { compileRules } from '../../src/policy/compile-rules.js';
import { NOW } from './calls.js';
import { fakeSwitch } from './fake-switch.js';
import { aPassContext, NUMBERING } from './pass-context.js';
import { tempStore } from './temp-store.js';

const SECOND = 1_000;
const never = new AbortController().signal;

/** One switch with a real store whose clock the test moves; `restart` begins again with an empty memory. */
export function scene(rules: string, listed: readonly Call[] = [], changes: Partial<PassContext> = {}) {
  const { store, records, path } = tempStore();
  let now = NOW;
  const clock = () => now;
  const port = fakeSwitch(listed, clock);
  const notes: string[] = [];
  const compiled = (text: string) => {
    const { ruleSet, problems } = checkRules(
      [{ file: 'rules/test.yaml', kind: 'rules', text }],
      FACT_CATALOGUE,
      (one) => createHash('sha256').update(one).digest('hex'),
    );
    if (ruleSet === undefined) throw new Error(problems.map(({ message }) => message).join('\n'));
    return {
      rules: compileRules(ruleSet, {
        catalogue: FACT_CATALOGUE,
        numbering: NUMBERING,
        switchName: 'lab',
        now,
      }),
      turnedOff: ruleSet.rules.filter(({ mode }) => mode === 'off').map(({ name }) => name),
    };
  };
  let context = aPassContext({
    port,
    store,
    clock,
    ...compiled(rules),
    note: (text) => notes.push(text),
    ...changes,
  });
  return {
    port,
    store,
    path,
    records,
    notes,
    wait: (seconds: number) => {
      now += seconds * SECOND;
    },
    restart: () => {
      const memory = createSwitchMemory({ switchName: 'lab', numbering: NUMBERING, ledger: store.ledger });
      context = { ...context, memory };
    },
    change: (text: string, more: Partial<PassContext> = {}) => {
      context = { ...context, ...compiled(text), ...more };
    },
    pass: (options: { dryRun?: boolean } = {}) =>
      runPass(context, {
        passId: `pass-${now}`,
        actor: 'scheduler',
        dryRun: options.dryRun ?? false,
        stop: never,
        abort: never,
      }),
  };
}

/** A rule that leaves an account two calls. */
export const cap = (more: string, event = '{ type: disconnectCall, params: { keep: 2 } }') => `
  name: cap
  scope: account
  mode: enforce
  ${more}
  conditions: { all: [ { fact: account.connectedCalls, operator: greaterThan, value: 2 } ] }
  event: ${event}`;

/** `disconnectCall 3 disconnected` */
export const outcomes = (report: Awaited<ReturnType<ReturnType<typeof scene>['pass']>>) =>
  report.actions.map(({ action, target, outcome }) => `${action} ${target} ${outcome}`);

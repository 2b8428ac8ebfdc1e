// The two policies that are compared, as checked rule sets: what is shipped, enforcing, and "30 calls per account".
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { FACT_CATALOGUE } from '../../dist/facts/catalogue.js';
import { checkRules } from '../../dist/policy/check-rules.js';
import { readRuleFiles } from '../../dist/rule-files/read-rule-files.js';

const NAIVE = `
name: thirty-calls-per-account
description: What many switches come with.
scope: account
mode: enforce
conditions:
  all: [{ fact: account.connectedCalls, operator: greaterThan, value: 30 }]
event: { type: disconnectCall, params: { select: newest, keep: 30 } }
`;

/** Every shipped rule, judged as enforcing, with the limits of limits.csv beside this file. */
export async function shippedPolicy(directory, { limits = true } = {}) {
  const files = await readRuleFiles(directory);
  const rows = limits
    ? readFileSync(new URL('./limits.csv', import.meta.url), 'utf8').split('scope,id,name,value\n')[1]
    : '';
  return checked(
    files.map((file) => {
      if (file.kind === 'rules') {
        return { ...file, text: file.text.replaceAll(/^(\s*-?\s*mode:\s*)monitor\b/gm, '$1enforce') };
      }
      return file.kind === 'limits' ? { ...file, text: `${file.text.trimEnd()}\n${rows}` } : file;
    }),
  );
}

export function naivePolicy() {
  return checked([{ file: 'naive.yaml', kind: 'rules', text: NAIVE }]);
}

function checked(files) {
  const { ruleSet, problems } = checkRules(files, FACT_CATALOGUE, (text) =>
    createHash('sha256').update(text).digest('hex'),
  );
  if (ruleSet === undefined) {
    throw new Error(problems.map(({ message }) => message).join('\n'));
  }
  return ruleSet;
}

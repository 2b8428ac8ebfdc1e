import type { Config } from '../domain/config.js';
import type { KeptSource, RuleSource } from '../domain/rule-version.js';
import { realPathOf } from '../store/real-paths.js';
import { sourceOf } from './pass-context.js';

/**
 * What is kept of the rules of this config, by the name that passes last had for it: who explains may name it by another link than
 * the service was started with, and what that does goes by its own name. Of a config that no pass knows, the one that it is named by.
 */
export function sourceAsKept(config: Config, kept: readonly KeptSource[]): RuleSource {
  const asked: RuleSource = { ...sourceOf(config), mode: config.mode };
  const place = placeOf(asked);
  const { config: file, directory, mode } = kept.find((one) => placeOf(one) === place) ?? asked;
  return { config: file, directory, mode };
}

function placeOf({ config, directory, mode }: RuleSource): string {
  return JSON.stringify([realPathOf(config), realPathOf(directory), mode]);
}

import { cruise } from 'dependency-cruiser';
import extractDepcruiseOptions from 'dependency-cruiser/config-utl/extract-depcruise-options';
import extractTSConfig from 'dependency-cruiser/config-utl/extract-ts-config';
import { describe, expect, it } from 'vitest';

describe('the house', () => {
  it('keeps its import rules', async () => {
    const options = await extractDepcruiseOptions('./.dependency-cruiser.mjs');
    const result = await cruise(['src'], options, {}, { tsConfig: extractTSConfig('./tsconfig.json') });
    const { output } = result;
    if (typeof output === 'string')
      throw new TypeError('dependency-cruiser gave text instead of its result.');
    expect(output.modules.length).toBeGreaterThan(10);
    expect(output.summary.violations.map(({ rule, from, to }) => `${rule.name}: ${from} -> ${to}`)).toEqual(
      [],
    );
  });
});

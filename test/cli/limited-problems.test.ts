import { describe, expect, it } from 'vitest';
import { limitedProblems } from '../../src/cli/limited-problems.js';
import type { Problem } from '../../src/domain/errors.js';

const problems = (count: number, severity: Problem['severity']): readonly Problem[] =>
  Array.from({ length: count }, (_, at) => ({
    file: 'rules/a.yaml',
    message: `${severity} ${at}`,
    severity,
  }));

describe('very many problems', () => {
  it('are told in part, errors before warnings, with how many more there are', () => {
    const all = [...problems(90, 'warning'), ...problems(40, 'error')];
    const told = limitedProblems(all, 'rules');
    expect(told.slice(0, 100)).toEqual([...problems(40, 'error'), ...problems(60, 'warning')]);
    expect(told.slice(100)).toEqual([
      { file: 'rules', message: '30 more problems are not shown: mend these first.', severity: 'warning' },
    ]);
  });

  it('remain an error where errors are left out', () => {
    expect(limitedProblems(problems(101, 'error'), 'rules').at(-1)).toMatchObject({ severity: 'error' });
  });

  it('stay as they are up to a hundred', () => {
    const all = problems(100, 'error');
    expect(limitedProblems(all, 'rules')).toBe(all);
  });
});

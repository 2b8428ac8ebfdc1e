import type { Problem } from '../domain/errors.js';

/** Nobody reads more; a file that is something else than rules has tens of thousands. */
export const MOST_PROBLEMS = 100;

/** The first of many problems, errors before warnings, and how many more there are; `place` is where those stand. */
export function limitedProblems(problems: readonly Problem[], place: string): readonly Problem[] {
  const more = problems.length - MOST_PROBLEMS;
  if (more <= 0) return problems;
  const errors = problems.filter(({ severity }) => severity === 'error');
  const warnings = problems.filter(({ severity }) => severity !== 'error');
  const left = errors.length > MOST_PROBLEMS ? 'error' : 'warning';
  const message = `${more} more problems are not shown: mend these first.`;
  return [...[...errors, ...warnings].slice(0, MOST_PROBLEMS), { file: place, message, severity: left }];
}

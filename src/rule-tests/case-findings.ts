import { didYouMean } from '../documents/did-you-mean.js';
import type { DocumentPath } from '../documents/located-document.js';
import type { Location, Problem } from '../domain/errors.js';
import type { Numbering, NumberPlan } from '../domain/numbering.js';
import type { Rule } from '../domain/rule.js';
import { durationText } from './duration-text.js';

/** What cases may name. */
export interface KnownRules {
  rules: readonly Rule[];
  /** Whether a rule is judged on a switch of this name. */
  appliesTo(rule: Rule, switchName: string): boolean;
  /** The names of the limits that rules ask for, by scope. */
  limitsReadBy(rules: readonly Rule[]): ReadonlyMap<string, ReadonlySet<string>>;
  /** How a switch with this plan writes numbers. */
  numberingOf(plan: NumberPlan): Numbering;
}

/** Where the keys of a case are written. */
export interface CasePlace {
  file: string;
  at(path: DocumentPath, part?: 'key' | 'value'): Location;
}

/** Collects what is wrong with a case, each at its place. */
export interface CaseFindings {
  error(path: DocumentPath, message: string, part?: 'key' | 'value'): void;
  /** What can be run, but hardly be meant. */
  warning(path: DocumentPath, message: string): void;
  readonly problems: readonly Problem[];
}

export function createFindings(place: CasePlace): CaseFindings {
  const problems: Problem[] = [];
  return {
    problems,
    error(path, message, part) {
      problems.push({ file: place.file, location: place.at(path, part), message, severity: 'error' });
    },
    warning(path, message) {
      problems.push({ file: place.file, location: place.at(path), message, severity: 'warning' });
    },
  };
}

/** `they stand every 5s, from 0s to 60s` */
export function pollsText(everyMs: number, count: number): string {
  return `they stand every ${durationText(everyMs)}, from 0s to ${durationText((count - 1) * everyMs)}`;
}

export function unknownRule(name: string, { rules }: KnownRules): string {
  const meant = didYouMean(
    name,
    rules.map((rule) => rule.name),
  );
  return `there is no rule "${name}".${meant || ' `callwarden rules list` names those there are.'}`;
}

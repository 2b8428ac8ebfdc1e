import type { FactParams, Observed } from '../domain/facts.js';
import type { Subject } from '../domain/scope.js';

/** Gives what was observed of a subject before, else observes it. */
export type Memory = (
  subject: Subject,
  name: string,
  params: FactParams,
  observe: () => Observed,
) => Observed;

/**
 * Remembers by subject, fact and params. Params are told apart by what they say; the text of one object is made once,
 * since a prefix list in it may be long and a rule asks with the same object for every call.
 */
export function createMemory(): Memory {
  const numbersByText = new Map<string, number>();
  const numbersByObject = new WeakMap<FactParams, number>();
  const observations = new Map<string, Observed>();

  function paramsNumber(params: FactParams): number {
    const known = numbersByObject.get(params);
    if (known !== undefined) return known;
    const { to, state, direction, min, recursive } = params;
    const text = JSON.stringify([to, state, direction, min, recursive]);
    const number = numbersByText.get(text) ?? numbersByText.size;
    numbersByText.set(text, number);
    numbersByObject.set(params, number);
    return number;
  }

  return (subject, name, params, observe) => {
    const key = `${subject.scope} ${name} ${paramsNumber(params)} ${subject.id}`;
    let observed = observations.get(key);
    if (observed === undefined) {
      observed = observe();
      observations.set(key, observed);
    }
    return observed;
  };
}

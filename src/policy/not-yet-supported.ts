/** What the rule language will have but this version cannot do: refused, never ignored, and told from a typing mistake. */
const LATER_RULE_KEYS: ReadonlySet<string> = new Set(['for', 'cooldown', 'schedule', 'escalate']);
const LATER_EVENT_PARAMS: ReadonlySet<string> = new Set(['recursive']);
const LATER_FACT_PARAMS: ReadonlySet<string> = new Set(['within', 'under', 'recursive']);
const LATER_FACTS: ReadonlySet<string> = new Set([
  'callsStarted',
  'callsEnded',
  'minutes',
  'distinctCld',
  'distinctCli',
  'shortCalls',
  'answerRatio',
  'averageEndedDuration',
]);

export function laterRuleKey(key: string): string | undefined {
  return LATER_RULE_KEYS.has(key) ? notYet(key) : undefined;
}

export function laterEventParam(key: string): string | undefined {
  return LATER_EVENT_PARAMS.has(key) ? notYet(key) : undefined;
}

export function laterFactParam(key: string): string | undefined {
  return LATER_FACT_PARAMS.has(key) ? notYet(key) : undefined;
}

/** For `account.callsStarted` and the like. */
export function laterFact(name: string): string | undefined {
  return LATER_FACTS.has(name.slice(name.indexOf('.') + 1)) ? notYet(name) : undefined;
}

function notYet(name: string): string {
  return `"${name}" is not yet supported by this version: take it out until it is.`;
}

import { describeValue } from '../documents/found-values.js';
import { unseenDirection } from '../documents/unseen-direction.js';
import { hasEnded } from '../domain/call.js';
import type { FactDefinition, FactFormat } from '../domain/facts.js';
import { deadAddressPrefixProblem } from './address-prefix.js';
import type { CheckContext } from './check-context.js';
import { formatMismatch } from './check-formats.js';
import { checkListUse } from './check-lists.js';
import { inside, type Place } from './findings.js';
import { isUserName, numberTextProblem } from './number-text.js';
import { type OperatorDefinition, parseNetwork } from './operators.js';
import { addressProblem, deadPrefixProblem } from './prefix-text.js';
import { LIST_NAME_PATTERN, PREFIX_PATTERN } from './schema-values.js';

/** Checks what a fact is compared with; references to other facts are checked elsewhere. */
export function checkValue(
  value: unknown,
  place: Place,
  fact: FactDefinition,
  operator: OperatorDefinition,
  context: CheckContext,
): void {
  const each = (expected: string, checkItem: (item: unknown, at: Place) => void) =>
    checkSeveral(value, place, expected, context, checkItem);
  switch (operator.operand) {
    case 'one':
      checkScalar(value, place, fact, operator.name, context);
      break;
    case 'several':
      each(`"${operator.name}" compares with a list, e.g. [1, 2]`, (item, at) =>
        checkScalar(item, at, fact, operator.name, context),
      );
      break;
    case 'prefixes':
      if (typeof value === 'string')
        checkListUse(value, place, { format: fact.format, asPrefixes: true }, context);
      else each(EXPECTED_PREFIXES, (item, at) => checkPrefix(item, at, fact.format, context));
      break;
    case 'list':
      if (typeof value === 'string')
        checkListUse(value, place, { format: fact.format, asPrefixes: false }, context);
      else refuse(context, place, `"${operator.name}" takes the name of a list in rules/lists/`, value);
      break;
    case 'networks':
      if (typeof value === 'string') checkNetwork(value, place, context);
      else each(EXPECTED_NETWORK, (item, at) => checkNetwork(item, at, context));
      break;
  }
}

const EXPECTED_PREFIXES =
  '"startsWithAnyOf": expected a list of prefixes, e.g. ["+882"], or the name of a list in rules/lists/';
const EXPECTED_NETWORK =
  '"inNetwork": expected a network in CIDR notation, e.g. "192.0.2.0/24", or a list of them';

function refuse(context: CheckContext, place: Place, expected: string, found: unknown): void {
  context.findings.error(place, `${expected}, but found ${describeValue(found)}.`);
}

function checkSeveral(
  value: unknown,
  place: Place,
  expected: string,
  context: CheckContext,
  checkItem: (item: unknown, place: Place) => void,
): void {
  if (!Array.isArray(value) || value.length === 0) {
    refuse(context, place, expected, value);
    return;
  }
  for (const [index, item] of value.entries()) checkItem(item, inside(place, index));
}

function checkScalar(
  value: unknown,
  place: Place,
  fact: FactDefinition,
  operator: string,
  context: CheckContext,
): void {
  if (Array.isArray(value)) {
    refuse(context, place, `"${operator}" compares with one value ("in" takes a list)`, value);
    return;
  }
  if (fact.type === 'number') {
    if (typeof value === 'number' && Number.isFinite(value)) return;
    refuse(context, place, `"${fact.name}" is a number: expected a number without quotes`, value);
    return;
  }
  if (fact.type === 'boolean') {
    if (typeof value === 'boolean') return;
    refuse(context, place, `"${fact.name}" is true or false: expected one of these without quotes`, value);
    return;
  }
  if (typeof value !== 'string') {
    refuse(context, place, `"${fact.name}" is text: expected text in quotes`, value);
    return;
  }
  const mismatch =
    value === '' ? { expected: 'expected text', hint: '' } : formatMismatch(value, fact.format);
  if (mismatch !== undefined) {
    const { expected, hint } = mismatch;
    context.findings.error(place, `"${fact.name}": ${expected}, but found ${describeValue(value)}.${hint}`);
  } else if (fact.format === 'direction') warnOfDirection(value, place, context);
  else if (fact.format === 'number-plan') checkNumberText(value, place, fact, context);
  else if (fact.format === 'state') checkStateIsJudged(value, place, operator, context);
}

/** Calls that are over are not judged, so that such a comparison is never true and the rule silently blind. */
function checkStateIsJudged(state: string, place: Place, operator: string, { findings }: CheckContext): void {
  if (!hasEnded(state) || (operator !== 'equal' && operator !== 'in')) return;
  findings.error(
    place,
    `"${state}" calls are over and never judged: expected a state from Idle to Connected.`,
  );
}

function checkNumberText(value: string, place: Place, fact: FactDefinition, context: CheckContext): void {
  const { findings, lists } = context;
  const problem = numberTextProblem(value);
  if (problem !== undefined) findings.error(place, problem);
  else if (lists.has(value)) {
    findings.warning(
      place,
      `"${value}" is compared as a SIP user name here: use "inList" or "startsWithAnyOf" for the list of that name.`,
    );
  } else if (fact.name === 'call.cld' && isUserName(value)) {
    findings.warning(
      place,
      `"${value}" is no telephone number: only a call to a SIP user of exactly this name would match.`,
    );
  }
}

export function warnOfDirection(direction: string, place: Place, context: CheckContext): void {
  const message = unseenDirection(direction);
  if (message !== undefined) context.findings.warning(place, message);
}

function checkPrefix(value: unknown, place: Place, format: FactFormat, context: CheckContext): void {
  if (typeof value !== 'string' || value === '') {
    refuse(context, place, 'A prefix is text in quotes', value);
    return;
  }
  if (format === 'ip') {
    const problem = deadAddressPrefixProblem(value);
    if (problem !== undefined) context.findings.error(place, problem);
    return;
  }
  if (format !== 'number-plan') return;
  const isPrefix = PREFIX_PATTERN.test(value);
  const problem = isPrefix ? deadPrefixProblem(value) : addressProblem(value);
  if (problem !== undefined) context.findings.error(place, problem);
  if (isPrefix || problem !== undefined) return;
  const hint = LIST_NAME_PATTERN.test(value) ? ' The name of a list stands alone, without brackets.' : '';
  context.findings.error(
    place,
    `"${value}" is no number prefix: expected digits, with or without "+".${hint}`,
  );
}

function checkNetwork(value: unknown, place: Place, context: CheckContext): void {
  if (typeof value === 'string' && parseNetwork(value) !== undefined) return;
  const hint = typeof value === 'string' ? networkHint(value) : '';
  context.findings.error(place, `${EXPECTED_NETWORK}, but found ${describeValue(value)}.${hint}`);
}

/** Of networks that are none for the facts alone. */
function networkHint(text: string): string {
  if (/^::ffff:/i.test(text))
    return ' IPv4 addresses mapped into IPv6 are read as IPv4: their network is one of IPv4, or of /96 or more.';
  return /^(?:0\.0\.0\.0|::)\//.test(text) ? ' 0.0.0.0 and :: say that there is no address.' : '';
}

import { didYouMean } from '../documents/did-you-mean.js';
import { describeValue, quotedList } from '../documents/found-values.js';
import { CALL_STATES } from '../domain/call.js';
import type { FactDefinition, FactFormat } from '../domain/facts.js';
import type { CheckContext } from './check-context.js';
import { inside, type Place } from './findings.js';
import { isAddress, type OperatorDefinition, parseNetwork } from './operators.js';
import { LIST_NAME_PATTERN, PREFIX_PATTERN } from './rule-schema.js';

/** DIRECTION as seen so far; the switch may write others, so another one is only worth a warning. */
const SEEN_DIRECTIONS: readonly string[] = ['vendor', 'onnet_in', 'onnet_out'];

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
      if (typeof value === 'string') checkListUse(value, place, fact.format, true, context);
      else each(EXPECTED_PREFIXES, (item, at) => checkPrefix(item, at, fact.format, context));
      break;
    case 'list':
      if (typeof value === 'string') checkListUse(value, place, fact.format, false, context);
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
  if (typeof value !== 'string') {
    refuse(context, place, `"${fact.name}" is text: expected text in quotes`, value);
    return;
  }
  const expected = value === '' ? 'expected text' : formatMismatch(value, fact.format);
  if (expected !== undefined) {
    const hint = fact.format === 'state' ? didYouMean(value, CALL_STATES) : '';
    context.findings.error(place, `"${fact.name}": ${expected}, but found ${describeValue(value)}.${hint}`);
  } else if (fact.format === 'direction') warnOfDirection(value, place, context);
}

export function warnOfDirection(direction: string, place: Place, context: CheckContext): void {
  if (SEEN_DIRECTIONS.includes(direction)) return;
  const hint = didYouMean(direction, SEEN_DIRECTIONS);
  const message = `No switch has been seen to write the direction "${direction}"; seen are ${quotedList(SEEN_DIRECTIONS)}.${hint}`;
  context.findings.warning(place, message);
}

/** What text of this format has to be; undefined where it is. */
function formatMismatch(text: string, format: FactFormat): string | undefined {
  switch (format) {
    case 'country':
      return /^[A-Z]{2}$/.test(text)
        ? undefined
        : 'expected a country as two capital letters (ISO 3166-1), e.g. "DE"';
    case 'state':
      return (CALL_STATES as readonly string[]).includes(text)
        ? undefined
        : `expected one of ${quotedList(CALL_STATES)}`;
    case 'ip':
      return isAddress(text) ? undefined : 'expected an IP address';
    default:
      return undefined;
  }
}

function checkPrefix(value: unknown, place: Place, format: FactFormat, context: CheckContext): void {
  if (typeof value !== 'string' || value === '') {
    refuse(context, place, 'A prefix is text in quotes', value);
    return;
  }
  if (format !== 'number-plan' || PREFIX_PATTERN.test(value)) return;
  const hint = LIST_NAME_PATTERN.test(value) ? ' The name of a list stands alone, without brackets.' : '';
  context.findings.error(
    place,
    `"${value}" is no number prefix: expected digits, with or without "+".${hint}`,
  );
}

function checkNetwork(value: unknown, place: Place, context: CheckContext): void {
  if (typeof value === 'string' && parseNetwork(value) !== undefined) return;
  refuse(context, place, EXPECTED_NETWORK, value);
}

/** The named list must exist, and its entries must be what this fact can be compared with. */
export function checkListUse(
  name: string,
  place: Place,
  format: FactFormat,
  asPrefixes: boolean,
  context: CheckContext,
): void {
  const entries = context.lists.get(name);
  if (entries === undefined) {
    const names = [...context.lists.keys()];
    const there = names.length === 0 ? 'there are no lists' : `expected one of ${names.join(', ')}`;
    const hint = PREFIX_PATTERN.test(name) ? ' Prefixes are written as a list, e.g. ["+882"].' : '';
    context.findings.error(
      place,
      `There is no list "${name}" in rules/lists/: ${there}.${hint || didYouMean(name, names)}`,
    );
    return;
  }
  for (const { value, location } of entries) {
    const message = entryProblem(value, format, asPrefixes);
    if (message === undefined) continue;
    context.findings.add([{ file: location.file, location, message, severity: 'error' }]);
  }
}

function entryProblem(value: string, format: FactFormat, asPrefixes: boolean): string | undefined {
  if (asPrefixes) {
    if (format !== 'number-plan' || PREFIX_PATTERN.test(value)) return undefined;
    return `"${value}" is no number prefix: expected digits, with or without "+" and separators.`;
  }
  const expected = formatMismatch(value, format);
  return expected === undefined ? undefined : `In this list ${expected}, but found ${describeValue(value)}.`;
}

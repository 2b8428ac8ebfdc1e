import type { FactCatalogue, FactDefinition, FactFormat, FactParam, FactType } from '../domain/facts.js';
import { AGGREGATE_SCOPES, CALL_FILTERS, ENTRIES, RECURSIVE, type ScopeWords } from './catalogue-words.js';
import { windowedFactsOf } from './windowed-catalogue.js';

function callFacts(): FactDefinition[] {
  const attribute = (
    name: string,
    type: FactType,
    format: FactFormat,
    description: string,
    unit?: string,
  ): FactDefinition => ({
    name: `call.${name}`,
    scope: 'call',
    type,
    format,
    unit,
    params: [],
    required: [],
    aggregate: false,
    windowed: false,
    ofEndedCalls: false,
    description,
  });
  return [
    attribute(
      'id',
      'string',
      'text',
      'ID of the call on the switch, as text: a small number that may be used again.',
    ),
    attribute('callId', 'string', 'text', 'SIP Call-ID.'),
    attribute(
      'cli',
      'string',
      'number-plan',
      "The caller's number in normal form, as presented: it may be forged. Missing where it is neither a number nor a user " +
        'name.',
    ),
    attribute(
      'cld',
      'string',
      'number-plan',
      'The dialled number in normal form. Missing before the switch knows it, and where it is neither a number nor a user ' +
        'name, such as a number behind a technical prefix that is not configured.',
    ),
    attribute(
      'account',
      'number',
      'text',
      'I_ACCOUNT. Missing before the caller is authenticated; a listed 0 is none.',
    ),
    attribute('customer', 'number', 'text', 'I_CUSTOMER that the account belongs to.'),
    attribute('connection', 'number', 'text', 'I_CONNECTION to the vendor. Missing before routing.'),
    attribute('environment', 'number', 'text', 'I_ENVIRONMENT.'),
    attribute('state', 'string', 'state', 'CC_STATE, Idle to Connected: calls that are over are not judged.'),
    attribute(
      'direction',
      'string',
      'direction',
      'DIRECTION: vendor, onnet_in, onnet_out, or what else is listed.',
    ),
    attribute(
      'callerMediaIp',
      'string',
      'ip',
      "Address of the caller's media. Missing before media flows, and where it is no plain address.",
    ),
    attribute(
      'calleeMediaIp',
      'string',
      'ip',
      "Address of the callee's media. Missing before media flows, and where it is no plain address.",
    ),
    attribute('duration', 'number', 'text', 'Time since the answer; 0 before it.', 'seconds'),
    attribute(
      'delay',
      'number',
      'text',
      'Time from setup to the answer, or to now while there is none.',
      'seconds',
    ),
    attribute(
      'age',
      'number',
      'text',
      'Time since setup: delay + duration. Missing where one of them is.',
      'seconds',
    ),
    attribute(
      'country',
      'string',
      'country',
      'Country of the dialled number, ISO 3166-1 alpha-2. Missing for satellite and other codes of no single country, ' +
        'short codes and SIP user names. Says where the number belongs, not where the call is answered.',
    ),
    attribute(
      'callerIsCalled',
      'boolean',
      'text',
      'Whether CLI and CLD are the same number in normal form. Missing where one of them is.',
    ),
    {
      ...attribute(
        'firstSeenCountry',
        'boolean',
        'text',
        "Whether the first known call of the call's account to this country began within the last 24 hours. Countries are " +
          'remembered for 90 days after the last call there. Missing where the account or the country is, and while the ' +
          'account has been known for less than 7 days, or more than 24 of the last 168 hours had no sound poll; with ' +
          '`needs: complete` unless every poll of the last 7 days was sound. True too often: a first call that no listing ' +
          'showed, as when polls were missed in the days before, makes a later one look first.',
      ),
      windowed: true,
    },
  ];
}

function factsOf({ scope, whose, aside }: ScopeWords): FactDefinition[] {
  const aggregate = (
    name: string,
    unit: string,
    description: string,
    more: FactParam[] = [],
  ): FactDefinition => ({
    name: `${scope}.${name}`,
    scope,
    type: 'number',
    format: 'text',
    unit,
    params: [...CALL_FILTERS, ...more, ...(scope === 'customer' ? RECURSIVE : [])],
    required: [],
    aggregate: true,
    windowed: false,
    ofEndedCalls: false,
    description: `${description}${aside}`,
  });
  return [
    aggregate('totalCalls', 'calls', `Live calls ${whose}: Idle to Connected. ${ENTRIES}`),
    aggregate('connectedCalls', 'calls', `Calls ${whose} in state Connected. ${ENTRIES}`),
    aggregate(
      'setupCalls',
      'calls',
      `Live calls ${whose} that are not answered: total less connected. ${ENTRIES}`,
    ),
    aggregate(
      'longestDuration',
      'seconds',
      `Longest time since the answer among the connected calls ${whose}; 0 when none is connected. As its pool is all of ` +
        'those calls, a rule that cuts by it should say which in `where`.',
    ),
    aggregate(
      'averageDuration',
      'seconds',
      `Mean time since the answer of the connected calls ${whose}. Below the mean length of whole calls, as none of them has ` +
        'ended. Missing below `min` calls (default 1), and where a duration is unknown or a call cannot be assigned.',
      ['min'],
    ),
    {
      name: `${scope}.limit`,
      scope,
      type: 'number',
      format: 'text',
      unit: undefined,
      params: ['name', 'default'],
      required: ['name'],
      aggregate: false,
      windowed: false,
      ofEndedCalls: false,
      description:
        `The value that limits.csv gives this ${scope === 'cli' ? 'caller number' : scope} under \`name\`: the row for this switch, else the row for all, ` +
        'else `default`; missing where there is none.',
    },
  ];
}

/** Every fact that rules can use, by name. */
export const FACT_CATALOGUE: FactCatalogue = new Map(
  [
    ...callFacts(),
    ...AGGREGATE_SCOPES.flatMap((words) => [...factsOf(words), ...windowedFactsOf(words)]),
  ].map((fact) => [fact.name, fact]),
);

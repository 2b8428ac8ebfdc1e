import type { FactDefinition, FactParam } from '../domain/facts.js';
import { CALL_FILTERS, ENTRIES, RECURSIVE, type ScopeWords } from './catalogue-words.js';

interface WindowedWords {
  name: string;
  unit: string | undefined;
  params?: readonly FactParam[];
  required?: readonly FactParam[];
  ofEndedCalls?: boolean;
  description: (whose: string) => string;
}

const IN_WINDOW = 'in the last `within`';
const STARTS =
  'A call starts at its SETUP_TIME, else as long ago as DELAY and DURATION said at its first sight, else then; with `state`, ' +
  'calls that were ever seen in such a state.';
const STARTED =
  `${STARTS} A lower bound: what comes and goes between two polls is not seen, and a call ` +
  'that lists no time and was first seen after a gap is not counted.';
const UNREAD =
  'Also a lower bound (usable with greaterThan alone) while calls are there for which the number is missing.';
const ENDED =
  'A call ended with the first sound listing that does not show it as live, so up to one interval late. Calls that we cut ' +
  'are left out, but not those that were gone already when their disconnect came; a call that was answered and ended between two polls counts as not answered, unless the switch lists it ' +
  'once more with its DURATION. Calls that ended in a gap and perhaps before the window make a count a lower bound, and a ' +
  'ratio or average missing.';
const LISTED_LENGTH =
  'The length is the DURATION with which a call is listed once it is over (Disconnecting or Dead), else from its answer to the ' +
  'last listing that showed it, up to one interval too short, or two where a poll failed; of a call that ended in a gap it is ' +
  'unknown. Calls shorter than an interval are mostly missed.';

const WINDOWED: readonly WindowedWords[] = [
  {
    name: 'callsStarted',
    unit: 'calls',
    description: (whose) => `Calls ${whose} that started ${IN_WINDOW}. ${STARTED} ${ENTRIES}`,
  },
  {
    name: 'callsEnded',
    unit: 'calls',
    ofEndedCalls: true,
    description: (whose) =>
      `Calls ${whose} that ended ${IN_WINDOW}, answered or not. ${ENDED} A lower bound, as calls between two polls are not ` +
      `seen. ${ENTRIES}`,
  },
  {
    name: 'minutes',
    unit: 'minutes',
    description: (whose) =>
      `Connected minutes ${IN_WINDOW}: of every call ${whose} the part of its talk that lies in the window, from the answer ` +
      '(reckoned from DURATION) to the last listing that showed it; with fractions, not rounded as for billing. Up to one ' +
      `interval per call too few, and calls that no listing showed connected are missing. Calls that we cut count until then. ${ENTRIES}`,
  },
  {
    name: 'minutesToday',
    unit: 'minutes',
    params: ['timezone'],
    required: [],
    description: (whose) =>
      `Connected minutes of the calls ${whose} since midnight in \`timezone\` (an IANA name, default UTC; days are 23 or 25 hours long ` +
      `where the clock changes). Counted as \`minutes\` are: up to one interval per call too few. ${ENTRIES}`,
  },
  {
    name: 'distinctCld',
    unit: 'numbers',
    description: (whose) =>
      `How many different dialled numbers are among the calls ${whose} that started ${IN_WINDOW}. ${STARTED} ${UNREAD}`,
  },
  {
    name: 'distinctCli',
    unit: 'numbers',
    description: (whose) =>
      `How many different caller numbers are among the calls ${whose} that started ${IN_WINDOW}. ${STARTED} ${UNREAD}`,
  },
  {
    name: 'distinctCountries',
    unit: 'countries',
    description: (whose) =>
      `How many different countries of dialled numbers are among the calls ${whose} that started ${IN_WINDOW}. ${STARTED} Numbers of no single ` +
      'country (satellite, short codes) are not counted and make it a lower bound too, as do missing numbers.',
  },
  {
    name: 'distinctMediaIps',
    unit: 'addresses',
    description: (whose) =>
      `How many different addresses the media of callers came from, among the calls ${whose} that started ${IN_WINDOW}. ` +
      `${STARTED} Calls without media yet, or with an address that cannot be read, make it a lower bound too.`,
  },
  {
    name: 'sequentialCld',
    unit: 'numbers',
    description: (whose) =>
      `The longest run of consecutive dialled numbers among the calls ${whose} that started ${IN_WINDOW}: each one higher ` +
      'than the one before and of the same length, in whatever order they were dialled; 1 for a single number, 0 for none. ' +
      `A number that was not seen breaks a run in two. ${STARTED} ${UNREAD}`,
  },
  {
    name: 'repeatedCld',
    unit: 'calls',
    description: (whose) =>
      `How many of the calls ${whose} that started ${IN_WINDOW} went to the number that was dialled most often. ${STARTED} ${UNREAD} ` +
      ENTRIES,
  },
  {
    name: 'shortCalls',
    unit: 'calls',
    params: ['within', 'under'],
    required: ['within', 'under'],
    ofEndedCalls: true,
    description: (whose) =>
      `Answered calls ${whose} that ended ${IN_WINDOW} and were surely shorter than \`under\`: the first listing without ` +
      'the call was there less than `under` after its answer, which may have been a second before the one that a DURATION in ' +
      `whole seconds tells. ${ENDED} A lower bound: below twice the poll interval hardly any ` +
      `call can be known to be so short. Calls of which no DURATION was listed make it a lower bound too. ${ENTRIES}`,
  },
  {
    name: 'answerRatio',
    unit: undefined,
    params: ['within', 'min'],
    required: ['within'],
    ofEndedCalls: true,
    description: (whose) =>
      `The share of answered ones, 0 to 1, among the calls ${whose} that ended ${IN_WINDOW}. ${ENDED} Short calls of either kind are ` +
      'missed, those that fail fast more often, so it is mostly too high. Missing below `min` calls (default 1), and where ' +
      `a call cannot be assigned. ${ENTRIES}`,
  },
  {
    name: 'averageEndedDuration',
    unit: 'seconds',
    params: ['within', 'min'],
    required: ['within'],
    ofEndedCalls: true,
    description: (whose) =>
      `Mean length of the answered calls ${whose} that ended ${IN_WINDOW}. ${ENDED} ${LISTED_LENGTH} Missing below \`min\` ` +
      `calls (default 1), and where a length is unknown or a call cannot be assigned. ${ENTRIES}`,
  },
  {
    name: 'equalDurations',
    unit: 'calls',
    params: ['within', 'tolerance'],
    required: ['within', 'tolerance'],
    ofEndedCalls: true,
    description: (whose) =>
      `The largest group of answered calls ${whose} that ended ${IN_WINDOW}, in which no two lengths differ by more than ` +
      `\`tolerance\`. ${ENDED} ${LISTED_LENGTH} A tolerance below the poll interval tears equal calls apart. Calls of ` +
      `unknown length make it a lower bound. ${ENTRIES}`,
  },
  {
    name: 'firstSeenCountry',
    unit: 'calls',
    params: ['within', 'history'],
    required: ['within'],
    description: (whose) =>
      `How many of the calls ${whose} that started ${IN_WINDOW} went to a country that their account called for the first time in this window. ` +
      `Countries are remembered for 90 days after the last call there. ${STARTS} Neither an upper nor a lower bound: calls that ` +
      'no poll showed are missing in the window, and a country that was called unseen in the days before looks new, so that ' +
      'missed polls make it too high. With `needs: complete` it is missing unless every poll of the last 7 days was sound. ' +
      'Missing for an account known for less than `history` (default 7d, at most 90d), and while more than 24 of the last 168 ' +
      'hours had no sound poll; elsewhere calls of such accounts make it uncertain (usable with greaterThan alone), as do ' +
      `numbers of no single country. What an account calls less often than once in \`history\` may look new. ${ENTRIES}`,
  },
  {
    name: 'callerIsCalled',
    unit: 'calls',
    description: (whose) =>
      `How many of the calls ${whose} that started ${IN_WINDOW} have the same number as CLI and CLD. ${STARTED} ${UNREAD} ${ENTRIES}`,
  },
];

/** The facts that look back, for one scope. */
export function windowedFactsOf({ scope, whose, aside }: ScopeWords): FactDefinition[] {
  return WINDOWED.map(
    ({ name, unit, params = ['within'], required = params, ofEndedCalls = false, description }) => ({
      name: `${scope}.${name}`,
      scope,
      type: 'number',
      format: 'text',
      unit,
      params: [...params, ...CALL_FILTERS, ...(scope === 'customer' ? RECURSIVE : [])],
      required,
      aggregate: true,
      windowed: true,
      ofEndedCalls,
      description: `${description(whose)}${aside}`,
    }),
  );
}

import { durationText, parseDuration } from '../documents/duration.js';
import { quotedList } from '../documents/found-values.js';
import { type FactDefinition, restsOnWatch, WATCHED_MS } from '../domain/facts.js';
import type { CheckContext } from './check-context.js';
import type { KnownSwitch } from './check-switches.js';
import { inside, type Place } from './findings.js';
import type { RuleFrame } from './rule-schema.js';
import type { WrittenLeaf } from './shared-conditions.js';

/** What a schedule of `*\/5 * * * * *` comes to. */
const ASSUMED_POLL_MS = 5_000;

/** Since midnight, on the day on which clocks are set back. */
const LONGEST_DAY_MS = 25 * 3_600_000;

/** A reference to a fact as written, and where it stands. */
interface PlacedReference {
  fact: string;
  params: Readonly<Record<string, unknown>>;
  place: Place;
}

/**
 * What depends on how the switches are seen: warns of times so short that polls decide them and of a ledger too short for
 * what a fact needs, and refuses `recursive` where the tree of customers is not known. `kept` are the references under `keep`.
 */
export function checkPolling(
  rule: RuleFrame,
  place: Place,
  leaves: readonly WrittenLeaf[],
  context: CheckContext,
): void {
  if (!appliesSomewhere(rule, context)) return;
  const switches = context.switches?.filter(({ name }) => appliesTo(rule, name));
  const poll = slowest(switches);
  warnOfShortTime(rule.for, 'for', inside(place, 'for'), poll, context);
  for (const leaf of leaves) warnOfShortAverage(leaf, poll, context);
  for (const { fact, params, place: at } of leaves.flatMap(referencesIn)) {
    const definition = context.catalogue.get(fact);
    if (definition !== undefined && restsOnWatch(definition))
      warnOfUnwatchedWeek(fact, inside(at, 'fact'), switches ?? [], context);
    if (definition?.windowed === true) warnOfShortLedger(definition, params, at, switches ?? [], context);
    for (const key of ['within', 'under'] as const) {
      if (definition?.params.includes(key) === true)
        warnOfShortTime(params[key], key, inside(at, 'params', key), poll, context);
    }
    if (definition?.params.includes('tolerance') === true)
      warnOfNarrowTolerance(params['tolerance'], inside(at, 'params', 'tolerance'), poll, context);
    if (params['recursive'] === true && definition?.params.includes('recursive') === true)
      checkTree(fact, inside(at, 'params', 'recursive'), switches ?? [], context);
  }
}

/** How the slowest switch that the rule applies to is polled. */
export function pollingOf(rule: RuleFrame, context: CheckContext): Polling {
  return slowest(context.switches?.filter(({ name }) => appliesTo(rule, name)));
}

/** Whether there is a switch that the rule applies to; so where none is known. */
export function appliesSomewhere(rule: RuleFrame, { switches }: CheckContext): boolean {
  return switches?.some(({ name }) => appliesTo(rule, name)) ?? true;
}

/** Whether the rule's `switches` let this switch in. Exceptions that end are no matter here: afterwards the rule applies. */
export function appliesTo({ only, except }: RuleFrame, switchName: string): boolean {
  const isExcepted = except?.switches?.some((entry) =>
    typeof entry === 'string' ? entry === switchName : entry.name === switchName && entry.until === undefined,
  );
  return (only?.switches?.includes(switchName) ?? true) && isExcepted !== true;
}

/** How a switch is polled. */
export interface Polling {
  /** How far apart polls are at the most, but for pauses of its schedule; milliseconds. */
  everyMs: number;
  /** ` (switch "lab")`, or that this is assumed. */
  whose: string;
}

function slowest(switches: readonly KnownSwitch[] | undefined): Polling {
  const assumed = { everyMs: ASSUMED_POLL_MS, whose: ' (assumed, as no schedule is known)' };
  const known = (switches ?? []).map(({ name, pollEveryMs }) =>
    pollEveryMs === undefined ? assumed : { everyMs: pollEveryMs, whose: ` (switch "${name}")` },
  );
  return known.reduce((one, other) => (other.everyMs > one.everyMs ? other : one), known[0] ?? assumed);
}

function warnOfShortTime(
  written: unknown,
  key: 'for' | 'within' | 'under',
  place: Place,
  { everyMs, whose }: Polling,
  { findings }: CheckContext,
): void {
  const ms = typeof written === 'string' ? parseDuration(written) : undefined;
  if (ms === undefined || ms >= 2 * everyMs) return;
  const risk =
    key === 'under'
      ? 'so that most calls as short as this are never seen, and few of those seen are surely shorter'
      : 'so that one poll more or less decides it';
  findings.warning(
    place,
    `"${key}: ${String(written)}" is shorter than two polls, which are up to ${durationText(everyMs)} apart${whose}, ${risk}: expected at least ${durationText(2 * everyMs)}.`,
  );
}

/** The last listed durations of calls of one length differ by up to an interval. */
function warnOfNarrowTolerance(
  written: unknown,
  place: Place,
  { everyMs, whose }: Polling,
  { findings }: CheckContext,
): void {
  const ms = typeof written === 'string' ? parseDuration(written) : undefined;
  if (ms === undefined || ms >= everyMs) return;
  findings.warning(
    place,
    `"tolerance: ${String(written)}" is less than the time between two polls, which are up to ${durationText(everyMs)} apart${whose}; lengths are not known more closely, so that equal calls count as different: expected at least ${durationText(everyMs)}.`,
  );
}

/** Calls that no poll saw are in no average, and they are the shortest ones. */
function warnOfShortAverage(
  { leaf, place }: WrittenLeaf,
  { everyMs, whose }: Polling,
  context: CheckContext,
): void {
  const { fact, value, operator } = leaf;
  const right = isMapping(value) ? value : undefined;
  if (![fact, right?.['fact']].some((side) => isAverageOfEnded(side, context))) return;
  const cutoffs =
    right === undefined ? [value] : [...limitValues(leaf, context), ...limitValues(right, context)];
  const short = cutoffs.flatMap((one) => (typeof one === 'number' && one * 1_000 < 2 * everyMs ? [one] : []));
  if (short.length === 0) return;
  context.findings.warning(
    inside(place, 'operator'),
    `"averageEndedDuration" is compared by "${String(operator)}" with ${Math.min(...short)} seconds, less than two polls, which are up to ${durationText(everyMs)} apart${whose}: calls so short mostly come and go between two polls, and the average knows only those that were seen, so that it is too high there: expected at least ${(2 * everyMs) / 1_000}.`,
  );
}

function isAverageOfEnded(fact: unknown, { catalogue }: CheckContext): boolean {
  return typeof fact === 'string' && catalogue.get(fact)?.name.endsWith('.averageEndedDuration') === true;
}

/** What a limit may come to: its default, and every row of its name. */
export function limitValues(
  side: Readonly<Record<string, unknown>>,
  { limits }: Pick<CheckContext, 'limits'>,
): readonly unknown[] {
  const { fact, params } = side;
  if (typeof fact !== 'string' || !fact.endsWith('.limit') || !isMapping(params)) return [];
  const scope = fact.slice(0, -'.limit'.length);
  const rows = limits.filter((limit) => limit.scope === scope && limit.name === params['name']);
  return [params['default'], ...rows.map((limit) => limit.value)];
}

/** What the ledger has pruned is still in the memory of a service that saw it, and nowhere else. */
function warnOfShortLedger(
  { name, params: taken }: FactDefinition,
  params: Readonly<Record<string, unknown>>,
  place: Place,
  switches: readonly KnownSwitch[],
  { findings }: CheckContext,
): void {
  const written = taken.includes('within') ? params['within'] : undefined;
  const sinceMidnight = taken.includes('timezone');
  const ms = sinceMidnight
    ? LONGEST_DAY_MS
    : typeof written === 'string'
      ? parseDuration(written)
      : undefined;
  const keptMs = shortestKept(switches);
  if (ms === undefined || ms <= keptMs) return;
  const what = sinceMidnight ? `"${name}" looks back up to` : `"within: ${String(written)}" looks back`;
  findings.warning(
    sinceMidnight ? inside(place, 'fact') : inside(place, 'params', 'within'),
    `${what} ${durationText(ms)}, and the ledger is kept for ${durationText(keptMs)} only (retention.ledger in the config): after a restart, and in explanations and backtests, the fact knows no more than that, and counts too little, or is missing with needs: complete: expected at least ${durationText(ms)} there.`,
  );
}

function shortestKept(switches: readonly KnownSwitch[]): number {
  return Math.min(...switches.map(({ ledgerKeptMs }) => ledgerKeptMs ?? Number.POSITIVE_INFINITY));
}

/** Which hours were watched is known from the polls that the ledger keeps. */
function warnOfUnwatchedWeek(
  fact: string,
  place: Place,
  switches: readonly KnownSwitch[],
  { findings }: CheckContext,
): void {
  const keptMs = shortestKept(switches);
  if (keptMs >= WATCHED_MS) return;
  findings.warning(
    place,
    `"${fact}" needs to know that the switch was watched for the last seven days, and the ledger is kept for ${durationText(keptMs)} only (retention.ledger in the config), so that the fact is missing and the rule decides nothing: expected at least 7d there.`,
  );
}

function checkTree(
  fact: string,
  place: Place,
  switches: readonly KnownSwitch[],
  { findings }: CheckContext,
): void {
  const without = switches.filter(({ treeKnown }) => treeKnown === false).map(({ name }) => name);
  if (without.length === 0) return;
  findings.error(
    place,
    `"${fact}" cannot count subcustomers: which customers are below which is not known on ${without.length === 1 ? 'switch' : 'switches'} ${quotedList(without).replaceAll(' or ', ' and ')}. State it in the config (customerTree: { child: parent }) and restart a running service, or keep the rule to other switches by "only".`,
  );
}

/** The references on both sides of a comparison. */
export function referencesIn({ leaf, place }: WrittenLeaf): PlacedReference[] {
  const { value } = leaf;
  const right = isMapping(value) ? [{ side: value, at: inside(place, 'value') }] : [];
  return [{ side: leaf, at: place }, ...right].flatMap(({ side, at }) => {
    const { fact, params } = side;
    return typeof fact === 'string' ? [{ fact, params: isMapping(params) ? params : {}, place: at }] : [];
  });
}

function isMapping(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

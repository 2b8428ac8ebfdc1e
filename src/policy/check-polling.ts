import { durationText, parseDuration } from '../documents/duration.js';
import { quotedList } from '../documents/found-values.js';
import type { CheckContext } from './check-context.js';
import type { KnownSwitch } from './check-switches.js';
import { inside, type Place } from './findings.js';
import type { RuleFrame } from './rule-schema.js';
import type { WrittenLeaf } from './shared-conditions.js';

/** What a schedule of `*\/5 * * * * *` comes to. */
const ASSUMED_POLL_MS = 5_000;

/** A reference to a fact as written, and where it stands. */
interface PlacedReference {
  fact: string;
  params: Readonly<Record<string, unknown>>;
  place: Place;
}

/**
 * What depends on how the switches are seen: warns of times so short that two polls decide them, and refuses `recursive`
 * where the tree of customers is not known. `kept` are the references under `keep`.
 */
export function checkPolling(
  rule: RuleFrame,
  place: Place,
  leaves: readonly WrittenLeaf[],
  context: CheckContext,
): void {
  const switches = context.switches?.filter(({ name }) => appliesTo(rule, name));
  if (switches?.length === 0) return;
  const poll = slowest(switches);
  warnOfShortTime(rule.for, 'for', inside(place, 'for'), poll, context);
  for (const { fact, params, place: at } of leaves.flatMap(referencesIn)) {
    const definition = context.catalogue.get(fact);
    for (const key of ['within', 'under'] as const) {
      if (definition?.params.includes(key) === true)
        warnOfShortTime(params[key], key, inside(at, 'params', key), poll, context);
    }
    if (params['recursive'] === true && definition?.params.includes('recursive') === true)
      checkTree(fact, inside(at, 'params', 'recursive'), switches ?? [], context);
  }
}

/** How often the slowest switch that the rule applies to is polled; milliseconds. */
export function pollEveryMs(rule: RuleFrame, context: CheckContext): number {
  return slowest(context.switches?.filter(({ name }) => appliesTo(rule, name))).everyMs;
}

/** Exceptions that end are no matter here: afterwards the rule applies. */
function appliesTo({ only, except }: RuleFrame, switchName: string): boolean {
  const isExcepted = except?.switches?.some((entry) =>
    typeof entry === 'string' ? entry === switchName : entry.name === switchName && entry.until === undefined,
  );
  return (only?.switches?.includes(switchName) ?? true) && isExcepted !== true;
}

interface Polling {
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
    `"${key}: ${String(written)}" is shorter than two polls, which come every ${durationText(everyMs)}${whose}, ${risk}: expected at least ${durationText(2 * everyMs)}.`,
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
    `"${fact}" cannot count subcustomers: which customers are below which is not known on ${without.length === 1 ? 'switch' : 'switches'} ${quotedList(without).replaceAll(' or ', ' and ')}. State it in the config (customerTree: { child: parent }), or keep the rule to other switches by "only".`,
  );
}

/** The references on both sides of a comparison. */
function referencesIn({ leaf, place }: WrittenLeaf): PlacedReference[] {
  const { value } = leaf;
  const right = isMapping(value) ? [{ side: value, at: inside(place, 'value') }] : [];
  return [{ side: leaf, at: place }, ...right].flatMap(({ side, at }) => {
    const { fact, params } = side;
    return typeof fact === 'string' && isMapping(params) ? [{ fact, params, place: at }] : [];
  });
}

function isMapping(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

import { didYouMean } from '../documents/did-you-mean.js';
import { quotedList } from '../documents/found-values.js';
import type { Location, Problem } from '../domain/errors.js';
import type { Limit } from '../domain/facts.js';
import type { Numbering } from '../domain/numbering.js';
import type { LimitPlace } from './read-limits.js';

/** A switch of the config, as far as rules depend on it. */
export interface KnownSwitch {
  name: string;
  /** Undefined where the config names no country: national numbers then stay as they are, and any prefix can match. */
  numbering: Numbering | undefined;
  /** How far apart its polls are at the most, in milliseconds, pauses left out; undefined where the schedule does not say. */
  pollEveryMs?: number;
  /** Whether the config states which customers are below which; undefined where nobody looked. */
  treeKnown?: boolean;
  /** How long the ledger keeps calls and polls, in milliseconds; undefined where that is not known. */
  ledgerKeptMs?: number;
}

/**
 * Refuses limits that hold on no switch of the config, as it has none of that name, and limits of which one hides the other.
 * Warns of limits that hold for one ID on several switches.
 */
export function checkLimitsForSwitches(
  limits: readonly Limit[],
  places: readonly LimitPlace[],
  switches: readonly KnownSwitch[],
): readonly Problem[] {
  const names = switches.map(({ name }) => name);
  const unknown = (name: string, location: Location): Problem[] => {
    if (names.includes(name)) return [];
    const message = unknownSwitchMessage(name, 'this limit', names);
    return [{ file: location.file, location, message, severity: 'error' }];
  };
  const elsewhere = limits.flatMap((limit, index) => {
    const place = places[index];
    if (place === undefined) return [];
    return [
      ...(limit.switch === undefined ? [] : unknown(limit.switch, place.switch)),
      ...(limit.scope === 'switch' ? unknown(limit.id, place.id) : []),
    ];
  });
  const twice = switches.flatMap((one) => callersTwice(limits, places, one));
  return [...elsewhere, ...twice, ...switchlessIds(limits, places, names)];
}

/** Of a name that `where` gives. */
export function unknownSwitchMessage(name: string, where: string, names: readonly string[]): string {
  const hint = didYouMean(name, names);
  return `The config has no switch "${name}", which ${where} names: expected ${quotedList(names)}.${hint}`;
}

const NUMBERED_BY_SWITCH: readonly string[] = ['account', 'customer', 'connection', 'vendor'];

/** IDs are those of one switch: on another one the same number is somebody else. Told once, at the first such row. */
function switchlessIds(
  limits: readonly Limit[],
  places: readonly LimitPlace[],
  names: readonly string[],
): readonly Problem[] {
  if (names.length < 2) return [];
  const rows = limits.flatMap((limit, index) => {
    const location = places[index]?.row;
    const isNumbered = NUMBERED_BY_SWITCH.includes(limit.scope) && limit.switch === undefined;
    return isNumbered && location !== undefined ? [{ ...limit, location }] : [];
  });
  const [first, ...others] = rows;
  if (first === undefined) return [];
  const more = others.length === 0 ? '' : ` Rows like it after this one: ${others.length}.`;
  const message = `This row names no switch, so it limits ${first.scope} ${first.id} of each (${names.join(', ')}), though IDs are those of one switch: on another one somebody else bears this ID. Fill in the column "switch".${more}`;
  const { location } = first;
  return [{ file: location.file, location, message, severity: 'warning' }];
}

/** Limits of one caller under two ways of writing the number, of which only one could count. */
function callersTwice(
  limits: readonly Limit[],
  places: readonly LimitPlace[],
  { name: switchName, numbering }: KnownSwitch,
): readonly Problem[] {
  if (numbering === undefined) return [];
  const firstLines = new Map<string, number>();
  return limits.flatMap((limit, index): Problem[] => {
    const location = places[index]?.row;
    const isHere = limit.switch === undefined || limit.switch === switchName;
    if (limit.scope !== 'cli' || !isHere || location === undefined) return [];
    const number = numbering.normaliseCaller(limit.id);
    const key = JSON.stringify([number, limit.name, limit.switch]);
    const first = firstLines.get(key);
    if (first === undefined) {
      firstLines.set(key, location.line);
      return [];
    }
    const message = `On switch "${switchName}" this is the number of line ${first}, so its limit is given twice.`;
    return [{ file: location.file, location, message, severity: 'error' }];
  });
}

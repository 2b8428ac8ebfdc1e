import type { ActionMode } from './action.js';

/** A version of a rule as it acts. */
export interface RuleVersion {
  rule: string;
  ruleHash: string;
  /** By its own mode and the config's. */
  mode: ActionMode;
}

/** Where the rules of a pass come from. Each source changes its rules by itself. */
export interface RuleSource {
  /** Absolute path of the config. */
  config: string;
  /** Absolute path of its rules directory, as it names it. */
  directory: string;
  /** Of the config. */
  mode: ActionMode;
}

/** What of that which a version did counts. */
export interface VersionBounds {
  /** For its cooldown, and as a record that is not repeated: actions with a higher ID in the audit log. */
  coolsAfter: number;
  /** For its escalation: likewise. Never less than the other. */
  climbsAfter: number;
  /** From when on `for` counts; milliseconds since the epoch. */
  since: number;
}

/** What passes have kept of one of a source. */
export interface KeptVersion extends RuleVersion, VersionBounds {
  /** The first pass of the config without it since the last pass of the source with it; undefined while there is none. */
  absentSince: number | undefined;
  /** How many passes of the source went without it since then. */
  absentPasses: number;
  /** How many passes of other configs judged another version of the rule since then, or had it off; no more than matter. */
  otherPasses: number;
}

export interface KeptSource extends RuleSource {
  versions: readonly KeptVersion[];
}

/** What is kept of rules on a switch. */
export interface KeptRules {
  /** The one that was used last first. */
  sources: readonly KeptSource[];
  /** The last ID in the audit log. */
  lastAction: number;
}

/** By which rules a pass judges, on a listing asked for at `at`; milliseconds since the epoch. */
export interface JudgedBy {
  source: RuleSource;
  versions: readonly RuleVersion[];
  /** Names of rules that the source has, with mode off. */
  turnedOff: readonly string[];
  at: number;
}

/** Everything that a version did counts. */
export const UNBOUNDED: VersionBounds = { coolsAfter: 0, climbsAfter: 0, since: 0 };

/** So many passes without a version are no break yet: those of an edit that was taken back, or of other configs in turn. */
const PASSES_WITHOUT_A_BREAK = 3;
/** Nor is less than this, as a service may take so long to read an edit that `once` has read; milliseconds. */
const SHORTEST_BREAK_MS = 60_000;
/** Whoever is forgotten is safe: it is taken for a new one. */
const KEPT_SOURCES = 10;

/**
 * What is kept after a pass, the source that was used last first; `lastAction` is the last ID in the audit log before it.
 * Wherever it is not sure whether a version was in force all the time, its cooldown counts more and its escalation less.
 */
export function afterPass(
  kept: readonly KeptSource[],
  pass: JudgedBy,
  lastAction: number,
): readonly KeptSource[] {
  const anew: VersionBounds = { coolsAfter: lastAction, climbsAfter: lastAction, since: pass.at };
  const own = kept.find((one) => isSameSource(one, pass.source));
  const others = kept.filter((one) => one !== own);
  const versions =
    own === undefined
      ? firstOf(pass, kept, anew)
      : [...goneOnWith(own, others, pass, anew), ...without(own, pass)];
  const told = others.map((other) => afterOther(other, pass));
  return [{ ...pass.source, versions }, ...told].slice(0, KEPT_SOURCES);
}

/** What counts of what a version did for a pass of this source; everything where nothing is kept of it. */
export function boundsIn(
  kept: readonly KeptSource[],
  source: RuleSource,
): (version: RuleVersion) => VersionBounds {
  const known = byKey(kept.find((one) => isSameSource(one, source))?.versions ?? []);
  return (version) => known.get(keyOf(version)) ?? UNBOUNDED;
}

/**
 * At the first pass of a source. What the last pass of all judged by as well goes on, but not in a config whose mode or directory was
 * changed where its own last pass did not: what another config does says nothing of that. Of the rest nobody knows, but that such a
 * config did not judge by it.
 */
function firstOf(
  { source, versions }: JudgedBy,
  kept: readonly KeptSource[],
  anew: VersionBounds,
): readonly KeptVersion[] {
  const ofConfig = kept.find(({ config }) => config === source.config);
  const since = ofConfig === undefined ? UNBOUNDED.since : anew.since;
  const last = [kept.at(0), ofConfig].flatMap((one) => (one === undefined ? [] : [byKey(one.versions)]));
  return versions.map((version) => {
    const before = last.flatMap((known) => known.get(keyOf(version)) ?? []).filter((one) => !isBroken(one));
    if (before.length > 0 && before.length === last.length) return inForce(version, leastOf(before));
    return inForce(version, { coolsAfter: UNBOUNDED.coolsAfter, climbsAfter: anew.climbsAfter, since });
  });
}

/** What cools longest, and what climbs, and has held, the least. */
function leastOf(all: readonly VersionBounds[]): VersionBounds {
  return {
    coolsAfter: Math.min(...all.map(({ coolsAfter }) => coolsAfter)),
    climbsAfter: Math.max(...all.map(({ climbsAfter }) => climbsAfter)),
    since: Math.max(...all.map(({ since }) => since)),
  };
}

function goneOnWith(
  own: KeptSource,
  others: readonly KeptSource[],
  { versions }: JudgedBy,
  anew: VersionBounds,
): readonly KeptVersion[] {
  const known = byKey(own.versions);
  const elsewhere = others.map((other) => byKey(other.versions));
  return versions.map((version) => {
    const key = keyOf(version);
    const before = known.get(key);
    if (before !== undefined) return inForce(version, goneOn(before, anew));
    // New here, it may be in force by another name of the same config, or by the release before: what it did there cools, also
    // where passes went without it there since, for a version that is certainly out is kept nowhere.
    const there = elsewhere.flatMap((versionsThere) => versionsThere.get(key) ?? []);
    return inForce(version, {
      ...anew,
      coolsAfter: Math.min(anew.coolsAfter, ...there.map(({ coolsAfter }) => coolsAfter)),
    });
  });
}

function goneOn(before: KeptVersion, anew: VersionBounds): VersionBounds {
  return {
    coolsAfter: before.coolsAfter,
    climbsAfter: isBroken(before) ? anew.climbsAfter : before.climbsAfter,
    // Where the clock was set back, it was in force before all that bears an earlier instant from now on.
    since: before.absentSince === undefined ? Math.min(before.since, anew.since) : anew.since,
  };
}

/** Those of the source that this pass does not judge by, for as long as that may be no break. */
function without(own: KeptSource, { versions, at }: JudgedBy): readonly KeptVersion[] {
  const judged = new Set(versions.map(keyOf));
  return own.versions
    .filter((one) => !judged.has(keyOf(one)))
    .map((one) => ({
      ...one,
      absentSince: Math.min(one.absentSince ?? at, at),
      absentPasses: one.absentPasses + 1,
    }))
    .filter(
      ({ absentSince, absentPasses }) =>
        absentPasses <= PASSES_WITHOUT_A_BREAK || at - absentSince < SHORTEST_BREAK_MS,
    );
}

/** What a pass says of the versions of another source. */
function afterOther(other: KeptSource, { source, versions, turnedOff, at }: JudgedBy): KeptSource {
  const named = new Set([...turnedOff, ...versions.map(({ rule }) => rule)]);
  const judged = new Set(versions.map(keyOf));
  const told = (one: KeptVersion): KeptVersion => {
    if (judged.has(keyOf(one))) return one;
    if (other.config === source.config) return { ...one, absentSince: Math.min(one.absentSince ?? at, at) };
    if (!named.has(one.rule)) return one;
    return { ...one, otherPasses: Math.min(one.otherPasses + 1, PASSES_WITHOUT_A_BREAK + 1) };
  };
  return { ...other, versions: other.versions.map(told) };
}

/** Whether it was perhaps not in force all the time since the last pass of its source with it. */
function isBroken({ absentSince, otherPasses }: KeptVersion): boolean {
  return absentSince !== undefined || otherPasses > PASSES_WITHOUT_A_BREAK;
}

function inForce({ rule, ruleHash, mode }: RuleVersion, bounds: VersionBounds): KeptVersion {
  const { coolsAfter, climbsAfter, since } = bounds;
  return {
    rule,
    ruleHash,
    mode,
    coolsAfter,
    climbsAfter,
    since,
    absentSince: undefined,
    absentPasses: 0,
    otherPasses: 0,
  };
}

function isSameSource(one: RuleSource, other: RuleSource): boolean {
  return one.config === other.config && one.directory === other.directory && one.mode === other.mode;
}

function byKey(versions: readonly KeptVersion[]): ReadonlyMap<string, KeptVersion> {
  return new Map(versions.map((one) => [keyOf(one), one]));
}

function keyOf({ rule, ruleHash, mode }: RuleVersion): string {
  return `${ruleHash} ${mode} ${rule}`;
}

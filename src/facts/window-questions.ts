import type { CustomerTree } from '../domain/config.js';
import { type FactParams, restsOnWatch, WATCHED_MS, type WindowGap } from '../domain/facts.js';
import type { AggregateScope } from '../domain/scope.js';
import type { Snapshot } from '../domain/snapshot.js';
import { type CallFilter, createCallFilter } from './call-filter.js';
import type { CallHistory } from './call-history.js';
import type { CallIndex } from './call-index.js';
import type { ViewedCalls } from './calls-by-subject.js';
import type { KnownPlaces } from './customer-doubt.js';
import type { LoginHistory } from './login-history.js';
import { localMidnight } from './midnight.js';
import { createMinutesView, type MinutesView } from './minutes-view.js';
import {
  createPastFilter,
  createStartedFilter,
  type PastFilter,
  type RuleFilter,
  type SubjectIds,
  subjectIdsIn,
} from './past-filter.js';
import { MEASURES, type Measure } from './window-measures.js';
import { CONCERNS, createWindowView, type Reading, type View, type WindowView } from './window-view.js';

export interface WindowedFactsOptions {
  history: CallHistory;
  login: LoginHistory;
  snapshot: Snapshot;
  index: CallIndex;
  tree: CustomerTree | undefined;
  /** Where the tree may lack some; undefined where it does not. */
  customers: KnownPlaces | undefined;
  /** Undefined where the rule sees every call. */
  filter: RuleFilter | undefined;
  /** False where the filter is another object at every pass, so that nothing counted through it is worth keeping. */
  keepsViews: boolean;
  windowMs: number;
  needsComplete: boolean;
}

/** A windowed fact with its params, ready to be asked of any subject. */
export type Question = {
  from: number;
  gap: WindowGap | undefined;
  /** Whether polls or calls are missing in the window, or polls in the time before it that the fact rests on as well. */
  isIncomplete: boolean;
  recursive: boolean;
  /** Whether `to` and `direction` let a listed call in. */
  letsIn: CallFilter;
} & (
  | { kind: 'minutes'; view: MinutesView }
  | { kind: 'measure'; view: WindowView; measure: Measure; reading: Reading }
);

interface ViewContent {
  /** present: live in the window, whenever it was started. */
  basis: Measure['basis'] | 'present';
  params: FactParams;
  reading: Reading;
  withoutCut: boolean;
  recursive: boolean;
}

/** Makes the view that answers a question ready, once per pass; a view that is kept is only moved on. */
export interface Questions {
  of(scope: AggregateScope, name: string, params: FactParams): Question;
  windowView(key: string, scope: AggregateScope, what: ViewContent, from: number): WindowView;
  /** What of the time since then no poll covers. */
  gapSince(from: number): WindowGap | undefined;
  /** Whether any poll is missing of the time that tells what is new to an account. */
  isUnwatched(): boolean;
}

export function createQuestions(options: WindowedFactsOptions): Questions {
  const { login, snapshot, tree, filter, keepsViews } = options;
  const now = snapshot.observedAt;
  const questions = new Map<FactParams, AskedQuestion[]>();
  const ownViews = new Map<string, View>();
  const gaps = new Map<number, WindowGap | undefined>();
  const knownGaps = new Map<number, WindowGap | undefined>();
  const treeIn = (scope: AggregateScope, recursive: boolean) =>
    scope === 'customer' && recursive ? tree : undefined;

  function view<V extends View>(key: string, create: () => V, from: number, through?: CustomerTree): V {
    const whole = `${key} ${login.numberOf(filter)}${through === undefined ? '' : ' tree'}`;
    const found = keepsViews
      ? login.view(whole, create, through)
      : ((ownViews.get(whole) as V | undefined) ?? create());
    if (!keepsViews) ownViews.set(whole, found);
    found.advance(from, now);
    return found;
  }

  function windowView(key: string, scope: AggregateScope, what: ViewContent, from: number): WindowView {
    const { basis, params, reading, withoutCut, recursive } = what;
    const openEnded = basis === 'present';
    const through = treeIn(scope, recursive);
    const admitted = () => createPastFilter(params, filter, withoutCut);
    // What is measured of a call that goes on are its numbers and addresses; of one that is over, anything.
    const concerns =
      CONCERNS.all |
      (basis === 'started' ? 0 : CONCERNS.end) |
      (params.state === undefined ? 0 : CONCERNS.state);
    const createOf = (calls: ViewedCalls, pastFilter: PastFilter, subjectIds: SubjectIds) => {
      return createWindowView({
        concerns,
        timeline: basis === 'started' ? calls.started : calls.ended,
        lost: basis === 'ended' ? calls.lost : undefined,
        openEnded,
        filter: pastFilter,
        subjectIds,
        reading,
        live: calls.live,
      });
    };
    const create = () => {
      const pastFilter = basis === 'started' ? createStartedFilter(admitted()) : admitted();
      const divided =
        keepsViews && through === undefined
          ? login.bySubject?.view(scope, {
              concerns,
              openEnded,
              holdsAll: openEnded && filter === undefined,
              create: (calls, id) => createOf(calls, pastFilter, always([id])),
            })
          : undefined;
      return divided ?? createOf(login, pastFilter, subjectIdsIn(scope, snapshot.switch, through));
    };
    return view(`${scope} ${key}`, create, from, through);
  }

  function minutesView(
    key: string,
    scope: AggregateScope,
    params: FactParams,
    recursive: boolean,
    from: number,
  ) {
    const through = treeIn(scope, recursive);
    const create = () =>
      createMinutesView({
        connected: login.connected,
        talked: login.talked,
        filter: createPastFilter(params, filter, false),
        subjectIds: subjectIdsIn(scope, snapshot.switch, through),
        live: login.live,
      });
    return view(`${scope} ${key}`, create, from, through);
  }

  function gapSince(from: number): WindowGap | undefined {
    if (!gaps.has(from)) gaps.set(from, login.gaps.within(from, now));
    return gaps.get(from);
  }

  /** The calls of a window may be gone though somebody watched. */
  function gapInCallsSince(from: number): WindowGap | undefined {
    if (!knownGaps.has(from)) knownGaps.set(from, login.gaps.withinKnown(from, now));
    return knownGaps.get(from);
  }

  const isUnwatched = () => gapSince(now - WATCHED_MS) !== undefined;

  function ask(scope: AggregateScope, name: string, params: FactParams): Question {
    const from = beginningOf(name, params, now);
    const recursive = scope === 'customer' && params.recursive === true;
    let filterOf: CallFilter | undefined;
    const letsIn: CallFilter = (call) => {
      filterOf ??= createCallFilter('all', withoutState(params));
      return filterOf(call);
    };
    const gap = gapInCallsSince(from);
    const isIncomplete = gap !== undefined || (restsOnWatch({ name: `${scope}.${name}` }) && isUnwatched());
    const common = { from, gap, isIncomplete, recursive, letsIn };
    const measure = MEASURES.get(name);
    const key = `${name} ${paramsKey(params)}`;
    if (measure === undefined)
      return { ...common, kind: 'minutes', view: minutesView(key, scope, params, recursive, from) };
    const { basis } = measure;
    const reading = measure.reading(params);
    const what = { basis, params, reading, withoutCut: basis === 'ended', recursive };
    return { ...common, kind: 'measure', view: windowView(key, scope, what, from), measure, reading };
  }

  return {
    windowView,
    gapSince,
    isUnwatched,
    of(scope, name, params) {
      let asked = questions.get(params);
      if (asked === undefined) {
        asked = [];
        questions.set(params, asked);
      }
      const known = asked.find((one) => one.name === name && one.scope === scope);
      if (known !== undefined) return known.question;
      const question = ask(scope, name, params);
      asked.push({ scope, name, question });
      return question;
    },
  };
}

interface AskedQuestion {
  scope: AggregateScope;
  name: string;
  question: Question;
}

function always<T>(value: T): () => T {
  return () => value;
}

function beginningOf(name: string, { within = 0, timezone = 'UTC' }: FactParams, now: number): number {
  return name === 'minutesToday' ? localMidnight(now, timezone) : now - within * 1000;
}

function withoutState({ to, direction }: FactParams): FactParams {
  return { ...(to === undefined ? {} : { to }), ...(direction === undefined ? {} : { direction }) };
}

/** By object, since a rule asks with the same one at every pass, and a prefix list in it may be long. */
const PARAMS_KEYS = new WeakMap<FactParams, string>();
/** By what they say: short names for texts that may be long. They are few, as rules are; reloads add to them. */
const KEYS_OF_TEXTS = new Map<string, string>();
/** Characters of all texts; beyond that they are let go and get other names, so that no name ever means two things. */
const MOST_TEXT = 4_000_000;
let keptText = 0;
let lastKey = 0;

/** A short text, the same for params that count the same calls. */
function paramsKey(params: FactParams): string {
  let key = PARAMS_KEYS.get(params);
  if (key === undefined) {
    const { to, state, direction, within, under, tolerance, timezone, recursive } = params;
    const text = JSON.stringify([to, state, direction, within, under, tolerance, timezone, recursive]);
    key = KEYS_OF_TEXTS.get(text);
    if (key === undefined) {
      // Lists of prefixes may be long, and each reload may bring another.
      if (keptText + text.length > MOST_TEXT) {
        KEYS_OF_TEXTS.clear();
        keptText = 0;
      }
      keptText += text.length;
      lastKey += 1;
      key = `#${lastKey}`;
      KEYS_OF_TEXTS.set(text, key);
    }
    PARAMS_KEYS.set(params, key);
  }
  return key;
}

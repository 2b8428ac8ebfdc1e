import type { Call } from '../domain/call.js';
import {
  type ByNumber,
  type FactParams,
  historyMsOf,
  type MissingReason,
  type Observed,
  WATCHED_MS,
  type WindowGap,
} from '../domain/facts.js';
import type { AggregateScope, Subject } from '../domain/scope.js';
import type { CallGroup } from './call-index.js';
import { NEW_COUNTRY_MS } from './country-memory.js';
import { type KnownPlaces, mayLackSubcustomers, unplacedAmong } from './customer-doubt.js';
import type { PastCall } from './past-call.js';
import { type Asked, MEASURES, NO_CALLS } from './window-measures.js';
import {
  createQuestions,
  type Question,
  type Questions,
  type WindowedFactsOptions,
} from './window-questions.js';
import type { Reading, WindowView } from './window-view.js';

/** Facts of the past about the subjects of one snapshot, for one rule. */
export interface WindowedFacts {
  observe(subject: Subject, name: string, params: FactParams): Observed;
  /** Subjects with calls in the rule's longest window. */
  subjectIds(scope: AggregateScope): Iterable<string>;
  /** Whether it is one of those. */
  hasSubject(subject: Subject): boolean;
  /** The subjects of a wider scope that the subject's calls in that window name, each once. */
  ownerIds(subject: Subject, scope: AggregateScope): readonly string[];
  /** Whether the call's account called this country for the first time within a day. */
  firstSeenCountry(account: number, country: string): Observed;
}

export function isWindowedName(name: string): boolean {
  return MEASURES.has(name) || name === 'minutes' || name === 'minutesToday';
}

export function createWindowedFacts(options: WindowedFactsOptions): WindowedFacts {
  return new PassWindows(options, createQuestions(options));
}

class PassWindows implements WindowedFacts {
  private readonly now: number;

  private unplaced: readonly string[] | undefined;
  /** A rule asks for the subjects of its own scope only. */
  private presentView: { scope: AggregateScope; view: WindowView } | undefined;

  constructor(
    private readonly options: WindowedFactsOptions,
    private readonly questions: Questions,
  ) {
    this.now = options.snapshot.observedAt;
  }

  observe({ scope, id }: Subject, name: string, params: FactParams): Observed {
    if (scope === 'call') return { known: false, reason: 'not-listed' };
    const question = this.questions.of(scope, name, params);
    if (this.options.needsComplete && question.isIncomplete)
      return { known: false, reason: 'incomplete-window' };
    return question.kind === 'minutes'
      ? this.minutes({ scope, id }, question)
      : this.measure({ scope, id }, params, question);
  }

  subjectIds(scope: AggregateScope): Iterable<string> {
    return this.present(scope)?.ids() ?? [];
  }

  hasSubject({ scope, id }: Subject): boolean {
    return scope !== 'call' && this.present(scope)?.has(id) === true;
  }

  private present(scope: AggregateScope): WindowView | undefined {
    const { windowMs } = this.options;
    if (windowMs <= 0 || scope === 'switch') return undefined;
    if (this.presentView?.scope !== scope) {
      const what = { ...PRESENT, reading: {}, recursive: true };
      const view = this.questions.windowView(`present ${windowMs}`, scope, what, this.now - windowMs);
      this.presentView = { scope, view };
    }
    return this.presentView.view;
  }

  ownerIds(subject: Subject, scope: AggregateScope): readonly string[] {
    const { windowMs } = this.options;
    if (windowMs <= 0 || subject.scope === 'call') return [];
    const key: Reading['key'] = ({ call, vendors }) =>
      scope === 'vendor' ? vendors.join(' ') : String(call.customer ?? '');
    const what = { ...PRESENT, reading: { key }, recursive: false };
    const name = `owners ${scope} ${windowMs}`;
    const owners = this.questions.windowView(name, subject.scope, what, this.now - windowMs);
    const ids = [...(owners.bucket(subject.id)?.counts?.keys() ?? [])];
    return [...new Set(ids.flatMap((one) => String(one).split(' ')))].filter((id) => id !== '');
  }

  firstSeenCountry(account: number, country: string): Observed {
    const { needsComplete, history } = this.options;
    const gap = this.questions.gapSince(this.now - NEW_COUNTRY_MS);
    if (needsComplete && this.questions.isUnwatched()) return { known: false, reason: 'incomplete-window' };
    if (!history.countries.knowsEnough(account, this.now, WATCHED_MS))
      return { known: false, reason: 'too-little-history' };
    const firstAt = history.countries.firstCalled(account, country) ?? this.now;
    const value = firstAt > this.now - NEW_COUNTRY_MS;
    return { known: true, value, atLeast: false, ...(gap === undefined ? {} : { gap }) };
  }

  private minutes(subject: AggregateSubject, question: Question & { kind: 'minutes' }): Observed {
    const { view, gap } = question;
    const group = this.groupOf(subject, question.recursive);
    const { value, atLeast } = view.minutes(subject.id);
    return known(value, atLeast || this.mayMiss(subject, group, question), gap, () =>
      this.pastOf(group).flatMap(([call, past]) => (view.counts(past) ? [call] : [])),
    );
  }

  private measure(
    subject: AggregateSubject,
    params: FactParams,
    question: Question & { kind: 'measure' },
  ): Observed {
    const { view, measure, reading, from, gap, recursive } = question;
    const group = this.groupOf(subject, recursive);
    const isOfEnded = measure.basis === 'ended';
    const asked: Asked = {
      params,
      account: subject.scope === 'account' ? Number(subject.id) : undefined,
      from,
      now: this.now,
      // A call that is listed has not ended, whichever it is.
      suspected: isOfEnded ? this.mayLack(subject, question) : this.mayMiss(subject, group, question),
      countries: this.options.history.countries,
    };
    const bucket = view.bucket(subject.id);
    const measured = measure.observe(bucket, asked);
    if (typeof measured === 'string') return this.missing(measured, asked);
    const mayFade = measured.fades === true || (bucket?.lost ?? 0) > 0;
    const { callsTo } = measured;
    const { makes, comesTo } = measure;
    const calls = (counts: (past: PastCall, call: Call) => boolean): Call[] => {
      if (bucket === undefined) return [];
      return this.pastOf(group).flatMap(([call, past]) =>
        view.counts(past) && makes?.(past, reading, bucket, asked) !== false && counts(past, call)
          ? [call]
          : [],
      );
    };
    const own = (past: PastCall) => comesTo?.(past, reading, bucket ?? NO_CALLS, asked);
    const byNumber: ByNumber = {
      comesTo: (call) => {
        const past = this.options.login.find(call);
        return past === undefined ? undefined : own(past);
      },
      countedWhere: (holds) =>
        calls((past, call) => {
          const value = own(past);
          return value !== undefined && holds(value, call);
        }),
    };
    const more = {
      ...(mayFade ? ({ fades: true } as const) : {}),
      ...(callsTo === undefined ? {} : { callsTo }),
      ...(comesTo === undefined || isOfEnded ? {} : { byNumber }),
    };
    const counted = () => {
      if (isOfEnded) return (group?.calls ?? []).filter((call) => question.letsIn(call) === 'in');
      return comesTo === undefined ? calls(() => true) : calls((past) => own(past) === measured.value);
    };
    return Object.assign(known(measured.value, measured.atLeast, gap, counted), more);
  }

  private missing(reason: MissingReason, { params, account, countries }: Asked): Observed {
    const isYoung = reason === 'too-little-history' && account !== undefined;
    const until = isYoung ? countries.enoughFrom(account, this.now, historyMsOf(params)) : undefined;
    return { known: false, reason, ...(until === undefined ? {} : { until }) };
  }

  private groupOf({ scope, id }: AggregateSubject, recursive: boolean): CallGroup | undefined {
    const { index, tree } = this.options;
    return recursive && tree !== undefined
      ? index.customersWithDescendants(tree).get(id)
      : index.groups(scope).get(id);
  }

  /** Whether calls may be missing: those whose identity cannot be read, and those of descendants that nobody stated. */
  private mayMiss(subject: AggregateSubject, group: CallGroup | undefined, question: Question): boolean {
    const { snapshot, index, tree } = this.options;
    if (this.mayLack(subject, question)) return true;
    if (snapshot.suspects.length === 0) return false;
    const suspects = group?.suspects ?? index.suspectsOf(subject, question.recursive ? tree : undefined);
    return suspects.some((suspect) => question.letsIn(suspect) !== 'out');
  }

  private mayLack({ id }: AggregateSubject, { recursive }: Question): boolean {
    const { tree, customers } = this.options;
    if (!recursive) return false;
    if (tree === undefined || customers === undefined) return tree === undefined;
    return mayLackSubcustomers(id, { tree, places: customers, unplaced: this.unplacedIn(customers) });
  }

  /** Of those with calls in the rule's longest window. */
  private unplacedIn(places: KnownPlaces): readonly string[] {
    const all: Subject = { scope: 'switch', id: this.options.snapshot.switch };
    this.unplaced ??= unplacedAmong(this.ownerIds(all, 'customer'), places);
    return this.unplaced;
  }

  private pastOf(group: CallGroup | undefined): (readonly [Call, PastCall])[] {
    return (group?.calls ?? []).flatMap((call) => {
      const past = this.options.login.find(call);
      return past === undefined ? [] : [[call, past] as const];
    });
  }
}

/** Calls that are live or ended in the window, whenever they were started. */
const PRESENT = { basis: 'present', params: {}, withoutCut: false } as const;

interface AggregateSubject extends Subject {
  scope: AggregateScope;
}

/** Once it is asked for: nobody wants the calls behind a value that does not break a rule. */
function known(value: number, atLeast: boolean, gap: WindowGap | undefined, calls: () => Call[]): Observed {
  let counted: readonly Call[] | undefined;
  return {
    known: true,
    value,
    atLeast,
    get counted() {
      counted ??= calls();
      return counted;
    },
    ...(gap === undefined ? {} : { gap }),
  };
}

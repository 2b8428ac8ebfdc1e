import { hasEnded } from '../domain/call.js';
import { BENIGN_PROFILES, benignTraffic } from './benign-traffic.js';
import { type CallPlan, type CallSource, timelineOf } from './call-plan.js';
import { type Carrier, createCarrier, ROOT_CUSTOMER } from './carrier.js';
import { createRandom } from './random.js';
import { chooseScenarios, SCENARIOS, type ScenarioName, scenarioCalls } from './scenarios.js';
import { buildScriptedCall, type ScriptedCall } from './scripted-call.js';
import { type CallOrigin, endedAt, type SimulatedCall, stateAt } from './simulated-call.js';
import { WEEK_PROFILES } from './week-profiles.js';
import { weekTraffic } from './week-traffic.js';

export interface WorldOptions {
  seed: number;
  /** Milliseconds since the epoch at which the world begins. */
  startAt: number;
  /** Names of SCENARIO_CHOICES; none by default. */
  scenarios?: readonly string[];
  /** Attacks that begin and end at an instant, beside those of `scenarios`, which never end. */
  episodes?: readonly Episode[];
  /**
   * benign, the default: about 50 honest calls at once at any hour. week: a mid-sized carrier with nights and weekends.
   * none: nobody calls but scenarios and scripted calls.
   */
  traffic?: 'benign' | 'week' | 'none';
  /** The world has a past: at `startAt` traffic is under way and every scenario has gone far enough to show. */
  warmStart?: boolean;
  /** Told of every call, also of those that come and go between two listings: the truth that no switch shows. */
  journal?: WorldJournal;
}

/** A scenario from its first call to its last. */
export interface Episode {
  scenario: ScenarioName;
  /** Milliseconds since the epoch; may lie before the world's beginning. */
  from: number;
  /** No call is set up later than this; those under way go on. */
  until: number;
}

/** Both sides of an on-net call are told of, each for itself; `peer` says which belong together. */
export interface WorldJournal {
  /** With the timeline that the call will have if nobody interferes. */
  arrived(call: SimulatedCall): void;
  /** Somebody's disconnect ended it. */
  disconnected(call: SimulatedCall, at: number): void;
}

/** How long before a warm start benign traffic began: long enough for the longest usual talks to be under way. */
const BENIGN_WARM_UP_MS = 20 * 60_000;

interface Source {
  origin: CallOrigin;
  calls: CallSource;
  next: CallPlan;
  until: number;
}

/**
 * What a switch knows at one instant. Time goes by only through `advanceTo`, and the same seed gives the same calls at
 * the same times, in however many steps time is advanced.
 */
export class World {
  readonly carrier: Carrier = createCarrier();
  readonly #seed: number;
  readonly #sources: readonly Source[];
  readonly #calls = new Map<string, SimulatedCall>();
  readonly #journal: WorldJournal | undefined;
  #now: number;
  #lastId = 0;

  /** Throws a RangeError on an unknown scenario. */
  constructor(options: WorldOptions) {
    this.#seed = options.seed;
    this.#journal = options.journal;
    this.#sources = startSources(options);
    this.#now = options.startAt;
    this.#admitArrivals();
  }

  /** Milliseconds since the epoch. */
  get now(): number {
    return this.#now;
  }

  /** Lets time go by; an instant that is not later changes nothing, for a switch's clock does not run backwards. */
  advanceTo(nowMs: number): void {
    if (!(nowMs > this.#now)) return;
    this.#now = nowMs;
    this.#admitArrivals();
    for (const [id, call] of this.#calls) if (call.timeline.goneAt <= nowMs) this.#calls.delete(id);
  }

  /** Every call that the switch still lists, Disconnecting and Dead ones included, in order of arrival. */
  calls(): readonly SimulatedCall[] {
    return [...this.#calls.values()];
  }

  call(id: string): SimulatedCall | undefined {
    return this.#calls.get(id);
  }

  /** Places a call that stays until told otherwise; returns its ID. Throws where the ID is taken. */
  addCall(script: ScriptedCall): string {
    const id = script.id ?? this.#takeId();
    if (this.#calls.has(id)) throw new Error(`There is a call with ID ${id} already.`);
    this.#lastId = Math.max(this.#lastId, Number(id) || 0);
    this.#calls.set(
      id,
      buildScriptedCall(script, { id, customer: this.#registerParties(script), now: this.#now }),
    );
    return id;
  }

  /** The call vanishes between two listings, as one that ended unseen; false where there is none. */
  removeCall(id: string): boolean {
    return this.#calls.delete(id);
  }

  /**
   * Begins to disconnect a call, and the other side of an on-net call with it; false where no such call is going on.
   * A call that survives disconnects says true and goes on.
   */
  disconnect(id: string): boolean {
    const call = this.#calls.get(id);
    if (call === undefined || hasEnded(stateAt(call.timeline, this.#now))) return false;
    if (call.survivesDisconnect) return true;
    this.#end(call);
    const peer = call.peer === undefined ? undefined : this.#calls.get(call.peer);
    if (peer !== undefined && !hasEnded(stateAt(peer.timeline, this.#now))) this.#end(peer);
    return true;
  }

  #end(call: SimulatedCall): void {
    this.#calls.set(call.id, { ...call, timeline: endedAt(call.timeline, this.#now) });
    this.#journal?.disconnected(call, this.#now);
  }

  #takeId(): string {
    this.#lastId += 1;
    return String(this.#lastId);
  }

  #registerParties(script: ScriptedCall): number | undefined {
    const { account, customer } = script;
    if (account === undefined) return customer;
    const owner = customer ?? this.carrier.ownerOf(account) ?? ROOT_CUSTOMER;
    this.carrier.addAccount(account, owner);
    return owner;
  }

  /** Takes every planned call that is due, from all sources in one order: by setup time, then by source. */
  #admitArrivals(): void {
    for (;;) {
      let due: Source | undefined;
      for (const source of this.#sources) {
        if (source.next.setupAt > Math.min(this.#now, source.until)) continue;
        if (due === undefined || source.next.setupAt < due.next.setupAt) due = source;
      }
      if (due === undefined) return;
      this.#admit(due.next, due.origin);
      due.next = due.calls.next().value;
    }
  }

  /** A call that came and went within one step still takes its ID, as it would have in many. */
  #admit(plan: CallPlan, origin: CallOrigin): void {
    const id = this.#takeId();
    const onnetAccount = 'onnetAccount' in plan.route ? plan.route.onnetAccount : undefined;
    const peerId = onnetAccount === undefined ? undefined : this.#takeId();
    const timeline = timelineOf(plan);
    if (timeline.goneAt <= this.#now && this.#journal === undefined) return;
    const connection = 'connection' in plan.route ? plan.route.connection : undefined;
    const call: SimulatedCall = {
      origin,
      id,
      callId: this.#callIdFor(id, plan.account),
      cli: plan.cli,
      cld: plan.cld,
      account: plan.account,
      customer: this.carrier.ownerOf(plan.account),
      connection,
      direction: peerId === undefined ? 'vendor' : 'onnet_out',
      callerMediaIp: `192.0.2.${plan.account}`,
      calleeMediaIp: onnetAccount === undefined ? `198.51.100.${connection ?? 0}` : `192.0.2.${onnetAccount}`,
      environment: 1,
      timeline,
      peer: peerId,
      survivesDisconnect: false,
      listedFields: {},
    };
    this.#arrive(call);
    if (peerId === undefined || onnetAccount === undefined) return;
    const customer = this.carrier.ownerOf(onnetAccount);
    this.#arrive({
      ...call,
      id: peerId,
      account: onnetAccount,
      customer,
      direction: 'onnet_in',
      peer: id,
    });
  }

  #arrive(call: SimulatedCall): void {
    this.#journal?.arrived(call);
    if (call.timeline.goneAt > this.#now) this.#calls.set(call.id, call);
  }

  #callIdFor(id: string, account: number): string {
    const random = createRandom(this.#seed, `call-id/${id}`);
    const hex = Array.from({ length: 4 }, () => random.integer(0x1_0000).toString(16).padStart(4, '0')).join(
      '',
    );
    return `${hex}-${id}@192.0.2.${account}`;
  }
}

function startSources(options: WorldOptions): readonly Source[] {
  const { seed, startAt, warmStart = false } = options;
  const from = (warmUpMs: number) => (warmStart ? startAt - warmUpMs : startAt);
  const attack = (scenario: ScenarioName, begin: number, stream: string, until: number) =>
    sourceOf({ kind: 'attack', scenario }, scenarioCalls(scenario, begin, createRandom(seed, stream)), until);
  return [
    ...benignSources(options.traffic ?? 'benign', seed, from(BENIGN_WARM_UP_MS)),
    ...chooseScenarios(options.scenarios ?? []).map((name) =>
      attack(name, from(SCENARIOS[name].warmUpMs), `scenario/${name}`, Number.POSITIVE_INFINITY),
    ),
    ...(options.episodes ?? []).map(({ scenario, from: begin, until }, index) =>
      attack(scenario, begin, `episode/${index}/${scenario}`, until),
    ),
  ];
}

/** Each account draws from a stream of its own: what one does changes nothing for the others. */
function benignSources(traffic: 'benign' | 'week' | 'none', seed: number, from: number): readonly Source[] {
  const origin = (profile: string): CallOrigin => ({ kind: 'benign', profile });
  if (traffic === 'none') return [];
  if (traffic === 'week') {
    return WEEK_PROFILES.map((profile) =>
      sourceOf(
        origin(profile.name),
        weekTraffic(profile, from, createRandom(seed, `week/${profile.account}`)),
      ),
    );
  }
  return BENIGN_PROFILES.map((profile) =>
    sourceOf(
      origin(profile.name),
      benignTraffic(profile, from, createRandom(seed, `benign/${profile.account}`)),
    ),
  );
}

function sourceOf(origin: CallOrigin, calls: CallSource, until = Number.POSITIVE_INFINITY): Source {
  return { origin, calls, next: calls.next().value, until };
}

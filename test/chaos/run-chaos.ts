import { rmSync } from 'node:fs';
import { createRandom } from '../../src/simulator/random.js';
import { intentsAmong } from './audit-side.js';
import { type Lab, type LabOptions, openLab } from './lab.js';
import { Provocation } from './provoke.js';
import { comeToRest, playRound, type RoundKind } from './rounds.js';

export interface ChaosOptions {
  seed: number;
  /** At least so many in all. */
  kills: number;
  /** Go on for at least so long; 0 for the kills alone. */
  minutes: number;
  /** Labs at once. */
  parallel: number;
}

/** What happened to one lab, or to several. */
export interface Tally {
  kills: number;
  rounds: Record<RoundKind, number>;
  /** Disconnects that reached the switch. */
  requests: number;
  wholes: number;
  /** Intents that a killed process left open; all are resolved, or there are violations. */
  orphans: number;
  /** Of these, requests that the switch never saw. */
  orphansNeverSent: number;
  replyLost: number;
  unknownConfirmed: number;
  unknownRefuted: number;
  callsCut: number;
  violations: string[];
}

export const NOTHING: Tally = {
  kills: 0,
  rounds: { 'any-time': 0, 'in-flight': 0, 'start-up': 0, 'beside-once': 0, 'beside-disconnect': 0 },
  requests: 0,
  wholes: 0,
  orphans: 0,
  orphansNeverSent: 0,
  replyLost: 0,
  unknownConfirmed: 0,
  unknownRefuted: 0,
  callsCut: 0,
  violations: [],
};

/** A lab's log is read as a whole after every kill, so a long run takes several labs rather than a long one. */
const KILLS_PER_LAB = 80;
const KILLS_BETWEEN_RESTS = 12;

/** Runs labs side by side until there were enough kills and enough time has gone by; stops at the first violation. */
export async function runChaos(options: ChaosOptions, tell: (text: string) => void): Promise<Tally> {
  const giveUpAt = Date.now() + options.minutes * 60_000;
  let total = NOTHING;
  let begun = 0;
  let planned = 0;
  const share = Math.min(KILLS_PER_LAB, Math.ceil(options.kills / options.parallel));
  const wanted = () => total.violations.length === 0 && (planned < options.kills || Date.now() < giveUpAt);
  async function labAfterLab(): Promise<void> {
    while (wanted()) {
      planned += share;
      const seed = options.seed * 1_000 + begun++;
      const tally = await runLab({ seed, perHour: 100_000 }, share);
      total = add(total, tally);
      tell(`lab ${seed}: ${tally.kills} kills, ${tally.requests} requests, ${tally.orphans} orphans`);
      for (const violation of tally.violations) tell(violation);
    }
  }
  await Promise.all(Array.from({ length: options.parallel }, labAfterLab));
  return total;
}

/** One lab for at least so many kills. Where something went wrong, its folder is kept and named. */
export async function runLab(
  options: LabOptions,
  kills: number,
  atTheEnd: (lab: Lab) => void | Promise<void> = () => undefined,
): Promise<Tally> {
  const lab = await openLab(options);
  const random = createRandom(options.seed, 'chaos');
  const arena = { lab, random, provocation: new Provocation(lab, random) };
  const tally: Tally = { ...NOTHING, rounds: { ...NOTHING.rounds }, violations: [] };
  let rested = 0;
  try {
    while (tally.kills < kills && lab.violations.length === 0) {
      const round = await playRound(arena);
      tally.kills += round.kills;
      tally.rounds[round.kind] += 1;
      if (tally.kills - rested < KILLS_BETWEEN_RESTS && tally.kills < kills) continue;
      rested = tally.kills;
      if (lab.violations.length === 0) await comeToRest(arena);
    }
    if (lab.violations.length === 0) await atTheEnd(lab);
    count(lab, tally);
  } catch (error) {
    lab.complain(`the harness broke: ${error instanceof Error ? error.stack : String(error)}`);
  } finally {
    await lab.close();
  }
  if (lab.violations.length === 0) rmSync(lab.folder, { recursive: true, force: true });
  const where = `seed ${options.seed}, kill ${tally.kills}, folder ${lab.folder}`;
  return { ...tally, violations: lab.violations.map((text) => `${where}: ${text}`) };
}

function count({ audit, switchSide }: Lab, tally: Tally): void {
  const intents = intentsAmong(audit.rows());
  const received = new Set(switchSide.requests.map(({ intent }) => intent));
  const orphans = intents.filter(({ reason }) => reason === 'orphaned');
  const unknown = intents.filter(({ outcome }) => outcome === 'unknown');
  tally.requests = switchSide.requests.length;
  tally.wholes = switchSide.requests.filter(({ action }) => action !== 'disconnectCall').length;
  tally.orphans = orphans.length;
  tally.orphansNeverSent = orphans.filter(({ id }) => !received.has(id)).length;
  tally.replyLost = unknown.filter(({ reason }) => reason === 'reply-lost').length;
  tally.unknownConfirmed = unknown.filter(({ confirmed }) => confirmed === 1).length;
  tally.unknownRefuted = unknown.filter(({ confirmed }) => confirmed === 0).length;
  tally.callsCut = switchSide.callsCut;
}

function add(one: Tally, other: Tally): Tally {
  const rounds = { ...one.rounds };
  for (const kind of Object.keys(rounds) as RoundKind[]) rounds[kind] += other.rounds[kind];
  return {
    rounds,
    kills: one.kills + other.kills,
    requests: one.requests + other.requests,
    wholes: one.wholes + other.wholes,
    orphans: one.orphans + other.orphans,
    orphansNeverSent: one.orphansNeverSent + other.orphansNeverSent,
    replyLost: one.replyLost + other.replyLost,
    unknownConfirmed: one.unknownConfirmed + other.unknownConfirmed,
    unknownRefuted: one.unknownRefuted + other.unknownRefuted,
    callsCut: one.callsCut + other.callsCut,
    violations: [...one.violations, ...other.violations],
  };
}

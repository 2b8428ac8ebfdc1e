import type { Fault } from '../../src/simulator/faults.js';
import type { Random } from '../../src/simulator/random.js';
import { checkAfterKill, checkAtRest } from './check.js';
import { type Child, comesTrue, instant } from './child.js';
import { type Lab, TROUBLE } from './lab.js';
import type { Provocation } from './provoke.js';

/** How a process meets its end. */
export type RoundKind = 'any-time' | 'in-flight' | 'start-up' | 'beside-once' | 'beside-disconnect';

const KINDS: readonly RoundKind[] = [
  'any-time',
  'any-time',
  'any-time',
  'in-flight',
  'in-flight',
  'in-flight',
  'start-up',
  'beside-once',
  'beside-disconnect',
];

/** Bounds end a round that would wait for something that never comes; they decide nothing. */
const BOUND_MS = 60_000;

/** Of a service that has nothing to send. */
const LISTINGS = 6;

/** So that the process beside `run` meets intents that are under way, however long it takes to start. */
const SLOW_REPLIES: readonly Fault[] = [
  { method: 'disconnectCall', kind: 'slow', delayMs: 1_500, probability: 0.9 },
  ...TROUBLE,
];

export interface Arena {
  lab: Lab;
  random: Random;
  provocation: Provocation;
}

/** One round: start, provoke, kill at a random instant, compare. Returns how many processes it killed. */
export async function playRound(arena: Arena): Promise<{ kind: RoundKind; kills: number }> {
  const { lab, random, provocation } = arena;
  const kind = random.pick(KINDS);
  lab.simulator.setFaults(kind.startsWith('beside') ? SLOW_REPLIES : TROUBLE);
  provocation.burst();
  const seen = lab.switchSide.seen;
  const sent = lab.switchSide.requests.length;
  // Where the caps are used up nothing is sent any more, but a few listings show that it is at work.
  const acted = () => lab.switchSide.requests.length > sent || lab.switchSide.seen - seen >= LISTINGS;
  const acts = () => comesTrue(() => acted() || !run.alive(), BOUND_MS);
  const run = lab.start('run', 'run', '-c', lab.config);
  let beside: Child | undefined;
  switch (kind) {
    case 'start-up':
      await instant(random.between(0, 900));
      break;
    case 'any-time':
      await comesTrue(() => lab.switchSide.seen > seen || !run.alive(), BOUND_MS);
      await instant(random.between(0, 1_500));
      break;
    case 'in-flight':
      await acts();
      await instant(random.between(0, 40));
      break;
    default:
      await acts();
      provocation.burst();
      beside = startBeside(kind, arena);
      // To the end of what it does while `run` has requests under way, or into the middle of it.
      if (random.chance(0.5)) await endOf(beside, lab);
      else await instant(random.between(0, 2_500));
  }
  lab.simulator.setFaults(TROUBLE);
  const kills = await killSome(run, beside, arena);
  checkAfterKill(lab);
  lab.audit.release();
  return { kind, kills };
}

function startBeside(kind: RoundKind, { lab, provocation }: Arena): Child {
  if (kind === 'beside-once') return lab.start('cli', 'once', '-c', lab.config);
  const [what, id] = provocation.forHand();
  return lab.start('cli', 'disconnect', what, id, '-c', lab.config, '--reason', 'chaos', '--yes');
}

async function endOf(beside: Child, lab: Lab): Promise<void> {
  if (!(await comesTrue(() => !beside.alive(), BOUND_MS))) lab.complain('the process beside run never ended');
}

/** Either, or both: who survives the other goes on for a moment, or to its end. */
async function killSome(run: Child, beside: Child | undefined, { lab, random }: Arena): Promise<number> {
  if (!run.alive()) lab.complain(`run ended by itself: ${run.output().slice(-2_000)}`);
  if (beside === undefined) return Number(await run.kill());
  const first = random.pick(['run', 'beside', 'both'] as const);
  if (first === 'both') {
    const killed = await Promise.all([run.kill(), beside.kill()]);
    return killed.filter(Boolean).length;
  }
  if (first === 'run') {
    await run.kill();
    if (!(await comesTrue(() => !beside.alive(), BOUND_MS)))
      lab.complain('the process beside run never ended');
    return 1 + Number(await beside.kill());
  }
  const killed = Number(await beside.kill());
  await instant(random.between(0, 1_000));
  return killed + Number(await run.kill());
}

/** Lets a pass complete and a listing follow, without trouble; then the log must be whole, and say what the switch says. */
export async function comeToRest({ lab }: Arena): Promise<void> {
  lab.simulator.setFaults([]);
  for (const args of [['once'], ['once', '--dry-run'], ['audit', 'verify']]) {
    const child = lab.start('cli', ...args, '-c', lab.config);
    const code = await child.ended;
    if (code !== 0) lab.complain(`${args.join(' ')} ended with ${code}: ${child.output().slice(-2_000)}`);
  }
  lab.simulator.tick();
  checkAtRest(lab);
  lab.audit.release();
  lab.switchSide.cutSinceRest = [];
  for (const { id, origin } of lab.simulator.world.calls()) {
    if (origin.kind === 'scripted') lab.simulator.world.removeCall(id);
  }
}

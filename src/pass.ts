import type { ActionReport, PlannedAction } from './domain/action.js';
import { identityKey, isLive } from './domain/call.js';
import type { RecentDisconnect } from './domain/conversations.js';
import { asStated, type KnownCustomers } from './domain/customer-tree.js';
import { CallwardenError } from './domain/errors.js';
import type { PassReport } from './domain/pass-report.js';
import { UNBOUNDED } from './domain/rule-version.js';
import { subjectText } from './domain/scope.js';
import type { Listing, Snapshot } from './domain/snapshot.js';
import { confirmDisconnects, type Outliving, outlivingAlert } from './enforce/confirm-disconnects.js';
import { type Enforcement, enforcePlan } from './enforce/enforce-plan.js';
import { gatherSnapshot } from './gather/gather-snapshot.js';
import type { SwitchClock } from './gather/switch-clock.js';
import { knowCustomers, protectionBy } from './pass-customers.js';
import {
  type Decision,
  type DecisionInput,
  decidePass,
  type RuleDecision,
  vendorLookup,
} from './pass-decide.js';
import {
  asCallwardenError,
  enforcementOn,
  HOUR_MS,
  inspection,
  type MeasuredContext,
  measuredContext,
  type PassContext,
} from './pass-enforcement.js';
import {
  actedBefore,
  type BoundsOf,
  noteVersions,
  remember,
  repeatsFrom,
  takeDownMissed,
  withoutFuture,
} from './pass-past.js';
import type { Protection } from './plan/protection.js';
import { vendorsAskedBy } from './policy/compile-rules.js';

/** Beyond this a person should know that the clock of the switch is off; milliseconds. The same as `doctor` warns at. */
const GREATEST_CLOCK_OFFSET_MS = 5_000;

export interface PassOptions {
  passId: string;
  /** `scheduler` or `cli:<user>` */
  actor: string;
  dryRun: boolean;
  /** From now on nothing new is sent; requests in flight go on. */
  stop: AbortSignal;
  /** Ends requests in flight too. */
  abort: AbortSignal;
}

/**
 * One pass: gather, judge, plan, enforce, each leaving its trace in the store. Never rejects: what goes wrong is the
 * report's error, and a pass that failed before enforcing has sent nothing.
 */
export async function runPass(given: PassContext, options: PassOptions): Promise<PassReport> {
  const context = measuredContext(given);
  const pass = beginPass(context, options);
  try {
    const release = await context.lock.acquire(context.switchName);
    if (release === undefined) return pass.report('skipped');
    try {
      await context.audit.resolveOrphans(context.switchName, context.clock());
      const snapshot = await gather(context, pass);
      const clockAtFirst = context.port.clockBy();
      const outliving = await confirm(context, snapshot);
      const { customers, learned, newer } = await knowCustomers(context, snapshot, pass.gathering);
      pass.protection = protectionBy(context, customers);
      await remember(context, { snapshot, learned }, async (recent, onHolding) => {
        const { actions } = await decide(context, pass, snapshot, { recent, customers, onHolding });
        const alerts = outliving.map(outlivingAlert);
        const { reports, failure } = await enforce(
          context,
          pass,
          { snapshot, newer },
          [...alerts, ...actions],
          recent,
        );
        pass.actions = reports;
        noteLaterClock(context, clockAtFirst);
        if (failure !== undefined) throw failure.error;
      });
      return pass.report('completed');
    } finally {
      release();
    }
  } catch (error) {
    return pass.report('failed', asCallwardenError(error));
  }
}

/** What a pass collects on its way. */
interface RunningPass {
  options: PassOptions;
  /** Aborted at the deadline, or when nothing new may start. */
  gathering: AbortSignal;
  /** Aborted at the deadline, or when requests in flight are to end. */
  inFlight: AbortSignal;
  halted: () => 'deadline' | 'stopping' | undefined;
  protection: Protection;
  boundsOf: BoundsOf;
  snapshot: Snapshot | undefined;
  violations: PassReport['violations'][number][];
  indeterminate: PassReport['indeterminate'][number][];
  actions: readonly ActionReport[];
  report: (status: PassReport['status'], error?: CallwardenError) => PassReport;
}

function beginPass(context: PassContext, options: PassOptions): RunningPass {
  const startedAt = context.clock();
  const deadline = AbortSignal.timeout(context.deadlineMs);
  const pass: RunningPass = {
    options,
    gathering: AbortSignal.any([deadline, options.stop, options.abort]),
    inFlight: AbortSignal.any([deadline, options.abort]),
    halted: () => (options.stop.aborted ? 'stopping' : deadline.aborted ? 'deadline' : undefined),
    protection: protectionBy(context, asStated(context.customerTree)),
    boundsOf: () => UNBOUNDED,
    snapshot: undefined,
    violations: [],
    indeterminate: [],
    actions: [],
    report: (status, error) => ({
      switch: context.switchName,
      passId: options.passId,
      startedAt: new Date(startedAt).toISOString(),
      durationMs: context.clock() - startedAt,
      status,
      error: error === undefined ? null : { code: error.code, message: sentences(error.message, error.hint) },
      calls: pass.snapshot?.calls.filter((call) => isLive(call.state)).length ?? 0,
      suspect: pass.snapshot?.suspects.length ?? 0,
      violations: pass.violations,
      indeterminate: pass.indeterminate,
      actions: pass.actions,
    }),
  };
  return pass;
}

async function gather(context: PassContext, pass: RunningPass): Promise<Snapshot> {
  const at = context.clock();
  const snapshot = await gatherSnapshot({
    switchName: context.switchName,
    port: context.port,
    numbering: context.numbering,
    vendors: vendorsAskedBy(context.rules),
    crossCheck: context.crossCheck,
    shownBefore: context.memory.accounts.shown,
    signal: pass.gathering,
  }).catch(async (error: unknown) => {
    await takeDownMissed(context, at);
    throw error;
  });
  pass.snapshot = snapshot;
  for (const note of [
    ...snapshot.notes,
    ...clockNotes(snapshot.clockOffsetMs),
    ...context.memory.accounts.note(snapshot),
  ])
    context.note(note);
  if (snapshot.doubt !== undefined) {
    context.note(`nothing is cut on this listing: ${snapshot.doubt.reason}: ${snapshot.doubt.detail}`);
  }
  return snapshot;
}

/** A clock that is far off is worth a line: times of the switch and of the log do not fit together then. */
function clockNotes(offsetMs = 0): readonly string[] {
  if (Math.abs(offsetMs) <= GREATEST_CLOCK_OFFSET_MS) return [];
  // In steps, so that a clock which drifts does not say so anew at every pass.
  const seconds = Math.round(Math.abs(offsetMs) / 5_000) * 5;
  return [
    `the clock of the switch is about ${seconds} s ${offsetMs < 0 ? 'behind' : 'ahead'}: set both by NTP; times of calls are corrected by it`,
  ];
}

/** Second looks and disconnects are answered after the listing; they tell of the clock what that one did not tell already. */
function noteLaterClock({ port, note }: MeasuredContext, atFirst: SwitchClock): void {
  const later = port.clockBy();
  if (later.note !== undefined) {
    if (atFirst.note === undefined) note(later.note);
  } else if (clockNotes(atFirst.offsetMs).length === 0) {
    for (const text of clockNotes(later.offsetMs)) note(text);
  }
}

/** Reads back what became of earlier disconnects; resolves with the calls that outlive them. */
async function confirm(context: PassContext, snapshot: Snapshot): Promise<readonly Outliving[]> {
  const { confirmations, outliving } = confirmDisconnects(
    await context.audit.unconfirmed(context.switchName),
    snapshot,
  );
  if (confirmations.length > 0) await context.audit.confirm(confirmations, context.clock());
  return outliving;
}

/** Judges and plans on what the snapshot and the past show, and takes down what came of it. */
async function decide(
  context: PassContext,
  pass: RunningPass,
  snapshot: Snapshot,
  {
    recent,
    customers,
    onHolding,
  }: { customers: KnownCustomers; recent: readonly RecentDisconnect[] } & Required<
    Pick<DecisionInput, 'onHolding'>
  >,
): Promise<Decision> {
  const { memory } = context;
  pass.boundsOf = await noteVersions(context, snapshot.observedAt, pass.options.dryRun);
  const decision = await decidePass({
    snapshot,
    history: memory.history,
    rules: context.rules,
    numbering: context.numbering,
    limits: context.limits,
    caps: context.caps,
    customerTree: context.customerTree,
    customers,
    onHolding,
    protection: pass.protection,
    recentlyDisconnected: recent,
    holding: memory.holding,
    boundsOf: pass.boundsOf,
    acted: withoutFuture(
      await actedBefore(context, snapshot.observedAt, pass.boundsOf),
      snapshot.observedAt,
      memory.actedAhead,
    ),
    intervalMs: context.intervalMs,
    yieldNow: context.yieldNow,
    beforeRule: () => {
      if (pass.halted() !== undefined) throw outOfTime(context, pass);
    },
  });
  for (const one of decision.rules) noteDecision(one, context, pass);
  if (snapshot.doubt === undefined) {
    memory.violations.note(decision.rules, {
      now: snapshot.observedAt,
      intervalMs: context.intervalMs,
    });
  }
  const byRule = new Map(decision.rules.map((one) => [one.rule.name, one]));
  const listedAt = new Date(snapshot.observedAt).toISOString();
  const actions = decision.actions.map((action) => {
    const dated = memory.violations.dated(action, byRule.get(action.rule));
    return { ...dated, evidence: { ...dated.evidence, listedAt } };
  });
  return { ...decision, actions };
}

function noteDecision(
  { rule, verdicts, held, broken }: RuleDecision,
  context: PassContext,
  pass: RunningPass,
) {
  if (broken !== undefined) {
    // One broken rule must not hide what the others see; it plans nothing, and says so.
    context.note(`rule ${rule.name} could not be judged: ${String(broken)}`);
    pass.indeterminate.push({ rule: rule.name, missing: ['(the rule could not be judged)'], subjects: 0 });
  }
  const missing = new Set<string>();
  let subjects = 0;
  // What a rule has cooled down on is violated all the same; what has not held long enough is not yet.
  const cooling = held.flatMap(({ reason, verdict }) => (reason === 'cooldown' ? [verdict] : []));
  for (const verdict of [...verdicts, ...cooling]) {
    if (verdict.result === 'violated') {
      const { subject, evidence } = verdict;
      pass.violations.push({ rule: rule.name, scope: rule.scope, subject: subjectText(subject), evidence });
    } else if (verdict.result === 'indeterminate') {
      subjects += 1;
      for (const fact of verdict.missing) missing.add(fact);
    }
  }
  if (subjects > 0) pass.indeterminate.push({ rule: rule.name, missing: [...missing].sort(), subjects });
}

async function enforce(
  context: MeasuredContext,
  pass: RunningPass,
  { snapshot, newer }: { snapshot: Snapshot; newer: Listing | undefined },
  actions: readonly PlannedAction[],
  recentlyDisconnected: readonly RecentDisconnect[],
): Promise<Enforcement> {
  const { audit, clock, switchName } = context;
  const { passId, actor, dryRun } = pass.options;
  const repeats = repeatsFrom(context, snapshot.observedAt, pass.boundsOf);
  const vendorsOf = vendorLookup(snapshot);
  const listed = new Set(snapshot.vendors.size === 0 ? [] : snapshot.calls.map(identityKey));
  const rules = new Map(context.rules.map((compiled) => [compiled.rule.name, compiled]));
  return enforcePlan(actions, {
    ...enforcementOn(snapshot, context, pass.protection, pass.inFlight, newer),
    configMode: context.configMode,
    dryRun,
    takenLastHour: await audit.callsTakenSince(switchName, clock() - HOUR_MS),
    unchanged: await audit.unchangedSince(switchName, repeats.since, repeats.fromOfRule),
    pauses: context.pauses,
    halted: pass.halted,
    origin: { switchName, passId, actor, login: context.port.login },
    recentlyDisconnected,
    handReason: undefined,
    agreedCalls: undefined,
    inspect: inspection(context, pass.protection, (action, call) => {
      const compiled = rules.get(action.rule);
      // A call that came after the vendors were listed may be of any of them.
      if (compiled === undefined || (compiled.vendors.length > 0 && !listed.has(identityKey(call))))
        return false;
      return compiled.admitsTaken(call, vendorsOf);
    }),
  });
}

function outOfTime(context: PassContext, pass: RunningPass): CallwardenError {
  if (pass.halted() === 'stopping') {
    return new CallwardenError('SWITCH_TIMEOUT', 'the pass was stopped before it had judged all rules.', {
      hint: 'Nothing was sent; the next pass judges anew.',
    });
  }
  return new CallwardenError(
    'SWITCH_TIMEOUT',
    `the pass took longer than its deadline of ${context.deadlineMs} ms.`,
    {
      hint: 'Nothing was sent. Raise `deadline`, poll less often, or narrow the rules that take longest.',
    },
  );
}

function sentences(...texts: readonly string[]): string {
  return texts.map((text) => (/[.!?]$/.test(text) ? text : `${text}.`)).join(' ');
}

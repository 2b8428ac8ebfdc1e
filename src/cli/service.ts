import { randomUUID } from 'node:crypto';
import type { Config, SwitchConfig } from '../domain/config.js';
import type { PassReport } from '../domain/pass-report.js';
import type { SwitchPort } from '../domain/ports.js';
import type { RuleSet } from '../domain/rule.js';
import { runPass } from '../pass.js';
import type { PassContext } from '../pass-enforcement.js';
import { startSchedule } from '../schedule/schedule.js';
import type { Store } from '../store/open-store.js';
import { bringsListing, createLedgerPruning } from './ledger-pruning.js';
import { passContext } from './pass-context.js';
import { countOutcomes, countWithheld, passAdvice, passLine } from './pass-line.js';

/** Requests in flight at shutdown get this long to be answered before they are recorded as unknown. */
const SHUTDOWN_GRACE_MS = 3_000;

/** A note of a switch that comes again within this time is not logged again. */
const REPEAT_NOTE_MS = 5 * 60_000;

/** The part of a pino logger that the service uses. */
export interface ServiceLog {
  info(fields: object, text: string): void;
  warn(fields: object, text: string): void;
  error(fields: object, text: string): void;
}

export interface ServiceOptions {
  config: Config;
  ruleSet: RuleSet;
  store: Store;
  connect: (switchConfig: SwitchConfig) => SwitchPort;
  log: ServiceLog;
  /** Sees every report after it was saved and logged. */
  onPass?: (report: PassReport) => void | Promise<void>;
  jitterMs?: number;
}

export interface Service {
  /**
   * Puts other checked rules in force on all switches, whole: passes under way end with those they began with. Throws, and
   * changes nothing, where they cannot be compiled.
   */
  useRules(ruleSet: RuleSet): void;
  /** Sends nothing new, records what is in flight, closes the switches' connections. The store stays open. */
  stop(): Promise<void>;
}

/** One switch under watch. */
interface Watched {
  switchConfig: SwitchConfig;
  port: SwitchPort;
  note: (text: string) => void;
  /** What its next pass goes by. */
  context: PassContext;
  /** When its rules were compiled, by the clock of then. */
  compiledAt: number;
}

/** Runs scheduled passes on every switch of the config; switches do not wait for each other. */
export function startService(options: ServiceOptions): Service {
  const { config, log, store } = options;
  const stop = new AbortController();
  const abort = new AbortController();
  const switches = new Map(config.switches.map((one) => [one.name, watch(one, options)]));
  let { ruleSet } = options;
  let passesUnderWay = 0;
  const pruneNote = rarely((text) => log.error({}, text));
  const pruning = createLedgerPruning({
    ledger: store.ledger,
    retentionMs: config.retention.ledgerMs,
    clock: Date.now,
    busy: () => passesUnderWay > 0 || stop.signal.aborted,
    onError: (error) => pruneNote(`the ledger could not be pruned: ${messageOf(error)}`),
  });

  function contextOf(target: Watched): PassContext {
    const { context } = target;
    const now = Date.now();
    const hasEnded = context.rules.some(({ expiresAt }) => expiresAt !== undefined && expiresAt <= now);
    // Compiled while the clock was ahead, it may have dropped exceptions that still hold.
    if (hasEnded || now < target.compiledAt) {
      target.context = renewed(target, ruleSet, options);
      target.compiledAt = now;
    }
    return target.context;
  }

  async function pass(name: string, pollEveryMs: number): Promise<PassReport> {
    const target = switches.get(name);
    if (target === undefined) throw new TypeError(`No switch is named ${name}.`);
    passesUnderWay += 1;
    let report: PassReport;
    try {
      report = await runPass(
        { ...contextOf(target), intervalMs: pollEveryMs },
        {
          passId: randomUUID(),
          actor: 'scheduler',
          dryRun: false,
          stop: stop.signal,
          abort: abort.signal,
        },
      );
    } finally {
      passesUnderWay -= 1;
    }
    // Read anew, since a pause may have begun while the pass was running; where it cannot be, the pass has said so itself.
    const pause = await store.pauses.of(name, Date.now()).catch(() => undefined);
    logPass(report, log, { stopping: stop.signal.aborted, paused: pause !== undefined });
    const advice = passAdvice(report);
    if (advice !== undefined) target.note(advice);
    await store.passes.save(report).catch((error: unknown) => {
      log.error({ switch: name, err: error }, `the pass could not be saved: ${messageOf(error)}`);
    });
    if (!stop.signal.aborted && bringsListing(report)) pruning.begin();
    await options.onPass?.(report);
    return report;
  }

  const schedule = startSchedule({
    switches: config.switches,
    runPass: pass,
    clock: Date.now,
    ...(options.jitterMs !== undefined && { jitterMs: options.jitterMs }),
    events: scheduleEvents(log),
  });

  return {
    useRules(next) {
      const contexts = [...switches.values()].map(
        (target) => [target, renewed(target, next, options)] as const,
      );
      for (const [target, context] of contexts) Object.assign(target, { context, compiledAt: Date.now() });
      ruleSet = next;
    },
    async stop() {
      stop.abort();
      const grace = setTimeout(() => abort.abort(), SHUTDOWN_GRACE_MS);
      await schedule.stop();
      clearTimeout(grace);
      await pruning.ended();
      await Promise.all([...switches.values()].map(({ port }) => port.close()));
    },
  };
}

function watch(switchConfig: SwitchConfig, options: ServiceOptions): Watched {
  const port = options.connect(switchConfig);
  const note = rarely((text) => options.log.warn({ switch: switchConfig.name }, text));
  const context = passContext({ ...options, switchConfig, port, note });
  return { switchConfig, port, note, context, compiledAt: Date.now() };
}

/** With other rules, or with the same at another time, but with the memory of what was seen. */
function renewed(target: Watched, ruleSet: RuleSet, options: ServiceOptions): PassContext {
  const { switchConfig, port, note, context } = target;
  const { memory, learnedTree } = context;
  return passContext({ ...options, ruleSet, switchConfig, port, note, memory, learnedTree });
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function logPass(
  report: PassReport,
  log: ServiceLog,
  { stopping, paused }: { stopping: boolean; paused: boolean },
): void {
  const fields = {
    switch: report.switch,
    passId: report.passId,
    status: report.status,
    ...(paused && { paused }),
    durationMs: report.durationMs,
    calls: report.calls,
    suspect: report.suspect,
    violations: report.violations.length,
    outcomes: countOutcomes(report),
    withheld: countWithheld(report),
    ...(report.error !== null && { code: report.error.code }),
  };
  if (report.status === 'skipped') log.warn(fields, passLine(report, paused));
  else if (report.status === 'completed') log.info(fields, passLine(report, paused));
  else if (stopping) log.info(fields, 'the pass was given up, since the service is stopping');
  else log.error(fields, passLine(report, paused));
}

function scheduleEvents(log: ServiceLog): Parameters<typeof startSchedule>[0]['events'] {
  return {
    onMissed: (name, beatAt, counters) =>
      log.warn(
        { switch: name, beatAt, ...counters },
        `missed the pass of ${beatAt.toISOString()}: this process was too busy (${counters.missed} so far)`,
      ),
    onOverlap: (name, beatAt, counters) => {
      // Each is counted; a line for the first and then for every tenth is enough to notice.
      if (counters.overlapping % 10 !== 1) return;
      log.warn(
        { switch: name, beatAt, ...counters },
        `left out the pass of ${beatAt.toISOString()}: the one before is still running (${counters.overlapping} so far)`,
      );
    },
    onBackOff: (name, backOff, pollEveryMs) =>
      log.warn(
        { switch: name, ...backOff, pollEveryMs },
        backOff.reason === undefined
          ? `polled on schedule again, every ${pollEveryMs / 1000} s`
          : `polled only every ${pollEveryMs / 1000} s: ${BACK_OFF_TEXT[backOff.reason]}`,
      ),
    onPassRejected: (name, error) =>
      log.error({ switch: name, err: error }, `the pass broke, please report this: ${String(error)}`),
  };
}

const BACK_OFF_TEXT = {
  'slow-passes': 'its passes take more than half of the interval',
  'failed-passes': 'its passes fail one after the other',
};

/** Lets a text through once in a while: what holds for every pass is worth one line, not one per pass. */
function rarely(write: (text: string) => void): (text: string) => void {
  const writtenAt = new Map<string, number>();
  return (text) => {
    const now = Date.now();
    if (now - (writtenAt.get(text) ?? Number.NEGATIVE_INFINITY) < REPEAT_NOTE_MS) return;
    if (writtenAt.size > 1000) writtenAt.clear();
    writtenAt.set(text, now);
    write(text);
  };
}

import type { ActionMode, MonitorReason, PlannedAction, WithholdReason } from '../domain/action.js';
import type { Caps } from '../domain/config.js';
import type { Pause } from '../domain/pause.js';

/** What may become of an action right now. */
export type Decision =
  | { kind: 'send' }
  | { kind: 'withheld'; reason: WithholdReason }
  /** `rehearses`: nothing but the dry run keeps it from being sent, so the way to the request is gone to its end. */
  | { kind: 'monitored'; reason: MonitorReason; rehearses: boolean }
  | { kind: 'alerted' };

export interface GateOptions {
  configMode: 'enforce' | 'monitor';
  dryRun: boolean;
  caps: Pick<Caps, 'perPass' | 'perHour'>;
  /** Calls that this switch lost to us within the last hour, from the store. */
  takenLastHour: number;
  /** Whether a person has stopped acting on this switch. */
  paused: () => boolean;
  /** Why nothing new may be sent any more; undefined while the pass has time. */
  halted: () => Extract<WithholdReason, 'deadline' | 'stopping'> | undefined;
}

/**
 * The one place that every action passes directly before its request. Mode, dry run, pause, caps and shutdown are decided
 * here and nowhere else.
 */
export interface Gate {
  /** Decides, and counts the weight against the caps where the action may go on. */
  decide(action: PlannedAction, weight: number): Decision;
  /** The same without counting: whether it is worth listing again for this action. */
  preview(action: PlannedAction, weight: number): Decision;
  /** Counts so many calls more, or fewer: an action was not sent after all, or the switch says that it took more. */
  correct(action: PlannedAction, calls: number): void;
}

/**
 * Monitoring rules have a budget of their own, which holds what enforcing rules take as well: they show what would
 * happen if they enforced, and never use up what an enforcing rule may take.
 */
export function createGate(options: GateOptions): Gate {
  const used: Record<ActionMode, number> = { enforce: 0, monitor: 0 };

  function preview(action: PlannedAction, weight: number): Decision {
    const monitor = monitorReason(action, options);
    if (action.withhold !== undefined) return { kind: 'withheld', reason: action.withhold };
    if (action.action === 'alert') {
      // What a safeguard has to say, it says in a config that only monitors as well: there people act by hand.
      const isSaid = monitor === undefined || (action.alertReason !== undefined && monitor !== 'dry-run');
      return isSaid ? { kind: 'alerted' } : monitored(action, monitor);
    }
    // Before the caps: what a person has stopped is no rule's fault, uses nothing of them and trips none.
    if (monitor === undefined && options.paused()) return { kind: 'withheld', reason: 'paused' };
    const halted = options.halted();
    if (halted !== undefined) return { kind: 'withheld', reason: halted };
    const capped = capReason(used[action.mode] + weight, options);
    if (capped !== undefined) return { kind: 'withheld', reason: capped };
    return monitor === undefined ? { kind: 'send' } : monitored(action, monitor);
  }

  function monitored(action: PlannedAction, reason: MonitorReason): Decision {
    const rehearses = reason === 'dry-run' && action.mode === 'enforce' && options.configMode === 'enforce';
    return { kind: 'monitored', reason, rehearses };
  }

  function use(action: PlannedAction, weight: number): void {
    used.monitor += weight;
    if (action.mode === 'enforce') used.enforce += weight;
  }

  return {
    preview,
    decide(action, weight) {
      const decision = preview(action, weight);
      if (action.action !== 'alert' && (decision.kind === 'send' || decision.kind === 'monitored')) {
        use(action, weight);
      }
      return decision;
    },
    correct: use,
  };
}

/** The same gate where requests may follow: whether acting is paused is read anew for every decision that it may change. */
export interface EnforcingGate {
  /** Rejects with STORE_FAILED where a pause cannot be read: then nothing may be sent. */
  decide(action: PlannedAction, weight: number): Promise<Decision>;
  preview(action: PlannedAction, weight: number): Promise<Decision>;
  correct(action: PlannedAction, calls: number): void;
}

/** Decisions are to be made one after the other. */
export function createEnforcingGate(
  options: Omit<GateOptions, 'paused'>,
  readPause: () => Promise<Pause | undefined>,
): EnforcingGate {
  let paused = true;
  const gate = createGate({ ...options, paused: () => paused });
  const look = async (action: PlannedAction) => {
    paused = true;
    // Of what cannot be sent anyway there may be thousands in a pass, and each look costs tens of microseconds.
    if (mayBeSent(action, options)) paused = (await readPause()) !== undefined;
  };
  return {
    async decide(action, weight) {
      await look(action);
      return gate.decide(action, weight);
    },
    async preview(action, weight) {
      await look(action);
      return gate.preview(action, weight);
    },
    correct: gate.correct,
  };
}

/** Where neither a safeguard of planning nor its mode keeps an action from being sent, so that a pause decides. */
function mayBeSent(action: PlannedAction, options: Pick<GateOptions, 'configMode' | 'dryRun'>): boolean {
  return (
    action.withhold === undefined && action.action !== 'alert' && monitorReason(action, options) === undefined
  );
}

/** The dry run first: what it records must neither stand for what the service records, nor count as done. */
function monitorReason(
  action: PlannedAction,
  options: Pick<GateOptions, 'configMode' | 'dryRun'>,
): MonitorReason | undefined {
  if (options.dryRun) return 'dry-run';
  if (action.mode === 'monitor') return 'rule-monitor';
  return options.configMode === 'monitor' ? 'config-monitor' : undefined;
}

function capReason(taken: number, options: GateOptions): WithholdReason | undefined {
  if (taken > options.caps.perPass) return 'cap-per-pass';
  return options.takenLastHour + taken > options.caps.perHour ? 'cap-per-hour' : undefined;
}

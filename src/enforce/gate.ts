import type { ActionMode, MonitorReason, PlannedAction, WithholdReason } from '../domain/action.js';
import type { Caps } from '../domain/config.js';

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
  /** Why nothing new may be sent any more; undefined while the pass has time. */
  halted: () => Extract<WithholdReason, 'deadline' | 'stopping'> | undefined;
}

/**
 * The one place that every action passes directly before its request. Mode, dry run, caps and shutdown are decided here
 * and nowhere else.
 */
export interface Gate {
  /** Decides, and counts the weight against the caps where the action may go on. */
  decide(action: PlannedAction, weight: number): Decision;
  /** The same without counting: whether it is worth listing again for this action. */
  preview(action: PlannedAction, weight: number): Decision;
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
      return monitor === undefined ? { kind: 'alerted' } : monitored(action, monitor);
    }
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

  return {
    preview,
    decide(action, weight) {
      const decision = preview(action, weight);
      if (action.action !== 'alert' && (decision.kind === 'send' || decision.kind === 'monitored')) {
        used.monitor += weight;
        if (action.mode === 'enforce') used.enforce += weight;
      }
      return decision;
    },
  };
}

/** The dry run first: what it records must neither stand for what the service records, nor count as done. */
function monitorReason(action: PlannedAction, options: GateOptions): MonitorReason | undefined {
  if (options.dryRun) return 'dry-run';
  if (action.mode === 'monitor') return 'rule-monitor';
  return options.configMode === 'monitor' ? 'config-monitor' : undefined;
}

function capReason(taken: number, options: GateOptions): WithholdReason | undefined {
  if (taken > options.caps.perPass) return 'cap-per-pass';
  return options.takenLastHour + taken > options.caps.perHour ? 'cap-per-hour' : undefined;
}

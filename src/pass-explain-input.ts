import type { PlannedAction } from './domain/action.js';
import type { Caps } from './domain/config.js';
import type { Pause } from './domain/pause.js';
import type { Decision as GateDecision } from './enforce/gate.js';
import type { DecisionInput } from './pass-decide.js';

/** What an explanation goes by: all that a pass does. */
export interface ExplainInput extends DecisionInput {
  caps: Caps;
  configMode: 'enforce' | 'monitor';
  /** Calls that this switch lost to us within the last hour. */
  takenLastHour: number;
  /** The pause that keeps the switch from being acted on now; by default there is none. */
  pause?: Pause | undefined;
  /** The record of the same alert which keeps it from being recorded anew; by default there is none. */
  recordedAlert?: (action: PlannedAction, decision: GateDecision) => number | undefined;
}

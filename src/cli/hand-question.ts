import type { ActionMode, PlannedAction } from '../domain/action.js';
import { harmless } from './harmless-text.js';

/** What a person is asked before something is disconnected by hand; harmless, whatever the call's texts are. */
export function handQuestion(
  { action, call, weight, target }: Pick<PlannedAction, 'action' | 'call' | 'weight' | 'target'>,
  switchName: string,
  mode: ActionMode,
): string {
  const what =
    call === undefined
      ? `${action === 'disconnectAccount' ? 'account' : 'customer'} ${target} with ${counted(weight)}`
      : `call ${target} (${call.cli ?? '?'} -> ${call.cld ?? '?'}, account ${call.account ?? '?'})`;
  const allTheSame =
    mode === 'monitor' ? 'The config is in monitor mode; a disconnect by hand acts all the same.\n' : '';
  return `${allTheSame}Disconnect ${harmless(what)} on switch ${switchName}?`;
}

/** `1 call`, `5 calls` */
export function counted(calls: number): string {
  return `${calls} ${calls === 1 ? 'call' : 'calls'}`;
}

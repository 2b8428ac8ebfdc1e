import type { Pause } from '../domain/pause.js';
import { harmless } from './harmless-text.js';

/** `paused by cli:anna since 2026-01-05T10:00:00Z until 2026-01-05T11:00:00Z: a rule is wrong` */
export function pauseText({ at, until, reason, actor }: Pause): string {
  return `paused by ${actor} since ${instantText(at)} ${untilText(until)}: ${harmless(reason)}`;
}

/** When a pause ends, as a person reads it. */
export function untilText(until: number | undefined): string {
  return until === undefined ? 'until somebody resumes' : `until ${instantText(until)}`;
}

/** `lab`, or `all switches`. */
export function pausedName(switchName: string | undefined): string {
  return switchName ?? 'all switches';
}

/** The pause among these that keeps a switch from acting longest; undefined where none does. */
export function lastingPause(pauses: readonly Pause[], switchName: string): Pause | undefined {
  return pauses
    .filter((pause) => pause.switch === undefined || pause.switch === switchName)
    .reduce<Pause | undefined>(
      (one, other) => (one === undefined || endOf(other) > endOf(one) ? other : one),
      undefined,
    );
}

/** The command that ends a pause, as it can be pasted. */
export function resumeCommand(configFile: string, switchName: string | undefined): string {
  const narrowed = switchName === undefined ? '' : ` --switch ${switchName}`;
  return `callwarden resume -c ${configFile}${narrowed} --reason TEXT`;
}

function endOf({ until }: Pause): number {
  return until ?? Number.POSITIVE_INFINITY;
}

function instantText(at: number): string {
  return new Date(at).toISOString().replace(/\.\d+Z$/, 'Z');
}

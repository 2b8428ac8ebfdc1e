import type { Pause, Pauses } from '../domain/pause.js';
import type { Clock } from '../domain/ports.js';
import { createComplaints } from './complaints.js';
import { pausedName, pauseText, resumeCommand } from './pause-text.js';
import type { ServiceLog } from './service.js';

export interface PauseWatchOptions {
  pauses: Pick<Pauses, 'list'>;
  /** Names of those under watch. */
  switches: readonly string[];
  /** For the hints. */
  configFile: string;
  log: ServiceLog;
  clock: Clock;
}

export interface PauseWatch {
  /** Looks once which pauses are in force, and logs those that began or ended since. One at a time; never rejects. */
  look(): Promise<void>;
}

/** Tells in the log of a service when a person stops acting, and when it goes on. Whoever acts asks the store itself. */
export function createPauseWatch({
  pauses,
  switches,
  configFile,
  log,
  clock,
}: PauseWatchOptions): PauseWatch {
  const complaints = createComplaints(log, clock);
  let known: readonly Pause[] = [];

  function tell(now: number, inForce: readonly Pause[]): void {
    for (const pause of inForce.filter((one) => !known.some((other) => isSame(one, other)))) {
      log.warn(
        fieldsOf(pause),
        `${pausedName(pause.switch)}: ${pauseText(pause)}. Nothing is disconnected, detection goes on; \`${resumeCommand(configFile, pause.switch)}\` ends it`,
      );
    }
    for (const pause of known.filter((one) => !inForce.some((other) => other.switch === one.switch))) {
      const how = pause.until !== undefined && pause.until <= now ? 'ended by itself' : 'was ended by hand';
      const covering = inForce.find((one) => one.switch === undefined);
      const left = covering ?? (pause.switch === undefined ? inForce[0] : undefined);
      const next =
        left === undefined ? 'rules act again' : `${pausedName(left.switch)}: still ${pauseText(left)}`;
      log.warn(fieldsOf(pause), `the pause of ${pausedName(pause.switch)} ${how}: ${next}`);
    }
    known = inForce;
  }

  return {
    async look() {
      try {
        const now = clock();
        const all = await pauses.list(now);
        tell(
          now,
          all.filter((pause) => pause.switch === undefined || switches.includes(pause.switch)),
        );
        complaints.hold([]);
      } catch (error) {
        const text = error instanceof Error ? error.message : String(error);
        complaints.hold([
          {
            level: 'error',
            fields: {},
            text: `nobody can tell whether acting is paused, so nothing is sent: ${text}`,
          },
        ]);
      }
    },
  };
}

function isSame(one: Pause, other: Pause): boolean {
  return (
    one.switch === other.switch &&
    one.at === other.at &&
    one.until === other.until &&
    one.reason === other.reason &&
    one.actor === other.actor
  );
}

function fieldsOf({ switch: name, at, until, reason, actor }: Pause): object {
  return {
    ...(name !== undefined && { switch: name }),
    pause: {
      allSwitches: name === undefined,
      since: new Date(at).toISOString(),
      until: until === undefined ? null : new Date(until).toISOString(),
      reason,
      actor,
    },
  };
}

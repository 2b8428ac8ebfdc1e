import type { Clock } from '../domain/ports.js';
import type { ServiceLog } from './service.js';

/** Something that is wrong for as long as it is held. */
export interface Complaint {
  level: 'warn' | 'error';
  fields: object;
  text: string;
}

/** Logs what is wrong when it begins, and again once in a while for as long as it lasts. */
export interface Complaints {
  /** All that is wrong now; whatever is no longer among it is over, and is news where it comes back. */
  hold(complaints: readonly Complaint[]): void;
}

const REPEAT_MS = 10 * 60_000;

export function createComplaints(log: ServiceLog, clock: Clock): Complaints {
  let saidAt = new Map<string, number>();
  return {
    hold(complaints) {
      const now = clock();
      const stillSaidAt = new Map<string, number>();
      for (const { level, fields, text } of complaints) {
        const said = saidAt.get(text);
        const due = said === undefined || now - said >= REPEAT_MS;
        if (due && !stillSaidAt.has(text)) log[level](fields, text);
        stillSaidAt.set(text, due ? now : said);
      }
      saidAt = stillSaidAt;
    },
  };
}

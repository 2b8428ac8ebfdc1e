import { existsSync } from 'node:fs';
import type { Config } from '../domain/config.js';
import { CallwardenError } from '../domain/errors.js';
import { openStore } from '../store/open-store.js';
import { pausedName, pauseText, resumeCommand } from './pause-text.js';
import type { Finding } from './reachability.js';

/** One finding for each pause in force; none where acting is not paused, or the database cannot say. */
export async function checkPauses({ database, file }: Config): Promise<readonly Finding[]> {
  if (!existsSync(database)) return [];
  try {
    const store = openStore(database, { readonly: true });
    try {
      return (await store.pauses.list(Date.now())).map((pause) => ({
        level: 'warn',
        text: `${pausedName(pause.switch)}: ${pauseText(pause)}. Rules disconnect nothing`,
        next: `When it has done its service: \`${resumeCommand(file, pause.switch)}\``,
      }));
    } finally {
      store.close();
    }
  } catch (error) {
    // What ails the database is a finding of its own.
    if (error instanceof CallwardenError) return [];
    throw error;
  }
}

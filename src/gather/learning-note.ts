import type { CallwardenError } from '../domain/errors.js';

/** So many customers are named; of more only how many they are. */
const MOST_NAMED = 5;

/**
 * What a person should know of a look at subcustomers: whose listings failed, how many customers are still waiting, and that the
 * listing which closes the look failed. Undefined where all went well.
 */
export function learningNote(
  failures: ReadonlyMap<number, CallwardenError>,
  waiting: number,
  closing: CallwardenError | undefined,
): string | undefined {
  const [failure] = failures.values();
  const parts: string[] = [];
  if (failure !== undefined) {
    const named = [...failures.keys()].slice(0, MOST_NAMED).join(', ');
    const more = failures.size > MOST_NAMED ? ` and ${failures.size - MOST_NAMED} more` : '';
    parts.push(
      `the listing of customer ${named}${more} failed, so what is known of who is below is what it was: ${failure.code}: ${failure.message}`,
    );
  }
  if (waiting > 0)
    parts.push(
      `the switch answers too slowly to list ${waiting} more ${waiting === 1 ? 'customer' : 'customers'} for who is below them: the next pass goes on`,
    );
  if (closing !== undefined)
    parts.push(
      `the listing that closes the look at subcustomers failed, so that of the next pass has to serve: ${closing.code}: ${closing.message}`,
    );
  return parts.length === 0 ? undefined : parts.join('; ');
}

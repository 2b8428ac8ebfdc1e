import type { CallwardenError } from '../domain/errors.js';
import type { Clock, MaybeSent } from '../domain/ports.js';
import { switchError } from './switch-failure.js';

/**
 * Why a request must not leave any more; undefined while it may. To be asked directly before each time it is written:
 * connecting, waiting for its turn and every challenge take time, in which the call that it names may have ended and its
 * ID may have gone to another call.
 */
export function tooLate(
  url: string,
  notAfter: number | undefined,
  clock: Clock,
): (CallwardenError & MaybeSent) | undefined {
  if (notAfter === undefined) return undefined;
  const lateByMs = clock() - notAfter;
  if (lateByMs <= 0) return undefined;
  return switchError(
    'SWITCH_TIMEOUT',
    `the request to ${url} was not sent: the listing on which the disconnect rests grew too old while it waited, connected or logged in (${Math.ceil(lateByMs)} ms late)`,
    {
      hint: 'The next pass lists the calls anew and decides again. Check the load of the switch and the way to it with `callwarden doctor`; raise maxSnapshotAge in the config if it is just slow.',
      maybeSent: false,
    },
  );
}

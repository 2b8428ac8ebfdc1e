import { identityKey } from '../domain/call.js';
import { CallwardenError } from '../domain/errors.js';
import type { Numbering } from '../domain/numbering.js';
import type { SwitchPort } from '../domain/ports.js';
import type { AccountCallStats, Listing, Snapshot, SnapshotDoubt } from '../domain/snapshot.js';
import { accountsLacking } from './cross-check.js';
import { findDoubt } from './doubt.js';
import { measuredPort } from './measured-port.js';
import { readCalls } from './read-calls.js';

export interface GatherOptions {
  switchName: string;
  port: SwitchPort;
  numbering: Numbering;
  /** Vendors that rules name: calls bear no vendor, so each is listed for itself. */
  vendors: readonly number[];
  /** Asks for the stats, and doubts a listing that contradicts them; true by default. */
  crossCheck?: boolean;
  /** Accounts that sound listings under this login have shown before; none by default. */
  shownBefore?: ReadonlySet<number>;
  signal: AbortSignal;
}

/**
 * Asks the switch for all its calls, for its stats and for the calls of each named vendor, and assembles the snapshot.
 * Rejects with the SWITCH_ error of any listing: failure is not emptiness. Stats only cross-check the listing and are
 * limited to some logins, so their failure is a note.
 */
export async function gatherSnapshot(options: GatherOptions): Promise<Snapshot> {
  const { signal } = options;
  const port = measuredPort(options.port);
  // One failed listing decides the pass; the others are aborted so that nothing goes on behind its back.
  const abandon = new AbortController();
  const request = { signal: AbortSignal.any([signal, abandon.signal]) };
  const notes: string[] = [];
  try {
    const [listing, stats] = await Promise.all([
      port.listAllCalls({}, request),
      options.crossCheck === false ? undefined : askStats(port, request, notes),
    ]);
    // After the main listing, so that a call which that one shows is missing here only if the vendor does not carry it.
    const vendors = await Promise.all(
      options.vendors.map(async (vendor) => ({
        vendor,
        listing: await port.listAllCalls({ vendor }, request),
      })),
    );
    const clock = port.clockBy(listing.timing);
    if (clock.note !== undefined) notes.push(clock.note);
    const calls = readCalls(listing.calls, options.numbering, listing.timing, clock.offsetMs);
    return {
      switch: options.switchName,
      observedAt: listing.timing.requestedAt,
      receivedAt: listing.timing.receivedAt,
      coverage: { states: 'all', filter: {}, login: port.login },
      calls,
      suspects: listing.suspects,
      unreadableFields: listing.unreadableFields,
      vendors: new Map(vendors.map((one) => [one.vendor, new Set(one.listing.calls.map(identityKey))])),
      stats,
      clockOffsetMs: clock.offsetMs,
      doubt:
        findDoubt(calls, listing.suspects, {
          timing: listing.timing,
          stats,
          shownBefore: options.shownBefore,
        }) ?? vendorDoubt(listing, vendors),
      ...(stats === undefined || stats.suspect !== undefined
        ? {}
        : { lackingCallsOf: accountsLacking(calls, listing.suspects.length, listing.timing, stats) }),
      notes,
    };
  } catch (error) {
    abandon.abort();
    throw error;
  }
}

async function askStats(
  port: SwitchPort,
  request: { signal: AbortSignal },
  notes: string[],
): Promise<AccountCallStats | undefined> {
  try {
    const stats = await port.getAccountCallStats(request);
    if (stats.suspect !== undefined) notes.push(`getAccountCallStats cannot be trusted: ${stats.suspect}`);
    return stats;
  } catch (error) {
    if (!(error instanceof CallwardenError)) throw error;
    notes.push(
      `getAccountCallStats failed, so the listing is not cross-checked: ${error.code}: ${error.message}`,
    );
    return undefined;
  }
}

/** A call that only a vendor's listing shows garbled would count as not carried by that vendor. */
function vendorDoubt(
  main: Listing,
  vendors: readonly { vendor: number; listing: Listing }[],
): SnapshotDoubt | undefined {
  const garbled = vendors.find(({ listing }) => listing.suspects.length > main.suspects.length);
  if (garbled === undefined) return undefined;
  const { vendor, listing } = garbled;
  return {
    reason: 'suspect-share',
    detail: `the listing of vendor ${vendor} has ${listing.suspects.length} calls without a readable identity`,
  };
}

import { identityKey } from '../domain/call.js';
import { CallwardenError } from '../domain/errors.js';
import type { Numbering } from '../domain/numbering.js';
import type { SwitchPort } from '../domain/ports.js';
import type { AccountCallStats, Snapshot } from '../domain/snapshot.js';
import { findDoubt } from './doubt.js';
import { clockOffset, readCalls } from './read-calls.js';

export interface GatherOptions {
  switchName: string;
  port: SwitchPort;
  numbering: Numbering;
  /** Vendors that rules name: calls bear no vendor, so each is listed for itself. */
  vendors: readonly number[];
  signal: AbortSignal;
}

/**
 * Asks the switch for all its calls, for its stats and for the calls of each named vendor, and assembles the snapshot.
 * Rejects with the SWITCH_ error of any listing: failure is not emptiness. Stats only cross-check the listing and are
 * limited to some logins, so their failure is a note.
 */
export async function gatherSnapshot(options: GatherOptions): Promise<Snapshot> {
  const { port, signal } = options;
  // One failed listing decides the pass; the others are aborted so that nothing goes on behind its back.
  const abandon = new AbortController();
  const request = { signal: AbortSignal.any([signal, abandon.signal]) };
  const notes: string[] = [];
  try {
    const [listing, stats, vendors] = await Promise.all([
      port.listAllCalls({}, request),
      askStats(port, request, notes),
      Promise.all(
        options.vendors.map(async (vendor) => [vendor, await callsOfVendor(port, vendor, request)] as const),
      ),
    ]);
    const calls = readCalls(listing.calls, options.numbering, listing.timing);
    return {
      switch: options.switchName,
      observedAt: listing.timing.requestedAt,
      receivedAt: listing.timing.receivedAt,
      coverage: { states: 'all', filter: {}, login: port.login },
      calls,
      suspects: listing.suspects,
      unreadableFields: listing.unreadableFields,
      vendors: new Map(vendors),
      stats,
      clockOffsetMs: clockOffset(listing.timing),
      doubt: findDoubt(calls, listing.suspects, stats),
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

async function callsOfVendor(
  port: SwitchPort,
  vendor: number,
  request: { signal: AbortSignal },
): Promise<ReadonlySet<string>> {
  const listing = await port.listAllCalls({ vendor }, request);
  return new Set(listing.calls.map(identityKey));
}

import type Database from 'better-sqlite3';
import type { HoldingChanges, Ledger, LedgerCall, LedgerChanges, LedgerPoll } from '../domain/ledger.js';
import { prepareBeginning } from './ledger-beginning.js';
import { prepareCustomerReads, prepareCustomerWrite } from './ledger-customers.js';
import { preparePrune } from './ledger-prune.js';
import { createLedgerReads } from './ledger-reads.js';
import { INSERT_CALL, identityHash, toCallValues, UPDATE_CALL } from './ledger-rows.js';
import { createRuleVersions } from './rule-versions.js';
import { settle } from './store-error.js';

const COUNT_COMMIT = `
  INSERT INTO ledger_switch (name, last_poll_id, last_poll_at) VALUES (@name, 1, @at)
  ON CONFLICT (name) DO UPDATE SET last_poll_id = last_poll_id + 1, last_poll_at = excluded.last_poll_at
  RETURNING id, last_poll_id AS pollId, begun_after_call AS begunAfterCall`;

const PUT_LOGIN = `
  INSERT INTO ledger_login (switch_id, name, last_sound_at, last_listed_at)
  VALUES (@switch, @name, @soundAt, @listedAt)
  ON CONFLICT (switch_id, name) DO UPDATE
  SET last_sound_at = coalesce(excluded.last_sound_at, last_sound_at),
    last_listed_at = coalesce(excluded.last_listed_at, last_listed_at)
  RETURNING id`;

const PUT_NUMBERING = `
  UPDATE ledger_switch SET numbering = @fingerprint, numbered_since = @since WHERE id = @switch`;

const INSERT_POLL = `
  INSERT INTO ledger_poll (switch_id, at, id, login_id, interval_ms, result)
  VALUES (@switch, @at, @id, @login, @intervalMs, @result)`;

const FIND_CALL = `
  SELECT id, first_seen_at AS firstSeenAt, cut_at AS cutAt FROM ledger_call INDEXED BY ledger_call_identity
  WHERE identity_hash = ? AND switch_id = ? AND login_id = ? AND ref = ? AND call_id = ? AND setup_time IS ? AND leg IS ?
    AND id > ?`;

const PUT_COUNTRY = `
  INSERT INTO ledger_country (switch_id, account, country, first_at, last_at)
  VALUES (@switch, @account, @country, @firstAt, @lastAt)
  ON CONFLICT DO UPDATE SET first_at = excluded.first_at, last_at = excluded.last_at`;

const PUT_ACCOUNT = `
  INSERT INTO ledger_account (switch_id, account, first_at) VALUES (@switch, @account, @firstAt)
  ON CONFLICT DO UPDATE SET first_at = excluded.first_at`;

const PUT_HOLDING = `
  INSERT INTO ledger_holding (switch_id, rule_hash, subject, rule, since, last_at)
  VALUES (@switch, @ruleHash, @subject, @rule, @since, @lastAt)
  ON CONFLICT DO UPDATE SET rule = excluded.rule, since = excluded.since, last_at = excluded.last_at`;

const DROP_HOLDING = `
  DELETE FROM ledger_holding WHERE switch_id = @switch AND rule_hash = @ruleHash AND subject = @subject`;

/**
 * The ledger on an open, migrated database. Whatever is committed replaces what was known under the same identity, country,
 * account or subject; but a call was first seen when it was, and what was cut stays so, also for who did not know of it.
 * None of that reaches back beyond the poll with which the history began anew. What two logins list of one call are two rows:
 * each sees calls of its own, and ends what it does not see any more.
 *
 * Beside what has ended, `prune` deletes live calls of a login under which no sound poll was committed since `before`: the
 * login or the switch is not in use any more, and nobody would ever see them end. It deletes what `for` saw before then, too.
 */
export function createLedger(database: Database.Database, path: string): Ledger {
  const reads = createLedgerReads(database);
  const write = prepareWrites(database);
  const beginAnew = prepareBeginning(database);
  const prune = preparePrune(database);
  const customers = prepareCustomerReads(database);
  const writeCustomers = prepareCustomerWrite(database);
  const versions = createRuleVersions(database);
  const commit = database.transaction((switchName: string, changes: LedgerChanges): number => {
    const { id: switchId, pollId, ...known } = write.countCommit(switchName, changes.poll.at);
    const begunAfterCall = changes.anew
      ? beginAnew({ switch: switchId, poll: pollId, at: changes.poll.at })
      : known.begunAfterCall;
    const logins = new Map<string, number>();
    const loginId = (name: string): number => {
      const known = logins.get(name) ?? write.login(switchId, name, changes.poll);
      logins.set(name, known);
      return known;
    };
    write.poll(switchId, pollId, loginId(changes.poll.login), changes.poll);
    for (const call of changes.calls) write.call(switchId, loginId(call.login), call, begunAfterCall);
    write.known(switchId, changes);
    writeCustomers(switchId, changes.learned ?? [], changes.poll.at);
    write.holding(switchId, changes.holding);
    return pollId;
  });

  return {
    lastPollId: (switchName) => settle(path, () => reads.lastPollId(switchName)),
    lastPollAt: (switchName) => settle(path, () => reads.lastPollAt(switchName)),
    load: (switchName, since, pollsSince) => settle(path, () => reads.state(switchName, since, pollsSince)),
    learnedCustomers: (switchName) => settle(path, () => customers.newest(switchName)),
    ruleVersions: (switchName) => settle(path, () => versions.of(switchName)),
    noteRules: (switchName, pass) => settle(path, () => versions.note(switchName, pass)),
    commit: (switchName, changes) => settle(path, () => commit.immediate(switchName, changes)),
    prune: (options) => settle(path, () => prune(options)),
  };
}

interface KnownRow {
  id: number;
  firstSeenAt: number;
  cutAt: number | null;
}

function keepKnown(call: LedgerCall, { firstSeenAt, cutAt }: KnownRow): LedgerCall {
  return {
    ...call,
    firstSeenAt: Math.min(call.firstSeenAt, firstSeenAt),
    cutAt: call.cutAt ?? cutAt ?? undefined,
  };
}

function prepareWrites(database: Database.Database) {
  const countCommit = database.prepare<
    { name: string; at: number },
    { id: number; pollId: number; begunAfterCall: number }
  >(COUNT_COMMIT);
  const numbered = database.prepare(PUT_NUMBERING);
  const login = database.prepare<unknown[], number>(PUT_LOGIN).pluck();
  const poll = database.prepare(INSERT_POLL);
  const find = database.prepare<unknown[], KnownRow>(FIND_CALL);
  const insert = database.prepare<unknown[]>(INSERT_CALL);
  const update = database.prepare<unknown[]>(UPDATE_CALL);
  const country = database.prepare(PUT_COUNTRY);
  const account = database.prepare(PUT_ACCOUNT);
  const put = database.prepare(PUT_HOLDING);
  const drop = database.prepare(DROP_HOLDING);
  const given = <T>(row: T | undefined): T => {
    if (row === undefined) throw new Error('RETURNING gave no row');
    return row;
  };

  return {
    countCommit: (name: string, at: number) => given(countCommit.get({ name, at })),
    /** Calls of another login may change as well, when they are cut; its polls are its own. */
    login(switchId: number, name: string, { at, login: polled, result }: LedgerPoll): number {
      const soundAt = name === polled && result === 'sound' ? at : null;
      const listedAt = name === polled && result !== 'failed' ? at : null;
      return given(login.get({ switch: switchId, name, soundAt, listedAt }));
    },
    poll(switchId: number, id: number, loginId: number, { at, intervalMs, result }: LedgerPoll): void {
      poll.run({ switch: switchId, at, id, login: loginId, intervalMs, result });
    },
    call(switchId: number, loginId: number, call: LedgerCall, after: number): void {
      const hash = identityHash(switchId, call);
      const { id, callId, setupTimeText = null, leg = null } = call;
      const known = find.get(hash, switchId, loginId, id, callId, setupTimeText, leg, after);
      if (known === undefined) insert.run(after, hash, switchId, ...toCallValues(call, loginId));
      else update.run(...toCallValues(keepKnown(call, known), loginId), known.id);
    },
    known(switchId: number, { countries, accounts, numbering }: LedgerChanges): void {
      if (numbering !== undefined) numbered.run({ switch: switchId, ...numbering });
      for (const row of countries) country.run({ switch: switchId, ...row });
      for (const row of accounts) account.run({ switch: switchId, ...row });
    },
    holding(switchId: number, changes: HoldingChanges): void {
      for (const { ruleHash, subject } of changes.drop) drop.run({ switch: switchId, ruleHash, subject });
      for (const row of changes.put) put.run({ switch: switchId, ...row });
    },
  };
}

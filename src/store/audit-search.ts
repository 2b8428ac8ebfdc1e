import type Database from 'better-sqlite3';
import type { AuditQuery } from '../domain/ports.js';
import { plainNumber } from './plain-number.js';

/** The filters of a query as bound values; since and until are always bound. */
type Bound = Record<string, string | number>;

type Filter = Exclude<keyof AuditQuery, 'limit'>;

interface Found {
  at: number;
  id: number;
}

/** An index that a filter can be answered from, and the condition that does. */
type Arm = readonly [index: string, condition: string];

/** Candidates to begin a search with, the likely shortest first: that order decides where counting does not. */
const ARMS: Readonly<Partial<Record<Filter, readonly Arm[]>>> = {
  call: [
    ['INDEXED BY audit_action_call_ref', 'a.call_ref = @call'],
    ['INDEXED BY audit_action_call_id', 'a.call_id = @call'],
  ],
  cli: [['INDEXED BY audit_action_cli', 'a.cli_number = @cli']],
  cld: [['INDEXED BY audit_action_cld', 'a.cld_number = @cld']],
  account: [['INDEXED BY audit_action_account', 'a.account = @account']],
  customer: [['INDEXED BY audit_action_customer', 'a.customer = @customer']],
  id: [['NOT INDEXED', 'a.id = @id']],
  // NOT INDEXED leaves the table's own order, by id.
  afterId: [['NOT INDEXED', 'a.id > @afterId']],
};
const BY_TIME: readonly Arm[] = [['INDEXED BY audit_action_at', 'TRUE']];

/** Filters on columns with few values, which search_facet combines. */
const FACETS: readonly Filter[] = ['switch', 'rule', 'action', 'mode', 'outcome'];

const CONDITIONS: Readonly<Record<Exclude<Filter, 'since' | 'until'>, string>> = {
  id: 'a.id = @id',
  rule: 'a.rule = @rule',
  account: 'a.account = @account',
  customer: 'a.customer = @customer',
  call: '(a.call_ref = @call OR a.call_id = @call)',
  cli: 'a.cli_number = @cli',
  cld: 'a.cld_number = @cld',
  action: 'a.action = @action',
  outcome: '(SELECT o.outcome FROM audit_outcome AS o WHERE o.action_id = a.id) = @outcome',
  switch: 'a.switch = @switch',
  mode: 'a.mode = @mode',
  afterId: 'a.id > @afterId',
};
const IN_TIME = 'a.at >= @since AND a.at < @until';

/** Candidates are counted up to this many rows; beyond it, which of them is shortest no longer matters. */
const COUNTED_ROWS = 5_000;

/**
 * The ids of the records that a query asks for, oldest first: by time, then id.
 *
 * SQLite would choose an index by statistics that nobody collects here, and with a LIMIT it likes to walk the log
 * backwards until enough rows match, which for a rare combination is all of it. So the search counts, up to a bound,
 * what each filter alone would leave, begins with the shortest list and tests the other filters on its rows.
 */
export function searchIds(database: Database.Database, query: AuditQuery): Iterable<number> {
  const search = new Search(database, query);
  return query.limit === undefined ? search.all() : search.newest(query.limit);
}

/** What a query asks of a record, as a condition on audit_action AS a with its bound values; the limit is left out. */
export function recordCondition(query: AuditQuery): { condition: string; bound: Bound } {
  const { limit: _, ...filters } = query;
  const keys = Object.keys(CONDITIONS) as Exclude<Filter, 'since' | 'until'>[];
  const given = keys.filter((key) => filters[key] !== undefined).map((key) => CONDITIONS[key]);
  return { condition: [...given, IN_TIME].join(' AND '), bound: toBound(filters) };
}

/** The statements that a search would run, for a look at their query plans. */
export function explainSearch(database: Database.Database, query: AuditQuery): readonly string[] {
  const search = new Search(database, query);
  return search.statements(query.limit).flatMap((sql) =>
    database
      .prepare<[Bound], { detail: string }>(`EXPLAIN QUERY PLAN ${sql}`)
      .all({ ...search.bound, limit: query.limit ?? -1, facet: 0, facets: '[]' })
      .map(({ detail }) => detail),
  );
}

class Search {
  readonly bound: Bound;
  readonly #database: Database.Database;
  readonly #given: readonly Exclude<Filter, 'since' | 'until'>[];
  /** Undefined where the search begins with an index of audit_action. */
  readonly #facets: readonly number[] | undefined;
  readonly #arms: readonly Arm[];

  constructor(database: Database.Database, query: AuditQuery) {
    this.#database = database;
    this.bound = toBound(query);
    const keys = Object.keys(CONDITIONS) as Exclude<Filter, 'since' | 'until'>[];
    this.#given = keys.filter((key) => query[key] !== undefined);
    const { arms, facets } = this.#begin();
    this.#arms = arms;
    this.#facets = facets;
  }

  *all(): Iterable<number> {
    const [sql = ''] = this.statements(undefined);
    const bound = { ...this.bound, limit: -1, facets: JSON.stringify(this.#facets ?? []) };
    for (const { id } of this.#database.prepare<[Bound], Found>(sql).iterate(bound)) yield id;
  }

  newest(limit: number): Iterable<number> {
    const [sql = ''] = this.statements(limit);
    const statement = this.#database.prepare<[Bound], Found>(sql);
    if (this.#facets === undefined) {
      const found = statement.all({ ...this.bound, limit });
      return found.reverse().map(({ id }) => id);
    }
    let found: Found[] = [];
    let since = this.bound['since'] ?? Number.MIN_SAFE_INTEGER;
    for (const facet of this.#facets) {
      found = found.concat(statement.all({ ...this.bound, since, facet, limit }));
      if (found.length < limit) continue;
      found.sort(newestFirst).splice(limit);
      // Whatever the next facets have to add must not be older than the oldest that is kept.
      since = found.at(-1)?.at ?? since;
    }
    return found
      .sort(newestFirst)
      .reverse()
      .map(({ id }) => id);
  }

  statements(limit: number | undefined): readonly string[] {
    const order = limit === undefined ? 'ASC' : 'DESC';
    if (this.#facets !== undefined) return [this.#facetSql(limit)];
    const rest = [...this.#given.map((key) => CONDITIONS[key]), IN_TIME].join(' AND ');
    const selects = this.#arms.map(
      ([index, condition]) =>
        `SELECT a.at AS at, a.id AS id FROM audit_action AS a ${index} WHERE ${condition} AND ${rest}`,
    );
    return [`${selects.join(' UNION ')} ORDER BY at ${order}, id ${order} LIMIT @limit`];
  }

  #facetSql(limit: number | undefined): string {
    const rest = this.#given.filter((key) => !FACETS.includes(key)).map((key) => CONDITIONS[key]);
    const join = rest.length === 0 ? '' : 'CROSS JOIN audit_action AS a ON a.id = s.action_id';
    const one = limit !== undefined;
    const facet = one ? 's.facet_id = @facet' : 's.facet_id IN (SELECT value FROM json_each(@facets))';
    const where = [facet, 's.at >= @since', 's.at < @until', ...rest].join(' AND ');
    const order = one ? 'DESC' : 'ASC';
    return `SELECT s.at AS at, s.action_id AS id FROM search_record AS s ${join} WHERE ${where}
      ORDER BY s.at ${order}, s.action_id ${order} LIMIT @limit`;
  }

  /** Which list to begin with: the shortest as far as it was counted. */
  #begin(): { arms: readonly Arm[]; facets: readonly number[] | undefined } {
    const candidates: { rows: number; arms: readonly Arm[]; facets: readonly number[] | undefined }[] = [];
    for (const [key, arms] of Object.entries(ARMS)) {
      if (!this.#given.some((given) => given === key)) continue;
      candidates.push({ rows: this.#countArms(arms), arms, facets: undefined });
    }
    if (this.#given.some((key) => FACETS.includes(key))) {
      const facets = this.#matchingFacets();
      candidates.push({ rows: this.#countFacets(facets), arms: [], facets });
    }
    const byId = ARMS.afterId ?? [];
    const fallback = { rows: COUNTED_ROWS, arms: BY_TIME, facets: undefined };
    // All of the log after an id is no list to begin with: it is in no useful order.
    const useful = candidates.filter(({ rows, arms }) => arms !== byId || rows < COUNTED_ROWS);
    return useful.reduce((best, next) => (next.rows < best.rows ? next : best), useful[0] ?? fallback);
  }

  #countArms(arms: readonly Arm[]): number {
    const rows = arms.map(
      ([index, condition]) => `SELECT 1 FROM audit_action AS a ${index} WHERE ${condition} AND ${IN_TIME}`,
    );
    return this.#count(rows.join(' UNION ALL '), this.bound);
  }

  #countFacets(facets: readonly number[]): number {
    const rows = `SELECT 1 FROM search_record AS s
      WHERE s.facet_id IN (SELECT value FROM json_each(@facets)) AND s.at >= @since AND s.at < @until`;
    return this.#count(rows, { ...this.bound, facets: JSON.stringify(facets) });
  }

  #count(rows: string, bound: Bound): number {
    const sql = `SELECT count(*) FROM (${rows} LIMIT ${COUNTED_ROWS})`;
    return this.#database.prepare<[Bound], number>(sql).pluck().get(bound) ?? 0;
  }

  #matchingFacets(): readonly number[] {
    const conditions = this.#given.filter((key) => FACETS.includes(key)).map((key) => `f.${key} = @${key}`);
    const sql = `SELECT f.id FROM search_facet AS f WHERE ${conditions.join(' AND ')}`;
    return this.#database.prepare<[Bound], number>(sql).pluck().all(this.bound);
  }
}

function toBound(query: AuditQuery): Bound {
  const bound: Bound = { since: Number.MIN_SAFE_INTEGER, until: Number.MAX_SAFE_INTEGER };
  for (const [key, value] of Object.entries(query)) if (value !== undefined) bound[key] = value;
  if (query.cli !== undefined) bound['cli'] = plainNumber(query.cli);
  if (query.cld !== undefined) bound['cld'] = plainNumber(query.cld);
  return bound;
}

function newestFirst(one: Found, other: Found): number {
  return other.at - one.at || other.id - one.id;
}

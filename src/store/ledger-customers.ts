import type Database from 'better-sqlite3';
import type { LearnedCustomer } from '../domain/customer-tree.js';
import type { LearnedCustomerAt } from '../domain/ledger.js';

const NEWEST = `
  SELECT customer, parent, placed, answered, learned_at AS learnedAt, answered_at AS answeredAt, placed_at AS placedAt,
    lacked_by AS lackedBy, unplaced_by AS unplacedBy
  FROM ledger_customer AS one
  WHERE switch_id = (SELECT id FROM ledger_switch WHERE name = ?) AND id = (
    SELECT max(id) FROM ledger_customer WHERE switch_id = one.switch_id AND customer = one.customer
  ) ORDER BY customer`;

/** In the order in which they were written: of several that hold at an instant the last one does. */
const HISTORY = `
  SELECT customer, parent, placed, answered, learned_at AS learnedAt, answered_at AS answeredAt, placed_at AS placedAt,
    lacked_by AS lackedBy, unplaced_by AS unplacedBy
  FROM ledger_customer WHERE switch_id = (SELECT id FROM ledger_switch WHERE name = @name) AND learned_at < @until ORDER BY id`;

const INSERT_CHANGED = `
  INSERT INTO ledger_customer (
    switch_id, customer, parent, placed, answered, learned_at, answered_at, placed_at, lacked_by, unplaced_by
  )
  SELECT @switch, @customer, @parent, @placed, @answered, @at, @answeredAt, @placedAt, @lackedBy, @unplacedBy
  WHERE NOT EXISTS (
    SELECT 1 FROM ledger_customer WHERE id = (
      SELECT max(id) FROM ledger_customer WHERE switch_id = @switch AND customer = @customer
    ) AND parent = @parent AND placed = @placed AND answered = @answered
  )`;

/** Where customers are asked in turn, hundreds are confirmed by turns: to be newer by less than this is not worth a write. */
const SHORTEST_CONFIRMED_MS = 300_000;

/** Whether an instant has to be written: it is another kind of knowledge, older, or newer by much. */
const isOff = (kept: string, said: string) => `(
      (${kept} IS NULL) <> (${said} IS NULL)
      OR ${said} < ${kept}
      OR ${said} >= ${kept} + ${SHORTEST_CONFIRMED_MS}
    )`;

const CONFIRM = `
  UPDATE ledger_customer
  SET answered_at = @answeredAt, placed_at = @placedAt, lacked_by = @lackedBy, unplaced_by = @unplacedBy
  WHERE id = (SELECT max(id) FROM ledger_customer WHERE switch_id = @switch AND customer = @customer) AND (
    ${isOff('answered_at', '@answeredAt')} OR ${isOff('placed_at', '@placedAt')}
    OR lacked_by IS NOT @lackedBy OR unplaced_by IS NOT @unplacedBy
  )`;

interface Row {
  customer: number;
  parent: number;
  placed: number;
  answered: number;
  learnedAt: number;
  answeredAt: number | null;
  placedAt: number | null;
  lackedBy: string | null;
  unplacedBy: string | null;
}

/** Reads what is kept of the customers of a switch. Throws SQLite's own errors. */
export function prepareCustomerReads(database: Database.Database) {
  const newest = database.prepare<[string], Row>(NEWEST);
  const history = database.prepare<{ name: string; until: number }, Row>(HISTORY);
  return {
    newest: (name: string): readonly LearnedCustomerAt[] => newest.all(name).map(fromRow),
    history: (name: string, until: number): readonly LearnedCustomerAt[] =>
      history.all({ name, until }).map(fromRow),
  };
}

/** Writes what of it is new, within the transaction of a commit. Throws SQLite's own errors. */
export function prepareCustomerWrite(database: Database.Database) {
  const insert = database.prepare(INSERT_CHANGED);
  const confirm = database.prepare(CONFIRM);
  return (switchId: number, learned: readonly LearnedCustomer[], at: number): void => {
    for (const one of learned) {
      const { customer, parent, placed, answered, answeredAt = null, placedAt = null } = one;
      const [lackedBy, unplacedBy] = [asText(one.lackedBy), asText(one.unplacedBy)];
      const said = { switch: switchId, customer, answeredAt, placedAt, lackedBy, unplacedBy };
      const { changes } = insert.run({
        ...said,
        parent,
        placed: Number(placed),
        answered: Number(answered),
        at,
      });
      if (changes === 0) confirm.run(said);
    }
  };
}

function fromRow({
  placed,
  answered,
  answeredAt,
  placedAt,
  lackedBy,
  unplacedBy,
  ...row
}: Row): LearnedCustomerAt {
  return {
    ...row,
    placed: placed === 1,
    answered: answered === 1,
    ...(answeredAt === null ? {} : { answeredAt }),
    ...(placedAt === null ? {} : { placedAt }),
    ...(lackedBy === null ? {} : { lackedBy: asCustomers(lackedBy) }),
    ...(unplacedBy === null ? {} : { unplacedBy: asCustomers(unplacedBy) }),
  };
}

function asText(customers: readonly number[] | undefined): string | null {
  return customers === undefined ? null : JSON.stringify(customers);
}

function asCustomers(text: string): readonly number[] {
  return JSON.parse(text) as number[];
}

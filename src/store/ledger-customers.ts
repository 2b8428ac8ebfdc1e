import type Database from 'better-sqlite3';
import type { LearnedCustomer } from '../domain/customer-tree.js';
import type { LearnedCustomerAt } from '../domain/ledger.js';

const NEWEST = `
  SELECT customer, parent, placed, answered, learned_at AS learnedAt FROM ledger_customer AS one
  WHERE switch_id = (SELECT id FROM ledger_switch WHERE name = ?) AND id = (
    SELECT max(id) FROM ledger_customer WHERE switch_id = one.switch_id AND customer = one.customer
  ) ORDER BY customer`;

/** In the order in which they were written: of several that hold at an instant the last one does. */
const HISTORY = `
  SELECT customer, parent, placed, answered, learned_at AS learnedAt FROM ledger_customer
  WHERE switch_id = (SELECT id FROM ledger_switch WHERE name = @name) AND learned_at < @until ORDER BY id`;

const INSERT_CHANGED = `
  INSERT INTO ledger_customer (switch_id, customer, parent, placed, answered, learned_at)
  SELECT @switch, @customer, @parent, @placed, @answered, @at
  WHERE NOT EXISTS (
    SELECT 1 FROM ledger_customer WHERE id = (
      SELECT max(id) FROM ledger_customer WHERE switch_id = @switch AND customer = @customer
    ) AND parent = @parent AND placed = @placed AND answered = @answered
  )`;

interface Row {
  customer: number;
  parent: number;
  placed: number;
  answered: number;
  learnedAt: number;
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
  return (switchId: number, learned: readonly LearnedCustomer[], at: number): void => {
    for (const { customer, parent, placed, answered } of learned) {
      insert.run({
        switch: switchId,
        customer,
        parent,
        placed: Number(placed),
        answered: Number(answered),
        at,
      });
    }
  };
}

function fromRow({ placed, answered, ...row }: Row): LearnedCustomerAt {
  return { ...row, placed: placed === 1, answered: answered === 1 };
}

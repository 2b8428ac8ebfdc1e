import type { CustomerTree } from '../domain/config.js';
import type { KnownCustomers } from '../domain/customer-tree.js';
import { ancestryOf } from './ancestry.js';

/** What a source of facts has to know of customers to tell where a count of subcustomers may lack some. */
export type KnownPlaces = Pick<KnownCustomers, 'isPlaced' | 'isAnswered'>;

/** Those of the customers with calls of whom nobody knows below whom they stand. */
export function unplacedAmong(present: Iterable<string>, { isPlaced }: KnownPlaces): readonly string[] {
  return [...present].filter((id) => !isPlaced(Number(id)));
}

/**
 * Whether a customer may have calls of subcustomers that are not counted for it: nobody knows who is below it, or one of the
 * unplaced ones may be and is not counted so.
 */
export function mayLackSubcustomers(
  id: string,
  { tree, places, unplaced }: { tree: CustomerTree; places: KnownPlaces; unplaced: readonly string[] },
): boolean {
  if (!places.isAnswered(Number(id))) return true;
  return unplaced.some((one) => one !== id && !ancestryOf(Number(one), tree).includes(id));
}

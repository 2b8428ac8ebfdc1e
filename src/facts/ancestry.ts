import type { CustomerTree } from '../domain/config.js';
import { idText } from './id-text.js';

/** The customer itself and its stated ancestors, as subject IDs. */
export function ancestryOf(customer: number, tree: CustomerTree): readonly string[] {
  const ids = [idText(customer)];
  for (let parent = tree.get(customer); parent !== undefined; parent = tree.get(parent)) {
    const id = idText(parent);
    // The config refuses cycles; a tree from elsewhere must not hang a pass.
    if (ids.includes(id)) break;
    ids.push(id);
  }
  return ids;
}

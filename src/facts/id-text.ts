/** More IDs than a switch mostly has; beyond it the memory begins anew. */
const KEPT_IDS = 100_000;

const TEXTS = new Map<number, string>();

/**
 * The ID of an account, a customer or a connection as text: the very same string every time, since it is looked up in maps
 * by the million, and a string's hash is kept with it.
 */
export function idText(id: number): string {
  let text = TEXTS.get(id);
  if (text === undefined) {
    text = String(id);
    if (TEXTS.size >= KEPT_IDS) TEXTS.clear();
    TEXTS.set(id, text);
  }
  return text;
}

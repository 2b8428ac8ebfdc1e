import type { Numbering } from '../domain/numbering.js';
import { EMERGENCY_NUMBERS } from './emergency-numbers.js';
import { callingCodeOfCountry } from './number-metadata.js';

/** The numbers that no rule may cut. */
export interface ProtectedNumbers {
  /** The protected number that this CLI or CLD is, in whatever way it is written; undefined where it is none. */
  match(raw: string): string | undefined;
}

/** Up to here a number is a short code in any country; the few longer emergency numbers look like local subscribers. */
const LONGEST_SHORT_CODE = 4;

/** RFC 5031: emergency calls by service name. */
const EMERGENCY_SERVICE = /^urn:service:sos\b/i;

/**
 * Knows the emergency numbers of every region and the numbers given. Wide on purpose, because it only ever protects: a
 * short code counts anywhere, with any technical, international or trunk prefix and any country code before it, but
 * always as the whole number, never as the beginning of a longer one. The eleven emergency numbers of five and six
 * digits count bare, or with the country code of their own region.
 */
export function createProtectedNumbers(numbers: readonly string[], numbering: Numbering): ProtectedNumbers {
  const anyForm = new Map<string, string>();
  const fullForm = new Map<string, string>();
  for (const [region, emergencyNumbers] of Object.entries(EMERGENCY_NUMBERS)) {
    for (const number of emergencyNumbers) {
      if (number.length <= LONGEST_SHORT_CODE) anyForm.set(number, number);
      else {
        fullForm.set(number, number);
        fullForm.set(callingCodeOfCountry(region) + number, number);
      }
    }
  }
  for (const number of numbers) {
    anyForm.set(number.trim(), number);
    anyForm.set(numbering.normalise(number), number);
  }
  anyForm.delete('');

  return {
    match(raw) {
      if (EMERGENCY_SERVICE.test(raw.trim())) return 'urn:service:sos';
      for (const form of spellingsOf(raw).flatMap((spelling) => numbering.formsOf(spelling))) {
        const match = anyForm.get(form);
        if (match !== undefined) return match;
      }
      return fullForm.get(raw.trim()) ?? fullForm.get(numbering.normalise(raw));
    },
  };
}

/** The text, and what it says where it is percent-encoded (RFC 3261, 19.1.2) or bears a port; both are rare. */
function spellingsOf(raw: string): readonly string[] {
  const spellings = [raw];
  if (raw.includes('%'))
    spellings.push(
      raw.replace(/%([0-7][0-9a-f])/gi, (_, hex) => String.fromCharCode(Number.parseInt(hex, 16))),
    );
  const port = /^([^:@]*\d):\d+$/.exec(raw.trim())?.[1];
  if (port !== undefined) spellings.push(port);
  return spellings;
}

import { UsageError } from './errors.js';

const LONGEST_REASON = 500;

/** The reason that a person gave, as the audit log keeps it. Throws UsageError. */
export function givenReason(text: string): string {
  const reason = text.trim();
  if (reason === '' || reason.length > LONGEST_REASON) {
    throw new UsageError(`Expected a reason of 1 to ${LONGEST_REASON} characters: the audit log keeps it.`);
  }
  return reason;
}

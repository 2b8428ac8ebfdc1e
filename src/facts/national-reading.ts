import { type DialingPlan, isValidInternational } from './number-metadata.js';

const REMEMBERED_READINGS = 50_000;

/**
 * Tells whether bare digits are a valid number only if they are read as a national one of this country, written without
 * a trunk prefix. Remembers its answers: the same numbers are listed pass after pass, and validity takes some 10
 * microseconds to find out.
 */
export function createNationalReading(dialing: DialingPlan): (digits: string) => boolean {
  const { nationalNumber, callingCode } = dialing;
  const readings = new Map<string, boolean>();
  return (digits) => {
    if (!nationalNumber.test(digits)) return false;
    let reading = readings.get(digits);
    if (reading === undefined) {
      reading = !isValidInternational(digits) && isValidInternational(callingCode + digits);
      if (readings.size >= REMEMBERED_READINGS) readings.clear();
      readings.set(digits, reading);
    }
    return reading;
  };
}

import { NO_ADDRESS, plainAddress } from './operators.js';

const OCTET = '(?:25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)';
const IPV4_BEGINNING = new RegExp(`^(?=.)(?:${OCTET}\\.){0,3}${OCTET}?$`);
const MOST_GROUPS = 8;

/**
 * The beginning of an address in the one way in which facts have addresses: lower-case, without leading zeros in the groups
 * of IPv6, and IPv4 where it is mapped into IPv6. Whatever else may be wrong with it stays as it is.
 */
export function plainAddressPrefix(written: string): string {
  return written
    .toLowerCase()
    .replace(/(?<=^|:)0+(?=[0-9a-f]+:)/g, '')
    .replace(/^::ffff:(?=\d+\.)/, '');
}

/** What is wrong with the beginning of an address, where no address that facts have begins so; undefined where nothing is. */
export function deadAddressPrefixProblem(written: string): string | undefined {
  const prefix = plainAddressPrefix(written);
  if (prefix !== '0.0.0.0' && IPV4_BEGINNING.test(prefix)) return undefined;
  if (prefix.startsWith('::ffff:')) {
    return `"${written}" is no beginning of any address, as IPv4 addresses mapped into IPv6 are read as IPv4: expected e.g. "192.0.2.".`;
  }
  if (beginsIpv6(prefix)) return undefined;
  const whole = plainAddress(prefix);
  const hint = whole === undefined || NO_ADDRESS.has(whole) ? '' : ` Did you mean "${whole}"?`;
  return `"${written}" is no beginning of any address as facts have it: expected e.g. "192.0.2." or "2001:db8:" (for networks there is "inNetwork").${hint}`;
}

/**
 * Whether some address is written so that it begins like this. Zeros are shortened where there are most of them, so that
 * what may follow is other numbers, or more zeros than came before.
 */
function beginsIpv6(prefix: string): boolean {
  if (!/^[0-9a-f:]+$/.test(prefix)) return false;
  for (const joint of ['', ':', '::'])
    for (let groups = 0; groups < MOST_GROUPS; groups += 1)
      for (const end of ['', '::', '::1']) {
        const address = `${prefix}${joint}${Array(groups).fill('1').join(':')}${end}`;
        if (!NO_ADDRESS.has(address) && plainAddress(address) === address) return true;
      }
  return false;
}

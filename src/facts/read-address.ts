import ipaddr from 'ipaddr.js';

const IPV4 = /^(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.(?!$)|$)){4}$/;

const REMEMBERED_ADDRESSES = 20_000;
/** The same few media gateways are listed again and again, and every rule asks for every call. */
const ipv6Readings = new Map<string, string | undefined>();

/**
 * The one way of writing an IP address (RFC 5952 for IPv6; an IPv4 address mapped into IPv6 is the IPv4 address), so that
 * equal addresses are equal texts. Undefined for what is no plain address: with a port or a zone, in brackets, a name, an
 * IPv4 address with leading zeros (octal to some, decimal to others), and 0.0.0.0 or ::, which say that there is none.
 */
export function readAddress(listed: string | undefined): string | undefined {
  const text = listed?.trim() ?? '';
  if (!text.includes(':')) return text !== '0.0.0.0' && IPV4.test(text) ? text : undefined;
  if (ipv6Readings.has(text)) return ipv6Readings.get(text);
  if (ipv6Readings.size >= REMEMBERED_ADDRESSES) ipv6Readings.clear();
  const address = readIpv6(text);
  ipv6Readings.set(text, address);
  return address;
}

function readIpv6(text: string): string | undefined {
  if (text.includes('%') || !ipaddr.IPv6.isValid(text)) return undefined;
  const address = ipaddr.process(text).toString();
  return address === '::' || address === '0.0.0.0' ? undefined : address;
}

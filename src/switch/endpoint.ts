import { X509Certificate } from 'node:crypto';
import { CallwardenError } from '../domain/errors.js';

/** The URL of a switch. Throws CONFIG_INVALID where it is none, is not http(s), or holds a login. */
export function checkedUrl(text: string): URL {
  const hint = 'Give the switch a url like https://switch.example.com/xmlapi/xmlapi in the config.';
  // The text itself is not repeated: it may hold a password.
  if (!URL.canParse(text))
    throw new CallwardenError('CONFIG_INVALID', 'the url of the switch is not valid', { hint });
  const url = new URL(text);
  if (url.protocol !== 'https:' && url.protocol !== 'http:') {
    throw new CallwardenError(
      'CONFIG_INVALID',
      `the url of the switch begins with ${url.protocol}, not https:`,
      { hint },
    );
  }
  if (url.username !== '' || url.password !== '') {
    throw new CallwardenError('CONFIG_INVALID', `the url of the switch ${url.host} holds a login`, {
      hint: 'Take it out of url, and use username and password (or passwordFile) instead: a URL ends up in logs.',
    });
  }
  return url;
}

/** Throws CONFIG_INVALID where the text holds no PEM certificate. */
export function checkCa(ca: string | undefined): void {
  if (ca === undefined) return;
  try {
    new X509Certificate(ca);
  } catch (cause) {
    throw new CallwardenError('CONFIG_INVALID', 'caFile holds no certificate that can be read', {
      hint: 'It has to be a PEM file: -----BEGIN CERTIFICATE----- and so on.',
      cause,
    });
  }
}

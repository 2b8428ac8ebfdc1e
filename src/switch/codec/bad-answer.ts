import { CallwardenError } from '../../domain/errors.js';

const DEFAULT_HINT =
  'Nothing was decided on this answer. If it happens again, capture one answer and compare it with the XML-RPC API of the switch; check that the URL path is /xmlapi/xmlapi.';

/** SWITCH_BAD_RESPONSE: the answer is not what XML-RPC and the method's documentation promise; `found` says what came. */
export function badAnswer(found: string, options: { hint?: string; cause?: unknown } = {}): CallwardenError {
  return new CallwardenError('SWITCH_BAD_RESPONSE', found, {
    hint: options.hint ?? DEFAULT_HINT,
    ...(options.cause === undefined ? {} : { cause: options.cause }),
  });
}

/** SWITCH_FAULT: the switch understood the request and refused it, as an XML-RPC fault. */
export function faultAnswer(faultCode: string, faultString: string): CallwardenError {
  const said = faultString === '' ? 'without a text' : `"${printable(faultString, 300)}"`;
  return new CallwardenError('SWITCH_FAULT', `the switch answered with fault ${faultCode}: ${said}`, {
    hint: 'Read what the switch says; check the permissions of the login and that the method and the IDs exist on this switch.',
  });
}

/** Text of the switch made fit for a message: control and bidirectional characters replaced, cut at `maxLength`. */
export function printable(text: string, maxLength: number): string {
  const cut = text.length > maxLength ? `${text.slice(0, maxLength).replace(/\p{Cs}$/u, '')}…` : text;
  return cut.replace(/[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/gu, ' ');
}

import type { CallwardenError } from '../domain/errors.js';
import type { MaybeSent } from '../domain/ports.js';
import type { HttpAnswer } from './http-request.js';
import { switchError } from './switch-failure.js';

/** More of a refused answer is not read to keep its connection. */
const MAX_DRAINED_BYTES = 64 * 1024;

/** The body of an answer, refused once it grows past its cap; keeps what went wrong while it was read. */
export class CappedBody implements AsyncIterable<Uint8Array> {
  readonly #answer: HttpAnswer;
  readonly #maxBytes: number;
  readonly #url: string;
  failure: unknown;

  constructor(answer: HttpAnswer, maxBytes: number, url: string) {
    this.#answer = answer;
    this.#maxBytes = maxBytes;
    this.#url = url;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    let bytes = 0;
    try {
      for await (const chunk of this.#answer.body as AsyncIterable<Uint8Array>) {
        bytes += chunk.byteLength;
        if (bytes > this.#maxBytes) throw this.#tooLarge();
        yield chunk;
      }
    } catch (error) {
      this.failure = error;
      throw error;
    }
  }

  #tooLarge(): CallwardenError & MaybeSent {
    return switchError(
      'SWITCH_BAD_RESPONSE',
      `the answer of ${this.#url} is larger than ${this.#maxBytes} bytes`,
      {
        hint: 'No listing of calls is that large: check that url names the XML-RPC API of the switch.',
        maybeSent: true,
      },
    );
  }
}

/** Reads what is left of an answer, so that its connection can be used again; what goes wrong here changes nothing. */
export async function drain({ body }: HttpAnswer): Promise<void> {
  let bytes = 0;
  try {
    for await (const chunk of body as AsyncIterable<Uint8Array>) {
      bytes += chunk.byteLength;
      if (bytes > MAX_DRAINED_BYTES) break;
    }
  } catch {
    // The status is known already, and the next request takes another connection.
  }
}

import { Readable } from 'node:stream';
import type { Dispatcher, Pool } from 'undici';
import type { AnswerHead } from './answer-refusal.js';

/** One POST on its way. */
export interface HttpPost {
  path: string;
  headers: Record<string, string>;
  body: string;
  signal: AbortSignal;
  /** Why the request must not leave any more; asked before it waits for a connection, and again directly before onStart. */
  refusal: () => Error | undefined;
  /** Called directly before the first byte may leave: a failure before that proves that nothing was sent. */
  onStart: () => void;
}

export interface HttpAnswer extends AnswerHead {
  body: Readable;
}

/**
 * Sends one request once and resolves with the head of its answer, whose body has to be read or destroyed. The client
 * repeats no POST by itself (`idempotent` is false) and follows no redirect; its own errors are raised here, and by the
 * body, for translateFailure to read.
 */
export function postOnce(pool: Pool, post: HttpPost): Promise<HttpAnswer> {
  return new Promise((resolve, reject) => {
    const refused = post.refusal();
    if (refused !== undefined) {
      reject(refused);
      return;
    }
    const exchange = new Exchange(post, resolve, reject);
    pool.dispatch(
      { method: 'POST', path: post.path, headers: post.headers, body: post.body, idempotent: false },
      exchange,
    );
  });
}

/** Receives the events of one request from the HTTP client; slow readers slow the connection down. */
class Exchange implements Dispatcher.DispatchHandler {
  readonly #post: HttpPost;
  readonly #resolve: (answer: HttpAnswer) => void;
  readonly #reject: (error: unknown) => void;
  #controller: Dispatcher.DispatchController | undefined;
  #body: Readable | undefined;

  constructor(post: HttpPost, resolve: (answer: HttpAnswer) => void, reject: (error: unknown) => void) {
    this.#post = post;
    this.#resolve = resolve;
    this.#reject = reject;
    if (post.signal.aborted) this.#end();
    else post.signal.addEventListener('abort', this.#end, { once: true });
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    // Ended while it waited for its connection, or too late by now: dropped here, before a byte of it is written.
    const refused = this.#post.signal.aborted ? reasonOf(this.#post.signal) : this.#post.refusal();
    if (refused === undefined) this.#post.onStart();
    else controller.abort(refused);
  }

  onResponseStart(
    controller: Dispatcher.DispatchController,
    status: number,
    headers: Readonly<Record<string, string | string[] | undefined>>,
  ): void {
    if (status < 200) return;
    let complete = false;
    const body = new Readable({
      read: () => controller.resume(),
      destroy: (error, done) => {
        if (!complete) controller.abort(error ?? new Error('the rest of the answer was not wanted'));
        done(error);
      },
    });
    // Whoever reads sees the error; without this a connection that ends while nobody reads would end the process.
    body.on('error', () => {});
    body.once('end', () => {
      complete = true;
    });
    this.#body = body;
    this.#resolve({ status, body, header: (name) => [headers[name] ?? []].flat() });
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#body?.push(chunk) === false) controller.pause();
  }

  onResponseEnd(): void {
    this.#forgetSignal();
    this.#body?.push(null);
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.#forgetSignal();
    this.#body?.destroy(error);
    this.#reject(error);
  }

  /** The client knows nothing of the signal: without a connection there is nothing to abort, only somebody to tell. */
  readonly #end = (): void => {
    const reason = reasonOf(this.#post.signal);
    this.#controller?.abort(reason);
    this.#body?.destroy(reason);
    this.#reject(reason);
  };

  #forgetSignal(): void {
    this.#post.signal.removeEventListener('abort', this.#end);
  }
}

function reasonOf(signal: AbortSignal): Error {
  return signal.reason instanceof Error ? signal.reason : new Error('aborted');
}

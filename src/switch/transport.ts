import { Pool } from 'undici';
import { CallwardenError } from '../domain/errors.js';
import type { Clock, FaultTiming, MaybeSent } from '../domain/ports.js';
import type { AnswerTiming } from '../domain/snapshot.js';
import { CappedBody, drain } from './answer-body.js';
import { authFailed, refusalOf } from './answer-refusal.js';
import { printable } from './codec/bad-answer.js';
import { DigestLogin } from './digest.js';
import { checkCa, checkedUrl } from './endpoint.js';
import { type HttpAnswer, postOnce } from './http-request.js';
import { tooLate } from './not-after.js';
import { Slots } from './slots.js';
import {
  type EndedBy,
  isConnectionEnd,
  type Phase,
  switchError,
  translateFailure,
} from './switch-failure.js';

export interface TransportOptions {
  /** http: or https:, without a login in it. */
  url: string;
  /** Undefined where the switch trusts this host's address. */
  credentials: { username: string; password: string } | undefined;
  /** PEM text; the only CA that is trusted then. */
  ca: string | undefined;
  /** For one request, from its turn on: connecting, logging in, sending, and reading the whole answer. */
  timeoutMs: number;
  /** Requests in flight at once; more wait their turn, which costs them no time of their timeout. */
  concurrency: number;
  clock: Clock;
  /** Bytes of one answer. Default: 256 MiB, some 200,000 calls. */
  maxBodyBytes?: number;
}

export interface Post<T> {
  body: string;
  /** True for requests that only read, which may be sent again; see mayRetry. */
  repeatable: boolean;
  signal: AbortSignal | undefined;
  /**
   * Milliseconds since the epoch, by the transport's clock, after which the request is not written to a connection any
   * more. What was written by then can still arrive later, for as long as the network holds it up.
   */
  notAfter?: number | undefined;
  /** Takes the body of the answer; it may throw a CallwardenError. */
  read: (chunks: AsyncIterable<Uint8Array>) => Promise<T>;
}

export interface Answered<T> {
  value: T;
  timing: AnswerTiming;
}

/** What is known of a request while it is under way. */
interface Progress {
  phase: Phase;
  endedBy: EndedBy;
  /** When the request that was answered left. */
  requestedAt: number;
  signal: AbortSignal;
}

const DEFAULT_MAX_BODY_BYTES = 256 * 1024 * 1024;
/** Idle connections are kept for two polls at the default schedule; a shorter Keep-Alive hint of the switch wins. */
const KEEP_ALIVE_MS = 10_000;
/** The request without or with an old nonce, the answer to its challenge, and once more where that nonce was stale. */
const MAX_LOGIN_ROUNDS = 3;

/** POSTs XML-RPC requests to one switch. Every method rejects with a CallwardenError that says whether it was sent. */
export class SwitchTransport {
  readonly #options: TransportOptions;
  readonly #path: string;
  /** For messages: without query. */
  readonly #shownUrl: string;
  readonly #pool: Pool;
  readonly #slots: Slots;
  readonly #login: DigestLogin | undefined;
  #answers = 0;
  readonly #underWay = new Set<Promise<unknown>>();
  #closed: Promise<void> | undefined;

  /** Throws CONFIG_INVALID where the URL or the CA cannot be used. */
  constructor(options: TransportOptions) {
    const url = checkedUrl(options.url);
    checkCa(options.ca);
    this.#options = options;
    this.#path = `${url.pathname}${url.search}`;
    this.#shownUrl = `${url.origin}${url.pathname}`;
    this.#slots = new Slots(options.concurrency);
    this.#login = options.credentials && new DigestLogin(options.credentials);
    this.#pool = new Pool(url.origin, {
      connections: options.concurrency,
      pipelining: 1,
      allowH2: false,
      keepAliveTimeout: KEEP_ALIVE_MS,
      // The timer of each request is exact and ends all of its stages; these only back it up.
      connectTimeout: options.timeoutMs,
      headersTimeout: options.timeoutMs,
      bodyTimeout: options.timeoutMs,
      connect: { rejectUnauthorized: true, ...(options.ca === undefined ? {} : { ca: options.ca }) },
    });
  }

  async post<T>(post: Post<T>): Promise<Answered<T>> {
    if (this.#closed !== undefined) {
      throw switchError('SWITCH_UNREACHABLE', `${this.#shownUrl} was not asked: its connections are closed`, {
        hint: 'The program is stopping; start it again to go on.',
        maybeSent: false,
      });
    }
    const answered = this.#post(post);
    this.#underWay.add(answered);
    try {
      return await answered;
    } finally {
      this.#underWay.delete(answered);
    }
  }

  async #post<T>(post: Post<T>): Promise<Answered<T>> {
    const ending = new AbortController();
    const progress: Progress = { phase: 'unsent', endedBy: undefined, requestedAt: 0, signal: ending.signal };
    const end = (endedBy: EndedBy) => () => {
      progress.endedBy ??= endedBy;
      ending.abort(new Error(`ended by its ${endedBy}`));
    };
    const endByCaller = end('caller');
    if (post.signal?.aborted === true) endByCaller();
    post.signal?.addEventListener('abort', endByCaller, { once: true });
    let timer: NodeJS.Timeout | undefined;
    let giveBack: (() => void) | undefined;
    try {
      giveBack = await this.#slots.take(ending.signal);
      timer = setTimeout(end('deadline'), this.#options.timeoutMs);
      return await this.#exchange(post, progress);
    } catch (error) {
      throw this.#translate(error, progress);
    } finally {
      clearTimeout(timer);
      giveBack?.();
      post.signal?.removeEventListener('abort', endByCaller);
    }
  }

  /** Refuses later requests and lets those under way end, which their timeout bounds. */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    await Promise.allSettled(this.#underWay);
    // Not close(): that would wait for connections that hang although nobody waits for their requests any more.
    await this.#pool.destroy();
  }

  async #exchange<T>(post: Post<T>, progress: Progress): Promise<Answered<T>> {
    const answer = await this.#loggedIn(post, progress);
    const refusal = refusalOf(this.#shownUrl, answer);
    if (refusal !== undefined) {
      await drain(answer);
      throw refusal;
    }
    try {
      const value = await this.#read(answer, post.read);
      return { value, timing: this.#timingOf(answer, progress) };
    } catch (error) {
      if (error instanceof CallwardenError && error.code === 'SWITCH_FAULT') {
        const fault: CallwardenError & FaultTiming = error;
        fault.timing = this.#timingOf(answer, progress);
      }
      throw error;
    }
  }

  /** To be asked when the answer is complete. */
  #timingOf(answer: HttpAnswer, { requestedAt }: Progress): AnswerTiming {
    const date = Date.parse(answer.header('date')[0] ?? '');
    return {
      requestedAt,
      receivedAt: this.#options.clock(),
      serverDate: Number.isNaN(date) ? undefined : date,
    };
  }

  /** The first answer that is no challenge any more. */
  async #loggedIn(post: Post<unknown>, progress: Progress): Promise<HttpAnswer> {
    let answersChallenge = false;
    for (let round = 1; ; round += 1) {
      const answer = await this.#send(post, progress);
      if (answer.status !== 401) {
        this.#login?.takeInfo(answer.header('authentication-info'));
        return answer;
      }
      await drain(answer);
      const login = this.#login;
      if (login === undefined) {
        throw authFailed(
          this.#shownUrl,
          'asks for a login (401)',
          'The switch does not list the address of this host as trusted: add it there, or give username and password instead of trusted.',
        );
      }
      const challenge = login.takeChallenge(answer.header('www-authenticate'));
      if (!challenge.usable) {
        throw authFailed(
          this.#shownUrl,
          `asks for a login (401), but ${printable(challenge.reason, 300)}`,
          'Check the URL path (usually /xmlapi/xmlapi) and the authentication settings of the switch; HTTP Digest is needed.',
        );
      }
      if ((answersChallenge && !challenge.stale) || round === MAX_LOGIN_ROUNDS) {
        login.forget();
        throw authFailed(
          this.#shownUrl,
          'refuses the login (401)',
          'Check username and password in the config, and that the user may use the XML-RPC API.',
        );
      }
      answersChallenge = true;
    }
  }

  /** One round trip; a second one only where mayRetry allows it. */
  async #send(post: Post<unknown>, progress: Progress): Promise<HttpAnswer> {
    try {
      return await this.#sendOnce(post, progress);
    } catch (error) {
      if (!this.#mayRetry(error, post, progress)) throw error;
      return await this.#sendOnce(post, progress);
    }
  }

  async #sendOnce(post: Post<unknown>, progress: Progress): Promise<HttpAnswer> {
    progress.phase = 'unsent';
    const authorization = this.#login?.authorize('POST', this.#path);
    const answer = await postOnce(this.#pool, {
      path: this.#path,
      headers: {
        'content-type': 'text/xml',
        accept: 'text/xml',
        'accept-encoding': 'identity',
        'user-agent': 'callwarden',
        ...(authorization === undefined ? {} : { authorization }),
      },
      body: post.body,
      signal: progress.signal,
      refusal: () => tooLate(this.#shownUrl, post.notAfter, this.#options.clock),
      onStart: () => {
        progress.phase = 'sent';
        progress.requestedAt = this.#options.clock();
      },
    });
    progress.phase = 'answering';
    this.#answers += 1;
    return answer;
  }

  /**
   * Whether a request may be sent once more. A server may close an idle connection just as the next request leaves on
   * it; that request then fails through no fault of its own. For requests that only read a second one does no harm.
   * A disconnect is never repeated: it may have been carried out, and its ID may belong to another call by now.
   */
  #mayRetry(error: unknown, post: Post<unknown>, progress: Progress): boolean {
    const keptAlive = this.#answers > 0;
    return (
      post.repeatable &&
      keptAlive &&
      progress.phase === 'sent' &&
      progress.endedBy === undefined &&
      isConnectionEnd(error)
    );
  }

  async #read<T>(answer: HttpAnswer, read: Post<T>['read']): Promise<T> {
    const capped = new CappedBody(
      answer,
      this.#options.maxBodyBytes ?? DEFAULT_MAX_BODY_BYTES,
      this.#shownUrl,
    );
    try {
      return await read(capped);
    } catch (error) {
      // Where the body failed, that is the reason, whatever the decoder made of it.
      throw capped.failure ?? error;
    } finally {
      answer.body.destroy();
    }
  }

  #translate(error: unknown, progress: Progress): CallwardenError & MaybeSent {
    if (error instanceof CallwardenError) {
      const known: CallwardenError & MaybeSent = error;
      // An answer that cannot be decoded does not tell what was done; a fault tells that the switch refused.
      known.maybeSent ??= error.code === 'SWITCH_BAD_RESPONSE';
      return known;
    }
    return translateFailure(error, {
      phase: progress.phase,
      endedBy: progress.endedBy,
      url: this.#shownUrl,
      timeoutMs: this.#options.timeoutMs,
      pinnedCa: this.#options.ca !== undefined,
    });
  }
}

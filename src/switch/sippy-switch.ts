import type { SwitchConfig } from '../domain/config.js';
import type {
  Clock,
  DisconnectAnswer,
  DisconnectResult,
  RequestOptions,
  SwitchPort,
} from '../domain/ports.js';
import type { AccountCallStats, ListFilter, Listing } from '../domain/snapshot.js';
import { decodeCalls, decodeResult } from './codec/answer-decoder.js';
import { encodeRequest } from './codec/encode-request.js';
import { readDisconnect, readStats } from './results.js';
import { type Post, SwitchTransport } from './transport.js';

export interface SippySwitchOptions {
  /** The XML-RPC endpoint, usually https://HOST/xmlapi/xmlapi; a login in it is refused. */
  url: string;
  login: SwitchConfig['login'];
  /** PEM text of the only CA to trust; undefined for the system's own. Certificates are always verified. */
  ca: string | undefined;
  /** For one request, from its turn on. */
  timeoutMs: number;
  /** Requests in flight at once. */
  concurrency: number;
  clock: Clock;
  /** Bytes of one answer. Default: 256 MiB. */
  maxBodyBytes?: number;
}

type Params = Record<string, string | number | boolean>;

/**
 * A Sippy switch over its XML-RPC API: the six methods of "XML-RPC API - Manage Active Calls", with the documented
 * parameters and no others. Throws CONFIG_INVALID for a URL or CA that cannot be used; the methods reject with a SWITCH_
 * error that bears `maybeSent`.
 */
export function createSippySwitch(options: SippySwitchOptions): SwitchPort {
  const { login } = options;
  const transport = new SwitchTransport({
    ...options,
    credentials: login.kind === 'digest' ? { username: login.username, password: login.password } : undefined,
  });

  async function list(
    method: string,
    filter: ListFilter,
    request: RequestOptions | undefined,
  ): Promise<Listing> {
    const { value, timing } = await transport.post({
      body: encodeRequest(method, { ...filterParams(filter), ...listingRights(login, filter) }),
      repeatable: true,
      signal: request?.signal,
      read: (chunks) => decodeCalls(chunks),
    });
    return { ...value, timing };
  }

  async function disconnect(
    method: string,
    params: Params,
    request: RequestOptions | undefined,
  ): Promise<DisconnectAnswer> {
    const post: Post<DisconnectResult> = {
      body: encodeRequest(method, params),
      repeatable: false,
      signal: request?.signal,
      notAfter: request?.notAfter,
      read: async (chunks) => readDisconnect(await decodeResult(chunks)),
    };
    const { value, timing } = await transport.post(post);
    return { ...value, timing };
  }

  return {
    login: login.kind === 'digest' ? `login:${login.username}` : `trusted:${login.customer}`,
    trustedCustomer: login.kind === 'trusted' ? login.customer : undefined,
    listAllCalls: (filter, request) => list('listAllCalls', filter, request),
    listActiveCalls: (filter, request) => list('listActiveCalls', filter, request),
    disconnectCall: (id, request) => disconnect('disconnectCall', { ID: id }, request),
    disconnectAccount: (account, request) => disconnect('disconnectAccount', { i_account: account }, request),
    disconnectCustomer: (customer, request) =>
      disconnect('disconnectCustomer', { i_customer: customer, ...wholesalerRights(login) }, request),
    getAccountCallStats: async (request): Promise<AccountCallStats> => {
      const { value, timing } = await transport.post({
        body: encodeRequest('getAccountCallStats', {}),
        repeatable: true,
        signal: request?.signal,
        read: async (chunks) => readStats(await decodeResult(chunks)),
      });
      return { ...value, timing };
    },
    close: () => transport.close(),
  };
}

/** Absent keys are not sent, so that the switch's own defaults hold. */
function filterParams(filter: ListFilter): Params {
  return {
    ...(filter.recursive === undefined ? {} : { recursive: filter.recursive }),
    ...(filter.account === undefined ? {} : { i_account: filter.account }),
    ...(filter.vendor === undefined ? {} : { i_vendor: filter.vendor }),
    ...(filter.connection === undefined ? {} : { i_connection: filter.connection }),
    ...(filter.order === undefined ? {} : { order: filter.order }),
  };
}

/** Trusted mode: under whose rights to list. A login has only its own. */
function listingRights(login: SwitchConfig['login'], { customer }: ListFilter): Params {
  if (login.kind === 'trusted') return { i_customer: customer ?? login.customer };
  if (customer === undefined) return {};
  throw new TypeError('Only trusted mode lists with the rights of another customer.');
}

/** Trusted mode: under whose rights to disconnect a customer, whose own ID takes up i_customer. */
function wholesalerRights(login: SwitchConfig['login']): Params {
  return login.kind === 'trusted' ? { i_wholesaler: login.wholesaler } : {};
}

/** The part of xmlrpc's own parser that the simulator uses; the package has types for its clients and servers only. */
declare module 'xmlrpc/lib/deserializer.js' {
  import type { Readable } from 'node:stream';

  export default class Deserializer {
    constructor(encoding?: string);
    deserializeMethodCall(
      stream: Readable,
      callback: (error: Error | null | undefined, method: string, params: unknown[]) => void,
    ): void;
  }
}

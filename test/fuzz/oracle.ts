import { createRequire } from 'node:module';
import { Readable } from 'node:stream';

const require = createRequire(import.meta.url);
const Deserializer = require('xmlrpc/lib/deserializer.js') as new () => {
  deserializeMethodResponse(stream: Readable, done: (error: unknown, value: unknown) => void): void;
};

/** What another implementation makes of an answer; it reads much that is no XML-RPC, and `refused` says nothing. */
export async function oracle(bytes: Buffer): Promise<{ value: unknown } | 'refused'> {
  return new Promise((resolve) => {
    try {
      new Deserializer().deserializeMethodResponse(Readable.from([bytes]), (error, value) =>
        resolve(error ? 'refused' : { value }),
      );
    } catch {
      resolve('refused');
    }
  });
}

import { closeSync, openSync, statSync, writeSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { quickCheck } from '../../src/store/quick-check.js';
import { tempStore } from '../support/temp-store.js';

describe('the quick check', () => {
  it('says nothing of a sound database', () => {
    const { path, store } = tempStore();
    store.close();
    expect(() => quickCheck(path)).not.toThrow();
  });

  it('finds a page that was overwritten', () => {
    const { path, store } = tempStore();
    store.close();
    const lastPage = statSync(path).size - 4096;
    const file = openSync(path, 'r+');
    writeSync(file, Buffer.alloc(4096, 0xa5), 0, 4096, lastPage);
    closeSync(file);
    expect(() => quickCheck(path)).toThrow(expect.objectContaining({ code: 'STORE_FAILED' }));
  });
});

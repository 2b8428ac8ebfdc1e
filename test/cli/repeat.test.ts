import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { repeat } from '../../src/cli/repeat.js';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

it('rests after each round, however long it took, and never begins two at once', async () => {
  const began: number[] = [];
  const start = Date.now();
  const repetition = repeat(async () => {
    began.push(Date.now() - start);
    await new Promise((done) => setTimeout(done, 3_000));
  }, 1_000);
  await vi.advanceTimersByTimeAsync(9_500);
  expect(began).toEqual([1_000, 5_000, 9_000]);
  const stopped = repetition.stop();
  await vi.advanceTimersByTimeAsync(60_000);
  await stopped;
  expect(began).toHaveLength(3);
});

it('stops at once where no round is under way', async () => {
  let rounds = 0;
  const repetition = repeat(async () => {
    rounds += 1;
  }, 1_000);
  await repetition.stop();
  await vi.advanceTimersByTimeAsync(10_000);
  expect(rounds).toBe(0);
});

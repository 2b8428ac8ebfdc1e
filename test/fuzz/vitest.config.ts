import { defineConfig } from 'vitest/config';

/** The long run, by `npm run fuzz`; the bounded one is part of `npm test`. */
export default defineConfig({
  test: {
    include: ['test/fuzz/long-run.ts'],
    testTimeout: 0,
    hookTimeout: 60_000,
    reporters: ['dot'],
    // Its lines are what a person waits for.
    disableConsoleIntercept: true,
  },
});

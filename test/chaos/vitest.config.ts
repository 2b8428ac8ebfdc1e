import { defineConfig } from 'vitest/config';

/** Kills the built program for minutes, so it is no part of `npm test`; CI runs it on its own. */
export default defineConfig({
  test: {
    include: ['test/chaos/**/*.test.ts'],
    testTimeout: 180_000,
    hookTimeout: 30_000,
    // Each file keeps both cores of a small machine busy; side by side they would only measure each other.
    fileParallelism: false,
    reporters: process.env['CI'] ? ['default', ['json', { outputFile: '.reports/chaos.json' }]] : ['default'],
  },
});

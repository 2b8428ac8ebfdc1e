import { defineConfig } from 'vitest/config';

/** Needs Debian's apache2, so it is no part of `npm test`; run.sh installs it. */
export default defineConfig({
  test: {
    include: ['test/apache/**/*.test.ts'],
    testTimeout: 30_000,
    hookTimeout: 30_000,
    reporters: process.env['CI']
      ? ['default', ['json', { outputFile: '.reports/apache.json' }]]
      : ['default'],
  },
});

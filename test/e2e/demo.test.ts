import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { lab } from './lab.js';

describe('the demo', () => {
  it('shows calls arriving, violations, disconnects and their records, and ends with a query that works', async () => {
    const { callwarden, folder } = await lab();
    const { code, stdout, stderr } = await callwarden('demo', '--passes', '4');
    expect(stderr).toBe('');
    expect(code).toBe(0);
    expect(stdout).toMatch(/^pass 1 .* \d+ calls, \d+ violations/m);
    expect(stdout).toMatch(/^ {2}\+ call \d+ {2}account \d+ /m);
    expect(stdout).toMatch(
      /^ {2}! account-concurrent-calls {2}account:11 {2}account\.connectedCalls \d+ > 30/m,
    );
    expect(stdout).toMatch(/^ {2}x audit \d+ {2}disconnectCall \d+ .* disconnected$/m);
    expect(stdout).not.toContain('pass 5');
    const query = stdout.split('\n').find((line) => / audit -c \S+$/.test(line)) ?? '';
    expect(execFileSync('sh', ['-c', query], { cwd: folder, encoding: 'utf8' })).toContain(
      '"outcome":"disconnected"',
    );
  });
});

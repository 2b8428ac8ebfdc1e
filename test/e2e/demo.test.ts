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
    expect(stdout).not.toMatch(/\b1 (calls|violations|records|disconnects)\b/);
    const [, first = '', second = ''] = stdout.split(/^pass \d .*\n/m);
    expect(first).toMatch(/^ {2}\+ calls that were there already/);
    const cut = /^ {2}\+ call (\d+) /m.exec(first)?.[1];
    expect(first).toMatch(new RegExp(`^ {2}! .* call:${cut} `, 'm'));
    expect(first).toMatch(new RegExp(`^ {2}x audit \\d+ {2}disconnectCall ${cut} `, 'm'));
    expect(second).toMatch(
      /^ {2}= (\d+) of \1 disconnects of before are confirmed gone, e\.g\. audit \d+, call \d+$/m,
    );
    const queries = stdout.split('\n').filter((line) => / audit -c /.test(line));
    expect(queries.length).toBeGreaterThan(1);
    for (const one of queries) {
      expect(execFileSync('sh', ['-c', one], { cwd: folder, encoding: 'utf8' }), one).not.toBe('');
    }
    const query = stdout.split('\n').find((line) => / audit -c \S+$/.test(line)) ?? '';
    expect(execFileSync('sh', ['-c', query], { cwd: folder, encoding: 'utf8' })).toContain(
      '"outcome":"disconnected"',
    );
  });
});

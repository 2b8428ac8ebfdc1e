import { describe, expect, it } from 'vitest';
import type { CliContext } from '../../src/cli/context.js';
import { createLogger } from '../../src/cli/logging.js';

function logged(
  isTerminal: boolean,
  fields: object,
  text: string,
  level: 'info' | 'error' = 'info',
  masksNumbers = false,
): string {
  let written = '';
  const stream = {
    isTerminal,
    columns: undefined,
    write: async (line: string) => {
      written += line;
    },
  };
  const context: CliContext = {
    stdout: stream,
    stderr: stream,
    env: {},
    clock: () => 0,
    interrupted: () => new AbortController().signal,
    setExitCode: () => undefined,
    masksNumbers,
  };
  createLogger(context)[level](fields, text);
  return written;
}

describe('the log', () => {
  it('is a line of JSON for a program', () => {
    const entry = JSON.parse(logged(false, { switch: 'lab', calls: 7 }, 'a pass')) as Record<string, unknown>;
    expect(entry).toMatchObject({ level: 'info', switch: 'lab', calls: 7, msg: 'a pass' });
    expect(entry['time']).toMatch(/^\d{4}-\d\d-\d\dT.*Z$/);
    expect(Object.keys(entry)).not.toContain('hostname');
  });

  it('masks numbers where the config asks for it, and neither times nor passes', () => {
    const fields = { switch: 'lab', passId: '0c7be6a4-1111-2222-3333-446655440000', calls: 12345678 };
    for (const isTerminal of [true, false]) {
      const line = logged(isTerminal, fields, 'refused: 493023125001 (+49 30 23125001)', 'error', true);
      expect(line).toContain('refused: 493023****** (+49 30 23******)');
      if (!isTerminal) expect(JSON.parse(line)).toMatchObject(fields);
    }
  });

  it('is a line of text for a person', () => {
    expect(logged(true, { switch: 'lab', calls: 7 }, 'a pass')).toMatch(/^\d\d:\d\d:\d\d lab: a pass\n$/);
    expect(logged(true, { switch: 'lab', code: 'SWITCH_FAULT' }, 'failed', 'error')).toMatch(
      /^\d\d:\d\d:\d\d ERROR: lab: failed code=SWITCH_FAULT\n$/,
    );
  });

  it.each(['password', 'authorization', 'token', 'tokens', 'secret'])('never shows a %s', (key) => {
    for (const fields of [
      { [key]: 'hunter2' },
      { a: { [key]: 'hunter2' } },
      { a: { b: { [key]: ['hunter2'] } } },
    ]) {
      for (const isTerminal of [true, false]) {
        expect(logged(isTerminal, fields, 'x', 'error')).not.toContain('hunter2');
      }
    }
  });

  it.each([true, false])('stays one line that steers no terminal (terminal: %s)', (isTerminal) => {
    const hostile = '\u001b[2J\u009b1A\u202e\nforged line';
    const text = logged(isTerminal, { switch: hostile, cli: hostile }, hostile, 'error');
    expect(text.indexOf('\n')).toBe(text.length - 1);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not be printed.
    expect(text.slice(0, -1)).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u202e]/);
    if (!isTerminal) expect(JSON.parse(text)).toMatchObject({ msg: hostile, cli: hostile });
  });
});

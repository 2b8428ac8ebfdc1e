import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { actorOfCommandLine } from '../../src/cli/actor.js';

const ROOT = { uid: 0, name: 'root' };
const OPS = { uid: 1000, name: 'ops' };

describe('the actor of an action by hand', () => {
  it('is the user of the process', () => {
    expect(actorOfCommandLine({}, OPS)).toBe('cli:ops');
    expect(actorOfCommandLine({}, ROOT)).toBe('cli:root');
  });

  it('behind sudo names both', () => {
    expect(actorOfCommandLine({ SUDO_USER: 'alice' }, ROOT)).toBe('cli:root(sudo:alice)');
    expect(actorOfCommandLine({ SUDO_USER: 'root' }, ROOT)).toBe('cli:root');
  });

  it('is never another one because somebody has set SUDO_USER', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (name) => {
        expect(actorOfCommandLine({ SUDO_USER: name }, OPS)).toBe('cli:ops');
        expect(actorOfCommandLine({ SUDO_USER: name }, ROOT)).toMatch(/^cli:root(\(sudo:[^()\p{C}]+\))?$/u);
      }),
    );
  });

  it('is never empty', () => {
    expect(actorOfCommandLine({ SUDO_USER: '' }, ROOT)).toBe('cli:root');
    expect(actorOfCommandLine({ SUDO_USER: 'alice' }, { uid: 0, name: '' })).toBe('cli:0(sudo:alice)');
    expect(actorOfCommandLine({}, { uid: 4711, name: undefined })).toBe('cli:4711');
    expect(actorOfCommandLine({}, { uid: 4711, name: '' })).toBe('cli:4711');
    expect(actorOfCommandLine({}, { uid: undefined, name: undefined })).toBe('cli:unknown');
  });
});

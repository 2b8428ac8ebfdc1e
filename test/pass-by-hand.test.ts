import { describe, expect, it } from 'vitest';
import type { PlannedAction } from '../src/domain/action.js';
import type { Call } from '../src/domain/call.js';
import { disconnectByHand, type HandRequest } from '../src/pass-by-hand.js';
import { aCall, calls, NOW } from './support/calls.js';
import { fakeSwitch } from './support/fake-switch.js';
import { aPassContext } from './support/pass-context.js';
import { tempStore } from './support/temp-store.js';

/** A person at the keyboard: answers each question, and the world may change while they think. */
function scene(
  listed: readonly Call[],
  answer: (action: PlannedAction, question: number) => boolean,
  overCap = false,
) {
  const { store, records } = tempStore();
  let now = NOW;
  const clock = () => now;
  const port = fakeSwitch(listed, clock);
  const caps = { perPass: 50, perHour: 500, sharePerPass: 0.25 };
  const context = aPassContext({ port, store, clock, caps });
  const questions: PlannedAction[] = [];
  return {
    port,
    store,
    records,
    questions,
    run: (kind: HandRequest['kind'], id: string) =>
      disconnectByHand(
        context,
        { kind, id, reason: 'by hand: a test' },
        {
          passId: 'hand-1',
          actor: 'cli:operator',
          overCap,
          approve: async (action) => {
            questions.push(action);
            return answer(action, questions.length);
          },
          wait: async (ms) => {
            now += ms;
          },
          abort: new AbortController().signal,
        },
      ),
  };
}

const yes = () => true;
const disconnects = (requests: readonly string[]) =>
  requests.filter((request) => request.startsWith('disconnect'));

describe('a disconnect by hand', () => {
  it('takes the call that was shown, and tells whether it is gone', async () => {
    const it = scene(calls(2), yes);
    const result = await it.run('call', '2');
    expect(result).toMatchObject({ status: 'done', actions: [{ target: '2', outcome: 'disconnected' }] });
    expect(result.status === 'done' && [...result.confirmed.values()]).toEqual([true]);
    expect(it.questions).toHaveLength(1);
  });

  it('does not take another call that has got the ID while the person was thinking', async () => {
    const it = scene([aCall({ id: '960' })], () => {
      it.port.calls = [aCall({ id: '960', callId: 'someone-else@192.0.2.9', account: 77 })];
      return true;
    });
    expect(await it.run('call', '960')).toMatchObject({
      status: 'done',
      actions: [{ outcome: 'withheld', reason: 'changed-identity' }],
    });
    expect(disconnects(it.port.requests)).toEqual([]);
  });

  it('asks again when there is more to take than was shown', async () => {
    const it = scene(calls(3), (_, question) => {
      it.port.calls = calls(5);
      return question === 1;
    });
    expect(await it.run('account', '10')).toEqual({ status: 'declined' });
    expect(it.questions.map(({ weight }) => weight)).toEqual([3, 5]);
    expect(disconnects(it.port.requests)).toEqual([]);
  });

  it('asks before it takes what could not be taken at the first look', async () => {
    const unknown = { ...aCall({ id: '1' }), cld: undefined };
    const it = scene([unknown], () => false);
    let listings = 0;
    it.port.before = (request) => {
      if (request.startsWith('list')) listings += 1;
      if (listings === 2) it.port.calls = [aCall({ id: '1' })];
    };
    expect(await it.run('call', '1')).toEqual({ status: 'declined' });
    expect(it.questions).toHaveLength(1);
    expect(disconnects(it.port.requests)).toEqual([]);
  });

  it('records that a protected call was withheld, without asking', async () => {
    const it = scene([aCall({ id: '1', cld: '112' })], yes);
    expect(await it.run('call', '1')).toMatchObject({
      actions: [{ outcome: 'withheld', reason: 'protected-number' }],
    });
    expect(it.questions).toEqual([]);
    expect(it.records()).toMatchObject([{ rule: 'by-hand', actor: 'cli:operator', outcome: 'withheld' }]);
  });

  it('asks once and waits while a pass holds the switch', async () => {
    const it = scene(calls(1), yes);
    const release = await it.store.lock.acquire('lab');
    expect(await it.run('call', '1')).toEqual({ status: 'busy' });
    expect(it.questions).toHaveLength(1);
    release?.();
    expect(await it.run('call', '1')).toMatchObject({ status: 'done' });
  });

  it('goes beyond every cap where it is told to, the share among them', async () => {
    const listed = [...calls(30), ...calls(40, { account: 50 }, 100)];
    expect(await scene(listed, yes).run('account', '10')).toMatchObject({
      actions: [{ reason: 'cap-share' }, { outcome: 'alerted' }],
    });
    expect(await scene(listed, yes, true).run('account', '10')).toMatchObject({
      actions: [{ outcome: 'disconnected' }],
    });
  });

  it('finds nothing to do for a call that is not listed, or is over', async () => {
    const it = scene([aCall({ id: '1', state: 'Dead' })], yes);
    expect(await it.run('call', '1')).toEqual({ status: 'not-found' });
    expect(await it.run('account', '10')).toEqual({ status: 'not-found' });
  });
});

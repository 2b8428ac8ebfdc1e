import { describe, expect, it } from 'vitest';
import { createLoginHistory } from '../../src/facts/login-history.js';
import { firstSight, type PastCall } from '../../src/facts/past-call.js';
import { CONCERNS, createWindowView, type WindowView } from '../../src/facts/window-view.js';
import { NUMBERING, START } from './history-support.js';
import { call } from './support.js';

/** A history of one call of account 10, and a view of calls that started, which counts how often it looks at one. */
function viewed() {
  const history = createLoginHistory('login:ops', true);
  const past = firstSight(call({ id: '1', account: 10 }), { at: START, by: START }, true, NUMBERING);
  history.add(past);
  let looks = 0;
  const view = () =>
    history.view('started', (): WindowView => {
      const divided = history.bySubject?.view('account', {
        concerns: CONCERNS.all,
        openEnded: false,
        holdsAll: false,
        create: ({ started, live }, id) =>
          createWindowView({
            ...{ concerns: CONCERNS.all, timeline: started, openEnded: false, live, reading: {} },
            subjectIds: () => [id],
            filter: () => {
              looks += 1;
              return 'in';
            },
          }),
      });
      if (divided === undefined) throw new Error('accounts have no views of their own');
      return divided;
    });
  const looksOf = (act: () => void): number => {
    const before = looks;
    act();
    return looks - before;
  };
  const change = (one: PastCall) => history.change(one, () => undefined);
  return { history, past, view, change, looksOf };
}

describe('a view of one subject', () => {
  it('counts once it is asked, and follows the calls of its subject from then on', () => {
    const { past, view, change, looksOf } = viewed();
    expect(looksOf(() => change(past))).toBe(0);
    view().advance(START - 600_000, START);
    expect(view().bucket('10')).toMatchObject({ size: 1 });
    expect(view().bucket('11')).toBeUndefined();
    expect(looksOf(() => change(past))).toBe(2);
    expect(view().bucket('10')).toMatchObject({ size: 1 });
  });

  it('is let go when it is not asked while its calls change again and again, and counts anew when it is', () => {
    const { past, view, change, looksOf } = viewed();
    view().advance(START - 600_000, START);
    view().bucket('10');
    for (let changes = 0; changes < 20; changes += 1) change(past);
    expect(looksOf(() => change(past))).toBe(0);
    expect(view().bucket('10')).toMatchObject({ size: 1 });
    expect(looksOf(() => change(past))).toBe(2);
  });

  it('is let go with the view that no rule has asked for during hundreds of polls', () => {
    const { history, past, view, change, looksOf } = viewed();
    view().advance(START - 600_000, START);
    view().bucket('10');
    for (let poll = 0; poll < 400; poll += 1) history.beginPoll();
    expect(looksOf(() => change(past))).toBe(0);
    view().advance(START - 600_000, START);
    expect(view().bucket('10')).toMatchObject({ size: 1 });
  });
});

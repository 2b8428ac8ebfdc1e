import { describe, expect, it } from 'vitest';
import { asStated } from '../../src/domain/customer-tree.js';
import type { AnswerTiming } from '../../src/domain/snapshot.js';
import { gatherSnapshot } from '../../src/gather/gather-snapshot.js';
import { measuredPort } from '../../src/gather/measured-port.js';
import { protectionBy } from '../../src/pass-customers.js';
import { enforcementOn, measuredContext } from '../../src/pass-enforcement.js';
import { aCall, aSnapshot, NOW } from '../support/calls.js';
import { fakeSwitch, switchError } from '../support/fake-switch.js';
import { aPassContext, NUMBERING } from '../support/pass-context.js';
import { tempStore } from '../support/temp-store.js';

const never = new AbortController().signal;
const clock = () => NOW;

/** An answer of a switch that is so far ahead, dated in the middle of the time it took. */
function answered(aheadMs: number, tookMs: number): AnswerTiming {
  return { requestedAt: NOW, receivedAt: NOW + tookMs, serverDate: NOW + tookMs / 2 + aheadMs - 500 };
}

const UNDATED: AnswerTiming = { requestedAt: NOW, receivedAt: NOW + 4_000, serverDate: undefined };

describe('the clock of a switch', () => {
  it.each(['disconnectCall', 'disconnectAccount', 'disconnectCustomer'] as const)(
    'is measured by answers to %s',
    async (method) => {
      const fake = fakeSwitch([], clock);
      const port = measuredPort(fake);
      fake.timing = () => answered(3_000, 8_000);
      await port.listAllCalls({});
      expect(port.clockBy().offsetMs).toBe(3_000);
      fake.timing = () => answered(1_000, 20);
      await (method === 'disconnectCall' ? port.disconnectCall('1') : port[method](1));
      expect(port.clockBy().offsetMs).toBe(1_000);
    },
  );

  it('is measured by a fault, which is an answer too, and not by what was not answered', async () => {
    const fake = fakeSwitch([], clock);
    const port = measuredPort(fake);
    fake.timing = () => answered(1_000, 20);
    fake.before = () => {
      throw switchError('SWITCH_TIMEOUT', true);
    };
    await expect(port.disconnectCall('1')).rejects.toThrow();
    expect(port.clockBy().offsetMs).toBeUndefined();
    fake.before = () => {
      throw switchError('SWITCH_FAULT', false);
    };
    await expect(port.disconnectCall('1')).rejects.toThrow();
    expect(port.clockBy().offsetMs).toBe(1_000);
  });

  it('corrects the times of a listing by the statistics that were refused, where it bears no Date itself', async () => {
    const fake = fakeSwitch([], clock);
    fake.before = (request) => {
      fake.timing = () => (request === 'getAccountCallStats' ? answered(60_000, 20) : UNDATED);
      if (request === 'getAccountCallStats') throw switchError('SWITCH_FAULT', false);
    };
    const { clockOffsetMs } = await gatherSnapshot({
      ...{ switchName: 'lab', port: fake, numbering: NUMBERING, vendors: [], signal: never },
    });
    expect(clockOffsetMs).toBe(60_000);
  });

  it('corrects the times of a second look by the best answer of the pass', async () => {
    // Its age is not stated, so that only a measured offset tells when it began.
    const began = new Date(NOW + 30_000).toISOString().replaceAll('-', '').replace('Z', '');
    const call = aCall({ id: '1', setupTimeText: began, delay: undefined, duration: undefined });
    const fake = fakeSwitch([call], clock);
    const context = measuredContext(aPassContext({ port: fake, store: tempStore().store, clock }));
    const { relisting } = enforcementOn(
      aSnapshot([]),
      context,
      protectionBy(context, asStated(new Map())),
      never,
    );
    fake.timing = () => answered(60_000, 20);
    await context.port.disconnectCall('9');
    fake.timing = () => UNDATED;
    expect((await relisting.of(10))?.calls).toMatchObject([{ setupAt: NOW - 30_000 }]);
  });
});

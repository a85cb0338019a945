import { brokerSet, liveView, NAME } from '../../test/sets';
import type { BrokerSet } from './broker-set';
import { cleanBrokerData } from './clean-broker-data';
import { applyEvent } from './event';
import type { LiveView } from './live-view';

const clean = (set: BrokerSet | undefined, ids: string | undefined, living = false, live: LiveView = liveView([])) => {
  const command = {
    kind: 'cleanBrokerData',
    brokerName: NAME,
    brokerIds: ids,
    cleanLivingBroker: living,
    live,
  } as const;
  const { outcome, events } = cleanBrokerData(set, command);
  return {
    code: outcome.code,
    remark: outcome.remark,
    left: events.reduce(applyEvent, set),
    eventCount: events.length,
  };
};
const memberIds = (set: BrokerSet | undefined) => set && [...set.members.keys()];
const vacant = brokerSet({ masterBrokerId: undefined });

// set, ids, -l, who is alive, code, who is left: controller.md 4.7 and 16.13.
type Row = [string, BrokerSet | undefined, string | undefined, boolean, LiveView, number, number[] | undefined];
const rows: Row[] = [
  ['1a blank ids, master recorded', brokerSet(), undefined, false, liveView([]), 2009, [1, 2, 3]],
  ['1a blanks only', brokerSet(), '  ', false, liveView([]), 2009, [1, 2, 3]],
  ['1a blank ids, no master', vacant, '', false, liveView([]), 0, undefined],
  ['1b blanks within', brokerSet(), '1; 2', false, liveView([]), 2009, [1, 2, 3]],
  ['1b text', brokerSet(), 'x', false, liveView([]), 2009, [1, 2, 3]],
  ['1b only a separator', brokerSet(), ';', false, liveView([]), 2009, [1, 2, 3]],
  ['1b one of several alive', brokerSet(), '2;3', false, liveView([3]), 2009, [1, 2, 3]],
  ['1b all dead', brokerSet(), '2;3', false, liveView([1]), 0, [1]],
  ['1b a separator at the end', brokerSet(), '3;', false, liveView([]), 0, [1, 2]],
  ['1b unheard by a new leader', brokerSet(), '3', false, liveView([1], { listening: true }), 2009, [1, 2, 3]],
  ['2 living, ids honoured', brokerSet(), '2', true, liveView([1, 2, 3]), 0, [1, 3]],
  ['2 living, no ids', brokerSet(), undefined, true, liveView([1, 2, 3]), 0, undefined],
  ['2 living, unreadable ids', brokerSet(), ';', true, liveView([]), 2009, [1, 2, 3]],
  ['3 unknown set', undefined, undefined, false, liveView([]), 2009, undefined],
  ['3 unknown set, living', undefined, '1', true, liveView([]), 2009, undefined],
  ['an id outside the set', brokerSet(), '9', false, liveView([{ id: 9 }]), 0, [1, 2, 3]],
  ['the last member', brokerSet({ members: [1], syncStateSet: [1] }), '1', false, liveView([]), 0, undefined],
];

test.each(rows)('%s', (_name, set, ids, living, live, code, left) => {
  const result = clean(set, ids, living, live);
  expect([result.code, memberIds(result.left)]).toEqual([code, left]);
});

test('remarks are the reference’s', () => {
  expect(clean(brokerSet(), undefined).remark).toBe('Broker broker-a is still alive, clean up failure');
  expect(clean(undefined, undefined).remark).toBe('Broker broker-a is not existed,clean broker data failure.');
});

test('the master goes in the same event, and brokers can tell by the epochs', () => {
  expect(clean(brokerSet(), '1').left).toMatchObject({
    masterBrokerId: undefined,
    masterEpoch: 3,
    syncStateSet: [2],
    syncStateSetEpoch: 5,
  });
});

test('somebody outside the SyncStateSet goes: no epoch moves', () => {
  expect(clean(brokerSet(), '3').left).toMatchObject({ masterEpoch: 2, syncStateSet: [1, 2], syncStateSetEpoch: 4 });
});

test('nothing to remove is no event', () => expect(clean(brokerSet(), '9').eventCount).toBe(0));

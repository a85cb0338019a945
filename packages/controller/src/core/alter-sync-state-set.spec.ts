import { brokerSet, liveView, NAME } from '../../test/sets';
import { alterSyncStateSet } from './alter-sync-state-set';
import type { BrokerSet } from './broker-set';
import type { AlterSyncStateSetCommand } from './command';

const command = (change: Partial<AlterSyncStateSetCommand> = {}): AlterSyncStateSetCommand => ({
  kind: 'alterSyncStateSet',
  brokerName: NAME,
  masterBrokerId: 1,
  masterEpoch: 2,
  syncStateSet: [1, 2, 3],
  syncStateSetEpoch: 4,
  live: liveView([1, 2, 3]),
  ...change,
});

// set, what differs from a good request, code: one line per row of controller.md 4.3, then the order of the checks.
const rows: [string, BrokerSet | undefined, Partial<AlterSyncStateSetCommand>, number][] = [
  ['1 set unknown', undefined, {}, 2013],
  ['2 unchanged', brokerSet(), { syncStateSet: [1, 2] }, 2013],
  ['3 no master recorded', brokerSet({ masterBrokerId: undefined }), {}, 2002],
  ['3 another master', brokerSet(), { masterBrokerId: 2 }, 2002],
  ['4 lower master epoch', brokerSet(), { masterEpoch: 1 }, 2000],
  ['4 higher master epoch', brokerSet(), { masterEpoch: 3 }, 2000],
  ['5 older SyncStateSet epoch', brokerSet(), { syncStateSetEpoch: 3 }, 2001],
  ['6 not a member', brokerSet(), { syncStateSet: [1, 9] }, 2003],
  ['6 not alive', brokerSet(), { live: liveView([1, 2]) }, 2006],
  ['6 the master itself not alive', brokerSet(), { live: liveView([2, 3]) }, 2006],
  ['6 alive, but in another cluster', brokerSet(), { live: liveView([1, 2, { id: 3, cluster: 'other' }]) }, 2006],
  ['7 without the master', brokerSet(), { syncStateSet: [2, 3] }, 2013],
  ['7 empty', brokerSet(), { syncStateSet: [] }, 2013],
  ['8 grows', brokerSet(), {}, 0],
  ['8 shrinks', brokerSet(), { syncStateSet: [1] }, 0],
  ['8 several steps at once', brokerSet(), { syncStateSet: [1, 3] }, 0],
  ['order 2 before 4 and 5', brokerSet(), { syncStateSet: [1, 2], masterEpoch: 9, syncStateSetEpoch: 9 }, 2013],
  ['order 2 before 3', brokerSet(), { syncStateSet: [1, 2], masterBrokerId: 3 }, 2013],
  ['order 3 before 4', brokerSet(), { masterBrokerId: 2, masterEpoch: 9 }, 2002],
  ['order 4 before 5', brokerSet(), { masterEpoch: 9, syncStateSetEpoch: 9 }, 2000],
  ['order 5 before 6', brokerSet(), { syncStateSet: [1, 9], syncStateSetEpoch: 9 }, 2001],
  ['order: unknown and dead', brokerSet(), { syncStateSet: [1, 9], live: liveView([]) }, 2006],
  ['order: dead unknown id alone', brokerSet(), { syncStateSet: [9] }, 2003],
  ['order 6 before 7', brokerSet(), { syncStateSet: [2, 3], live: liveView([1, 2]) }, 2006],
  ['same ids in another order', brokerSet(), { syncStateSet: [2, 1] }, 2013],
  ['same ids, doubled', brokerSet(), { syncStateSet: [2, 1, 2] }, 2013],
];

test.each(rows)('%s', (_name, set, change, code) => {
  const { outcome, events } = alterSyncStateSet(set, command(change));
  expect([outcome.code, events.length]).toEqual([code, code === 0 ? 1 : 0]);
  if (code !== 0) expect(outcome.header).toEqual({ newSyncStateSetEpoch: '0' });
});

test('the answer has the new epoch and set, ascending', () => {
  const { outcome, events } = alterSyncStateSet(brokerSet(), command({ syncStateSet: [3, 1, 2] }));
  expect(outcome.header).toEqual({ newSyncStateSetEpoch: '5' });
  expect(outcome.body).toEqual({ syncStateSet: [1, 2, 3], syncStateSetEpoch: 5 });
  expect(events).toEqual([{ kind: 'syncStateSetAltered', brokerName: NAME, syncStateSet: [1, 2, 3] }]);
});

test('remark of an unknown set', () => {
  expect(alterSyncStateSet(undefined, command()).outcome.remark).toBe('Broker metadata is not existed');
});

test('a listening leader does not take the unheard for alive: to refuse costs the master a second', () => {
  expect(alterSyncStateSet(brokerSet(), command({ live: liveView([1, 2], { listening: true }) })).outcome.code).toBe(
    2006,
  );
});

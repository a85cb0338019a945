import { addressOf, brokerSet, CLUSTER, liveView, NAME } from '../../test/sets';
import type { BrokerSet } from './broker-set';
import { applyEvent } from './event';
import type { LiveView } from './live-view';
import { replicaInfo } from './queries';
import { registerBroker } from './register-broker';

const register = (
  set: BrokerSet | undefined,
  brokerId: number,
  live: LiveView,
  address = addressOf(brokerId),
  more: { confirmsMastership?: boolean; unsyncedTailLost?: boolean } = {},
) => {
  const place = { clusterName: CLUSTER, brokerName: NAME, brokerId, brokerAddress: address };
  const { outcome, events } = registerBroker(set, { kind: 'registerBroker', ...place, ...more, live });
  return { ...outcome, events, after: events.reduce(applyEvent, set) };
};
const echoed = { clusterName: CLUSTER, brokerName: NAME };
const named = { masterBrokerId: '1', masterAddress: addressOf(1), masterEpoch: '2', syncStateSetEpoch: '4' };

describe('3.4: checks in order', () => {
  test('set unknown', () => {
    const { code, remark, header } = register(undefined, 1, liveView([]));
    expect([code, remark, header]).toEqual([2010, "Broker-set: broker-a hasn't been registered in controller", echoed]);
  });
  test('id unknown in the set', () => {
    const { code, remark } = register(brokerSet(), 9, liveView([]));
    expect([code, remark]).toEqual([2010, "BrokerId: 9 hasn't been registered in broker-set: broker-a"]);
  });
  test('master alive: named', () => {
    const { code, header, body, events } = register(brokerSet(), 2, liveView([1]));
    expect([code, header, events]).toEqual([0, { ...echoed, ...named }, []]);
    expect(body).toEqual({ syncStateSet: [1, 2], syncStateSetEpoch: 4 });
  });
  test('master dead: not named, the set all the same', () => {
    const { code, header, body } = register(brokerSet(), 2, liveView([2]));
    expect([code, header]).toEqual([0, echoed]);
    expect(body).toEqual({ syncStateSet: [1, 2], syncStateSetEpoch: 4 });
  });
  test('master not heard yet by a new leader: named', () => {
    expect(register(brokerSet(), 2, liveView([2], { listening: true })).header).toMatchObject(named);
  });
});

describe('known-losses: moved-address', () => {
  test('a new address is one event, the same again none', () => {
    const { events, after } = register(brokerSet(), 2, liveView([1]), '10.9.9.9:10911');
    const now = { address: '10.9.9.9:10911', confirmsMastership: false };
    expect(events).toEqual([{ kind: 'memberUpdated', brokerName: NAME, brokerId: 2, ...now }]);
    expect(after?.members.get(2)).toEqual({ ...brokerSet().members.get(2), ...now });
    expect(register(after, 2, liveView([1]), '10.9.9.9:10911').events).toEqual([]);
  });
});

describe('the master itself registers: its process started anew', () => {
  test('another live member of the SyncStateSet takes over and is named', () => {
    const { header, after, body } = register(brokerSet(), 1, liveView([2, 3]), '10.9.9.9:10911');
    expect(after).toMatchObject({ masterBrokerId: 2, masterEpoch: 3, syncStateSet: [2], syncStateSetEpoch: 5 });
    expect(after?.members.get(1)?.address).toBe('10.9.9.9:10911');
    expect(header).toMatchObject({ masterBrokerId: '2', masterEpoch: '3' });
    expect(body).toEqual({ syncStateSet: [2], syncStateSetEpoch: 5 });
  });
  test('with nobody else it loses its office, and may win it again in a new epoch', () => {
    const { header, after } = register(brokerSet(), 1, liveView([3]));
    expect(header).toEqual(echoed);
    expect(after).toMatchObject({ masterBrokerId: undefined, masterEpoch: 3, syncStateSet: [1, 2] });
    expect(register(after, 1, liveView([3])).events).toEqual([]);
  });
  test('its own stale heartbeat does not make it its own successor', () => {
    expect(register(brokerSet({ syncStateSet: [1] }), 1, liveView([1])).after?.masterBrokerId).toBeUndefined();
  });
});

describe('1004', () => {
  test('names the recorded master, dead or alive', () => {
    expect(replicaInfo(brokerSet())).toEqual({
      code: 0,
      header: { masterBrokerId: '1', masterAddress: addressOf(1), masterEpoch: '2' },
      body: { syncStateSet: [1, 2], syncStateSetEpoch: 4 },
    });
  });
  test('without a master only the epoch', () => {
    expect(replicaInfo(brokerSet({ masterBrokerId: undefined })).header).toEqual({ masterEpoch: '2' });
  });
  test('set unknown', () => {
    expect(replicaInfo(undefined)).toEqual({ code: 2008, remark: 'Broker metadata is not existed' });
  });
});

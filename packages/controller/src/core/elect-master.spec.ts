import { addressOf, brokerSet, liveView, NAME } from '../../test/sets';
import type { BrokerSet } from './broker-set';
import type { ElectMasterCommand } from './command';
import { decideElection } from './elect-master';
import { applyEvent } from './event';

type Asked = Partial<Pick<ElectMasterCommand, 'brokerId' | 'designateElect' | 'unclean' | 'ifMasterEpoch' | 'live'>>;
const elect = (set: BrokerSet | undefined, asked: Asked) => {
  const command = {
    kind: 'electMaster',
    brokerName: NAME,
    brokerId: -1,
    designateElect: false,
    unclean: false,
    live: liveView([]),
  } as const;
  const { outcome, events } = decideElection(set, { ...command, ...asked });
  return { ...outcome, after: events.reduce(applyEvent, set), eventCount: events.length };
};
const fresh = brokerSet({ masterBrokerId: undefined, masterEpoch: 0, syncStateSet: [], syncStateSetEpoch: 0 });

describe('5.1: step by step', () => {
  test('1 set unknown', () => {
    expect(elect(undefined, {})).toMatchObject({ code: 2010, remark: "Broker hasn't been registered", eventCount: 0 });
  });
  test('2 the first broker that asks becomes the first master', () => {
    const { code, header, after } = elect(fresh, { brokerId: 2, live: liveView([1, { id: 2, epoch: -1 }]) });
    expect([code, after?.masterBrokerId, after?.syncStateSet]).toEqual([0, 2, [2]]);
    expect(header).toEqual({
      masterBrokerId: '2',
      masterAddress: addressOf(2),
      masterEpoch: '3',
      syncStateSetEpoch: '1',
    });
  });
  test('2 epoch 1 when no broker knows of any', () => {
    const live = liveView([{ id: 1, epoch: -1, maxOffset: -1 }]);
    expect(elect(fresh, { brokerId: 1, live }).after?.masterEpoch).toBe(1);
  });
  test('2 an id that is unknown or dead does not become a ghost master', () => {
    expect(elect(fresh, { brokerId: 9, designateElect: true, live: liveView([1, 9]) })).toMatchObject({
      code: 2012,
      eventCount: 0,
    });
    expect(elect(fresh, { brokerId: 1, live: liveView([2]) })).toMatchObject({ code: 2012, eventCount: 0 });
  });
  test('2 the controller asks about a fresh set: no master, and no event either', () => {
    expect(elect(fresh, { live: liveView([1]) })).toMatchObject({ code: 2004, eventCount: 0 });
  });
  test('5 the body serves brokers and mqadmin', () => {
    const brokerAddrs = { 1: addressOf(1), 2: addressOf(2), 3: addressOf(3) };
    const group = { brokerAddrs, brokerName: NAME, cluster: 'DefaultCluster' };
    const { body, header } = elect(brokerSet(), { live: liveView([2]) });
    expect(body).toEqual({ brokerMemberGroup: group, syncStateSet: [2], ...group });
    expect(header).toEqual({
      masterBrokerId: '2',
      masterAddress: addressOf(2),
      masterEpoch: '3',
      syncStateSetEpoch: '5',
    });
  });
  test('4 2011 has the present values and no member group', () => {
    const { code, header, body } = elect(brokerSet(), { brokerId: 3, live: liveView([1, 3]) });
    expect(code).toBe(2011);
    expect(header).toEqual({
      masterBrokerId: '1',
      masterAddress: addressOf(1),
      masterEpoch: '2',
      syncStateSetEpoch: '4',
    });
    expect(body).toEqual({ syncStateSet: [1, 2] });
  });
  test('6 "no master" keeps the SyncStateSet, and is said once', () => {
    const first = elect(brokerSet(), { live: liveView([3]) });
    expect(first).toMatchObject({ code: 2004, eventCount: 1 });
    expect(first.after).toMatchObject({
      masterBrokerId: undefined,
      masterEpoch: 3,
      syncStateSet: [1, 2],
      syncStateSetEpoch: 4,
    });
    expect(elect(first.after, { live: liveView([3]) })).toMatchObject({ code: 2004, eventCount: 0 });
  });
});

describe('5.4: SyncStateSet {1,2}, master 1, members 1,2,3', () => {
  const asController = { brokerId: -1 };
  const asBroker3 = { brokerId: 3 };
  const asOperator = (brokerId: number): Asked => ({ brokerId, designateElect: true });
  // alive, who asks, unclean, code, master afterwards
  const rows: [number[], Asked, boolean, number, number | undefined][] = [
    [[2, 3], asController, false, 0, 2],
    [[2, 3], asController, true, 0, 2],
    [[3], asController, false, 2004, undefined],
    [[3], asController, true, 0, 3],
    [[3], asBroker3, false, 2012, 1],
    [[3], asBroker3, true, 0, 3],
    [[1, 2, 3], asBroker3, false, 2011, 1],
    [[1, 2, 3], asBroker3, true, 2011, 1],
    [[1, 2, 3], asOperator(2), false, 0, 2],
    [[1, 2, 3], asOperator(2), true, 0, 2],
    [[1, 2, 3], asOperator(3), false, 2012, 1],
    [[1, 2, 3], asOperator(3), true, 0, 3],
    [[1, 2, 3], asOperator(1), false, 2011, 1],
    [[1, 2, 3], asOperator(1), true, 2011, 1],
    // Beyond the table: 16.5.
    [[1, 2, 3], asOperator(-1), false, 2011, 1],
    [[1, 3], asOperator(2), false, 2012, 1],
    [[1, 3], asOperator(2), true, 2012, 1],
    [[1, 2, 3], asOperator(9), true, 2012, 1],
    [[2, 3], asOperator(1), false, 2012, 1],
  ];
  test.each(rows)('alive %j, asked %j, unclean %s: %d', (alive, asked, unclean, code, master) => {
    const { after, ...outcome } = elect(brokerSet(), { ...asked, unclean, live: liveView(alive) });
    expect([outcome.code, after?.masterBrokerId]).toEqual([code, master]);
    if (code === 0) {
      expect(after).toMatchObject({ masterEpoch: 3, syncStateSet: [master], syncStateSetEpoch: 5 });
    }
    if (code === 2012) expect([outcome.header, outcome.body, outcome.eventCount]).toEqual([undefined, undefined, 0]);
  });
});

describe('16: coming and going', () => {
  test('6 after "no master" the old one returns as the only candidate, in a higher epoch', () => {
    const vacant = elect(brokerSet(), { live: liveView([3]) }).after;
    const { code, after } = elect(vacant, { brokerId: 1, live: liveView([1, 3]) });
    expect([code, after]).toMatchObject([
      0,
      { masterBrokerId: 1, masterEpoch: 4, syncStateSet: [1], syncStateSetEpoch: 5 },
    ]);
  });
  test('7 nobody before the last member of the SyncStateSet', () => {
    const vacant = brokerSet({ masterBrokerId: undefined, syncStateSet: [2] });
    expect(elect(vacant, { brokerId: 1, live: liveView([1]) }).code).toBe(2012);
    expect(elect(vacant, { brokerId: 3, live: liveView([1, 3]) }).code).toBe(2012);
    expect(elect(vacant, { brokerId: 2, live: liveView([1, 2, 3]) }).after?.masterBrokerId).toBe(2);
  });
  test('12 an election goes above every epoch that a live member reports', () => {
    expect(elect(fresh, { brokerId: 1, live: liveView([1, { id: 2, epoch: 7 }]) }).after?.masterEpoch).toBe(8);
  });
  test('12 but believes neither strangers nor nonsense', () => {
    const live = liveView([
      { id: 1, epoch: 0 },
      { id: 2, epoch: 2 ** 31 - 1 },
      { id: 9, epoch: 50 },
    ]);
    expect(elect(fresh, { brokerId: 1, live }).after?.masterEpoch).toBe(1);
  });
  test('a second election for the same death does nothing', () => {
    expect(elect(brokerSet(), { ifMasterEpoch: 1, live: liveView([2]) })).toMatchObject({ code: 2012, eventCount: 0 });
    expect(elect(brokerSet(), { ifMasterEpoch: 2, live: liveView([2]) }).code).toBe(0);
  });
  test('all who had the data were cleaned away: only an operator’s word makes a master', () => {
    const emptied = brokerSet({ members: [3], masterBrokerId: undefined, syncStateSet: [], syncStateSetEpoch: 5 });
    expect(elect(emptied, { brokerId: 3, live: liveView([3]) }).code).toBe(2012);
    expect(elect(emptied, { brokerId: 3, designateElect: true, live: liveView([3]) }).after?.masterBrokerId).toBe(3);
  });
  test('a broker that was configured into another cluster is no candidate', () => {
    expect(elect(brokerSet(), { live: liveView([{ id: 2, cluster: 'other' }, 3]) }).code).toBe(2004);
  });
});

describe('known-losses: restart-of-all-controllers', () => {
  const listening = (alive: number[], lost: number[] = []) =>
    liveView(alive, { listening: true, lost: lost.map((brokerId) => ({ clusterName: 'DefaultCluster', brokerId })) });
  test('a slave that is heard before its master does not become master', () => {
    expect(elect(brokerSet(), { brokerId: 2, live: listening([2]) })).toMatchObject({ code: 2011, eventCount: 0 });
  });
  test('a master that was heard and lost is dead at once', () => {
    expect(elect(brokerSet(), { live: listening([2], [1]) }).after?.masterBrokerId).toBe(2);
  });
  test('an operator need not wait', () => {
    expect(elect(brokerSet(), { brokerId: 2, designateElect: true, live: listening([2]) }).code).toBe(0);
  });
});

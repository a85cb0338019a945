import { CLUSTER, NAME } from '../../test/sets';
import { LivenessTable, LOWEST_PRIORITY, type BrokerKey, type Heartbeat } from './liveness-table';

const key = (brokerId: number, brokerName = NAME, clusterName = CLUSTER): BrokerKey => ({
  clusterName,
  brokerName,
  brokerId,
});
const beat = (brokerId: number, change: Partial<Heartbeat> = {}): Heartbeat => ({
  ...key(brokerId),
  brokerAddr: `10.0.0.${brokerId}:10911`,
  epoch: 1,
  maxOffset: 100,
  confirmOffset: 100,
  timeoutMs: 10_000,
  electionPriority: LOWEST_PRIORITY,
  ...change,
});
const idsOf = (keys: readonly BrokerKey[]): number[] => keys.map(({ brokerId }) => brokerId);
const expired = (table: LivenessTable, nowMs: number): number[] => idsOf(table.expire(nowMs).map((item) => item.key));
const aliveIds = (table: LivenessTable, nowMs: number, name = NAME): number[] =>
  idsOf(table.view(name, nowMs).alive as never);

describe('expiry', () => {
  test('exactly at the timeout a broker is alive, a millisecond later it is not', () => {
    const table = new LivenessTable();
    table.heartbeat(beat(1), 7, 1000);
    expect([table.isAlive(key(1), 11_000), expired(table, 11_000)]).toEqual([true, []]);
    expect([table.isAlive(key(1), 11_001), table.expire(11_001)]).toEqual([false, [{ key: key(1), connection: 7 }]]);
    expect(expired(table, 11_002)).toEqual([]);
  });
  test('nobody is alive who was never heard', () => expect(new LivenessTable().isAlive(key(1), 0)).toBe(false));
  test('timeout 0 is good for the same millisecond, 10^12 for ever', () => {
    const table = new LivenessTable();
    table.heartbeat(beat(1, { timeoutMs: 0 }), 1, 1000);
    table.heartbeat(beat(2, { timeoutMs: 10 ** 12 }), 1, 1000);
    expect(aliveIds(table, 1000)).toEqual([1, 2]);
    expect([expired(table, 1001), aliveIds(table, 10 ** 9)]).toEqual([[1], [2]]);
  });
  test('the next deadline is known, so that no scan has to be waited for', () => {
    const table = new LivenessTable();
    expect(table.nextDeadlineMs).toBe(Infinity);
    table.heartbeat(beat(1), 1, 1000);
    table.heartbeat(beat(2, { timeoutMs: 3000 }), 1, 1500);
    expect(table.nextDeadlineMs).toBe(4500);
    table.heartbeat(beat(2, { timeoutMs: 3000 }), 1, 2500);
    expect([expired(table, 4501), table.nextDeadlineMs]).toEqual([[], 5500]);
  });
  test('the same id under another cluster or name is somebody else', () => {
    const table = new LivenessTable();
    table.heartbeat(beat(1), 1, 0);
    expect(table.isAlive(key(1, NAME, 'other'), 0)).toBe(false);
    expect(table.isAlive(key(1, 'broker-b'), 0)).toBe(false);
  });
  test('a heartbeat says whether the broker was away', () => {
    const table = new LivenessTable();
    expect(table.heartbeat(beat(1), 1, 0)).toBe(true);
    expect(table.heartbeat(beat(1), 1, 10_000)).toBe(false);
    expect(table.heartbeat(beat(1), 1, 20_001)).toBe(true);
  });
});

describe('known-losses: stale-rank', () => {
  test('a broker that lost its disk has the rank of its newest heartbeat', () => {
    const table = new LivenessTable();
    table.heartbeat(beat(1, { epoch: 5, maxOffset: 2 ** 40 }), 1, 0);
    table.heartbeat(beat(1, { epoch: 1, maxOffset: 10, electionPriority: 3, timeoutMs: 500 }), 1, 1);
    expect(table.view(NAME, 2).alive).toEqual([
      { clusterName: CLUSTER, brokerId: 1, epoch: 1, maxOffset: 10, electionPriority: 3 },
    ]);
    expect(table.isAlive(key(1), 502)).toBe(false);
  });
});

describe('known-losses: late-close-deposes', () => {
  test('the old connection’s close comes after the new heartbeat', () => {
    const table = new LivenessTable();
    table.heartbeat(beat(1), 1, 0);
    table.heartbeat(beat(1), 2, 100);
    expect([table.connectionClosed(1, 200), table.isAlive(key(1), 200)]).toEqual([[], true]);
    expect([idsOf(table.connectionClosed(2, 300)), table.isAlive(key(1), 300)]).toEqual([[1], false]);
  });
  test('what the old connection still delivers does not make it the newest again', () => {
    const table = new LivenessTable();
    table.heartbeat(beat(1), 2, 0);
    table.heartbeat(beat(1), 1, 100);
    expect(table.connectionClosed(1, 200)).toEqual([]);
  });
  test('after a loss any open connection will do', () => {
    const table = new LivenessTable();
    table.heartbeat(beat(1), 2, 0);
    table.connectionClosed(2, 100);
    table.heartbeat(beat(1), 1, 200);
    expect(idsOf(table.connectionClosed(1, 300))).toEqual([1]);
  });
  test('a close after the expiry is not reported twice', () => {
    const table = new LivenessTable();
    table.heartbeat(beat(1, { timeoutMs: 10 }), 1, 0);
    expect([expired(table, 11), table.connectionClosed(1, 12)]).toEqual([[1], []]);
  });
});

describe('connections', () => {
  test('all brokers of a connection are lost with it', () => {
    const table = new LivenessTable();
    table.heartbeat(beat(1), 1, 0);
    table.heartbeat(beat(1, { brokerName: 'broker-b' }), 1, 0);
    table.heartbeat(beat(2), 2, 0);
    expect(table.connectionClosed(1, 1)).toEqual([key(1), key(1, 'broker-b')]);
    expect(aliveIds(table, 1)).toEqual([2]);
  });
  test('an expired broker’s connection may still serve another', () => {
    const table = new LivenessTable();
    table.heartbeat(beat(1, { timeoutMs: 10 }), 1, 0);
    table.heartbeat(beat(2), 1, 0);
    expect([expired(table, 11), table.isUsed(1)]).toEqual([[1], true]);
    table.connectionClosed(1, 12);
    expect(table.isUsed(1)).toBe(false);
  });
  test('a broker whose next process has shown up is not alive until that one is heard', () => {
    const table = new LivenessTable();
    table.heartbeat(beat(1), 1, 0);
    expect([table.forget(key(1), 1), table.forget(key(1), 1), table.isAlive(key(1), 1)]).toEqual([true, false, false]);
    expect([table.heartbeat(beat(1), 2, 2), table.isAlive(key(1), 2)]).toEqual([true, true]);
    expect(table.connectionClosed(1, 3)).toEqual([]);
  });
});

describe('a new leader listens', () => {
  test('until then nobody who was not heard is known to be dead', () => {
    const table = new LivenessTable();
    table.listenUntil(10_000);
    expect([table.view(NAME, 9999).listening, table.view(NAME, 10_000).listening]).toEqual([true, false]);
  });
  test('who was heard and lost stays lost until the listening ends, whatever its timeout', () => {
    const table = new LivenessTable();
    table.heartbeat(beat(1, { timeoutMs: 100 }), 1, 0);
    table.listenUntil(10_000);
    expect(expired(table, 101)).toEqual([1]);
    table.expire(9000);
    expect(table.view(NAME, 9000).lost).toEqual([{ clusterName: CLUSTER, brokerId: 1 }]);
    table.expire(10_001);
    expect(table.view(NAME, 10_001).lost).toEqual([]);
  });
  test('a loss of long ago counts as not heard', () => {
    const table = new LivenessTable();
    table.heartbeat(beat(1), 1, 0);
    table.connectionClosed(1, 1);
    table.expire(10_002);
    expect(table.view(NAME, 10_002).lost).toEqual([]);
  });
});

test('strangers cannot fill the table without bounds', () => {
  const table = new LivenessTable({ brokers: 20, brokersOfOneName: 10 });
  for (let id = 1; id <= 15; id++) table.heartbeat(beat(id), 1, 0);
  expect(table.view(NAME, 0).alive).toHaveLength(10);
  expect(table.heartbeat(beat(20), 1, 0)).toBe(false);
  for (let n = 0; n < 15; n++) table.heartbeat(beat(1, { brokerName: `b${n}` }), 1, 0);
  expect([...table.living(0)]).toHaveLength(20);
  table.expire(20_000);
  expect([...table.living(20_000)]).toHaveLength(0);
  table.expire(40_000);
  expect(table.heartbeat(beat(20), 1, 40_000)).toBe(true);
});

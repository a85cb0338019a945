import { silentLog } from '@batonmq/host';
import type { Peer } from '@batonmq/remoting';
import { CLUSTER, NAME } from '../../test/sets';
import { LOWEST_PRIORITY } from '../core/liveness-table';
import { BrokerLiveness } from './broker-liveness';

/** A clock that can run on while no timer does, as in a process that stands still. */
class StallingHost {
  nowMs = 0;
  readonly log = silentLog;
  readonly clock = { monotonicMs: () => this.nowMs, wallMs: () => this.nowMs };
  private due: { atMs: number; task: () => void }[] = [];
  readonly timers = {
    after: (delayMs: number, task: () => void) => {
      const timer = { atMs: this.nowMs + delayMs, task };
      this.due.push(timer);
      return () => void (this.due = this.due.filter((other) => other !== timer));
    },
    every: () => () => {},
    endOfTurn: () => {},
  };

  stall(ms: number): void {
    this.nowMs += ms;
  }

  pass(ms: number): void {
    const untilMs = this.nowMs + ms;
    for (;;) {
      const next = this.due.sort((a, b) => a.atMs - b.atMs)[0];
      if (next === undefined || next.atMs > untilMs) break;
      this.due.shift();
      this.nowMs = Math.max(this.nowMs, next.atMs);
      next.task();
    }
    this.nowMs = Math.max(this.nowMs, untilMs);
  }
}

const peer = { id: 1, remote: 'x:1', closed: false, close: () => {} } as unknown as Peer;
const key = { clusterName: CLUSTER, brokerName: NAME, brokerId: 1 };
const heartbeat = {
  ...key,
  brokerAddr: 'x:1',
  epoch: 1,
  maxOffset: 1,
  confirmOffset: 1,
  timeoutMs: 10_000,
  electionPriority: LOWEST_PRIORITY,
};

const setUp = () => {
  const host = new StallingHost();
  const lost: number[] = [];
  const listener = {
    lost: (brokers: readonly { brokerId: number }[]) => void lost.push(...brokers.map(({ brokerId }) => brokerId)),
    appeared: () => {},
  };
  const liveness = new BrokerLiveness(host, 5000, listener);
  liveness.heartbeat(heartbeat, peer);
  return { host, lost, liveness };
};

test('silence is death at the first millisecond after the timeout', () => {
  const { host, lost, liveness } = setUp();
  host.pass(10_000);
  expect([lost, liveness.isAlive(key)]).toEqual([[], true]);
  host.pass(1);
  expect([lost, liveness.isAlive(key)]).toEqual([[1], false]);
});

describe('known-losses: busy-is-not-dead: this process stood still for longer than heartbeats are good for', () => {
  test('a request that is read before the heartbeats finds everybody alive', () => {
    const { host, liveness } = setUp();
    host.stall(30_000);
    expect([liveness.isAlive(key), liveness.view(NAME).alive.length]).toEqual([true, 1]);
  });
  test('heartbeats that waited are read first', () => {
    const { host, lost, liveness } = setUp();
    host.stall(30_000);
    host.pass(0);
    expect([lost, liveness.isAlive(key)]).toEqual([[], true]);
    liveness.heartbeat(heartbeat, peer);
    host.pass(9000);
    expect([lost, liveness.isAlive(key)]).toEqual([[], true]);
  });
  test('who was silent indeed is lost a second later', () => {
    const { host, lost } = setUp();
    host.stall(30_000);
    host.pass(1001);
    expect(lost).toEqual([1]);
  });
});

import type { Peer, RemotingCommand } from '@batonmq/remoting';
import { ParkedPulls, type ParkedPull } from './parked-pulls';
import { javaHash } from '@batonmq/broker-store';
import { tagFilter } from './tag-filter';

describe('ParkedPulls', () => {
  let now = 0;
  let sweep: () => void = () => {};
  let woken: number[] = [];
  const host = {
    clock: { monotonicMs: () => now, wallMs: () => 0 },
    timers: {
      after: () => () => {},
      endOfTurn: () => {},
      every: (_periodMs: number, task: () => void) => {
        sweep = task;
        return () => (sweep = () => {});
      },
    },
  };
  const make = (limit?: number): ParkedPulls => {
    const pulls = new ParkedPulls(host, (pull) => woken.push(pull.request.opaque), limit);
    pulls.start();
    return pulls;
  };
  const pull = (opaque: number, fields: Partial<ParkedPull> = {}): ParkedPull => ({
    request: { opaque } as RemotingCommand,
    peer: { closed: false } as Peer,
    offset: 5,
    filter: undefined,
    deadlineMs: 1000,
    ...fields,
  });

  beforeEach(() => {
    now = 0;
    woken = [];
  });

  it.each([
    ['its queue', 'Orders', 0, 6, 'red', [1, 2]],
    ['its queue, another tag', 'Orders', 0, 6, 'blue', [1]],
    ['its queue, nothing new for it', 'Orders', 0, 5, 'red', []],
    ['another queue', 'Orders', 1, 6, 'red', []],
    ['another topic', 'News', 0, 6, 'red', []],
  ])('wakes pulls with a message of %s', (_what, topic, queueId, maxOffset, tag, expected) => {
    const pulls = make();
    pulls.park('Orders', 0, pull(1));
    pulls.park('Orders', 0, pull(2, { filter: tagFilter('red') }));
    pulls.arrived(topic, queueId, maxOffset, javaHash(tag));
    expect(woken).toEqual(expected);
    expect(pulls.size).toBe(2 - expected.length);
  });

  it('wakes each once, at its deadline at the latest', () => {
    const pulls = make();
    pulls.park('Orders', 0, pull(1));
    pulls.park('Orders', 0, pull(2, { deadlineMs: 2000 }));
    now = 999;
    sweep();
    expect(woken).toEqual([]);
    now = 1000;
    sweep();
    sweep();
    expect(woken).toEqual([1]);
    pulls.stop();
    expect(woken).toEqual([1, 2]);
    expect(pulls.size).toBe(0);
  });

  it('forgets pulls of closed connections without running them', () => {
    const pulls = make();
    const peer = { closed: false };
    pulls.park('Orders', 0, pull(1, { peer: peer as Peer }));
    peer.closed = true;
    sweep();
    expect([woken, pulls.size]).toEqual([[], 0]);
  });

  it('has no room beyond its limit', () => {
    const pulls = make(1);
    expect(pulls.park('Orders', 0, pull(1))).toBe(true);
    expect(pulls.park('Orders', 1, pull(2))).toBe(false);
    pulls.wakeAll();
    expect(pulls.park('Orders', 1, pull(2))).toBe(true);
  });
});

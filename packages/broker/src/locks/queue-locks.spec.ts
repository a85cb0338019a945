import { QueueLocks } from './queue-locks';

describe('QueueLocks', () => {
  let now = 0;
  const queue = (queueId: number) => ({ topic: 'Orders', brokerName: 'broker-a', queueId });
  const clock = { monotonicMs: () => now, wallMs: () => 0 };
  const held = (locks: QueueLocks, client: string, ...ids: number[]): number[] =>
    locks.lock('readers', client, ids.map(queue)).map((one) => one.queueId);

  beforeEach(() => (now = 0));

  it('gives a queue to one client of a group', () => {
    const locks = new QueueLocks(clock);
    expect(held(locks, 'one', 0, 1)).toEqual([0, 1]);
    expect(held(locks, 'two', 1, 2)).toEqual([2]);
    expect(held(locks, 'one', 0, 1)).toEqual([0, 1]);
    expect(locks.lock('others', 'two', [queue(0)])).toHaveLength(1);
  });

  it.each([
    [60_000, []],
    [60_001, [0]],
  ])('after %i ms without renewal another client gets %j', (passed, given) => {
    const locks = new QueueLocks(clock);
    held(locks, 'one', 0);
    now = passed;
    expect(locks.anyHeld('readers')).toBe(given.length === 0);
    expect(held(locks, 'two', 0)).toEqual(given);
  });

  it('counts from the last renewal', () => {
    const locks = new QueueLocks(clock);
    held(locks, 'one', 0);
    now = 50_000;
    held(locks, 'one', 0);
    now = 100_000;
    expect(held(locks, 'two', 0)).toEqual([]);
  });

  it('releases only what the client holds', () => {
    const locks = new QueueLocks(clock);
    held(locks, 'one', 0);
    locks.unlock('readers', 'two', [queue(0)]);
    expect(locks.anyHeld('readers')).toBe(true);
    locks.unlock('readers', 'one', [queue(0)]);
    expect(locks.anyHeld('readers')).toBe(false);
    expect(held(locks, 'two', 0)).toEqual([0]);
  });
});

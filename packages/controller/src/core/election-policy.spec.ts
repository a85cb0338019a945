import { liveView } from '../../test/sets';
import { electMaster, type Ballot, type Choice } from './election-policy';
import type { LiveBroker } from './live-view';

const TIB = 2 ** 40;
const choose = (change: Partial<Omit<Ballot, 'live'>>, ...alive: Parameters<typeof liveView>[0]): Choice => {
  const table = new Map<number, LiveBroker>(liveView(alive).alive.map((broker) => [broker.brokerId, broker]));
  const ballot = { syncStateSet: [1, 2, 3], others: [], presentMaster: undefined, designated: undefined, ...change };
  return electMaster({ ...ballot, live: (id) => table.get(id) });
};
const elected = (...args: Parameters<typeof choose>): number | undefined => choose(...args).elected;

describe('the policy, step by step (controller.md 5.2)', () => {
  test('1 nobody alive', () => expect(choose({})).toEqual({ elected: undefined, because: 'nobody-alive' }));
  test('2 the present master stays', () =>
    expect(choose({ presentMaster: 1 }, 1, { id: 2, epoch: 9 })).toEqual({ elected: 1, because: 'present-master' }));
  test('2 also when it is designated', () =>
    expect(choose({ presentMaster: 1, designated: 1 }, 1, 2).because).toBe('present-master'));
  test('2 not when it is outside the pool', () => expect(elected({ presentMaster: 9 }, 2)).toBe(2));
  test('3 the designated one', () =>
    expect(choose({ presentMaster: 1, designated: 3 }, 1, 2, 3)).toEqual({ elected: 3, because: 'designated' }));
  test('3 nobody else in its place', () =>
    expect(choose({ designated: 3 }, 1, 2)).toEqual({ elected: undefined, because: 'designated-not-eligible' }));
  test('4 higher epoch first', () =>
    expect(elected({}, { id: 1, epoch: 1, maxOffset: 10 ** 12 }, { id: 2, epoch: 2, maxOffset: 10 })).toBe(2));
  test('4 then higher offset', () => expect(elected({}, { id: 1, maxOffset: 9 }, { id: 2, maxOffset: 10 })).toBe(2));
  test('4 then lower priority', () => expect(elected({}, { id: 1, priority: 2 }, { id: 2, priority: 1 })).toBe(2));
  test('4 no priority is the last', () => expect(elected({}, 1, { id: 2, priority: 2 })).toBe(2));
  test('4 negative priorities do not overflow', () =>
    expect(elected({}, { id: 1, priority: 2_147_483_647 }, { id: 2, priority: -2_147_483_648 })).toBe(2));
  test('4 priority does not beat a longer log', () =>
    expect(elected({}, { id: 1, maxOffset: 9, priority: 0 }, { id: 2, maxOffset: 10 })).toBe(2));
  test('4 a heartbeat that tells nothing is last', () =>
    expect(elected({}, { id: 1, epoch: -1, maxOffset: -1 }, { id: 2, epoch: 0, maxOffset: 0 })).toBe(2));
  test('5 equal in all: the lower id', () => expect(elected({ syncStateSet: [3, 2] }, 2, 3)).toBe(2));
  test('others only when the set gives nobody', () => {
    expect(elected({ syncStateSet: [1], others: [1, 2] }, 1, { id: 2, epoch: 9 })).toBe(1);
    expect(elected({ syncStateSet: [1], others: [1, 2] }, 2)).toBe(2);
    expect(elected({ syncStateSet: [1], others: [] }, 2)).toBeUndefined();
  });
  test('a designated outsider is looked for among the others', () =>
    expect(elected({ syncStateSet: [1], others: [1, 2], designated: 2 }, 1, 2)).toBe(2));
});

describe('known-losses: offset-compare-32-bit', () => {
  test.each([2 ** 31 - 1, 2 ** 31, 2 ** 31 + 1, 2 ** 32, 2 ** 33, TIB])('logs that are %d bytes apart', (gap) => {
    expect(elected({}, { id: 1, maxOffset: 5 }, { id: 2, maxOffset: 5 + gap })).toBe(2);
    expect(elected({}, { id: 1, maxOffset: 5 + gap }, { id: 2, maxOffset: 5 })).toBe(1);
  });
});

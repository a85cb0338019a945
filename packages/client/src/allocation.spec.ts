import * as fc from 'fast-check';
import { allocateAveragely } from './allocation';

const count = (length: number): number[] => Array.from({ length }, (_, index) => index);

describe('allocateAveragely', () => {
  it.each([
    [['a'], 3, [[0, 1, 2]]],
    [['a', 'b'], 3, [[0, 1], [2]]],
    [
      ['a', 'b', 'c'],
      8,
      [
        [0, 1, 2],
        [3, 4, 5],
        [6, 7],
      ],
    ],
    [['a', 'b', 'c'], 2, [[0], [1], []]],
    [['a'], 0, [[]]],
  ])('gives %j of %i queues %j, as Java does', (members, queues, shares) => {
    expect(members.map((member) => allocateAveragely(member, members, count(queues)))).toEqual(shares);
  });

  it('gives a stranger nothing', () => {
    expect(allocateAveragely('x', ['a', 'b'], count(4))).toEqual([]);
  });

  it('gives every queue to exactly one member, shares differing by one at most', () => {
    const members = fc.uniqueArray(fc.string(), { minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(members, fc.nat(100), (names, queues) => {
        const shares = names.map((name) => allocateAveragely(name, names, count(queues)));
        expect(shares.flat()).toEqual(count(queues));
        const sizes = shares.map((share) => share.length);
        expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
      }),
    );
  });
});

import * as fc from 'fast-check';
import { isLinearizable, type Operation } from './linearizability';

const never = Number.POSITIVE_INFINITY;
const swap = (value: number, result: number | undefined, call: number, answer: number): Operation => {
  return { kind: 'swap', value, result, call, answer };
};
const read = (result: number, call: number, answer: number): Operation => {
  return { kind: 'read', value: 0, result, call, answer };
};

it.each<[string, boolean, Operation[]]>([
  ['nothing', true, []],
  ['one after the other', true, [swap(1, 0, 0, 1), read(1, 2, 3), swap(2, 1, 4, 5), read(2, 6, 7)]],
  ['a read of what was replaced before it was asked', false, [swap(1, 0, 0, 1), swap(2, 1, 2, 3), read(1, 4, 5)]],
  ['a read beside a swap sees either', true, [swap(1, 0, 0, 1), swap(2, 1, 2, 5), read(1, 3, 4)]],
  ['new, then old again', false, [swap(1, 0, 0, 1), swap(2, 1, 2, 9), read(2, 3, 4), read(1, 5, 6)]],
  [
    'a swap whose client had no answer is seen later',
    true,
    [swap(1, undefined, 0, never), read(0, 1, 2), read(1, 3, 4)],
  ],
  ['it happens once only', false, [swap(1, undefined, 0, never), read(1, 1, 2), swap(2, 1, 3, 4), read(1, 5, 6)]],
  ['two swaps of one state', false, [swap(1, 0, 0, 5), swap(2, 0, 1, 6)]],
  ['the later call first', true, [swap(1, 2, 0, 5), swap(2, 0, 1, 6), read(1, 7, 8)]],
])('%s: %s', (_, linearizable, operations) => {
  expect(isLinearizable(operations)).toBe(linearizable);
});

/** The plain search: every order of every choice of those that may be left out. */
function naively(operations: readonly Operation[], state = 0): boolean {
  if (operations.every(({ answer }) => answer === never)) return true;
  const firstAnswer = Math.min(...operations.map(({ answer }) => answer));
  return operations.some((operation, i) => {
    const { kind, value, result, call } = operation;
    if (call > firstAnswer || (result !== undefined && result !== state)) return false;
    return naively([...operations.slice(0, i), ...operations.slice(i + 1)], kind === 'swap' ? value : state);
  });
}

it('agrees with the plain search', () => {
  const operation = fc.record({
    kind: fc.constantFrom('swap' as const, 'read' as const),
    result: fc.integer({ min: 0, max: 5 }),
    call: fc.integer({ min: 0, max: 12 }),
    lasts: fc.integer({ min: 1, max: 6 }),
    unanswered: fc.boolean(),
  });
  let [yes, no] = [0, 0];
  fc.assert(
    fc.property(fc.array(operation, { minLength: 1, maxLength: 6 }), (drawn) => {
      const operations = drawn.map(({ kind, result, call, lasts, unanswered }, i): Operation => {
        const answer = kind === 'swap' && unanswered ? never : 2 * (call + lasts) + 1;
        return { kind, value: i + 1, result: answer === never ? undefined : result, call: 2 * call, answer };
      });
      const expected = naively(operations);
      if (expected) yes++;
      else no++;
      expect(isLinearizable(operations)).toBe(expected);
    }),
    { numRuns: 3000, seed: 1 },
  );
  expect(Math.min(yes, no)).toBeGreaterThan(100);
});

it('a long history of many clients at once is decided quickly', () => {
  const operations: Operation[] = [];
  for (let i = 0; i < 2000; i++) {
    operations.push(swap(i + 1, i, 4 * i - (i % 40) * 4, 4 * i + 1), read(i + 1, 4 * i - 200, 4 * i + 2));
  }
  expect(isLinearizable(operations)).toBe(true);
});

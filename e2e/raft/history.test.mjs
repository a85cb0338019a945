// A judge counts once it has caught a planted fault: node --test e2e/raft/history.test.mjs
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { judge } from './history.mjs';

const op = (kind, began, ended, value) => ({ kind, began, ended, value });
const good = [
  op('increment', 0, 10, 1),
  op('increment', 5, 20, 3),
  op('increment', 6, 12, 2),
  op('read', 15, 16, 2),
  op('read', 15, 25, 3),
  op('increment', 30, undefined),
  op('read', 40, 50, 4),
  op('increment', 60, 70, 5),
];

test('a good history, with an unknown outcome', () => assert.deepEqual(judge(good, 5), []));

for (const [name, history, final, fault] of [
  ['an increment counted twice', [...good, op('increment', 80, 90, 5)], 6, /two increments were counted as 5/],
  ['a lost increment', [...good, op('increment', 80, 90, 6)], 5, /6 was acknowledged/],
  ['more than was asked for', good, 7, /ends at 7/],
  ['an acknowledged one that is not in the end', good, 3, /4 acknowledged/],
  ['a stale read', [...good, op('read', 80, 90, 4)], 5, /read gave 4 after 5/],
  ['an increment before its time', [...good, op('increment', 80, 90, 5)], 6, /increment gave 5 after 5/],
  ['a read of the future', [...good.slice(0, 4), op('read', 15, 16, 4)], 3, /read gave 4 when 3/],
]) {
  test(name, () => assert.match(judge(history, final).join('\n'), fault));
}

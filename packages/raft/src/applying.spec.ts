import type { Timers } from '@batonmq/host';
import { Applying } from './applying';
import type { Entry } from './core/types';

function madeUp(apply: (entry: Entry) => void = () => {}) {
  const turn: (() => void)[] = [];
  const timers: Timers = { after: () => () => {}, every: () => () => {}, endOfTurn: (task) => void turn.push(task) };
  const failures: unknown[] = [];
  const applying = new Applying(timers, apply, (error) => void failures.push(error));
  return { applying, failures, endTurn: () => turn.splice(0).forEach((task) => task()) };
}

const entries = (from: number, count: number): Entry[] =>
  Array.from({ length: count }, (_, i) => ({ index: from + i, term: 1, kind: 'data', data: Buffer.alloc(0) }));

it('applies at once what is little, and much in slices, with what waits for it in between', () => {
  const { applying, endTurn } = madeUp();
  const seen: string[] = [];
  const note = (name: string) => () => void seen.push(`${name} at ${applying.appliedIndex}`);
  applying.then(note('nothing'));
  applying.entries(entries(1, 10));
  applying.then(note('little'));
  expect(seen).toEqual(['nothing at 0', 'little at 10']);
  endTurn();
  applying.entries(entries(11, 600));
  applying.then(note('much'));
  applying.entries(entries(611, 1));
  applying.then(note('one more'));
  expect(applying.appliedIndex).toBe(266);
  endTurn();
  expect(applying.appliedIndex).toBe(522);
  expect(seen).toHaveLength(2);
  endTurn();
  expect(seen.slice(2)).toEqual(['much at 610', 'one more at 611']);
});

it('counts all of a turn together', () => {
  const { applying, endTurn } = madeUp();
  for (let i = 0; i < 400; i++) applying.entries(entries(1 + i, 1));
  expect(applying.appliedIndex).toBe(256);
  endTurn();
  expect(applying.appliedIndex).toBe(400);
});

it('hands over what the machine throws: to the caller in the same turn, else to the owner', () => {
  const apply = ({ index }: Entry): void => {
    if (index === 300) throw new Error('broken');
  };
  const { applying, failures, endTurn } = madeUp(apply);
  applying.entries(entries(1, 500));
  endTurn();
  expect(failures).toEqual([new Error('broken')]);
  applying.clear();
  endTurn();
  expect(() => applying.entries(entries(300, 1))).toThrow('broken');
});

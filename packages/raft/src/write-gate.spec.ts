import type { Entry } from './core/types';
import { WriteGate, type Completed, type SendEffect } from './write-gate';

const entry = (index: number, bytes: number): Entry => ({ index, term: 1, kind: 'data', data: Buffer.alloc(bytes) });
const vote: SendEffect = {
  kind: 'send',
  to: 'a',
  after: 'persist',
  message: { kind: 'vote-response', term: 1, pre: false, granted: true },
};

/** Jest takes long to compare megabytes. */
const indexAndReleased = ({ last, released }: Completed) => [last?.index, released.length];

describe('the write gate', () => {
  it('gathers behind the write in flight, and lets messages go with the write they wait for', () => {
    const gate = new WriteGate();
    expect(gate.hold(vote)).toBe(false);
    gate.add({ hardState: { term: 1, votedFor: 'a' }, entries: [] });
    expect(gate.hold(vote)).toBe(true);
    expect(gate.begin()?.hardState?.term).toBe(1);
    gate.add({ truncateAfter: 0, entries: [entry(1, 10)] });
    expect(gate.begin()).toBeUndefined();
    expect(gate.complete()).toMatchObject({ hardState: { term: 1 }, released: [vote] });
    expect(gate.begin()?.entries).toHaveLength(1);
    expect(gate.complete().last).toMatchObject({ index: 1 });
    expect(gate.begin()).toBeUndefined();
  });

  it('splits what is too much for one write; messages go with the last part', () => {
    const gate = new WriteGate();
    const entries = [1, 2, 3, 4, 5].map((index) => entry(index, 2 << 20));
    gate.add({ hardState: { term: 1, votedFor: 'a' }, truncateAfter: 0, entries });
    gate.hold(vote);
    const first = gate.begin();
    expect([first?.hardState?.term, first?.truncateAfter, first?.entries.length]).toEqual([1, 0, 2]);
    gate.add({ truncateAfter: 3, entries: [entry(4, 7)] });
    expect(indexAndReleased(gate.complete())).toEqual([2, 0]);
    const second = gate.begin();
    expect(second?.entries.map(({ index, data }) => [index, data.length])).toEqual([
      [3, 2 << 20],
      [4, 7],
    ]);
    expect(second?.truncateAfter).toBe(3);
    expect(indexAndReleased(gate.complete())).toEqual([4, 1]);
  });

  it('does not split what changes the beginning of the log', () => {
    const gate = new WriteGate();
    const entries = [8, 9, 10].map((index) => entry(index, 4 << 20));
    gate.add({ truncateAfter: 7, entries });
    gate.add({ entries: [], base: { index: 7, term: 1 }, snapshot: { index: 7, term: 1, data: Buffer.alloc(1) } });
    expect(gate.begin()?.entries).toHaveLength(3);
  });
});

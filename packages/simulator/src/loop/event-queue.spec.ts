import * as fc from 'fast-check';
import { EventQueue, type SimEvent } from './event-queue';

describe('EventQueue', () => {
  it('gives events by time, then in the order of adding, without the cancelled ones', () => {
    const step = fc.record({ atMs: fc.integer({ min: 0, max: 20 }), action: fc.integer({ min: 0, max: 3 }) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
        const queue = new EventQueue();
        let naive: SimEvent[] = [];
        for (const { atMs, action } of steps) {
          if (action > 0) naive.push(queue.add(atMs, undefined, () => {}));
          else if (naive.length > 0) queue.cancel(naive.splice(atMs % naive.length, 1)[0]!);
          if (action === 3 && naive.length > 1) {
            naive = sorted(naive);
            expect(queue.peek()).toBe(naive.shift());
            queue.removeFirst();
          }
        }
        expect(queue.size).toBe(naive.length);
        for (const expected of sorted(naive)) {
          expect(queue.peek()).toBe(expected);
          queue.removeFirst();
        }
        expect(queue.peek()).toBeUndefined();
      }),
    );
  });

  it('throws cancelled events away when they are the majority', () => {
    const queue = new EventQueue();
    const events = Array.from({ length: 5000 }, (_, at) => queue.add(5000 - at, undefined, () => {}));
    for (const event of events.slice(0, 4990)) queue.cancel(event);
    expect(queue.size).toBe(10);
    const times: number[] = [];
    for (let event = queue.peek(); event !== undefined; event = queue.peek()) {
      times.push(event.atMs);
      queue.removeFirst();
    }
    expect(times).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  });
});

function sorted(events: SimEvent[]): SimEvent[] {
  return [...events].sort((a, b) => a.atMs - b.atMs || a.sequence - b.sequence);
}

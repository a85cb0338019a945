import type { SimProcess } from '../process';

/** Something that will happen. `task` is undefined once it was cancelled or has run. */
export interface SimEvent {
  atMs: number;
  /** Order among events of the same instant: the order in which they were added. */
  sequence: number;
  /** Whose code runs; it does not run when the process is dead, and later when it is frozen. undefined: the world's. */
  readonly owner: SimProcess | undefined;
  task: (() => void) | undefined;
}

/** Binary heap by time, then sequence. Cancelled events stay until they come up, or until they are the majority. */
export class EventQueue {
  private heap: SimEvent[] = [];
  private sequence = 0;
  private cancelled = 0;

  /** Events that will still happen. */
  get size(): number {
    return this.heap.length - this.cancelled;
  }

  add(atMs: number, owner: SimProcess | undefined, task: () => void): SimEvent {
    const event: SimEvent = { atMs, sequence: this.sequence++, owner, task };
    this.heap.push(event);
    this.up(this.heap.length - 1);
    return event;
  }

  /** Puts an event that was taken out in again, for later. */
  putOff(event: SimEvent, atMs: number): void {
    event.atMs = atMs;
    event.sequence = this.sequence++;
    this.heap.push(event);
    this.up(this.heap.length - 1);
  }

  cancel(event: SimEvent): void {
    if (event.task === undefined) return;
    event.task = undefined;
    this.cancelled++;
    if (this.cancelled > 1024 && this.cancelled > this.heap.length / 2) this.compact();
  }

  /** The next event that was not cancelled, left in place. */
  peek(): SimEvent | undefined {
    for (let first = this.heap[0]; first !== undefined; first = this.heap[0]) {
      if (first.task !== undefined) return first;
      this.cancelled--;
      this.removeFirst();
    }
    return undefined;
  }

  /** Takes out what `peek` returned. */
  removeFirst(): void {
    const last = this.heap.pop();
    if (last === undefined || this.heap.length === 0) return;
    this.heap[0] = last;
    this.down(0);
  }

  private compact(): void {
    this.heap = this.heap.filter((event) => event.task !== undefined);
    this.cancelled = 0;
    for (let at = (this.heap.length >> 1) - 1; at >= 0; at--) this.down(at);
  }

  private up(start: number): void {
    const { heap } = this;
    const event = heap[start] as SimEvent;
    let at = start;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      const above = heap[parent] as SimEvent;
      if (!isBefore(event, above)) break;
      heap[at] = above;
      at = parent;
    }
    heap[at] = event;
  }

  private down(start: number): void {
    const { heap } = this;
    const event = heap[start] as SimEvent;
    const count = heap.length;
    let at = start;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= count) break;
      if (child + 1 < count && isBefore(heap[child + 1] as SimEvent, heap[child] as SimEvent)) child++;
      const below = heap[child] as SimEvent;
      if (!isBefore(below, event)) break;
      heap[at] = below;
      at = child;
    }
    heap[at] = event;
  }
}

function isBefore(one: SimEvent, other: SimEvent): boolean {
  return one.atMs < other.atMs || (one.atMs === other.atMs && one.sequence < other.sequence);
}

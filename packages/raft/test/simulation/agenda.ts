interface Item {
  readonly atMs: number;
  readonly order: number;
  readonly run: () => void;
}

/** What will happen, earliest first; what is due at the same time, in the order it was put in. A binary heap. */
export class Agenda {
  private readonly heap: Item[] = [];
  private order = 0;
  nowMs = 0;

  at(atMs: number, run: () => void): void {
    const { heap } = this;
    const item = { atMs: Math.max(atMs, this.nowMs), order: this.order++, run };
    let at = heap.length;
    heap.push(item);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!before(item, heap[parent] as Item)) break;
      heap[at] = heap[parent] as Item;
      at = parent;
    }
    heap[at] = item;
  }

  after(delayMs: number, run: () => void): void {
    this.at(this.nowMs + delayMs, run);
  }

  /** Runs what is next. @returns false when there is nothing before `limitMs` */
  runNext(limitMs: number): boolean {
    const first = this.heap[0];
    if (first === undefined || first.atMs > limitMs) return false;
    const last = this.heap.pop() as Item;
    if (this.heap.length > 0) this.sink(last);
    this.nowMs = first.atMs;
    first.run();
    return true;
  }

  private sink(item: Item): void {
    const { heap } = this;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && before(heap[child + 1] as Item, heap[child] as Item)) child++;
      if (!before(heap[child] as Item, item)) break;
      heap[at] = heap[child] as Item;
      at = child;
    }
    heap[at] = item;
  }
}

function before(a: Item, b: Item): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);
}

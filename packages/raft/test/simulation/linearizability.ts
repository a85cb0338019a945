/** An operation of a client: between `call` and `answer`, two places in one order of all calls and answers, it happened. */
export interface Operation {
  /** Swap: puts `value` in, the result is what was there. Read: the result is what is there. */
  readonly kind: 'swap' | 'read';
  readonly value: number;
  /** undefined: never known to anybody. */
  readonly result: number | undefined;
  readonly call: number;
  /** Infinity: the client never had an answer; it may have happened at any time since, or not at all. */
  readonly answer: number;
}

/** Beyond so many steps the search is given up. Histories of a register of unique values need about one per operation. */
const MAX_STEPS = 2_000_000;

/**
 * Whether there is one order of the operations, each within its own time, in which a register gives these results. The
 * search of Wing and Gong, with Lowe's memory of what was tried ("Testing for linearizability", 2017): of the operations
 * that may come next the first that fits is taken; at the answer of one that was not taken, the last choice is undone.
 * @throws Error when it cannot be decided within bounds
 */
export function isLinearizable(operations: readonly Operation[], initial = 0): boolean {
  const search = new Search(operations, initial);
  return search.run();
}

class Search {
  /** Events, answers and calls, as a list that is walked, from which what is linearized is taken out. */
  private readonly next: Int32Array;
  private readonly previous: Int32Array;
  /** Of an event: operation number and whether it is the call. */
  private readonly of: Int32Array;
  private readonly isCall: Uint8Array;
  private readonly answerOf: Int32Array;
  private readonly head: number;
  private readonly tried = new Set<number>();
  private state: number;
  private low = 0;
  private high = 0;
  /** Those that are answered and not yet in the order. */
  private open = 0;
  /** The order so far: the calls, and the state before each. */
  private readonly stack: number[] = [];
  private readonly before: number[] = [];

  constructor(
    private readonly operations: readonly Operation[],
    initial: number,
  ) {
    this.state = initial;
    const times: { readonly at: number; readonly of: number; readonly call: boolean }[] = [];
    operations.forEach(({ call, answer }, of) => {
      times.push({ at: call, of, call: true }, { at: answer, of, call: false });
    });
    times.sort((a, b) => (a.at === b.at ? Number(b.call) - Number(a.call) : a.at < b.at ? -1 : 1));
    const count = times.length;
    this.head = count;
    this.next = new Int32Array(count + 1);
    this.previous = new Int32Array(count + 1);
    this.of = new Int32Array(count);
    this.isCall = new Uint8Array(count);
    this.answerOf = new Int32Array(operations.length);
    times.forEach(({ of, call }, i) => {
      this.of[i] = of;
      this.isCall[i] = call ? 1 : 0;
      if (!call) this.answerOf[of] = i;
    });
    for (let i = 0; i <= count; i++) {
      this.next[i] = i === count ? 0 : i + 1;
      this.previous[i] = i === 0 ? count : i - 1;
    }
  }

  run(): boolean {
    const { next, head } = this;
    this.open = this.operations.filter(({ answer }) => answer !== Number.POSITIVE_INFINITY).length;
    this.takeReads();
    let event = next[head] as number;
    for (let steps = 0; this.open > 0; steps++) {
      if (steps > MAX_STEPS) throw new Error('linearizability could not be decided');
      if (event === head || this.isCall[event] === 0) {
        const undone = this.undo();
        if (undone === undefined) return false;
        event = next[undone] as number;
        continue;
      }
      const of = this.of[event] as number;
      const operation = this.operations[of] as Operation;
      if (operation.kind === 'swap' && this.fits(operation) && this.isNew(of, operation.value)) {
        this.take(event, operation.value);
        this.takeReads();
        event = next[head] as number;
      } else {
        event = next[event] as number;
      }
    }
    return true;
  }

  /** A read that fits changes nothing: whatever may come next may also come after it. So it is never undone on its own. */
  private takeReads(): void {
    const { next, head, state } = this;
    for (let event = next[head] as number; event !== head && this.isCall[event] === 1; event = next[event] as number) {
      const of = this.of[event] as number;
      const operation = this.operations[of] as Operation;
      if (operation.kind !== 'read' || !this.fits(operation)) continue;
      this.mix(of);
      this.take(event, state);
      event = head; // what it hid may be an answer: begin again
    }
  }

  private take(event: number, state: number): void {
    this.stack.push(event);
    this.before.push(this.state);
    this.state = state;
    const of = this.of[event] as number;
    if ((this.operations[of] as Operation).answer !== Number.POSITIVE_INFINITY) this.open--;
    this.unlink(event);
    this.unlink(this.answerOf[of] as number);
  }

  /** Back to before the last swap that was taken. @returns its call; undefined when there is none left */
  private undo(): number | undefined {
    for (let event = this.stack.pop(); event !== undefined; event = this.stack.pop()) {
      const of = this.of[event] as number;
      const { kind, answer } = this.operations[of] as Operation;
      this.state = this.before.pop() as number;
      this.mix(of);
      if (answer !== Number.POSITIVE_INFINITY) this.open++;
      this.link(this.answerOf[of] as number);
      this.link(event);
      if (kind === 'swap') return event;
    }
    return undefined;
  }

  private fits({ kind, result }: Operation): boolean {
    if (result === undefined) return kind === 'swap';
    return result === this.state;
  }

  /** Whether this set of operations with this state was not reached before; remembers it. Sets are told by a 53 bit hash. */
  private isNew(of: number, state: number): boolean {
    this.mix(of);
    const low = (this.low ^ Math.imul(state + 1, 0x9e3779b1)) >>> 0;
    const key = (this.high & 0x1fffff) * 0x1_0000_0000 + low;
    if (this.tried.has(key)) {
      this.mix(of);
      return false;
    }
    this.tried.add(key);
    return true;
  }

  private mix(of: number): void {
    this.low ^= scramble(2 * of + 1);
    this.high ^= scramble(2 * of + 2);
  }

  private unlink(event: number): void {
    const [before, after] = [this.previous[event] as number, this.next[event] as number];
    this.next[before] = after;
    this.previous[after] = before;
  }

  private link(event: number): void {
    this.next[this.previous[event] as number] = event;
    this.previous[this.next[event] as number] = event;
  }
}

function scramble(value: number): number {
  let z = Math.imul(value, 0x9e3779b1);
  z = Math.imul(z ^ (z >>> 16), 0x85ebca6b);
  z = Math.imul(z ^ (z >>> 13), 0xc2b2ae35);
  return z ^ (z >>> 16);
}

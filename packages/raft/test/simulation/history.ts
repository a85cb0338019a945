import type { Operation } from './linearizability';

interface Recorded {
  readonly kind: 'swap' | 'read';
  readonly value: number;
  result: number | undefined;
  readonly call: number;
  answer: number;
  committed: boolean;
  refused: boolean;
}

/** What clients asked and were told, by all of them in one order. */
export class History {
  private readonly operations: Recorded[] = [];
  private readonly swaps = new Map<number, Recorded>();
  private now = 0;

  swap(value: number): void {
    const operation = this.begin('swap', value);
    this.swaps.set(value, operation);
  }

  /** @returns tells what was read; undefined: it was refused */
  read(): (result: number | undefined) => void {
    const operation = this.begin('read', 0);
    return (result) => {
      if (result === undefined) operation.refused = true;
      else this.answered(operation, result);
    };
  }

  private begin(kind: 'swap' | 'read', value: number): Recorded {
    const answer = Number.POSITIVE_INFINITY;
    const call = this.now++;
    const operation: Recorded = { kind, value, result: undefined, call, answer, committed: false, refused: false };
    this.operations.push(operation);
    return operation;
  }

  private answered(operation: Recorded, result: number): void {
    operation.result = result;
    operation.answer = this.now++;
  }

  /** It was committed and gave this, whether its client ever hears of it or not. */
  committed(value: number, result: number): void {
    const operation = this.swaps.get(value);
    if (operation === undefined) return;
    operation.committed = true;
    operation.result ??= result;
  }

  swapped(value: number, result: number): void {
    const operation = this.swaps.get(value);
    if (operation !== undefined) this.answered(operation, result);
  }

  /** The client was told that it did not and will not happen. */
  refused(value: number): void {
    const operation = this.swaps.get(value);
    if (operation !== undefined) operation.refused = true;
  }

  /** Something that was promised not to happen, and did. */
  get brokenRefusal(): number | undefined {
    return this.operations.find(({ refused, committed }) => refused && committed)?.value;
  }

  /**
   * What the checker has to order. A swap that nobody committed and no client had an answer to is left out: an order
   * without it is one for the whole. A read that nobody answered says nothing.
   */
  toCheck(): Operation[] {
    return this.operations.filter(({ answer, committed }) => committed || answer !== Number.POSITIVE_INFINITY);
  }
}

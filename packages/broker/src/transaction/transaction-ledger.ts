import type { Half } from './half-message';

/** A half message nobody has decided about yet. */
export interface OpenHalf extends Half {
  /** How often its producers were asked. */
  checks: number;
}

interface Op {
  readonly offset: number;
  /** The largest half offset it tells of. */
  readonly last: number;
}

/**
 * Which half messages are open, from what was read of the two queues. Ends are known in two degrees: `ended` at once, so that
 * none is committed twice; `settled` when the op message is in the part of the log that nothing can take away, and only that
 * counts as progress. Pure.
 */
export class TransactionLedger {
  private readonly halves = new Map<number, OpenHalf>();
  /** Ended, from `halfProgress` on. */
  private readonly endings = new Set<number>();
  private readonly settled = new Set<number>();
  /** Op messages that progress has not passed yet, in their order. */
  private readonly ops: Op[] = [];
  private lowest: number;

  constructor(
    /** Next offset to read of the half queue. */
    public nextHalf: number,
    /** Next offset to read of the op queue. */
    public nextOp: number,
  ) {
    this.lowest = nextHalf;
  }

  get openCount(): number {
    return this.halves.size;
  }

  /** Of the half queue: below it nothing is open, whatever becomes of the end of the log. */
  get halfProgress(): number {
    return this.lowest;
  }

  /** Of the op queue: what lies below it tells of nothing that is not below `halfProgress`. */
  get opProgress(): number {
    return this.ops[0]?.offset ?? this.nextOp;
  }

  /** The next message of the half queue; undefined: one that cannot be committed. */
  readHalf(offset: number, half: Half | undefined): void {
    this.nextHalf = Math.max(this.nextHalf, offset + 1);
    if (half === undefined) this.settled.add(offset);
    else if (!this.hasEnded(offset)) this.halves.set(offset, { ...half, checks: 0 });
    this.advance();
  }

  /** The queue begins later than was thought: what is missing cannot be committed any more. */
  skipHalvesTo(offset: number): void {
    if (offset <= this.nextHalf) return;
    this.nextHalf = offset;
    for (const open of this.halves.keys()) if (open < offset) this.halves.delete(open);
    this.lowest = Math.max(this.lowest, offset);
    this.advance();
  }

  /** An op message that is safe. */
  readOp(offset: number, ended: readonly number[]): void {
    this.nextOp = Math.max(this.nextOp, offset + 1);
    const relevant = ended.filter((one) => one >= this.lowest);
    for (const one of relevant) {
      this.end(one);
      this.settled.add(one);
    }
    if (relevant.length > 0) this.ops.push({ offset, last: Math.max(...relevant) });
    this.advance();
  }

  skipOpsTo(offset: number): void {
    this.nextOp = Math.max(this.nextOp, offset);
  }

  /** Its op message is on its way. */
  end(offset: number): void {
    if (offset >= this.lowest) this.endings.add(offset);
    this.halves.delete(offset);
  }

  /** Its producers know what is to become of it: the asking begins anew. */
  decided(offset: number): void {
    const half = this.halves.get(offset);
    if (half !== undefined) half.checks = 0;
  }

  /** Whether it was committed, rolled back or given up; or is so old that it must have been. */
  hasEnded(offset: number): boolean {
    return offset < this.lowest || this.endings.has(offset);
  }

  /** Open ones, the oldest first. */
  open(): IterableIterator<OpenHalf> {
    return this.halves.values();
  }

  private advance(): void {
    while (this.lowest < this.nextHalf && this.settled.delete(this.lowest)) {
      this.endings.delete(this.lowest);
      this.lowest++;
    }
    while ((this.ops[0]?.last ?? Infinity) < this.lowest) this.ops.shift();
  }
}

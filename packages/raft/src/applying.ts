import type { Timers } from '@batonmq/host';
import type { Entry } from './core/types';

/** Entries applied in one turn; with their outcomes and what follows from them, a few milliseconds. */
const SLICE = 256;

type Step = { readonly entries: readonly Entry[]; next: number } | { readonly run: () => void };

/**
 * The state machine's side of the node: committed entries in order, a slice per turn of the event loop, so that heartbeats
 * stay on time however many were committed at once. What must see them applied waits in the same line.
 */
export class Applying {
  /** Of the last entry given to the state machine, or of the snapshot it was restored from. */
  appliedIndex = 0;
  private readonly line: Step[] = [];
  private scheduled = false;
  private left = SLICE;

  /** @param failed hears what `apply`, or something that waited, threw in a later turn */
  constructor(
    private readonly timers: Timers,
    private readonly apply: (entry: Entry) => void,
    private readonly failed: (error: unknown) => void,
  ) {}

  entries(entries: readonly Entry[]): void {
    this.line.push({ entries, next: 0 });
    this.advance();
  }

  /** Runs `run` once everything before it is applied: at once when nothing waits. */
  then(run: () => void): void {
    this.line.push({ run });
    this.advance();
  }

  clear(): void {
    this.line.length = 0;
  }

  private advance(): void {
    for (let step = this.line[0]; step !== undefined && this.left > 0; step = this.line[0]) {
      if ('run' in step) {
        this.line.shift();
        step.run();
        continue;
      }
      const end = Math.min(step.entries.length, step.next + this.left);
      this.left -= end - step.next;
      while (step.next < end) {
        const entry = step.entries[step.next++] as Entry;
        this.appliedIndex = entry.index;
        this.apply(entry);
      }
      if (step.next === step.entries.length && this.line[0] === step) this.line.shift();
    }
    this.schedule();
  }

  private schedule(): void {
    if (this.scheduled || (this.left === SLICE && this.line.length === 0)) return;
    this.scheduled = true;
    this.timers.endOfTurn(() => {
      this.scheduled = false;
      this.left = SLICE;
      try {
        this.advance();
      } catch (error) {
        this.failed(error);
      }
    });
  }
}

import { invariant } from '../errors';
import type { Entry, LogPoint } from './types';

/**
 * The log since the last compaction, in memory. Invariants: entries are contiguous after `base`; terms never decrease;
 * `base.index <= stableIndex <= lastIndex`.
 */
export class RaftLog {
  private entries: Entry[];
  private start: LogPoint;
  /** Everything up to here is on this node's disk. */
  stableIndex: number;

  constructor(base: LogPoint, entries: readonly Entry[]) {
    this.start = base;
    this.entries = entries.slice();
    this.stableIndex = this.lastIndex;
  }

  /** Where the log begins: this entry is in the snapshot, not here; its term is known. */
  get base(): LogPoint {
    return this.start;
  }

  get lastIndex(): number {
    return this.start.index + this.entries.length;
  }

  get lastTerm(): number {
    return this.entries.length === 0 ? this.start.term : (this.entries[this.entries.length - 1] as Entry).term;
  }

  /** undefined when the entry is compacted away or not there yet. */
  termAt(index: number): number | undefined {
    if (index === this.start.index) return this.start.term;
    return this.entries[index - this.start.index - 1]?.term;
  }

  append(entries: readonly Entry[]): void {
    for (const entry of entries) {
      invariant(entry.index === this.lastIndex + 1, `entry ${entry.index} after ${this.lastIndex}`);
      invariant(entry.term >= this.lastTerm, `entry ${entry.index} of term ${entry.term} after term ${this.lastTerm}`);
      this.entries.push(entry);
    }
  }

  /** Forgets every entry above `index`. */
  truncateAfter(index: number): void {
    invariant(index >= this.start.index, `cannot cut at ${index}: the log begins at ${this.start.index}`);
    this.entries.length = Math.min(this.entries.length, index - this.start.index);
    this.stableIndex = Math.min(this.stableIndex, index);
  }

  /** Entries from `from` on: at least one when there is one, then as many as stay within `maxBytes`. */
  slice(from: number, maxBytes: number): readonly Entry[] {
    const first = from - this.start.index - 1;
    invariant(first >= 0, `entry ${from} is compacted; the log begins at ${this.start.index}`);
    let end = first;
    for (let bytes = 0; end < this.entries.length; end++) {
      bytes += (this.entries[end] as Entry).data.length + ENTRY_OVERHEAD_BYTES;
      if (bytes > maxBytes && end > first) break;
    }
    return this.entries.slice(first, end);
  }

  /** Entries in (after, upTo]. */
  range(after: number, upTo: number): readonly Entry[] {
    invariant(after >= this.start.index && upTo <= this.lastIndex, `(${after}, ${upTo}] is outside of the log`);
    return this.entries.slice(after - this.start.index, upTo - this.start.index);
  }

  /** Drops entries up to and including `index`, which stays known by its term. */
  compact(index: number): void {
    const term = this.termAt(index);
    invariant(term !== undefined, `cannot compact to ${index}: not in the log`);
    this.entries.splice(0, index - this.start.index);
    this.start = { index, term };
    this.stableIndex = Math.max(this.stableIndex, index);
  }

  /** The log becomes empty and begins after `base` (a snapshot was installed over it). */
  reset(base: LogPoint): void {
    this.entries = [];
    this.start = base;
    this.stableIndex = base.index;
  }

  /** The last index at or below `from` whose term is at most `term`; `base` when there is none. etcd: findConflictByTerm. */
  lastNotAbove(from: number, term: number): LogPoint {
    for (let index = Math.min(from, this.lastIndex); index > this.start.index; index--) {
      const own = this.termAt(index) as number;
      if (own <= term) return { index, term: own };
    }
    return this.start;
  }
}

/** What an entry costs on the wire and in memory besides its data, roughly. */
const ENTRY_OVERHEAD_BYTES = 16;

import type { Effect } from './core/effect';
import type { Entry, HardState, LogPoint, Snapshot, WriteBatch } from './core/types';

export type SendEffect = Extract<Effect, { kind: 'send' }>;

/** What one completed write made durable, and the messages that waited for it. */
export interface Completed {
  readonly hardState: HardState | undefined;
  readonly last: LogPoint | undefined;
  readonly released: readonly SendEffect[];
}

/** One write: a few milliseconds of this thread to put together. */
const MAX_WRITE_BYTES = 4 << 20;

interface Gathering {
  hardState: HardState | undefined;
  truncateAfter: number | undefined;
  entries: Entry[];
  base: LogPoint | undefined;
  snapshot: Snapshot | undefined;
  readonly held: SendEffect[];
}

/**
 * Keeps one write to the disk in flight; everything to be persisted meanwhile gathers into the next one. Messages that
 * must not overtake a write wait with it. Pure: the owner does the writing.
 */
export class WriteGate {
  private gathering: Gathering | undefined;
  private writing: Gathering | undefined;

  add(batch: WriteBatch): void {
    this.gathering ??= {
      hardState: undefined,
      truncateAfter: undefined,
      entries: [],
      base: undefined,
      snapshot: undefined,
      held: [],
    };
    const into = this.gathering;
    into.hardState = batch.hardState ?? into.hardState;
    into.snapshot = batch.snapshot ?? into.snapshot;
    if (batch.truncateAfter !== undefined) cut(into, batch.truncateAfter);
    for (const entry of batch.entries) into.entries.push(entry);
    if (batch.base !== undefined) {
      const { base } = batch;
      into.base = base;
      into.entries = into.entries.filter((entry) => entry.index > base.index);
    }
  }

  /** Takes a message that must wait. @returns false when nothing is unwritten: it may go now */
  hold(send: SendEffect): boolean {
    const behind = this.gathering ?? this.writing;
    behind?.held.push(send);
    return behind !== undefined;
  }

  /** @returns the batch to write now, if one may be written; `complete` it before the next `begin` */
  begin(): WriteBatch | undefined {
    if (this.writing !== undefined || this.gathering === undefined) return undefined;
    const whole = this.gathering;
    const rest = restOf(whole);
    this.gathering = rest;
    this.writing =
      rest === undefined ? whole : { ...whole, entries: whole.entries.slice(0, -rest.entries.length), held: [] };
    const { hardState, truncateAfter, entries, base, snapshot } = this.writing;
    return { hardState, truncateAfter, entries, base, snapshot };
  }

  complete(): Completed {
    const { writing } = this;
    this.writing = undefined;
    const last = writing?.entries[writing.entries.length - 1];
    return { hardState: writing?.hardState, last, released: writing?.held ?? [] };
  }
}

/** Entries above `after` that are not yet written need not be; those on disk are cut by the lowest mark. */
function cut(into: Gathering, after: number): void {
  let end = into.entries.length;
  while (end > 0 && (into.entries[end - 1] as Entry).index > after) end--;
  into.entries.length = end;
  into.truncateAfter = Math.min(into.truncateAfter ?? after, after);
}

/** What a write of bounded size leaves for the next: entries, and all messages. What changes the log's beginning goes whole. */
function restOf({ entries, base, held }: Gathering): Gathering | undefined {
  let bytes = 0;
  let count = 0;
  while (count < entries.length && bytes < MAX_WRITE_BYTES) bytes += (entries[count++] as Entry).data.length;
  if (count === entries.length || base !== undefined) return undefined;
  return {
    hardState: undefined,
    truncateAfter: undefined,
    entries: entries.slice(count),
    base: undefined,
    snapshot: undefined,
    held,
  };
}

import type { Timers } from '@batonmq/host';
import { emptyRecovered, type Entry, type Recovered, type WriteBatch } from '../core/types';
import { RaftError, invariant } from '../errors';
import type { RaftStorage } from './storage';

/** What survives a crash. Give the same disk to the MemoryStorage of the restarted node. */
export class MemoryDisk {
  private recovered: Recovered = emptyRecovered;
  /** Set to make the next writes fail, as a full or broken disk does. */
  failure: Error | undefined;

  read(): Recovered {
    return this.recovered;
  }

  /** Applies a batch in the order WriteBatch documents. */
  apply(batch: WriteBatch): void {
    if (this.failure !== undefined) throw this.failure;
    let { base } = this.recovered;
    let entries: Entry[] = this.recovered.entries as Entry[];
    const { truncateAfter } = batch;
    if (truncateAfter !== undefined && truncateAfter < base.index + entries.length) {
      entries = entries.slice(0, Math.max(0, truncateAfter - base.index));
    }
    if (batch.entries.length > 0) entries = entries.concat(batch.entries);
    if (batch.base !== undefined && batch.base.index >= base.index) {
      entries = entries.filter((entry) => entry.index > (batch.base?.index ?? 0));
      base = batch.base;
    }
    invariant(
      entries.every((entry, i) => entry.index === base.index + 1 + i),
      'a batch left a gap in the log',
    );
    this.recovered = {
      hardState: batch.hardState ?? this.recovered.hardState,
      snapshot: batch.snapshot ?? this.recovered.snapshot,
      base,
      entries,
    };
  }
}

export interface MemoryStorageOptions {
  /** With timers a write takes `syncMs` of their time; a host that is dead by then has lost it. Without, one microtask. */
  readonly timers?: Timers;
  readonly syncMs?: number;
}

/** Storage for tests and the simulated world: durable is what reached the MemoryDisk before the crash. */
export class MemoryStorage implements RaftStorage {
  private isOpen = false;

  constructor(
    private readonly disk: MemoryDisk = new MemoryDisk(),
    private readonly options: MemoryStorageOptions = {},
  ) {}

  async open(): Promise<Recovered> {
    this.isOpen = true;
    return this.disk.read();
  }

  write(batch: WriteBatch): Promise<void> {
    // A copy: the caller may go on filling its arrays, and the disk must not see that.
    const copy = { ...batch, entries: batch.entries.slice() };
    return new Promise((resolve, reject) => {
      const sync = (): void => {
        try {
          if (!this.isOpen) throw new RaftError('STORAGE', 'the storage is closed');
          this.disk.apply(copy);
          resolve();
        } catch (error) {
          reject(error instanceof RaftError ? error : new RaftError('STORAGE', 'the disk failed', { cause: error }));
        }
      };
      const { timers, syncMs } = this.options;
      if (timers === undefined) queueMicrotask(sync);
      else timers.after(syncMs ?? 1, sync);
    });
  }

  async close(): Promise<void> {
    this.isOpen = false;
  }
}

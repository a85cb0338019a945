import type { Timers } from '@batonmq/host';
import {
  emptyRecovered,
  type Entry,
  type HardState,
  type LogPoint,
  type Recovered,
  type Snapshot,
  type WriteBatch,
} from '../core/types';
import { RaftError, invariant } from '../errors';
import type { RaftStorage } from './storage';

/** What survives a crash. Give the same disk to the MemoryStorage of the restarted node. */
export class MemoryDisk {
  private hardState: HardState = emptyRecovered.hardState;
  private base: LogPoint = emptyRecovered.base;
  private entries: Entry[] = [];
  private snapshot: Snapshot | undefined;
  /** Set to make the next writes fail, as a full or broken disk does. */
  failure: Error | undefined;

  /** What is there now; a view, to be copied by whoever keeps it. */
  read(): Recovered {
    const { hardState, base, entries, snapshot } = this;
    return { hardState, base, entries, snapshot };
  }

  /** Nothing was ever written. */
  get isBlank(): boolean {
    return this.hardState.term === 0 && this.entries.length === 0 && this.snapshot === undefined;
  }

  /** Applies a batch in the order WriteBatch documents. */
  apply(batch: WriteBatch): void {
    if (this.failure !== undefined) throw this.failure;
    const { truncateAfter, base } = batch;
    this.hardState = batch.hardState ?? this.hardState;
    this.snapshot = batch.snapshot ?? this.snapshot;
    if (truncateAfter !== undefined && truncateAfter < this.base.index + this.entries.length) {
      this.entries.length = Math.max(0, truncateAfter - this.base.index);
    }
    let at = this.base.index + this.entries.length;
    for (const entry of batch.entries) {
      const fits = entry.index === at + 1 || (base !== undefined && at <= base.index && entry.index === base.index + 1);
      invariant(fits, `entry ${entry.index} written after ${at}`);
      at = entry.index;
      this.entries.push(entry);
    }
    if (base === undefined || base.index < this.base.index) return;
    const kept = this.entries.findIndex((entry) => entry.index > base.index);
    this.entries.splice(0, kept === -1 ? this.entries.length : kept);
    this.base = base;
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
    const recovered = this.disk.read();
    return { ...recovered, entries: recovered.entries.slice() };
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

import type { Cleaner } from '../cleaning/cleaner';
import type { CommitLog } from '../log/commit-log';

/** Where a store is in its life, and what keeps it from taking messages. */
export class StoreState {
  phase: 'new' | 'loaded' | 'started' | 'stopped' = 'new';
  fenced = false;
  /** A cut is under way: nothing is put, appended or dispatched. */
  cutting = false;
  /** Set while queues cannot be written. */
  queueFailure: string | undefined;

  constructor(
    private readonly commitLog: CommitLog,
    private readonly cleaner: Cleaner,
  ) {}

  /** Why nothing can be put now; undefined when it can. */
  refusal(): string | undefined {
    if (this.commitLog.failed !== undefined) return this.commitLog.failed.message;
    if (this.fenced) return 'the store is fenced';
    if (this.cutting) return 'the log is being cut';
    if (this.phase !== 'started') return 'the store is not started';
    if (this.cleaner.diskFull) return 'the disk is full';
    return this.queueFailure;
  }
}

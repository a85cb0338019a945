import type { Cancel, Host } from '@batonmq/host';
import type { CommitLog } from './commit-log';

const PAGE_BYTES = 4096;
/** flushCommitLogLeastPages: the periodic flush leaves less than this for the thorough one. */
const LEAST_PAGES = 4;

export interface LogFlusherOptions {
  readonly flushDiskType: 'ASYNC_FLUSH' | 'SYNC_FLUSH';
  readonly flushIntervalCommitLog: number;
  readonly flushCommitLogThoroughInterval: number;
}

/**
 * Makes the written log durable: one datasync in flight, and whatever is written meanwhile rides on the next.
 * ASYNC_FLUSH: by period. SYNC_FLUSH: as soon as something is written. @source CommitLog.FlushRealTimeService, GroupCommitService
 */
export class LogFlusher {
  /** Everything below is on the disk. */
  flushed = 0;
  /** storeTimestamp of a message known to be on the disk. */
  flushedTimestamp = 0;
  private running: Promise<void> | undefined;
  private lastThoroughMs = 0;
  private cancel: Cancel = () => {};

  /**
   * @param lastTimestamp storeTimestamp of the last message written
   * @param onFlushed after `flushed` has grown, or the log has failed
   */
  constructor(
    private readonly host: Pick<Host, 'timers' | 'clock'>,
    private readonly log: CommitLog,
    private readonly options: LogFlusherOptions,
    private readonly lastTimestamp: () => number,
    private readonly onFlushed: () => void,
  ) {}

  start(): void {
    this.lastThoroughMs = this.host.clock.monotonicMs();
    this.cancel = this.host.timers.every(this.options.flushIntervalCommitLog, () => this.tick());
  }

  /** After a write. */
  written(): void {
    if (this.options.flushDiskType === 'SYNC_FLUSH' && this.log.writtenEnd > this.flushed) this.startSync();
  }

  private tick(): void {
    const now = this.host.clock.monotonicMs();
    const thorough = now - this.lastThoroughMs >= this.options.flushCommitLogThoroughInterval;
    const unsynced = this.log.writtenEnd - this.flushed;
    if (unsynced === 0 || (!thorough && unsynced < LEAST_PAGES * PAGE_BYTES)) return;
    if (thorough) this.lastThoroughMs = now;
    this.startSync();
  }

  private startSync(): void {
    this.running ??= this.syncUntilDone().finally(() => (this.running = undefined));
  }

  private async syncUntilDone(): Promise<void> {
    do {
      await this.syncOnce();
    } while (
      this.options.flushDiskType === 'SYNC_FLUSH' &&
      this.log.failed === undefined &&
      this.log.writtenEnd > this.flushed
    );
  }

  private async syncOnce(): Promise<void> {
    if (this.log.failed !== undefined) return;
    const target = this.log.writtenEnd;
    const timestamp = this.lastTimestamp();
    try {
      await this.log.sync();
      // A cut meanwhile lowered the end: what is below it is covered.
      this.flushed = Math.max(this.flushed, Math.min(target, this.log.writtenEnd));
      this.flushedTimestamp = timestamp;
    } catch (cause) {
      this.log.fail('syncing the commit log failed', cause);
    }
    this.onFlushed();
  }

  /** Syncs what is written now. Resolves also when that failed: see `log.failed`. */
  async flushNow(): Promise<void> {
    while (this.running !== undefined) await this.running;
    if (this.log.writtenEnd <= this.flushed) return;
    // Registered: a second sync beside it would find nothing left to sync, and promise what is still on its way.
    await (this.running = this.syncOnce().finally(() => (this.running = undefined)));
    this.written();
  }

  /** No sync is under way when it resolves. */
  async atRest(): Promise<void> {
    await this.running;
  }

  /** After a cut, which syncs itself. */
  resetTo(offset: number, timestamp: number): void {
    this.flushed = Math.min(this.flushed, offset);
    this.flushedTimestamp = Math.min(this.flushedTimestamp, timestamp);
  }

  async stop(): Promise<void> {
    this.cancel();
    await this.flushNow();
  }
}

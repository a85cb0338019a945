import { StoreError } from '../errors';
import { Listeners } from '../dispatch/dispatcher';
import { LogFlusher } from '../log/log-flusher';
import { OffsetWaiters } from '../log/offset-waiters';
import { type StoreParts, lastTimestamp } from '../store/store-parts';
import type { StoreState } from '../store/store-state';
import type { Turn } from '../store/turn';
import { type BatchInput, type MessageInput, type PutResult, refusal } from './messages';

/** Puts, the one write per turn, and when they are durable. */
export class Writing {
  /** Calls with the log's end once per turn in which it grew. */
  readonly appended: Listeners<[maxOffset: number]>;
  readonly flusher: LogFlusher;
  putCount = 0;
  putBytes = 0;
  putRefused = 0;
  /** The end that listeners know. */
  notifiedEnd = 0;
  private readonly durable = new OffsetWaiters();
  private readonly sync: boolean;

  constructor(
    private readonly parts: StoreParts,
    private readonly state: StoreState,
    private readonly turn: Turn,
    /** A sync has failed. */
    private readonly onFailedSync: () => void,
  ) {
    const { host, options, commitLog } = parts;
    this.sync = options.flushDiskType === 'SYNC_FLUSH';
    this.appended = new Listeners(host.log);
    this.flusher = new LogFlusher(
      host,
      commitLog,
      options,
      () => lastTimestamp(parts),
      () => this.onFlushed(),
    );
  }

  put(message: MessageInput): PutResult {
    const unavailable = this.state.refusal();
    return this.counted(
      unavailable === undefined ? this.parts.appender.put(message) : refusal('SERVICE_NOT_AVAILABLE', unavailable),
    );
  }

  putBatch(batch: BatchInput): PutResult {
    const unavailable = this.state.refusal();
    return this.counted(
      unavailable === undefined ? this.parts.appender.putBatch(batch) : refusal('SERVICE_NOT_AVAILABLE', unavailable),
    );
  }

  private counted(result: PutResult): PutResult {
    if (result.status === 'PUT_OK') {
      this.putCount++;
      this.putBytes += result.endOffset - result.physicalOffset;
      if (!this.turn.pending) this.turn.schedule();
    } else {
      this.putRefused++;
    }
    return result;
  }

  /** Writes what the turn appended, and tells those who wait for it. */
  endTurn(): void {
    const { commitLog } = this.parts;
    try {
      commitLog.writePending();
    } catch (error) {
      this.durable.fail(error as Error);
      return;
    }
    const written = commitLog.writtenEnd;
    if (this.sync) this.flusher.written();
    else this.durable.reach(written);
    if (written !== this.notifiedEnd) {
      this.notifiedEnd = written;
      this.appended.call(written);
    }
  }

  private onFlushed(): void {
    const { commitLog, checkpoint, options } = this.parts;
    if (commitLog.failed !== undefined) {
      this.onFailedSync();
      this.durable.fail(commitLog.failed);
      return;
    }
    checkpoint.logTimestamp = this.flusher.flushedTimestamp;
    if (!this.sync) return;
    this.durable.reach(this.flusher.flushed);
    if (!options.enableControllerMode) this.turn.schedule();
  }

  /** End of what `whenDurable` promises. */
  get durableEnd(): number {
    return this.sync ? this.flusher.flushed : this.parts.commitLog.writtenEnd;
  }

  whenDurable(endOffset: number): Promise<void> {
    const { commitLog } = this.parts;
    if (commitLog.failed !== undefined) return Promise.reject(commitLog.failed);
    if (endOffset <= this.durableEnd) return Promise.resolve();
    if (this.state.phase !== 'started')
      return Promise.reject(new StoreError('STORE_STOPPED', 'the store is not started'));
    if (this.sync && endOffset <= commitLog.writtenEnd) this.flusher.written();
    return this.durable.wait(endOffset);
  }

  /** After a cut at `offset`: who waits for more waits in vain. */
  cutTo(offset: number, timestamp: number): void {
    this.durable.failAbove(offset, new StoreError('STORE_STOPPED', `the log was cut at ${offset}`));
    this.flusher.resetTo(offset, timestamp);
    this.notifiedEnd = offset;
  }

  /** Nothing more becomes durable. */
  end(error: Error): void {
    this.durable.fail(error);
  }
}

import type { Dispatcher } from './dispatch/dispatcher';
import { StoreError } from './errors';
import { FOUND, SYS_FLAG, takesQueueOffset } from './format/record';
import type { RecordCheck } from './format/record-check';
import type { CommitLog } from './log/commit-log';
import type { QueueTable } from './queue/queue-table';
import { LogScanner } from './recovery/scan-log';

/** What the log needs from the store around it. */
export interface ReplicaLogHooks {
  confirmOffset(): number;
  setConfirmOffset(offset: number): void;
  /** Something was appended in this turn. */
  appended(): void;
  onAppended(listener: (maxOffset: number) => void): () => void;
  /** What is written is on the disk when it resolves. */
  settle(): Promise<void>;
  unsyncedTailLost(): boolean;
  forgetLostTail(): void;
  /** A cut is under way. */
  isCutting(): boolean;
  /** Records with this storeTimestamp are in the log: what is put gets no earlier one. */
  noteTimestamp(timestamp: number): void;
  /** Runs a cut at `offset` with flushing at rest, then corrects what depends on the log's end. */
  whileCutting(work: () => Promise<void>, offset: number): Promise<void>;
}

/** The commit log as replication sees it. */
export class ReplicaLog {
  readonly fileSize: number;
  private readonly scanner: LogScanner;

  constructor(
    private readonly commitLog: CommitLog,
    private readonly queues: QueueTable,
    private readonly dispatcher: Dispatcher,
    check: RecordCheck,
    private readonly hooks: ReplicaLogHooks,
  ) {
    this.fileSize = commitLog.fileSize;
    this.scanner = new LogScanner(commitLog, check);
  }

  /** -1 when the log is empty. */
  minOffset(): number {
    return this.commitLog.min;
  }

  /** End of the log, with what was put in this turn and is written at its end. Replica bytes are written at once. */
  maxOffset(): number {
    return this.commitLog.end;
  }

  /** End of what is in the files (the page cache, at least). */
  writtenOffset(): number {
    return this.commitLog.writtenEnd;
  }

  confirmOffset(): number {
    return this.hooks.confirmOffset();
  }

  /**
   * End of the last whole record at or below the confirm offset. Replicas acknowledge bytes, so that one may lie inside a
   * record, of which nothing is promised yet.
   */
  confirmedEnd(): number {
    const { scanner } = this;
    let end = Math.min(this.dispatcher.position, this.confirmOffset());
    scanner.cursor.reset();
    scanner.run(end, Math.min(this.confirmOffset(), this.commitLog.writtenEnd), (size) => {
      end = scanner.header.physicalOffset + size;
    });
    return end;
  }

  /** Controller mode: dispatch follows at the end of this turn. */
  setConfirmOffset(offset: number): void {
    this.hooks.setConfirmOffset(offset);
  }

  /**
   * One contiguous slice of written bytes, never across a file, at most `maxBytes`; from memory without a copy when recent.
   * It never changes and may be kept.
   */
  read(offset: number, maxBytes: number): Buffer | undefined {
    return this.commitLog.read(offset, maxBytes);
  }

  /**
   * A replica's bytes at the own end of the log (anywhere when the log is empty). In the file when it returns.
   * @throws StoreError OFFSET_MISMATCH, STORE_FAILED; HostError
   */
  append(offset: number, bytes: Buffer): void {
    if (this.hooks.isCutting())
      throw new StoreError('OFFSET_MISMATCH', 'the log is being cut; append when that is done');
    this.commitLog.appendRaw(offset, bytes);
    this.hooks.appended();
  }

  /** Makes everything that has been put and appended durable. @throws StoreError STORE_FAILED */
  sync(): Promise<void> {
    this.commitLog.writePending();
    return this.hooks.settle();
  }

  /** Why nothing can be written; undefined: all is well. */
  failure(): Error | undefined {
    return this.commitLog.failed;
  }

  /**
   * Whether the machine lost power while this log held bytes that were acknowledged without a sync: its end may be missing.
   * Stays so, over restarts, until `forgetLostTail`.
   */
  unsyncedTailLost(): boolean {
    return this.hooks.unsyncedTailLost();
  }

  /** Whoever counted on this log knows. */
  forgetLostTail(): void {
    this.hooks.forgetLostTail();
  }

  /** Once per turn in which the log grew, after the write. */
  onAppended(listener: (maxOffset: number) => void): () => void {
    return this.hooks.onAppended(listener);
  }

  /**
   * Cuts the log, the queues and the table of next offsets at `offset`. What was behind is zeros, and that is synced, when
   * the promise resolves: no crash brings it back (`truncate-then-crash`, `cut-comes-back`). Nothing may be put or appended
   * until then.
   * @throws StoreError NOT_A_MESSAGE_BOUNDARY when no message begins there; HostError
   */
  async truncate(offset: number): Promise<void> {
    const { commitLog } = this;
    commitLog.writePending();
    if (offset === commitLog.end) return this.hooks.settle();
    this.scanner.cursor.reset();
    const inside = offset >= commitLog.min && offset < commitLog.end && commitLog.min >= 0;
    const found = inside ? this.scanner.at(offset, commitLog.end) : FOUND.bad;
    if (found === FOUND.bad || (found === FOUND.incomplete && offset !== this.endOfWholeRecords(offset))) {
      throw new StoreError(
        'NOT_A_MESSAGE_BOUNDARY',
        `no message begins at ${offset} (log: ${commitLog.min} to ${commitLog.end})`,
      );
    }
    await this.cut(offset);
  }

  /** Where whole records end, read from the dispatch position (or from `atMost`, whichever is lower). */
  private endOfWholeRecords(atMost: number): number {
    const from = Math.min(this.dispatcher.position, atMost);
    return this.scanner.run(from, this.commitLog.end, () => {});
  }

  /** storeTimestamp of a record below `offset`, not far away; 0 without one. */
  timestampBelow(offset: number): number {
    const { commitLog, scanner } = this;
    scanner.cursor.reset();
    const start = commitLog.series.startOf(Math.max(0, offset - 1));
    return scanner.at(start, Math.min(offset, commitLog.writtenEnd)) > 0 ? scanner.header.storeTimestamp : 0;
  }

  private async cut(offset: number): Promise<void> {
    await this.hooks.whileCutting(async () => {
      this.dispatcher.cutTo(offset);
      this.queues.cutAbove(offset);
      await this.queues.sync();
      await this.commitLog.cut(offset);
      this.scanner.cursor.reset();
      this.rebuildQueueOffsets();
    }, offset);
  }

  /** Cuts what follows the last whole record. @returns the new end */
  async cutIncompleteTail(): Promise<number> {
    this.commitLog.writePending();
    this.scanner.cursor.reset();
    const end = Math.min(this.endOfWholeRecords(Infinity), this.commitLog.end);
    if (end < this.commitLog.end) await this.cut(end);
    return this.commitLog.end;
  }

  /**
   * Next offset of every queue: its end, and above that what undispatched records of the log already have
   * (`shared-queue-offset`).
   */
  rebuildQueueOffsets(): void {
    const { scanner, queues } = this;
    this.commitLog.writePending();
    for (const queue of queues.all()) queue.nextOffset = queue.maxOffset;
    this.hooks.noteTimestamp(this.dispatcher.lastTimestamp);
    scanner.cursor.reset();
    scanner.run(this.dispatcher.position, this.commitLog.end, () => {
      const { header } = scanner;
      this.hooks.noteTimestamp(header.storeTimestamp);
      if (!takesQueueOffset(header.sysFlag) || header.queueId < 0) return;
      const topic = queues.topicOfBytes(scanner.cursor.buffer, header.topicStart, header.topicEnd);
      if (header.physicalOffset < topic.ignoreBelow) return;
      if (queues.isBatch(topic, (header.sysFlag & SYS_FLAG.innerBatch) !== 0)) {
        const queue = queues.batch.queue(topic.name, header.queueId);
        const count = this.dispatcher.messagesIn(scanner.cursor.buffer, header);
        queue.nextOffset = nextAfter(header.queueOffset, queue.nextOffset, count);
        return;
      }
      const queue = queues.queue(topic, header.queueId);
      queue.nextOffset = nextAfter(header.queueOffset, queue.nextOffset);
      this.dispatcher.lightUnitsOf(scanner.cursor.buffer, header, (light, offset) => {
        light.nextOffset = nextAfter(offset, light.nextOffset);
      });
    });
  }
}

/** The offset behind a record's; one at 0 begins its queue anew (the topic was deleted), whatever the queue had. */
function nextAfter(queueOffset: number, next: number, count = 1): number {
  return queueOffset === 0 ? count : Math.max(next, queueOffset + count);
}

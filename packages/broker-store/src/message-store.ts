import { type Cancel, type FileLock, type Host, type Lifecycle, codeOf, textOf } from '@batonmq/host';
import { Checkpoint } from './checkpoint';
import { type ArrivalListener, Dispatcher, Listeners } from './dispatch/dispatcher';
import { StoreError } from './errors';
import { parseDelayLevels } from './format/delay-levels';
import { folderOf } from './format/file-name';
import { refuseForeignStores } from './foreign-stores';
import { IndexService } from './index-file/index-service';
import { CommitLog } from './log/commit-log';
import { LogFlusher } from './log/log-flusher';
import { OffsetWaiters } from './log/offset-waiters';
import { type ResolvedOptions, type StoreOptions, resolveOptions } from './options';
import { Appender } from './put/appender';
import { type BatchInput, type MessageInput, type PutResult, refusal } from './put/messages';
import { QueueTable } from './queue/queue-table';
import { MessageGetter } from './read/get-messages';
import type { GetResult, MessageFilter } from './read/get-result';
import { type KeyQueryResult, queryByKey } from './read/query-by-key';
import { RecordReader } from './read/record-reader';
import { TimeSearch } from './read/time-search';
import { recover } from './recovery/recover';
import { ReplicaLog } from './replica-log';
import { Cleaner } from './cleaning/cleaner';

/** Log bytes dispatched in one turn of the event loop, so that a backlog does not stop everything else. */
const DISPATCH_PER_TURN = 4 << 20;
const CHECKPOINT_MS = 1000;
const RETRY_DISPATCH_MS = 1000;
/** Queues are also synced when this much was dispatched since they last were: it bounds what recovery reads again. */
const SYNC_QUEUES_AFTER_BYTES = 256 << 20;

/** Counters since the start, in plain fields. */
export interface StoreStatus {
  readonly bootTimestamp: number;
  readonly putCount: number;
  readonly putBytes: number;
  readonly putRefused: number;
  readonly getCount: number;
  readonly getFoundCount: number;
  readonly getMessageCount: number;
  readonly getBytes: number;
  readonly dispatchedCount: number;
  readonly skippedCount: number;
  readonly tailCacheBytes: number;
  readonly flushedOffset: number;
  readonly writtenOffset: number;
  readonly diskUsedRatio: number;
  readonly failed: string | undefined;
}

/**
 * RocketMQ's message store: commit log, consume queues, index, recovery, cleaning, on its files.
 * `load` first, then `start`; one owner per directory. @source DefaultMessageStore
 */
export class MessageStore implements Lifecycle {
  readonly options: ResolvedOptions;
  /** What replication works on. */
  readonly log: ReplicaLog;
  readonly queues: Iterable<{ topic: string; queueId: number; minOffset: number; maxOffset: number }>;
  private readonly root: string;
  private readonly commitLog: CommitLog;
  private readonly table: QueueTable;
  private readonly checkpoint: Checkpoint;
  private readonly appender: Appender;
  private readonly dispatcher: Dispatcher;
  private readonly flusher: LogFlusher;
  private readonly index: IndexService | undefined;
  private readonly reader: RecordReader;
  private readonly getter: MessageGetter;
  private readonly timeSearch: TimeSearch;
  private readonly cleaner: Cleaner;
  private readonly arrivals: Listeners<Parameters<ArrivalListener>>;
  private readonly appended: Listeners<[maxOffset: number]>;
  private readonly durable = new OffsetWaiters();
  private readonly dispatched = new OffsetWaiters();
  private readonly timers: Cancel[] = [];
  private lock: FileLock | undefined;
  private state: 'new' | 'loaded' | 'started' | 'stopped' = 'new';
  private fenced = false;
  private queueFailure: string | undefined;
  /** A cut is under way: nothing is put, appended or dispatched. */
  private cutting = false;
  private confirm = 0;
  private turnPending = false;
  private notifiedEnd = 0;
  private syncingQueues: Promise<void> | undefined;
  private lastQueueSyncMs = 0;
  private lastQueueSyncAt = 0;
  private bootTimestamp = 0;
  private putCount = 0;
  private putBytes = 0;
  private putRefused = 0;
  private getCount = 0;
  private getFoundCount = 0;
  private getMessageCount = 0;
  private getBytes = 0;

  constructor(
    private readonly host: Host,
    options: StoreOptions,
  ) {
    const o = (this.options = resolveOptions(options));
    const { files, log: logger } = host;
    this.root = o.storePathRootDir;
    this.commitLog = new CommitLog(files, logger, {
      directory: o.storePathCommitLog,
      fileSize: o.mappedFileSizeCommitLog,
      tailCacheBytes: o.tailCacheBytes,
    });
    this.table = new QueueTable(files, logger, `${this.root}/consumequeue`, o.mappedFileSizeConsumeQueue);
    this.queues = this.table;
    this.checkpoint = new Checkpoint(files, `${this.root}/checkpoint`);
    this.arrivals = new Listeners(logger);
    this.appended = new Listeners(logger);
    this.index = o.messageIndexEnable
      ? new IndexService(host, `${this.root}/index`, o.maxHashSlotNum, o.maxIndexNum)
      : undefined;
    this.dispatcher = new Dispatcher(
      this.commitLog,
      this.table,
      parseDelayLevels(o.messageDelayLevel),
      this.index,
      this.arrivals,
      logger,
    );
    this.appender = new Appender(host.clock, host.checksums, this.commitLog, this.table, o.maxMessageSize, o.storeHost);
    this.flusher = new LogFlusher(
      host,
      this.commitLog,
      o,
      () => this.lastTimestamp(),
      () => this.onFlushed(),
    );
    this.reader = new RecordReader(this.commitLog);
    const memoryBytes = Math.floor((host.machine.totalMemoryBytes * o.accessMessageInMemoryMaxRatio) / 100);
    this.getter = new MessageGetter(this.commitLog, this.reader, { ...o, memoryBytes });
    this.timeSearch = new TimeSearch(this.commitLog);
    this.cleaner = new Cleaner(host, o, this.commitLog, this.table, this.index);
    this.log = new ReplicaLog(this.commitLog, this.table, this.dispatcher, host.checksums, {
      confirmOffset: () => this.confirm,
      setConfirmOffset: (offset) => this.setConfirm(offset),
      appended: () => this.scheduleTurn(),
      isCutting: () => this.cutting,
      settle: () => this.settle(),
      onAppended: (listener) => this.appended.add(listener),
      whileCutting: (work, offset) => this.whileCutting(work, offset),
    });
  }

  // ---- life ----

  /**
   * Takes the lock, reads and repairs the directory.
   * @throws StoreError STORE_LOCKED, STORE_CORRUPT, STORE_UNSUPPORTED; HostError
   */
  async load(): Promise<void> {
    if (this.state !== 'new')
      throw new StoreError('STORE_STOPPED', `a store is loaded once; this one is ${this.state}`);
    const { files } = this.host;
    files.makeDirs(this.root);
    await this.takeLock();
    try {
      refuseForeignStores(files, this.root, this.host.log);
      const clean = files.stat(this.abortPath) === undefined;
      this.markRunning();
      this.commitLog.series.load(clean, this.host.log);
      this.table.load(clean);
      this.checkpoint.load();
      this.index?.load(clean, this.checkpoint.indexTimestamp);
      await this.recover(clean);
      this.state = 'loaded';
    } catch (error) {
      await this.release();
      throw error;
    }
  }

  private get abortPath(): string {
    return `${this.root}/abort`;
  }

  private async takeLock(): Promise<void> {
    const path = `${this.root}/lock`;
    // Only while nobody can hold it: closing any descriptor of the file would drop this process's lock on it.
    if (this.host.files.stat(path) === undefined) {
      const file = this.host.files.open(path, 'create');
      file.writeSync(Buffer.from('lock'), 0, 4, 0);
      file.close();
    }
    try {
      this.lock = await this.host.files.lock(path);
    } catch (cause) {
      if (codeOf(cause) !== 'FILE_LOCKED') throw cause;
      throw new StoreError('STORE_LOCKED', textOf(cause), { cause });
    }
  }

  /** From here on a stop that is not clean is seen as such by the next start. */
  private markRunning(): void {
    const { files, machine } = this.host;
    const file = files.open(this.abortPath, 'create');
    try {
      const pid = Buffer.from(String(machine.pid));
      file.truncateSync(0);
      file.writeSync(pid, 0, pid.length, 0);
    } finally {
      file.close();
    }
    files.syncDir(folderOf(this.abortPath));
  }

  private async recover(clean: boolean): Promise<void> {
    const { commitLog: log, table: queues, dispatcher, checkpoint } = this;
    const { files, checksums, log: logger } = this.host;
    const parts = { log, queues, dispatcher, checkpoint, checksums, files, root: this.root, logger };
    const { end, confirmOffset, lastTimestamp } = await recover(parts, clean, this.options.enableControllerMode);
    this.index?.cutAbove(end);
    this.index?.flushEntries();
    this.confirm = confirmOffset;
    this.flusher.flushed = end;
    this.notifiedEnd = end;
    this.appender.lastTimestamp = Math.max(lastTimestamp, this.dispatcher.lastTimestamp);
    this.table.flushAll();
    this.table.correctMin(Math.max(0, log.min));
    this.log.rebuildQueueOffsets();
    this.lastQueueSyncAt = this.dispatcher.position;
  }

  async start(): Promise<void> {
    if (this.state !== 'loaded') throw new StoreError('STORE_STOPPED', `load before start; the store is ${this.state}`);
    const { timers, clock } = this.host;
    const o = this.options;
    this.state = 'started';
    this.bootTimestamp = clock.wallMs();
    this.lastQueueSyncMs = clock.monotonicMs();
    this.flusher.start();
    this.timers.push(
      timers.every(o.flushIntervalConsumeQueue, () => this.flushQueues()),
      timers.every(CHECKPOINT_MS, () => this.saveCheckpoint()),
      timers.every(RETRY_DISPATCH_MS, () => this.dispatcher.position < this.confirmOffset() && this.scheduleTurn()),
      timers.every(o.cleanResourceInterval, () => this.clean(), 60_000),
    );
    this.scheduleTurn();
  }

  /** Clean stop: all is written and synced, `abort` goes. Idempotent. */
  async stop(): Promise<void> {
    if (this.state === 'stopped' || this.state === 'new') {
      this.state = 'stopped';
      return;
    }
    this.endTurn();
    this.state = 'stopped';
    for (const cancel of this.timers.splice(0)) cancel();
    try {
      await this.flusher.stop();
      await this.syncingQueues;
      while (this.dispatcher.run(this.confirmOffset(), Infinity));
      this.table.flushAll();
      await this.table.sync();
      await this.index?.close();
      await this.settleCheckpoint();
      if (this.commitLog.failed === undefined) this.host.files.remove(this.abortPath);
    } finally {
      const stopped = new StoreError('STORE_STOPPED', 'the store has been stopped');
      this.durable.fail(this.commitLog.failed ?? stopped);
      this.dispatched.fail(stopped);
      await this.release();
    }
  }

  private async settleCheckpoint(): Promise<void> {
    if (this.commitLog.failed === undefined)
      this.checkpoint.logTimestamp = this.checkpoint.queuesTimestamp = this.lastTimestamp();
    if (this.index !== undefined) this.checkpoint.indexTimestamp = this.index.savedTimestamp;
    this.checkpoint.confirmOffset = this.confirmOffset();
    await this.checkpoint.save();
  }

  private async release(): Promise<void> {
    this.checkpoint.close();
    this.commitLog.close();
    this.table.close();
    this.index?.closeFiles();
    await this.lock?.release();
    this.lock = undefined;
  }

  // ---- writing ----

  /** False: stopped, fenced, the disk is full, or a write or sync failed. */
  get writable(): boolean {
    return this.refusalReason() === undefined;
  }

  private refusalReason(): string | undefined {
    if (this.commitLog.failed !== undefined) return this.commitLog.failed.message;
    if (this.fenced) return 'the store is fenced';
    if (this.cutting) return 'the log is being cut';
    if (this.state !== 'started') return 'the store is not started';
    if (this.cleaner.diskFull) return 'the disk is full';
    return this.queueFailure;
  }

  fence(on: boolean): void {
    this.fenced = on;
  }

  /** Encodes into the write buffer and assigns the offsets; the bytes reach the file at the end of this turn. */
  put(message: MessageInput): PutResult {
    return this.counted(this.refusalReason(), () => this.appender.put(message), 1);
  }

  /** A client's batch, stored as as many records. */
  putBatch(batch: BatchInput): PutResult {
    return this.counted(this.refusalReason(), () => this.appender.putBatch(batch), 1);
  }

  private counted(unavailable: string | undefined, append: () => PutResult, count: number): PutResult {
    const result = unavailable === undefined ? append() : refusal('SERVICE_NOT_AVAILABLE', unavailable);
    if (result.status === 'PUT_OK') {
      this.putCount += count;
      this.putBytes += result.endOffset - result.physicalOffset;
      if (!this.turnPending) this.scheduleTurn();
    } else {
      this.putRefused++;
    }
    return result;
  }

  private scheduleTurn(): void {
    if (this.turnPending || this.state === 'stopped') return;
    this.turnPending = true;
    this.host.timers.endOfTurn(() => this.endTurn());
  }

  /** All that happened in this turn: one write, one dispatch, one notification. */
  private endTurn(): void {
    this.turnPending = false;
    this.appender.endTurn();
    if (this.state === 'stopped') return;
    try {
      this.commitLog.writePending();
    } catch (error) {
      this.durable.fail(error as Error);
      return;
    }
    const written = this.commitLog.writtenEnd;
    if (this.options.flushDiskType === 'ASYNC_FLUSH') this.durable.reach(written);
    else this.flusher.written();
    if (written !== this.notifiedEnd) {
      this.notifiedEnd = written;
      this.appended.call(written);
    }
    this.dispatch();
  }

  private onFlushed(): void {
    const failed = this.commitLog.failed;
    if (failed !== undefined) {
      this.durable.fail(failed);
      return;
    }
    this.checkpoint.logTimestamp = this.flusher.flushedTimestamp;
    if (this.options.flushDiskType !== 'SYNC_FLUSH') return;
    this.durable.reach(this.flusher.flushed);
    if (!this.options.enableControllerMode) this.scheduleTurn();
  }

  private lastTimestamp(): number {
    return Math.max(this.appender.lastTimestamp, this.dispatcher.lastTimestamp);
  }

  /** Resolves when the log up to `endOffset` is written (ASYNC_FLUSH) or synced (SYNC_FLUSH). @throws StoreError */
  whenDurable(endOffset: number): Promise<void> {
    if (this.commitLog.failed !== undefined) return Promise.reject(this.commitLog.failed);
    const reached = this.options.flushDiskType === 'ASYNC_FLUSH' ? this.commitLog.writtenEnd : this.flusher.flushed;
    if (endOffset <= reached) return Promise.resolve();
    if (this.state !== 'started') return Promise.reject(new StoreError('STORE_STOPPED', 'the store is not started'));
    if (this.options.flushDiskType === 'SYNC_FLUSH' && endOffset <= this.commitLog.writtenEnd) this.flusher.written();
    return this.durable.wait(endOffset);
  }

  // ---- dispatch ----

  private confirmOffset(): number {
    if (this.options.enableControllerMode) return this.confirm;
    return this.options.flushDiskType === 'SYNC_FLUSH' ? this.flusher.flushed : this.commitLog.writtenEnd;
  }

  private setConfirm(offset: number): void {
    this.confirm = offset;
    if (offset > this.dispatcher.position) this.scheduleTurn();
  }

  private dispatch(): void {
    if (this.cutting) return;
    try {
      const more = this.dispatcher.run(this.confirmOffset(), DISPATCH_PER_TURN);
      this.index?.flushEntries();
      this.queueFailure = undefined;
      if (more) this.scheduleTurn();
    } catch (error) {
      // The record stays undispatched: units are never left out, dispatch waits for the disk.
      if (this.queueFailure === undefined)
        this.host.log.error({ error: textOf(error) }, 'dispatch failed; it is tried again');
      this.queueFailure = `queues cannot be written: ${textOf(error)}`;
    }
    this.dispatched.reach(this.dispatcher.position);
    if (this.options.enableControllerMode) this.noteConfirmOffset();
  }

  private noteConfirmOffset(): void {
    try {
      this.checkpoint.noteConfirmOffset(this.confirm);
    } catch (error) {
      this.host.log.error({ error: textOf(error) }, 'writing the checkpoint failed');
    }
  }

  dispatchedOffset(): number {
    return this.dispatcher.position;
  }

  whenDispatched(offset: number): Promise<void> {
    if (offset <= this.dispatcher.position) return Promise.resolve();
    return this.dispatched.wait(offset);
  }

  onArrival(listener: ArrivalListener): () => void {
    return this.arrivals.add(listener);
  }

  private async whileCutting(work: () => Promise<void>, offset: number): Promise<void> {
    if (this.cutting) throw new StoreError('NOT_A_MESSAGE_BOUNDARY', 'the log is being cut already');
    this.cutting = true;
    try {
      await this.settle();
      await work();
      this.afterCut(offset);
    } finally {
      this.cutting = false;
      this.scheduleTurn();
    }
  }

  /** What is written is on the disk, and no sync is under way. @throws StoreError STORE_FAILED */
  private async settle(): Promise<void> {
    await this.flusher.flushNow();
    await this.syncingQueues;
    if (this.commitLog.failed !== undefined) throw this.commitLog.failed;
  }

  private afterCut(offset: number): void {
    this.durable.failAbove(offset, new StoreError('STORE_STOPPED', `the log was cut at ${offset}`));
    this.reader.reset();
    this.timeSearch.reset();
    this.index?.cutAbove(offset);
    this.flusher.resetTo(offset);
    this.confirm = Math.min(this.confirm, offset);
    this.notifiedEnd = offset;
    this.lastQueueSyncAt = Math.min(this.lastQueueSyncAt, offset);
    if (this.options.enableControllerMode) this.noteConfirmOffset();
  }

  // ---- periodic work ----

  private flushQueues(): void {
    if (this.cutting) return;
    try {
      const more = this.table.flushSome();
      if (more && this.state === 'started') {
        this.host.timers.endOfTurn(() => this.flushQueues());
        return;
      }
      this.table.releaseIdle();
      this.index?.tick();
    } catch (error) {
      this.queueFailure = `queues cannot be written: ${textOf(error)}`;
      this.host.log.error({ error: textOf(error) }, 'writing consume queues failed');
      return;
    }
    const now = this.host.clock.monotonicMs();
    const due =
      now - this.lastQueueSyncMs >= this.options.flushConsumeQueueThoroughInterval ||
      this.dispatcher.position - this.lastQueueSyncAt >= SYNC_QUEUES_AFTER_BYTES;
    if (!due || this.state !== 'started') return;
    this.lastQueueSyncMs = now;
    this.syncingQueues ??= this.syncQueues().finally(() => (this.syncingQueues = undefined));
  }

  /** The checkpoint's queue time is what had been dispatched, written and then synced; never ahead of it. */
  private async syncQueues(): Promise<void> {
    const timestamp = this.dispatcher.lastTimestamp;
    this.lastQueueSyncAt = this.dispatcher.position;
    try {
      await this.table.sync();
      this.checkpoint.queuesTimestamp = timestamp;
    } catch (error) {
      this.host.log.error(
        { error: textOf(error) },
        'syncing consume queues failed; recovery will rebuild them from the log',
      );
    }
  }

  private saveCheckpoint(): void {
    this.checkpoint.confirmOffset = this.confirmOffset();
    if (this.index !== undefined) this.checkpoint.indexTimestamp = this.index.savedTimestamp;
    this.checkpoint
      .save()
      .catch((error: unknown) => this.host.log.error({ error: textOf(error) }, 'writing the checkpoint failed'));
  }

  private clean(): void {
    if (this.cleaner.run()) this.reader.reset();
  }

  // ---- reading ----

  /** Messages of a queue from `offset` on; those that consumers may see. */
  getMessages(
    topic: string,
    queueId: number,
    offset: number,
    maxCount: number,
    maxBytes: number,
    filter?: MessageFilter,
  ): GetResult {
    const result = this.getter.get(this.table.find(topic, queueId), offset, maxCount, maxBytes, filter);
    this.getCount++;
    if (result.count > 0) {
      this.getFoundCount++;
      this.getMessageCount += result.count;
      this.getBytes += result.bytes;
    }
    return result;
  }

  /** 0 for an unknown queue, as all of these. */
  minOffsetInQueue(topic: string, queueId: number): number {
    return this.table.find(topic, queueId)?.minOffset ?? 0;
  }

  maxOffsetInQueue(topic: string, queueId: number): number {
    return this.table.find(topic, queueId)?.maxOffset ?? 0;
  }

  /** LOWER: first message at or after the time; UPPER: last at or before. */
  offsetByTime(topic: string, queueId: number, timestampMs: number, boundary: 'LOWER' | 'UPPER'): number {
    const queue = this.table.find(topic, queueId);
    return queue === undefined ? 0 : this.timeSearch.search(queue, timestampMs, boundary);
  }

  /** storeTimestamp of the queue's first message; -1 without one. */
  earliestTime(topic: string, queueId: number): number {
    const queue = this.table.find(topic, queueId);
    return queue === undefined ? -1 : this.timeSearch.timeAt(queue, queue.minOffset);
  }

  /** storeTimestamp of the message at a queue offset; -1 when it is not there. */
  timeAt(topic: string, queueId: number, offset: number): number {
    const queue = this.table.find(topic, queueId);
    return queue === undefined ? -1 : this.timeSearch.timeAt(queue, offset);
  }

  /** One record, of those that are written; undefined when none begins there. */
  messageAt(physicalOffset: number): Buffer | undefined {
    return this.reader.recordAt(physicalOffset);
  }

  /** Records whose topic and key really are these, oldest first. */
  queryByKey(topic: string, key: string, maxNum: number, begin: number, end: number): KeyQueryResult {
    const limit = Math.min(maxNum, this.options.maxMsgsNumBatch);
    return queryByKey(this.index, this.reader, topic, key, limit, begin, end);
  }

  /** Removes the queues of a topic. Its records stay in the log until they expire. */
  deleteTopic(topic: string): void {
    this.table.deleteTopic(topic);
  }

  status(): StoreStatus {
    return {
      bootTimestamp: this.bootTimestamp,
      putCount: this.putCount,
      putBytes: this.putBytes,
      putRefused: this.putRefused,
      getCount: this.getCount,
      getFoundCount: this.getFoundCount,
      getMessageCount: this.getMessageCount,
      getBytes: this.getBytes,
      dispatchedCount: this.dispatcher.dispatchedCount,
      skippedCount: this.dispatcher.skippedCount,
      tailCacheBytes: this.commitLog.cachedBytes,
      flushedOffset: this.flusher.flushed,
      writtenOffset: this.commitLog.writtenEnd,
      diskUsedRatio: this.cleaner.usedRatio,
      failed: this.commitLog.failed?.message,
    };
  }
}

import { type Host, type Lifecycle } from '@batonmq/host';
import { type ArrivalListener, Listeners } from './dispatch/dispatcher';
import { Dispatching } from './dispatch/dispatching';
import { StoreError } from './errors';
import { refuseForeignStores } from './foreign-stores';
import { type ResolvedOptions, type StoreOptions, resolveOptions } from './options';
import type { BatchInput, MessageInput, PutResult } from './put/messages';
import { Writing } from './put/writing';
import type { GetResult, MessageFilter } from './read/get-result';
import type { KeyQueryResult } from './read/query-by-key';
import { Reading } from './read/reading';
import { QueueList } from './queue/queue-list';
import { recover } from './recovery/recover';
import { ReplicaLog } from './replica-log';
import { CrcWalk, type DamageListener, type DamagedRange } from './store/crc-walk';
import { DirectoryClaim } from './store/directory-claim';
import { Mending } from './store/mending';
import { RangeRepair, type RecordSource } from './store/range-repair';
import { type StoreStatus, statusOf } from './store/status';
import { type StoreParts, makeParts } from './store/store-parts';
import { StoreState } from './store/store-state';
import { Turn } from './store/turn';
import { Upkeep } from './store/upkeep';

/**
 * RocketMQ's message store: commit log, consume queues, index, recovery, cleaning, on its files.
 * `load` first, then `start`; one owner per directory. Its rooms: `Writing`, `Dispatching`, `Reading`, `Upkeep`; they share
 * the parts, and meet at the end of each turn. @source DefaultMessageStore
 */
export class MessageStore implements Lifecycle {
  readonly options: ResolvedOptions;
  /** What replication works on. */
  readonly log: ReplicaLog;
  readonly queues: Iterable<{ topic: string; queueId: number; minOffset: number; maxOffset: number }>;
  private readonly parts: StoreParts;
  private readonly state: StoreState;
  private readonly turn: Turn;
  private readonly claim: DirectoryClaim;
  private readonly writing: Writing;
  private readonly dispatching: Dispatching;
  private readonly reading: Reading;
  private readonly upkeep: Upkeep;
  private readonly mending: Mending;
  private readonly queueList: QueueList;
  private readonly crcWalk: CrcWalk;
  private readonly rangeRepair: RangeRepair;
  private endCrcWalk = (): void => {};
  private readonly cuts: Listeners<[offset: number]>;
  private bootTimestamp = 0;

  constructor(
    private readonly host: Host,
    options: StoreOptions,
  ) {
    this.options = resolveOptions(options);
    const parts = (this.parts = makeParts(host, this.options));
    const state = (this.state = new StoreState(parts.commitLog, parts.cleaner));
    const turn = (this.turn = new Turn(host.timers, state, () => this.endTurn()));
    this.queues = { [Symbol.iterator]: () => parts.table.all() };
    this.cuts = new Listeners(host.log);
    this.claim = new DirectoryClaim(host, this.options.storePathRootDir, this.options.flushDiskType);
    this.queueList = new QueueList(host.files, host.log, this.options.storePathRootDir);
    this.writing = new Writing(parts, state, turn, () => {
      this.upkeep.disownWritten();
      this.mending.noteFailure();
    });
    this.dispatching = new Dispatching(parts, state, turn, this.writing);
    this.reading = new Reading(parts);
    this.upkeep = new Upkeep(parts, state, this.dispatching, this.reading, (offset) => this.claim.noteWritten(offset));
    this.log = new ReplicaLog(parts.commitLog, parts.table, parts.dispatcher, parts.check, {
      confirmOffset: () => this.dispatching.confirmOffset(),
      setConfirmOffset: (offset) => this.dispatching.setConfirm(offset),
      appended: () => turn.schedule(),
      isCutting: () => state.cutting,
      settle: () => this.settle(),
      unsyncedTailLost: () => this.claim.unsyncedTailLost,
      forgetLostTail: () => this.claim.forgetLostTail(),
      noteTimestamp: (timestamp) => {
        parts.appender.lastTimestamp = Math.max(parts.appender.lastTimestamp, timestamp);
      },
      onAppended: (listener) => this.writing.appended.add(listener),
      whileCutting: (work, offset) => this.whileCutting(work, offset),
    });
    const { flusher } = this.writing;
    this.crcWalk = new CrcWalk(host, parts.commitLog, parts.check, this.options, () => flusher.flushed);
    this.rangeRepair = new RangeRepair(parts.commitLog, parts.check, {
      settledEnd: () => Math.min(flusher.flushed, this.dispatching.confirmOffset()),
      mayWrite: () => state.phase === 'started' && !state.cutting && parts.commitLog.failed === undefined,
      changed: () => this.reading.forgetChunks(),
    });
    this.mending = new Mending(parts, state, turn, this.writing, this.log);
  }

  // ---- life ----

  /**
   * Takes the lock, reads and repairs the directory.
   * @throws StoreError STORE_LOCKED, STORE_CORRUPT, STORE_UNSUPPORTED; HostError
   */
  async load(): Promise<void> {
    const { state, claim, host } = this;
    if (state.phase !== 'new')
      throw new StoreError('STORE_STOPPED', `a store is loaded once; this one is ${state.phase}`);
    await claim.take();
    try {
      const { commitLog, table, checkpoint, index } = this.parts;
      refuseForeignStores(host.files, this.options.storePathRootDir, host.log);
      const clean = claim.wasLeftClean;
      claim.markRunning();
      if (this.mending.unsyncedFrom() !== undefined) claim.noteWritten(-1);
      commitLog.series.load(clean, host.log);
      table.load(clean);
      checkpoint.load();
      this.distrustFuture();
      index?.load(clean, checkpoint.indexTimestamp);
      await this.recover(clean);
      state.phase = 'loaded';
    } catch (error) {
      await this.release();
      throw error;
    }
  }

  /** A checkpoint from the future is of a clock that went back: its times say nothing about the records written since. */
  private distrustFuture(): void {
    const { checkpoint } = this.parts;
    const now = this.host.clock.wallMs();
    if (!checkpoint.lowerTimestamps(now)) return;
    this.host.log.warn({ now }, 'the checkpoint is from the future; after a crash the whole log is read');
    checkpoint.lowerTimestamps(0);
  }

  private async recover(clean: boolean): Promise<void> {
    const { commitLog: log, check, table, dispatcher, checkpoint, index, appender } = this.parts;
    const { files, log: logger } = this.host;
    const root = this.options.storePathRootDir;
    const { queueList, host } = this;
    const { clock } = host;
    const disownMark = (): void => this.claim.noteWritten(-1);
    const common = { log, queues: table, dispatcher, checkpoint, check, files, root, logger, clock };
    const pieces = { ...common, queueList, disownMark };
    const limited = this.options.enableControllerMode;
    const recovered = await recover(pieces, clean, limited, this.claim.writtenTo);
    const { end, confirmOffset, lastTimestamp } = recovered;
    index?.cutAbove(end);
    index?.flushEntries();
    this.dispatching.beginAt(confirmOffset);
    await this.dispatching.lowerCheckpoint(confirmOffset, Infinity);
    this.writing.flusher.flushed = end;
    this.writing.notifiedEnd = end;
    appender.lastTimestamp = Math.max(lastTimestamp, dispatcher.lastTimestamp);
    await this.mending.afterRecovery();
    table.flushAll();
    table.correctMin(Math.max(0, log.min));
    this.log.rebuildQueueOffsets();
    index?.makeReady();
    index?.tick();
    this.upkeep.beginAt(recovered.queuesSyncedTo);
    this.upkeep.tellWritten(dispatcher.position);
  }

  async start(): Promise<void> {
    const { state } = this;
    if (state.phase !== 'loaded')
      throw new StoreError('STORE_STOPPED', `load before start; the store is ${state.phase}`);
    state.phase = 'started';
    this.bootTimestamp = this.host.clock.wallMs();
    this.writing.flusher.start();
    this.upkeep.start(() => this.mending.tick());
    this.endCrcWalk = this.crcWalk.start();
    this.turn.schedule();
  }

  /** Clean stop: all is written and synced, `abort` goes. Idempotent. */
  async stop(): Promise<void> {
    const { state, upkeep, writing } = this;
    if (state.phase === 'stopped' || state.phase === 'new') {
      state.phase = 'stopped';
      return;
    }
    this.turn.end();
    state.phase = 'stopped';
    upkeep.stop();
    this.endCrcWalk();
    const { commitLog, table, index, dispatcher } = this.parts;
    try {
      await this.crcWalk.atRest();
      await this.rangeRepair.atRest();
      await this.mending.atRest();
      await writing.flusher.stop();
      await upkeep.atRest();
      while (dispatcher.run(this.dispatching.confirmOffset(), Infinity));
      table.flushAll();
      await table.sync();
      await index?.close();
      await upkeep.settleCheckpoint();
      if (commitLog.failed === undefined && !upkeep.queuesLost) {
        this.queueList.save(table, commitLog.end);
        this.claim.markClean();
      }
    } finally {
      const stopped = new StoreError('STORE_STOPPED', 'the store has been stopped');
      writing.end(commitLog.failed ?? stopped);
      this.dispatching.end(stopped);
      await this.release();
    }
  }

  private async release(): Promise<void> {
    const { checkpoint, commitLog, table, extUnits, index } = this.parts;
    extUnits.close();
    checkpoint.close();
    commitLog.close();
    table.close();
    index?.closeFiles();
    await this.claim.release();
  }

  /** All that happened in this turn: one write, one dispatch, one notification. */
  private endTurn(): void {
    this.parts.appender.endTurn();
    if (this.state.phase === 'stopped') return;
    this.writing.endTurn();
    // Also when nothing can be written: what was acknowledged before is served.
    this.dispatching.run();
  }

  // ---- writing ----

  /** False: stopped, fenced, the disk is full, or a write or sync failed. */
  get writable(): boolean {
    return this.state.refusal() === undefined;
  }

  fence(on: boolean): void {
    this.state.fenced = on;
  }

  /** Encodes into the write buffer and assigns the offsets; the bytes reach the file at the end of this turn. */
  put(message: MessageInput): PutResult {
    return this.writing.put(message);
  }

  /** A client's batch, stored as as many records. */
  putBatch(batch: BatchInput): PutResult {
    return this.writing.putBatch(batch);
  }

  /** Resolves when the log up to `endOffset` is written (ASYNC_FLUSH) or synced (SYNC_FLUSH). @throws StoreError */
  whenDurable(endOffset: number): Promise<void> {
    return this.writing.whenDurable(endOffset);
  }

  // ---- dispatch ----

  dispatchedOffset(): number {
    return this.parts.dispatcher.position;
  }

  whenDispatched(offset: number): Promise<void> {
    return this.dispatching.when(offset);
  }

  onArrival(listener: ArrivalListener): () => void {
    return this.parts.arrivals.add(listener);
  }

  /**
   * Told of each part of the synced log that a background walk finds damaged, so that another replica can repair it
   * (`crcWalkBytesPerSecond`). @returns how to stop listening
   */
  onDamage(listener: DamageListener): () => void {
    return this.crcWalk.onDamage(listener);
  }

  /**
   * Puts the records of another replica where the log is damaged: into a range that `onDamage` has told of. What is whole here
   * stays as it is; a record that does not fit is not taken. @returns up to where the range is whole now, synced
   * @throws HostError
   */
  async repair(range: DamagedRange, source: RecordSource): Promise<number> {
    const end = await this.rangeRepair.run(range, source);
    if (end >= range.to) this.crcWalk.mended(range);
    return end;
  }

  // ---- cutting ----

  /** Told when the log was cut at `offset`, before anything goes there again. */
  onCut(listener: (offset: number) => void): () => void {
    return this.cuts.add(listener);
  }

  private async whileCutting(work: () => Promise<void>, offset: number): Promise<void> {
    const { state } = this;
    if (state.cutting) throw new StoreError('NOT_A_MESSAGE_BOUNDARY', 'the log is being cut already');
    state.cutting = true;
    try {
      await this.settle();
      // First: else a power loss could leave the old checkpoint with another history below it.
      await this.dispatching.lowerCheckpoint(offset, this.log.timestampBelow(offset));
      // Of a cut that breaks off, the files do not tell what is synced: a next process is to go by nothing it finds.
      const written = Math.min(this.claim.writtenTo, offset);
      this.claim.noteWritten(-1);
      this.upkeep.cutTo(offset);
      await work();
      this.upkeep.tellWritten(written);
      this.writing.cutTo(offset, this.parts.checkpoint.logTimestamp);
      this.reading.reset();
      this.parts.index?.cutAbove(offset);
      this.dispatching.cutTo(offset);
      this.cuts.call(offset);
    } finally {
      state.cutting = false;
      this.turn.schedule();
    }
  }

  /** What is written is on the disk, and no sync is under way. @throws StoreError STORE_FAILED */
  private async settle(): Promise<void> {
    const { commitLog } = this.parts;
    await this.writing.flusher.flushNow();
    await this.upkeep.atRest();
    if (commitLog.failed !== undefined) throw commitLog.failed;
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
    return this.reading.getMessages(topic, queueId, offset, maxCount, maxBytes, filter);
  }

  /** 0 for an unknown queue, as all of these. */
  minOffsetInQueue(topic: string, queueId: number): number {
    return this.parts.table.bounds(topic, queueId)?.minOffset ?? 0;
  }

  maxOffsetInQueue(topic: string, queueId: number): number {
    return this.parts.table.bounds(topic, queueId)?.maxOffset ?? 0;
  }

  /** Whether the topic has batch queues. */
  hasBatchQueues(topic: string): boolean {
    return this.parts.table.batch.has(topic);
  }

  /** LOWER: first message at or after the time; UPPER: last at or before. */
  offsetByTime(topic: string, queueId: number, timestampMs: number, boundary: 'LOWER' | 'UPPER'): number {
    return this.reading.offsetByTime(topic, queueId, timestampMs, boundary);
  }

  /** storeTimestamp of the queue's first message; -1 without one. */
  earliestTime(topic: string, queueId: number): number {
    return this.reading.earliestTime(topic, queueId);
  }

  /** storeTimestamp of the message at a queue offset; -1 when it is not there. */
  timeAt(topic: string, queueId: number, offset: number): number {
    return this.reading.timeAt(topic, queueId, offset);
  }

  /** One record, of those that are written; undefined when none begins there. */
  messageAt(physicalOffset: number): Buffer | undefined {
    return this.reading.messageAt(physicalOffset);
  }

  /** Records whose topic and key really are these, oldest first. */
  queryByKey(topic: string, key: string, maxNum: number, begin: number, end: number): KeyQueryResult {
    return this.reading.queryByKey(topic, key, maxNum, begin, end);
  }

  /**
   * Removes the queues of a topic; offsets begin at 0 again. Its records stay in the log until they expire: they are not
   * dispatched any more, but a restart may bring some back until the topic is used again.
   */
  deleteTopic(topic: string): void {
    this.parts.table.deleteTopic(topic, this.parts.commitLog.end);
    this.parts.extUnits.deleteTopic(topic);
  }

  status(): StoreStatus {
    return statusOf(this.parts, this.bootTimestamp, this.writing, this.reading, this.crcWalk);
  }
}

import type { Files, Logger } from '@batonmq/host';
import { javaHash, javaHashOfBytes } from '../format/java-hash';
import { StoreError } from '../errors';
import { OpenFiles } from '../open-files';
import type { BatchQueue } from './batch-queue';
import type { BatchTable } from './batch-table';
import { ConsumeQueue } from './consume-queue';
import type { ExtUnits } from './ext-units';
import { UnitView } from './unit-view';

const MAX_OPEN_FILES = 512;
/** Of the topic, of all queues, of the store. */
const DIRECTORIES_ABOVE_A_QUEUE = 3;
/** Queues written per turn of the event loop by the periodic flush. */
const FLUSH_PER_TURN = 256;
/** Queue files synced side by side: a journal writes once for all who wait. */
const SYNCS_AT_ONCE = 8;

/** A topic and its queues, found by name or by the bytes of its name. */
export class Topic {
  readonly bytes: Buffer;
  /** More than 127 characters: its records are of version 2. */
  readonly long: boolean;
  /** Hash of `name#`, the front part of its index keys. */
  readonly keyHash: number;
  /** Its name can be that of a directory. */
  readonly usable: boolean;
  readonly queues = new Map<number, ConsumeQueue>();
  /** Records below belong to an earlier topic of this name, which was deleted. */
  ignoreBelow = 0;

  constructor(readonly name: string) {
    this.usable = isUsableTopic(name);
    this.bytes = Buffer.from(name, 'utf8');
    this.long = name.length > 127;
    this.keyHash = javaHash('#', javaHash(name));
  }
}

/** Can a topic of this name have a directory of its own? */
export function isUsableTopic(name: string): boolean {
  return name !== '' && name !== '.' && name !== '..' && !name.includes('/') && !name.includes('\u0000');
}

/** All queues of the store. @source ConsumeQueueStore */
export class QueueTable {
  readonly topics = new Map<string, Topic>();
  readonly unitView = new UnitView();
  private readonly byHash = new Map<number, Topic[]>();
  private readonly open: OpenFiles;
  private dirty: ConsumeQueue[] = [];
  /** Those of `dirty` that the round of the periodic flush under way has still to write. */
  private round: ConsumeQueue[] = [];
  private readonly unsynced = new Set<ConsumeQueue>();
  private readonly withMemory = new Set<ConsumeQueue>();
  /** A sync has failed: what it covered cannot be had any more but from the log, by the next start. */
  syncFailed = false;
  /** Removals of topics are not on the disk yet: a power loss, after a cut too, would bring their units back. */
  private removalsUnsynced = false;
  private readonly fileSize: number;

  /** @param fileSize rounded up to whole units */
  constructor(
    private readonly files: Files,
    private readonly log: Logger,
    private readonly directory: string,
    fileSize: number,
    /** Queues of topics with `queue.type=BatchCQ`. */
    readonly batch: BatchTable,
    /** Whether a topic that has no queue yet is one of these. */
    private readonly isBatchTopic: (topic: string) => boolean,
    private readonly extUnits: ExtUnits,
  ) {
    this.open = new OpenFiles(files, MAX_OPEN_FILES);
    this.fileSize = Math.ceil(fileSize / 20) * 20;
  }

  *[Symbol.iterator](): IterableIterator<ConsumeQueue> {
    for (const topic of this.topics.values()) yield* topic.queues.values();
  }

  topic(name: string): Topic {
    const known = this.topics.get(name);
    if (known !== undefined) return known;
    const topic = new Topic(name);
    this.topics.set(name, topic);
    const hash = javaHash(name);
    const others = this.byHash.get(hash);
    if (others === undefined) this.byHash.set(hash, [topic]);
    else others.push(topic);
    return topic;
  }

  /** By the bytes of its name, without making a string when the topic is known. */
  topicOfBytes(bytes: Buffer, start: number, end: number): Topic {
    const candidates = this.byHash.get(javaHashOfBytes(bytes, start, end));
    if (candidates !== undefined) {
      for (const topic of candidates) if (sameBytes(topic.bytes, bytes, start, end)) return topic;
    }
    return this.topic(bytes.toString('utf8', start, end));
  }

  find(topic: string, queueId: number): ConsumeQueue | undefined {
    return this.topics.get(topic)?.queues.get(queueId);
  }

  /** A queue of either kind. */
  bounds(topic: string, queueId: number): ConsumeQueue | BatchQueue | undefined {
    return this.find(topic, queueId) ?? this.batch.find(topic, queueId);
  }

  /** Queues of both kinds. */
  *all(): IterableIterator<ConsumeQueue | BatchQueue> {
    yield* this;
    yield* this.batch;
  }

  /**
   * Whether the topic's records go to batch queues. What it has decides, since that never changes; for a topic without
   * queues its configuration does, or that a record is a batch.
   */
  isBatch(topic: Topic, isInnerBatch: boolean): boolean {
    if (topic.queues.size > 0) return false;
    return this.batch.has(topic.name) || (topic.usable && (isInnerBatch || this.isBatchTopic(topic.name)));
  }

  queue(topic: Topic, queueId: number): ConsumeQueue {
    let queue = topic.queues.get(queueId);
    if (queue === undefined) {
      const directory = `${this.directory}/${topic.name}/${queueId}`;
      const ext = this.extUnits.queue(topic.name, queueId);
      queue = new ConsumeQueue(this.files, this.open, topic.name, queueId, directory, this.fileSize, ext);
      topic.queues.set(queueId, queue);
    }
    return queue;
  }

  /** After an append. */
  touch(queue: ConsumeQueue): void {
    if (queue.dirty) return;
    queue.dirty = true;
    this.dirty.push(queue);
  }

  /** Lists `consumequeue/`: topics on the first level, queue ids on the second. @throws StoreError STORE_CORRUPT */
  load(clean: boolean): void {
    for (const name of this.files.list(this.directory)) {
      if (this.files.stat(`${this.directory}/${name}`)?.kind !== 'directory') continue;
      for (const id of this.files.list(`${this.directory}/${name}`)) {
        if (/^\d{1,9}$/.test(id) && this.files.stat(`${this.directory}/${name}/${id}`)?.kind === 'directory') {
          this.queue(this.topic(name), Number(id)).series.load(clean, this.log);
        }
      }
    }
    this.batch.load(clean);
    for (const { topic, series } of this.batch) {
      const plain = this.topics.get(topic)?.queues.values().next().value;
      if (plain === undefined) continue;
      throw new StoreError('STORE_CORRUPT', `${series.directory} and ${plain.series.directory}: two kinds of queue`, {
        hint: 'was queue.type of the topic changed by hand? Move away the directory of the wrong kind',
      });
    }
  }

  /** @param whole files are what they were when the last process ended, and it wrote whole rows */
  recover(whole: boolean): void {
    this.batch.recover(whole);
    for (const queue of this) {
      queue.recover(whole, this.unitView, this.log);
      if (queue.unsyncedFrom !== Infinity) this.unsynced.add(queue);
    }
  }

  /** End of the last record that any queue has, and the start of that record: -1 without one. */
  lastDispatched(): { start: number; end: number } {
    const last = this.newest();
    const found =
      last === undefined ? { start: -1, end: -1 } : { start: last.lastRecordStart(this.unitView), end: last.maxPhysic };
    for (const { lastPhy, maxPhysic } of this.batch) {
      if (maxPhysic > found.end) Object.assign(found, { start: lastPhy, end: maxPhysic });
    }
    return found;
  }

  /** What a former process wrote of records behind `phy` has still to be synced. */
  countUnsynced(phy: number): void {
    for (const queue of this) {
      queue.countUnsynced(phy, this.unitView);
      if (queue.unsyncedFrom !== Infinity) this.unsynced.add(queue);
    }
    this.removalsUnsynced = true;
    this.batch.countUnsynced(phy);
  }

  /** Start of a record at or behind `phy`, or of the last one below it, that has a unit; -1: none has. */
  recordNear(phy: number): number {
    const queue = this.newest();
    if (queue === undefined) return this.lastDispatched().start;
    return queue.recordNear(phy, this.unitView);
  }

  private newest(): ConsumeQueue | undefined {
    let last: ConsumeQueue | undefined;
    for (const queue of this) if (queue.maxPhysic > (last?.maxPhysic ?? -1)) last = queue;
    return last;
  }

  /** Writes all that waits. @throws HostError */
  flushAll(): void {
    this.flushSome(Infinity);
    this.flushSome(Infinity);
  }

  /**
   * The periodic flush: a bounded number per call, in rounds: one writes what waited when it began.
   * @returns whether the round goes on. @throws HostError
   */
  flushSome(limit = FLUSH_PER_TURN): boolean {
    if (this.round.length === 0) [this.round, this.dirty] = [this.dirty, this.round];
    for (let i = 0; i < limit; i++) {
      const queue = this.round.at(-1);
      if (queue === undefined) return false;
      queue.flush();
      this.round.pop();
      queue.dirty = false;
      if (queue.unsyncedFrom !== Infinity) this.unsynced.add(queue);
      if (queue.holdsMemory) this.withMemory.add(queue);
    }
    return this.round.length > 0;
  }

  releaseIdle(): void {
    for (const queue of this.withMemory) {
      queue.releaseIfIdle();
      if (!queue.holdsMemory) this.withMemory.delete(queue);
    }
  }

  /** Makes durable what has been written. @throws HostError */
  async sync(): Promise<void> {
    try {
      await this.syncAll();
    } catch (error) {
      this.syncFailed = true;
      throw error;
    }
  }

  private async syncAll(): Promise<void> {
    const queues = [...this.unsynced];
    this.unsynced.clear();
    const directories = new Set<string>();
    for (let at = 0; at < queues.length; at += SYNCS_AT_ONCE) {
      const some = queues.slice(at, at + SYNCS_AT_ONCE);
      const results = await Promise.allSettled(some.map((queue) => queue.sync()));
      for (const result of results) if (result.status === 'rejected') throw result.reason;
      for (const queue of some) queue.series.takeNewNames(DIRECTORIES_ABOVE_A_QUEUE, directories);
    }
    // Units are trusted after a clean stop, and below the checkpoint: their files must still be there after a power loss.
    if (this.removalsUnsynced) directories.add(this.directory);
    for (const directory of directories) if (this.files.stat(directory) !== undefined) this.files.syncDir(directory);
    this.removalsUnsynced = false;
    await this.batch.sync();
  }

  correctMin(minPhy: number): void {
    for (const queue of this) queue.correctMin(minPhy, this.unitView);
    this.batch.correctMin(minPhy);
  }

  removeExpired(minPhy: number): number {
    let count = this.batch.removeExpired(minPhy);
    for (const queue of this) {
      if (queue.series.starts.length > 1) count += queue.removeExpired(minPhy, this.unitView);
      queue.correctMin(minPhy, this.unitView);
    }
    return count;
  }

  /** Cuts every queue above `phy`; the next offsets are the ends again. Not synced. @throws HostError */
  cutAbove(phy: number): void {
    for (const topic of this.topics.values()) topic.ignoreBelow = Math.min(topic.ignoreBelow, phy);
    this.batch.cutAbove(phy);
    for (const queue of this) {
      queue.cutAbove(phy, this.unitView, this.log);
      if (queue.unsyncedFrom !== Infinity) this.unsynced.add(queue);
    }
  }

  /**
   * Cuts what will be dispatched again after a crash. A queue that has nothing left begins where the next unit says.
   * @param whole the machine did not crash: nothing is missing below   @returns to be called after that dispatch
   */
  cutForRebuild(phy: number, whole: boolean): () => void {
    this.batch.cutAbove(phy);
    const emptied: [queue: ConsumeQueue, began: number][] = [];
    for (const queue of this) {
      const cut = queue.cutAbove(phy, this.unitView, this.log, whole);
      if (queue.isEmpty && (cut || !whole)) emptied.push([queue, queue.forgetBeginning()]);
      if (queue.unsyncedFrom !== Infinity) this.unsynced.add(queue);
    }
    return () => {
      for (const [queue, began] of emptied) {
        queue.beginAgainAt(began);
        if (queue.unsyncedFrom !== Infinity) this.unsynced.add(queue);
      }
    };
  }

  /** @param logEnd records of it that lie below are not dispatched any more */
  deleteTopic(name: string, logEnd = 0): void {
    this.batch.deleteTopic(name);
    const topic = this.topics.get(name);
    if (topic === undefined) return;
    for (const queue of topic.queues.values()) {
      queue.series.removeAll();
      this.unsynced.delete(queue);
      this.withMemory.delete(queue);
    }
    this.dirty = this.dirty.filter((queue) => queue.topic !== name);
    this.removalsUnsynced = true;
    this.round = this.round.filter((queue) => queue.topic !== name);
    this.files.removeTree(`${this.directory}/${name}`);
    this.topics.delete(name);
    const hash = javaHash(name);
    const left = (this.byHash.get(hash) ?? []).filter((each) => each !== topic);
    if (left.length === 0) this.byHash.delete(hash);
    else this.byHash.set(hash, left);
    if (logEnd > 0) this.topic(name).ignoreBelow = logEnd;
  }

  /** The log is gone: so are all queues. */
  deleteAll(): void {
    for (const name of [...this.topics.keys()]) this.deleteTopic(name);
    this.batch.deleteAll();
  }

  close(): void {
    this.open.closeAll();
    this.batch.close();
  }
}

function sameBytes(name: Buffer, bytes: Buffer, start: number, end: number): boolean {
  if (name.length !== end - start) return false;
  for (let i = 0; i < name.length; i++) if (name[i] !== bytes[start + i]) return false;
  return true;
}

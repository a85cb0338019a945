import type { Files, Logger } from '@batonmq/host';
import { BATCH_UNIT_BYTES } from '../format/batch-unit';
import { OpenFiles } from '../open-files';
import { BatchQueue } from './batch-queue';

const MAX_OPEN_FILES = 64;
/** Of the topic, of all batch queues, of the store. */
const DIRECTORIES_ABOVE_A_QUEUE = 3;

/** All batch queues of the store: `batchconsumequeue/`. @source ConsumeQueueStore */
export class BatchTable {
  private readonly topics = new Map<string, Map<number, BatchQueue>>();
  private readonly open: OpenFiles;
  private readonly fileSize: number;
  /** Removals of topics are not on the disk yet. */
  private removalsUnsynced = false;

  /** @param fileSize rounded up to whole units */
  constructor(
    private readonly files: Files,
    private readonly log: Logger,
    private readonly directory: string,
    fileSize: number,
  ) {
    this.open = new OpenFiles(files, MAX_OPEN_FILES);
    this.fileSize = Math.ceil(fileSize / BATCH_UNIT_BYTES) * BATCH_UNIT_BYTES;
  }

  *[Symbol.iterator](): IterableIterator<BatchQueue> {
    for (const queues of this.topics.values()) yield* queues.values();
  }

  has(topic: string): boolean {
    return this.topics.has(topic);
  }

  find(topic: string, queueId: number): BatchQueue | undefined {
    return this.topics.get(topic)?.get(queueId);
  }

  queue(topic: string, queueId: number): BatchQueue {
    let queues = this.topics.get(topic);
    if (queues === undefined) this.topics.set(topic, (queues = new Map()));
    let queue = queues.get(queueId);
    if (queue === undefined) {
      const directory = `${this.directory}/${topic}/${queueId}`;
      queue = new BatchQueue(this.files, this.open, topic, queueId, directory, this.fileSize);
      queues.set(queueId, queue);
    }
    return queue;
  }

  /** @throws StoreError STORE_CORRUPT */
  load(clean: boolean): void {
    for (const name of this.files.list(this.directory)) {
      if (this.files.stat(`${this.directory}/${name}`)?.kind !== 'directory') continue;
      for (const id of this.files.list(`${this.directory}/${name}`)) {
        if (/^\d{1,9}$/.test(id) && this.files.stat(`${this.directory}/${name}/${id}`)?.kind === 'directory')
          this.queue(name, Number(id)).series.load(clean, this.log);
      }
    }
  }

  recover(clean: boolean): void {
    for (const queue of this) queue.recover(clean, this.log);
  }

  /** What a former process wrote of records behind `phy` has still to be synced. */
  countUnsynced(phy: number): void {
    for (const queue of this) queue.countUnsynced(phy);
    this.removalsUnsynced = true;
  }

  /** Makes durable what has been written. @throws HostError */
  async sync(): Promise<void> {
    const directories = new Set<string>();
    for (const queue of this) {
      if (queue.unsyncedFrom === Infinity) continue;
      await queue.sync();
      queue.series.takeNewNames(DIRECTORIES_ABOVE_A_QUEUE, directories);
    }
    if (this.removalsUnsynced) directories.add(this.directory);
    for (const directory of directories) if (this.files.stat(directory) !== undefined) this.files.syncDir(directory);
    this.removalsUnsynced = false;
  }

  correctMin(minPhy: number): void {
    for (const queue of this) queue.correctMin(minPhy);
  }

  removeExpired(minPhy: number): number {
    let count = 0;
    for (const queue of this) {
      count += queue.removeExpired(minPhy);
      queue.correctMin(minPhy);
    }
    return count;
  }

  cutAbove(phy: number): void {
    for (const queue of this) queue.cutAbove(phy);
  }

  deleteTopic(topic: string): void {
    const queues = this.topics.get(topic);
    if (queues === undefined) return;
    for (const queue of queues.values()) queue.series.removeAll();
    this.removalsUnsynced = true;
    this.files.removeTree(`${this.directory}/${topic}`);
    this.topics.delete(topic);
  }

  deleteAll(): void {
    for (const topic of [...this.topics.keys()]) this.deleteTopic(topic);
  }

  close(): void {
    this.open.closeAll();
  }
}

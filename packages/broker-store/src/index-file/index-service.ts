import { type Host, textOf } from '@batonmq/host';
import type { RecordIndexer } from '../dispatch/dispatcher';
import { indexHash, javaHashOfBytes } from '../format/java-hash';
import type { PropertyPlaces } from '../format/properties';
import { type RecordHeader, SYS_FLAG } from '../format/record';
import type { Topic } from '../queue/queue-table';
import { IndexFile } from './index-file';
import { nextIndexName } from './index-name';

const SPACE = 0x20;
const YEAR_MS = 365 * 24 * 3_600_000;

/**
 * The index files, oldest first; the last one is written to. Trouble with them never stops anything else: the index is
 * switched off for the rest of this run and says so. @source IndexService
 */
export class IndexService implements RecordIndexer {
  /** storeTimestamp of the last message of a full, synced file. */
  savedTimestamp = 0;
  private readonly list: IndexFile[] = [];
  private trusted = true;
  private broken = false;

  constructor(
    private readonly host: Pick<Host, 'files' | 'clock' | 'log'>,
    private readonly directory: string,
    private readonly slotCount: number,
    private readonly maxEntries: number,
  ) {}

  /** @param clean false: the newest file's slots are made anew. @param savedTimestamp as the checkpoint has it */
  load(clean: boolean, savedTimestamp: number): void {
    const { files, log } = this.host;
    this.trusted = clean;
    this.savedTimestamp = savedTimestamp;
    for (const name of files.list(this.directory)) {
      const path = `${this.directory}/${name}`;
      if (!/^\d+$/.test(name) || files.stat(path)?.kind !== 'file') {
        log.warn({ path }, 'not an index file; left alone');
        continue;
      }
      const file = new IndexFile(files, path, this.slotCount, this.maxEntries);
      if (files.stat(path)?.bytes !== file.bytes) {
        log.warn(
          { path, expected: file.bytes },
          'index file of another size (maxHashSlotNum or maxIndexNum changed); left alone',
        );
        continue;
      }
      file.loadHeader();
      if (!file.isPlausible(this.host.clock.wallMs() + YEAR_MS)) {
        log.error({ path }, 'index file with a damaged header; left alone, its keys are not found');
        file.close();
        continue;
      }
      const previous = this.list.at(-1);
      if (previous !== undefined) file.follow(previous);
      this.list.push(file);
    }
    if (!clean) this.repairUnsaved();
  }

  /** Full files that may not have been synced: their slots are made anew as well. */
  private repairUnsaved(): void {
    for (const file of this.list.slice(0, -1)) {
      if (file.endTimestamp <= this.savedTimestamp) continue;
      file.prepare(false);
      this.sealLater(file);
    }
  }

  get lastTimestamp(): number {
    return this.list.at(-1)?.endTimestamp ?? 0;
  }

  get lastPhyOffset(): number {
    return this.list.at(-1)?.endPhy ?? 0;
  }

  /** In this order: UNIQ_KEY, then each part of KEYS. Rolled-back messages are not indexed. */
  add(topic: Topic, bytes: Buffer, header: RecordHeader, properties: PropertyPlaces): void {
    if (this.broken || (header.sysFlag & SYS_FLAG.transactionMask) === SYS_FLAG.transactionRollback) return;
    if (properties.uniqueKeyStart === 0 && properties.keysStart === 0) return;
    if (this.isIndexed(header.physicalOffset)) return;
    try {
      const { uniqueKeyStart, uniqueKeyEnd, keysStart, keysEnd } = properties;
      if (uniqueKeyStart > 0) this.put(topic, bytes, uniqueKeyStart, uniqueKeyEnd, header);
      for (let start = keysStart; start > 0 && start < keysEnd;) {
        let end = start;
        while (end < keysEnd && bytes[end] !== SPACE) end++;
        if (end > start) this.put(topic, bytes, start, end, header);
        start = end + 1;
      }
    } catch (error) {
      this.fail(error);
    }
  }

  /**
   * Entries follow the log. After a crash at the border of two files the last message of the old one may lack keys, which
   * were in the new one: it is indexed again, and queries see double entries once.
   */
  private isIndexed(phy: number): boolean {
    const last = this.list.at(-1);
    if (last === undefined || (last.count <= 1 && this.list.length === 1)) return false;
    const mayBeSplit = !this.trusted && (last.count <= 1 || last.isFull);
    return mayBeSplit ? phy < last.endPhy : phy <= last.endPhy;
  }

  private put(topic: Topic, bytes: Buffer, start: number, end: number, header: RecordHeader): void {
    const hash = indexHash(javaHashOfBytes(bytes, start, end, topic.keyHash));
    this.current().put(hash, header.physicalOffset, header.storeTimestamp);
  }

  private current(): IndexFile {
    const last = this.list.at(-1);
    // Before it is left, too: after a crash its slots are not what its entries say.
    if (last !== undefined && (!last.isFull || !this.trusted)) last.prepare(this.trusted);
    if (last !== undefined && !last.isFull) return last;
    if (last !== undefined) this.sealLater(last);
    const { files, clock } = this.host;
    files.makeDirs(this.directory);
    const lastName = last?.path.slice(this.directory.length + 1);
    const path = `${this.directory}/${nextIndexName(clock.wallMs(), lastName)}`;
    const file = new IndexFile(files, path, this.slotCount, this.maxEntries);
    file.create(last?.endTimestamp ?? 0, last?.endPhy ?? 0);
    this.list.push(file);
    return file;
  }

  private sealLater(file: IndexFile): void {
    file.seal().then(
      (isWhole) => {
        if (isWhole) this.savedTimestamp = Math.max(this.savedTimestamp, file.endTimestamp);
      },
      (error: unknown) => this.fail(error),
    );
  }

  private fail(error: unknown): void {
    this.broken = true;
    this.host.log.error(
      { error: textOf(error) },
      'the index cannot be written; queries by key miss what comes from here',
    );
  }

  /** At the end of a batch of records. */
  flushEntries(): void {
    if (this.broken) return;
    try {
      this.list.at(-1)?.writeEntries();
    } catch (error) {
      this.fail(error);
    }
  }

  /** Something is missing, here or in the files. */
  get isBroken(): boolean {
    return this.broken;
  }

  /** After a crash: the newest file's slots are made anew now, not by the first message. */
  makeReady(): void {
    const last = this.list.at(-1);
    if (this.trusted || this.broken || last === undefined || last.isFull) return;
    try {
      last.prepare(false);
    } catch (error) {
      this.fail(error);
    }
  }

  tick(): void {
    if (this.broken) return;
    try {
      this.list.at(-1)?.writeHeader();
    } catch (error) {
      this.fail(error);
    }
  }

  /** Newest first. @param visit gets physical offsets; false: enough */
  query(hash: number, begin: number, end: number, visit: (phy: number) => boolean): void {
    for (let i = this.list.length - 1; i >= 0; i--) {
      const file = this.list[i] as IndexFile;
      if (i === this.list.length - 1 && !this.trusted) file.prepare(false);
      if (file.beginTimestamp <= end && file.endTimestamp >= begin && !file.query(hash, begin, end, visit)) return;
      if (file.beginTimestamp < begin) return;
    }
  }

  /** The log was cut at `phy`. */
  cutAbove(phy: number): void {
    try {
      for (let last = this.list.at(-1); last !== undefined && last.endPhy >= phy; last = this.list.at(-1)) {
        last.prepare(this.trusted);
        last.cutAbove(phy);
        last.writeHeader();
        // It fills up anew, perhaps with earlier times than it had.
        this.savedTimestamp = Math.min(this.savedTimestamp, this.list.at(-2)?.endTimestamp ?? 0);
        if (last.count > 1 || this.list.length === 1) break;
        this.remove(this.list.length - 1);
      }
    } catch (error) {
      this.fail(error);
    }
  }

  /** Never the newest. */
  removeExpired(minPhy: number): number {
    let count = 0;
    while (this.list.length > 1 && (this.list[0] as IndexFile).endPhy < minPhy) {
      this.remove(0);
      count++;
    }
    return count;
  }

  private remove(index: number): void {
    const [file] = this.list.splice(index, 1);
    file?.close();
    if (file !== undefined) this.host.files.remove(file.path);
  }

  /** Clean stop: everything is written and synced, so that no crash rule applies at the next start. */
  async close(): Promise<void> {
    const last = this.list.at(-1);
    if (last === undefined || this.broken) return;
    await last.seal();
    this.savedTimestamp = Math.max(this.savedTimestamp, last.endTimestamp);
  }

  closeFiles(): void {
    for (const file of this.list) file.close();
  }
}

import { codeOf, textOf, type Files, type Logger } from '@batonmq/host';
import { FileSeries } from '../file-series';
import { EXT_END, EXT_END_BYTES, EXT_UNIT_BYTES, extTagsCode, writeExtUnit } from '../format/ext-unit';
import type { OpenFiles } from '../open-files';

const PENDING_BYTES = 64 * EXT_UNIT_BYTES;
const WALK_BYTES = 64 << 10;
/** Of the topic, of all queues, of the store. */
const DIRECTORIES_ABOVE = 3;
const NOTHING = Buffer.alloc(0);

/**
 * The writing side of one queue's files in `consumequeue_ext`. No place is given twice, whatever becomes of the queue's units:
 * those that a cut or a crash takes leave ext units behind to which nobody refers. So nothing here is ever cut or compared with
 * the log. Only the order matters: ext units are written, and synced, before the units that refer to them.
 * @source ConsumeQueueExt
 */
export class ExtQueue {
  private readonly series: FileSeries;
  /** Where the next unit goes; -1 while nobody has asked. */
  private end = -1;
  /** Somebody refers to this place: the end lies above it, whatever the files show. */
  private floor = -1;
  private pending = NOTHING;
  private pendingStart = 0;
  private pendingBytes = 0;
  private readonly unsynced = new Set<number>();
  /** A former process may have left files that are not synced. */
  private inherited = true;
  private unusable = false;

  constructor(
    private readonly files: Files,
    open: OpenFiles,
    private readonly log: Logger,
    directory: string,
    fileSize: number,
  ) {
    this.series = new FileSeries(files, open, directory, fileSize);
  }

  /** The queue has a unit that refers to this place; -1: to none. */
  knows(position: number): void {
    this.floor = Math.max(this.floor, position);
  }

  /**
   * @returns the place of the new unit; -1 when there is none to be had: the tags code stands in the queue's unit then
   * @throws HostError the disk does not take what had to be written first; nothing has been added
   */
  add(tagsCode: number, storeTimestamp: number): number {
    if (!this.isOpen()) return -1;
    if (this.pendingBytes + EXT_UNIT_BYTES > PENDING_BYTES) this.flush();
    if ((this.end % this.series.fileSize) + EXT_UNIT_BYTES + EXT_END_BYTES > this.series.fileSize) this.turnOver();
    if (this.pending.length === 0) this.pending = Buffer.allocUnsafeSlow(PENDING_BYTES);
    if (this.pendingBytes === 0) this.pendingStart = this.end;
    writeExtUnit(this.pending, this.pendingBytes, tagsCode, storeTimestamp);
    this.pendingBytes += EXT_UNIT_BYTES;
    this.end += EXT_UNIT_BYTES;
    return this.end - EXT_UNIT_BYTES;
  }

  /** What has been added and not written yet. */
  pendingTagsCode(position: number): number | undefined {
    const at = position - this.pendingStart;
    return at >= 0 && at < this.pendingBytes ? extTagsCode(this.pending, at) : undefined;
  }

  /** Writes what was added. @throws HostError; the next call tries again */
  flush(): void {
    if (this.pendingBytes === 0) return;
    this.write(this.pending, this.pendingBytes, this.pendingStart);
    this.pendingBytes = 0;
  }

  private write(bytes: Buffer, count: number, position: number): void {
    const start = this.series.startOf(position);
    if (!this.series.has(start)) this.series.create(start);
    this.series.write(bytes, 0, count, position);
    this.unsynced.add(start);
  }

  private turnOver(): void {
    this.flush();
    const left = this.series.fileSize - (this.end % this.series.fileSize);
    const mark = Buffer.alloc(2);
    mark.writeInt16BE(EXT_END);
    if (left < this.series.fileSize && left >= mark.length) this.write(mark, mark.length, this.end);
    this.end += left;
  }

  /** @throws HostError: final for what it covered */
  async sync(): Promise<void> {
    if (this.inherited && this.isOpen()) for (const start of this.series.starts) this.unsynced.add(start);
    this.inherited = false;
    for (const start of [...this.unsynced]) {
      this.unsynced.delete(start);
      await this.series.syncFile(start);
    }
    const directories = new Set<string>();
    this.series.takeNewNames(DIRECTORIES_ABOVE, directories);
    for (const directory of directories) if (this.files.stat(directory) !== undefined) this.files.syncDir(directory);
  }

  /** Nobody refers to what lies below: files of that alone go. */
  removeBelow(position: number): void {
    if (!this.isOpen()) return;
    const { starts } = this.series;
    while (starts.length > 1 && (starts[1] as number) <= position) {
      this.unsynced.delete(starts[0] as number);
      this.series.removeFirst();
    }
  }

  /** Gives its memory back. */
  release(): void {
    if (this.pendingBytes === 0) this.pending = NOTHING;
  }

  private isOpen(): boolean {
    if (this.end >= 0) return true;
    if (this.unusable) return false;
    try {
      this.series.load(false, this.log);
      this.end = this.findEnd();
    } catch (error) {
      if (codeOf(error) !== 'STORE_CORRUPT') throw error;
      this.unusable = true;
      this.log.error({ error: textOf(error) }, 'queue units get their tags code themselves');
    }
    return !this.unusable;
  }

  private findEnd(): number {
    const { last, fileSize } = this.series;
    const end = last === undefined ? 0 : last + this.walk(last);
    return this.floor < end ? end : this.series.startOf(this.floor) + fileSize;
  }

  /** @returns where units end in the file that begins at `start`; its size, where it has something else */
  private walk(start: number): number {
    const { series } = this;
    const window = Buffer.allocUnsafeSlow(Math.min(WALK_BYTES, series.fileSize));
    let from = 0;
    let got = 0;
    let at = 0;
    while (at + EXT_UNIT_BYTES <= series.fileSize) {
      if (at + 2 > from + got) {
        from = at;
        got = series.read(window, 0, window.length, start + at);
      }
      const size = got < 2 ? 0 : window.readInt16BE(at - from);
      if (size === 0) return at;
      if (size < EXT_UNIT_BYTES) return series.fileSize;
      at += size;
    }
    return Math.min(at, series.fileSize);
  }
}

import { type Files, type Logger, textOf } from '@batonmq/host';
import { StoreError } from '../errors';
import { FileSeries } from '../file-series';
import { BLANK_BYTES, MAGIC_BLANK } from '../format/record';
import { OpenFiles } from '../open-files';
import { type Segment, TailCache } from './tail-cache';

/** Bytes waiting for the end of the turn beyond which they are written at once. */
const MAX_PENDING_BYTES = 8 << 20;
const MAX_OPEN_FILES = 32;

export interface CommitLogOptions {
  readonly directory: string;
  readonly fileSize: number;
  readonly tailCacheBytes: number;
}

/**
 * The log: fixed-size files, records back to back, none across a file end. Appends go into the tail cache and reach the
 * file with `writePending`, once per turn. Positions: written <= end; what is read lies below `written`.
 * @source CommitLog
 */
export class CommitLog {
  readonly series: FileSeries;
  private readonly open: OpenFiles;
  private readonly cache: TailCache;
  private endOffset = 0;
  private written = 0;
  /** Files written since they were last synced; the newest is always among them once it has been written. */
  private readonly unsynced = new Set<number>();
  private failure: StoreError | undefined;
  /** Names of new files that are not synced yet. */
  private readonly newNames = new Set<string>();

  constructor(
    private readonly files: Files,
    private readonly logger: Logger,
    options: CommitLogOptions,
  ) {
    this.open = new OpenFiles(files, MAX_OPEN_FILES);
    this.series = new FileSeries(files, this.open, options.directory, options.fileSize);
    this.cache = new TailCache(options.tailCacheBytes, Math.min(1 << 20, options.fileSize));
  }

  get fileSize(): number {
    return this.series.fileSize;
  }

  /** End of the log, with what this turn appended. */
  get end(): number {
    return this.endOffset;
  }

  /** End of what has reached the files. */
  get writtenEnd(): number {
    return this.written;
  }

  /** Start of the oldest file, -1 when there is none. */
  get min(): number {
    return this.series.first ?? -1;
  }

  get cachedBytes(): number {
    return this.cache.bytes;
  }

  /** After recovery. */
  openAt(end: number): void {
    this.cache.clear();
    this.endOffset = end;
    this.written = end;
  }

  /** The error that made the log refuse everything, if any. */
  get failed(): StoreError | undefined {
    return this.failure;
  }

  /** Takes what went wrong with a write or a sync: memory goes back to what the files have. `LogRepair` may end it. */
  fail(what: string, cause: unknown): StoreError {
    if (this.failure !== undefined) return this.failure;
    this.failure = new StoreError('STORE_FAILED', `${what}: ${textOf(cause)}`, {
      hint: 'the store refuses writes until the disk takes them again',
      cause,
    });
    this.endOffset = this.written;
    this.cache.cutTo(this.written);
    this.logger.error({ error: textOf(cause), written: this.written }, `${what}; the store refuses writes from here`);
    return this.failure;
  }

  /** Everything written is on the disk, and what is behind it in the files is zeros. */
  healed(): void {
    this.failure = undefined;
    this.unsynced.clear();
  }

  /**
   * Makes room for `bytes` at the end of the log, in one piece in memory and in one file; rolls to the next file behind a
   * blank record when they do not fit. The caller fills `segment.buffer` from `segment.used` and calls `advance`.
   * @throws HostError when the next file cannot be made; StoreError STORE_FAILED
   */
  room(bytes: number): Segment {
    const { fileSize } = this;
    const offsetInFile = this.endOffset % fileSize;
    if (offsetInFile === 0) this.ensureFile();
    else if (bytes + BLANK_BYTES > fileSize - offsetInFile) this.roll(fileSize - offsetInFile);
    if (this.endOffset - this.written > MAX_PENDING_BYTES) this.writePending();
    return this.cache.roomAt(this.endOffset, bytes);
  }

  advance(segment: Segment, bytes: number): void {
    segment.used += bytes;
    this.endOffset += bytes;
  }

  private ensureFile(): void {
    if (this.series.last !== this.endOffset) {
      this.writePending();
      this.series.create(this.endOffset);
    }
    this.syncNewNames();
  }

  /** A name that could not be synced is due until it is. */
  private syncNewNames(): void {
    this.series.takeNewNames(1, this.newNames);
    for (const directory of this.newNames) {
      this.files.syncDir(directory);
      this.newNames.delete(directory);
    }
  }

  private roll(left: number): void {
    const segment = this.cache.roomAt(this.endOffset, BLANK_BYTES);
    segment.buffer.writeInt32BE(left, segment.used);
    segment.buffer.writeInt32BE(MAGIC_BLANK, segment.used + 4);
    this.advance(segment, BLANK_BYTES);
    this.writePending();
    this.endOffset += left - BLANK_BYTES;
    this.written = this.endOffset;
    this.ensureFile();
  }

  /**
   * A replica's bytes, at the end of the log, written through at once: an acknowledgement that leaves in this turn is true.
   * An empty log begins at the file that contains `offset`.
   * @throws StoreError OFFSET_MISMATCH, STORE_FAILED; HostError
   */
  appendRaw(offset: number, bytes: Buffer): void {
    if (this.failure !== undefined) throw this.failure;
    this.writePending();
    if (this.series.first === undefined) {
      this.openAt(offset);
      this.series.create(this.series.startOf(offset));
    }
    this.syncNewNames();
    if (offset !== this.endOffset) {
      throw new StoreError('OFFSET_MISMATCH', `replica bytes at ${offset}, the log ends at ${this.endOffset}`);
    }
    if ((offset % this.fileSize) + bytes.length > this.fileSize) {
      throw new StoreError('OFFSET_MISMATCH', `${bytes.length} replica bytes at ${offset} cross the end of their file`);
    }
    if (bytes.length === 0) return;
    if (offset % this.fileSize === 0) this.ensureFile();
    for (let done = 0; done < bytes.length;) {
      const segment = this.cache.anyRoomAt(this.endOffset);
      const count = Math.min(bytes.length - done, segment.buffer.length - segment.used);
      bytes.copy(segment.buffer, segment.used, done, done + count);
      this.advance(segment, count);
      done += count;
    }
    this.writePending();
  }

  /** Writes what was appended since the last call: one write for what lies in one segment. @throws StoreError STORE_FAILED */
  writePending(): void {
    if (this.failure !== undefined) throw this.failure;
    if (this.written === this.endOffset) return;
    const start = this.series.startOf(this.written);
    try {
      const file = this.series.file(start);
      while (this.written < this.endOffset) {
        const segment = this.cache.find(this.written);
        if (segment === undefined) throw new StoreError('STORE_CORRUPT', `no bytes to write at ${this.written}`);
        const from = this.written - segment.start;
        file.writeSync(segment.buffer, from, segment.used - from, this.written - start);
        this.written = segment.end;
      }
    } catch (cause) {
      throw this.fail('writing the commit log failed', cause);
    }
    this.unsynced.add(start);
    this.cache.shrink(this.written);
  }

  /** Syncs every file written since its last sync, oldest first. @throws HostError: final for what it covered */
  async sync(): Promise<void> {
    for (const start of [...this.unsynced].sort((a, b) => a - b)) {
      this.unsynced.delete(start);
      await this.series.syncFile(start);
    }
  }

  /** The segment with the written byte at `offset`. */
  cached(offset: number): Segment | undefined {
    return offset < this.written ? this.cache.find(offset) : undefined;
  }

  /** Reads written bytes from the files into `target`. @returns 0 when the file is gone or `offset` is not below `writtenEnd` */
  readInto(target: Buffer, targetStart: number, length: number, offset: number): number {
    const count = Math.min(length, this.written - offset, this.fileSize - (offset % this.fileSize));
    if (count <= 0 || !this.hasFile(offset)) return 0;
    return this.series.read(target, targetStart, count, offset);
  }

  /** The same through the thread pool, into several buffers: all must be written and lie in one file. @throws HostError */
  async readLater(targets: readonly Buffer[], offset: number): Promise<number> {
    const start = this.series.startOf(offset);
    return this.series.file(start).read(targets, offset - start);
  }

  hasFile(offset: number): boolean {
    const { first, last } = this.series;
    if (first === undefined || last === undefined || offset < first || offset >= last + this.fileSize) return false;
    const start = this.series.startOf(offset);
    // Files are contiguous but for damage; the look-up is a search only then.
    const index = (start - first) / this.fileSize;
    return this.series.starts[index] === start || this.series.has(start);
  }

  /**
   * One contiguous piece from `offset`, at most `maxBytes`, never across a file: a slice of the tail cache when recent, else
   * read from the file. Both belong to the reader for as long as he likes.
   */
  read(offset: number, maxBytes: number): Buffer | undefined {
    if (offset < 0 || offset >= this.written || maxBytes <= 0) return undefined;
    const segment = this.cache.find(offset);
    if (segment !== undefined) {
      const from = offset - segment.start;
      segment.lent = true;
      // A replica's segment may reach across the end of a file: the bytes came in one row, wherever they began.
      const count = Math.min(maxBytes, segment.used - from, this.fileSize - (offset % this.fileSize));
      return segment.buffer.subarray(from, Math.min(from + count, this.written - segment.start));
    }
    const count = Math.min(maxBytes, this.written - offset, this.fileSize - (offset % this.fileSize));
    const bytes = Buffer.allocUnsafeSlow(count);
    const got = this.readInto(bytes, 0, count, offset);
    return got === 0 ? undefined : bytes.subarray(0, got);
  }

  /** Cuts at `offset`: the rest of its file becomes zeros, later files go. Durable when the promise resolves. @throws HostError */
  async cut(offset: number): Promise<void> {
    this.cutInFiles(offset);
    await this.series.sync();
  }

  /** The synchronous part of `cut`. */
  cutInFiles(offset: number): void {
    this.series.cut(offset, offset % this.fileSize === 0 && offset === this.series.first, true);
    for (const start of this.unsynced) if (!this.series.has(start)) this.unsynced.delete(start);
    this.openAt(offset);
  }

  removeOldestFile(): void {
    const start = this.series.first;
    if (start === undefined) return;
    this.unsynced.delete(start);
    this.series.removeFirst();
    // Before the next one goes: a removal that a power loss undoes must not leave a gap.
    this.files.syncDir(this.series.directory);
  }

  close(): void {
    this.open.closeAll();
  }
}

import { readInt32 } from '../format/int64';
import { RecordHeader } from '../format/record';
import type { CommitLog } from '../log/commit-log';
import type { Segment } from '../log/tail-cache';
import { LogWindows } from './log-windows';

/** Larger records are read from the files into a buffer of their own. */
const MAX_COPIED_BYTES = 16 << 10;
/** Smaller ones are handed out in slices of such buffers: what somebody keeps holds no more than this. */
const SLAB_BYTES = 64 << 10;
/** Records of one reader that lie further apart than this are read one by one. */
const MAX_GAP_BYTES = 64 << 10;

/**
 * Records as slices that may be kept: of the tail cache, which lends its segments, or of copies, side by side, of what was read
 * from the files. A reader that keeps a few old messages holds little more than them, and what was read is overwritten by what is
 * read next instead of waiting for the garbage collector.
 */
export class RecordReader {
  private readonly windows: LogWindows;
  /** Where `seek` has found the record, and whose bytes these are. */
  private buffer: Buffer = Buffer.alloc(0);
  private at = 0;
  private segment: Segment | undefined;
  private own = false;
  private slab: Buffer = Buffer.alloc(0);
  private slabUsed = 0;
  private runBuffer: Buffer | undefined;
  private runStart = 0;
  private runEnd = 0;
  private slices: Buffer[] = [];
  private scattered = false;

  constructor(private readonly log: CommitLog) {
    this.windows = new LogWindows(log);
  }

  /** Begins a list of slices. */
  begin(): void {
    this.runBuffer = undefined;
    this.slices = [];
    this.scattered = false;
  }

  /** How far apart the next records will be, on average: decides whether more than themselves is read. */
  expectGap(bytes: number): void {
    this.scattered = bytes > MAX_GAP_BYTES;
  }

  /** @returns false when these bytes are not in the log any more, or not yet */
  seek(offset: number, size: number): boolean {
    const { log, windows } = this;
    this.segment = undefined;
    this.own = false;
    if (offset < 0 || size <= 0 || offset + size > log.writtenEnd) return false;
    if (windows.inLast(offset, size)) return this.inWindow();
    if ((offset % log.fileSize) + size > log.fileSize) return false;
    const segment = log.cached(offset);
    if (segment !== undefined && offset + size <= segment.end) {
      this.segment = segment;
      this.buffer = segment.buffer;
      this.at = offset - segment.start;
      return true;
    }
    if (!log.hasFile(offset)) return false;
    if (size <= MAX_COPIED_BYTES && windows.find(offset, size, !this.scattered)) return this.inWindow();
    return this.readOne(offset, size);
  }

  private inWindow(): boolean {
    this.buffer = this.windows.buffer;
    this.at = this.windows.at;
    return true;
  }

  /** Where it may stay. */
  private readOne(offset: number, size: number): boolean {
    this.own = true;
    if (size > MAX_COPIED_BYTES) {
      this.buffer = Buffer.allocUnsafeSlow(size);
      this.at = 0;
    } else {
      this.buffer = this.slabRoom(size);
      this.at = this.slabUsed;
    }
    return this.log.readInto(this.buffer, this.at, size, offset) === size;
  }

  private slabRoom(bytes: number): Buffer {
    if (this.slab.length - this.slabUsed < bytes) {
      this.slab = Buffer.allocUnsafeSlow(SLAB_BYTES);
      this.slabUsed = 0;
    }
    return this.slab;
  }

  /** The record that begins at `offset`, if one does and says so itself. */
  recordAt(offset: number): Buffer | undefined {
    this.begin();
    this.scattered = true;
    if (!Number.isSafeInteger(offset) || !this.seek(offset, 8)) return undefined;
    const size = this.buffer.readInt32BE(this.at);
    if (size <= 8 || !this.seek(offset, size)) return undefined;
    const header = new RecordHeader();
    const good = header.read(this.buffer, this.at, size) === size && header.physicalOffset === offset;
    if (!good) return undefined;
    this.take(size);
    return this.finish()[0];
  }

  /** Of what `seek` found: does a record of this size lie there, by its own word? Units of a queue have no CRC. */
  saysItself(offset: number, size: number): boolean {
    const { buffer, at } = this;
    return size > 36 && readInt32(buffer, at) === size && readInt32(buffer, at + 32) === (offset | 0);
  }

  /** The record, lent until the next `seek`. */
  slice(size: number): Buffer {
    return this.buffer.subarray(this.at, this.at + size);
  }

  /** Takes the record; neighbours in one buffer become one slice. */
  take(size: number): void {
    if (this.segment !== undefined) this.segment.lent = true;
    else if (size <= MAX_COPIED_BYTES) this.keepInSlab(size);
    const { buffer, at } = this;
    if (this.runBuffer === buffer && this.runEnd === at) {
      this.runEnd = at + size;
      return;
    }
    this.endRun();
    this.runBuffer = buffer;
    this.runStart = at;
    this.runEnd = at + size;
  }

  private keepInSlab(size: number): void {
    if (!this.own) {
      const slab = this.slabRoom(size);
      // Buffer.copy takes twice as long.
      slab.set(new Uint8Array(this.buffer.buffer, this.buffer.byteOffset + this.at, size), this.slabUsed);
      this.buffer = slab;
      this.at = this.slabUsed;
    }
    this.slabUsed += size;
  }

  private endRun(): void {
    if (this.runBuffer !== undefined) this.slices.push(this.runBuffer.subarray(this.runStart, this.runEnd));
    this.runBuffer = undefined;
  }

  /** What was taken since `begin`. */
  finish(): Buffer[] {
    this.endRun();
    const { slices } = this;
    this.slices = [];
    return slices;
  }

  /** After a cut or the removal of a file. */
  reset(): void {
    this.windows.reset();
  }
}

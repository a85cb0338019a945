import { FOUND, type RecordHeader } from '../format/record';
import type { CommitLog } from './commit-log';
import type { Segment } from './tail-cache';

/**
 * Looks at written log bytes without copying them out: a tail cache segment, or a window read from the file. After a
 * successful `seek` the bytes are `buffer[at … at + available)`.
 */
export class LogCursor {
  buffer: Buffer = Buffer.alloc(0);
  at = 0;
  available = 0;
  private segment: Segment | undefined;
  private window: Buffer = Buffer.alloc(0);
  private windowStart = 0;
  private windowBytes = 0;
  private readonly windowSize: number;

  /** @param reuse overwrite the window with the next one: only when nobody keeps slices of `buffer` */
  constructor(
    private readonly log: CommitLog,
    windowSize: number,
    private readonly reuse: boolean,
  ) {
    this.windowSize = Math.min(windowSize, log.fileSize);
  }

  /** @returns false when fewer than `bytes` written bytes follow in this file */
  seek(offset: number, bytes: number): boolean {
    const { log } = this;
    let segment = this.segment;
    if (segment === undefined || offset < segment.start || offset + bytes > segment.end) segment = log.cached(offset);
    if (segment !== undefined) {
      const end = Math.min(segment.end, log.writtenEnd);
      if (offset + bytes <= end) {
        this.segment = segment;
        this.buffer = segment.buffer;
        this.at = offset - segment.start;
        this.available = end - offset;
        return true;
      }
    }
    return this.seekInFile(offset, bytes);
  }

  private seekInFile(offset: number, bytes: number): boolean {
    if (offset < this.windowStart || offset + bytes > this.windowStart + this.windowBytes) {
      if (!this.load(offset, bytes)) return false;
    }
    this.buffer = this.window;
    this.at = offset - this.windowStart;
    this.available = this.windowStart + this.windowBytes - offset;
    return true;
  }

  private load(offset: number, bytes: number): boolean {
    const { log } = this;
    const fileLeft = log.fileSize - (offset % log.fileSize);
    const left = Math.min(fileLeft, log.writtenEnd - offset);
    if (left < bytes || bytes <= 0) return false;
    const length = Math.min(Math.max(this.windowSize, bytes), left);
    if (!this.reuse || this.window.length < length) {
      this.window = Buffer.allocUnsafeSlow(this.reuse ? Math.max(this.windowSize, length) : length);
    }
    this.windowStart = offset;
    this.windowBytes = 0;
    this.windowBytes = log.readInto(this.window, 0, length, offset);
    return this.windowBytes >= bytes;
  }

  /** After a cut: what was read may not be so any more. */
  reset(): void {
    this.segment = undefined;
    this.window = this.buffer = Buffer.alloc(0);
    this.windowBytes = 0;
    this.available = 0;
  }

  /**
   * Reads the record frame at `offset`; the whole record is then in `buffer` from `at`.
   * @param limit the record must end at or below it
   * @returns the size, or one of FOUND; `incomplete` also when no byte can be read there
   */
  record(offset: number, header: RecordHeader, limit: number): number {
    const inFile = this.log.fileSize - (offset % this.log.fileSize);
    if (inFile < 8) return FOUND.bad;
    if (limit - offset < 8 || !this.seek(offset, 8)) return FOUND.incomplete;
    const bound = Math.min(limit - offset, inFile);
    let found = header.read(this.buffer, this.at, Math.min(this.available, bound));
    if (found !== FOUND.incomplete) return found;
    if (header.size > inFile) return FOUND.bad;
    if (header.size > bound || !this.seek(offset, header.size)) return FOUND.incomplete;
    found = header.read(this.buffer, this.at, Math.min(this.available, bound));
    return found;
  }
}

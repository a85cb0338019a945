import type { CommitLog } from '../log/commit-log';
import { ReadAhead } from './read-ahead';

/** Small enough that what is read lies in the cache of the processor when it is copied from there. */
const WINDOW_BYTES = 128 << 10;
/** 4 MiB: so many readers at different places of the log, or queues far apart. */
const MAX_WINDOWS = 32;
/**
 * Where a window's bytes begin in its buffer. Large buffers begin 16 bytes behind the start of a page, windows at the start of a
 * page of the file, and copying to just behind the same place in a page takes four times as long on some processors (AMD's
 * `rep movsb`).
 */
const SHIFT = 64;

class Window {
  readonly buffer: Buffer;
  start = -1;
  bytes = 0;

  constructor(bytes: number) {
    this.buffer = Buffer.allocUnsafeSlow(SHIFT + bytes);
  }

  holds(offset: number, size: number): boolean {
    return offset >= this.start && offset + size <= this.start + this.bytes;
  }
}

/**
 * Parts of the log read from the files, aligned, for readers behind the tail cache: neighbours in the log belong to many queues,
 * and a backlog of all of them is read several times over. Windows are overwritten: nothing of them may be kept. For a reader that
 * goes forward the next ones are brought into the page cache, so that he does not wait for the disk.
 */
export class LogWindows {
  /** After `find`: where the bytes are. */
  buffer: Buffer = Buffer.alloc(0);
  at = 0;
  /** By start; the one used longest ago first. */
  private readonly windows = new Map<number, Window>();
  private last: Window | undefined;
  private readonly windowBytes: number;
  private readonly ahead: ReadAhead;

  constructor(private readonly log: CommitLog) {
    this.windowBytes = Math.min(WINDOW_BYTES, log.fileSize);
    this.ahead = new ReadAhead(log);
  }

  /** The window used last has these bytes; they are then at `at` in `buffer`. */
  inLast(offset: number, size: number): boolean {
    const { last } = this;
    if (last === undefined || !last.holds(offset, size)) return false;
    this.at = SHIFT + offset - last.start;
    return true;
  }

  /**
   * @param read read what is missing; false: only look
   * @returns false when these bytes are not in one window, or not in the files
   */
  find(offset: number, size: number, read: boolean): boolean {
    const start = this.startOf(offset);
    if (offset + size > start + this.windowBytes) return false;
    let window = this.windows.get(start);
    if (window === undefined || !window.holds(offset, size)) {
      window = read ? this.load(start, offset + size) : undefined;
      if (window === undefined) return false;
    }
    if (window !== this.last) this.use(window);
    this.at = SHIFT + offset - start;
    return true;
  }

  private startOf(offset: number): number {
    return offset - ((offset % this.log.fileSize) % this.windowBytes);
  }

  private use(window: Window): void {
    this.windows.delete(window.start);
    this.windows.set(window.start, window);
    this.last = window;
    this.buffer = window.buffer;
  }

  /** What it has stays as it is while the log grows: only what is missing is read. */
  private load(start: number, end: number): Window | undefined {
    const { windows, windowBytes } = this;
    let window = windows.get(start);
    if (window === undefined) {
      window = this.blank(start);
      this.ahead.reads(start, start + windowBytes, windows.has(start - windowBytes));
      windows.set(start, window);
    }
    const { bytes, buffer } = window;
    window.bytes += this.log.readInto(buffer, SHIFT + bytes, windowBytes - bytes, start + bytes);
    return start + window.bytes >= end ? window : undefined;
  }

  private blank(start: number): Window {
    const window = this.oldest() ?? new Window(this.windowBytes);
    window.start = start;
    window.bytes = 0;
    return window;
  }

  private oldest(): Window | undefined {
    if (this.windows.size < MAX_WINDOWS) return undefined;
    for (const [start, window] of this.windows) {
      if (window === this.last) this.last = undefined;
      this.windows.delete(start);
      return window;
    }
    return undefined;
  }

  /** After a cut or the removal of a file. */
  reset(): void {
    this.windows.clear();
    this.ahead.reset();
    this.last = undefined;
  }
}

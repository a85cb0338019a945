import type { CommitLog } from '../log/commit-log';

const WINDOW_BYTES = 256 << 10;
/** 8 MiB: so many readers at different places of the log, or queues far apart. */
const MAX_WINDOWS = 32;
/** Windows read ahead of one reader: one pull may go through two. */
const AHEAD = 2;
/** Of all readers, at the same time. */
const MAX_AHEAD = 4;
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
  used = false;

  constructor(bytes: number) {
    this.buffer = Buffer.allocUnsafeSlow(SHIFT + bytes);
  }

  holds(offset: number, size: number): boolean {
    return offset >= this.start && offset + size <= this.start + this.bytes;
  }
}

/**
 * Parts of the log read from the files, aligned, for readers behind the tail cache: neighbours in the log belong to many queues,
 * and a backlog of all of them is read several times over. Windows are overwritten: nothing of them may be kept. A reader that
 * goes forward finds the next one read already, by the thread pool, so that it does not wait for the disk.
 */
export class LogWindows {
  /** After `find`: where the bytes are. */
  buffer: Buffer = Buffer.alloc(0);
  at = 0;
  /** By start; the one used longest ago first. */
  private readonly windows = new Map<number, Window>();
  private readonly spare: Window[] = [];
  /** Starts of those that the thread pool reads. */
  private readonly ahead = new Set<number>();
  private last: Window | undefined;
  private generation = 0;
  private readonly windowBytes: number;

  constructor(private readonly log: CommitLog) {
    this.windowBytes = Math.min(WINDOW_BYTES, log.fileSize);
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
    if (window.used) return;
    window.used = true;
    const { windows, windowBytes } = this;
    if (!windows.has(window.start - windowBytes)) return;
    for (let i = 1; i <= AHEAD; i++) this.readAhead(window.start + i * windowBytes);
  }

  /** What it has stays as it is while the log grows: only what is missing is read. */
  private load(start: number, end: number): Window | undefined {
    const window = this.windows.get(start) ?? this.blank(start);
    const { bytes } = window;
    window.bytes += this.log.readInto(window.buffer, SHIFT + bytes, this.windowBytes - bytes, start + bytes);
    this.windows.set(start, window);
    return start + window.bytes >= end ? window : undefined;
  }

  private blank(start: number): Window {
    const window = this.spare.pop() ?? this.oldest() ?? new Window(this.windowBytes);
    window.start = start;
    window.bytes = 0;
    window.used = false;
    return window;
  }

  private oldest(): Window | undefined {
    if (this.windows.size + this.ahead.size < MAX_WINDOWS) return undefined;
    for (const [start, window] of this.windows) {
      if (window === this.last) this.last = undefined;
      this.windows.delete(start);
      return window;
    }
    return undefined;
  }

  private readAhead(start: number): void {
    const { log, windowBytes, generation } = this;
    if (this.ahead.size >= MAX_AHEAD || this.ahead.has(start) || this.windows.has(start)) return;
    if (start + windowBytes > log.writtenEnd || !log.hasFile(start)) return;
    const window = this.blank(start);
    this.ahead.add(start);
    void log
      .readLater(window.buffer, SHIFT, windowBytes, start)
      .catch(() => 0) // Whoever needs it reads it himself, and hears of the error.
      .then((got) => {
        this.ahead.delete(start);
        // Meanwhile somebody may have read it himself, or the log was cut.
        if (got === 0 || generation !== this.generation || this.windows.has(start)) {
          if (this.spare.length < MAX_AHEAD) this.spare.push(window);
          return;
        }
        window.bytes = got;
        this.windows.set(start, window);
      });
  }

  /** After a cut or the removal of a file. */
  reset(): void {
    this.generation++;
    this.windows.clear();
    this.last = undefined;
  }
}

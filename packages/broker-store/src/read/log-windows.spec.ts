import type { CommitLog } from '../log/commit-log';
import { LogWindows } from './log-windows';

const KiB = 1 << 10;
const MiB = 1 << 20;
const FILE_BYTES = 32 * MiB;
const RECORD_BYTES = 1 << 10;

interface Part {
  readonly from: number;
  readonly to: number;
}

/** A log in which each KiB carries its number. Background reads end when told to; what was read so before is `inMemory`. */
class FakeLog {
  readonly fileSize = FILE_BYTES;
  blocking: Part[] = [];
  background: Part[] = [];
  mostUnderWay = 0;
  fails = false;
  private inMemory: Part[] = [];
  private waiting: (() => void)[] = [];

  constructor(readonly writtenEnd: number) {}

  hasFile(offset: number): boolean {
    return offset < this.writtenEnd;
  }

  readInto(target: Buffer, at: number, length: number, offset: number): number {
    const count = Math.min(length, this.writtenEnd - offset);
    for (let done = 0; done < count; done += RECORD_BYTES)
      target.writeUInt32BE((offset + done) / RECORD_BYTES, at + done);
    this.blocking.push({ from: offset, to: offset + count });
    return count;
  }

  async readLater(targets: readonly Buffer[], offset: number): Promise<number> {
    const part = { from: offset, to: offset + targets.reduce((total, { length }) => total + length, 0) };
    this.background.push(part);
    await new Promise<void>((resolve) => {
      this.waiting.push(resolve);
      this.mostUnderWay = Math.max(this.mostUnderWay, this.waiting.length);
    });
    if (this.fails) throw new Error('the disk fails');
    this.inMemory.push(part);
    return part.to - part.from;
  }

  /** Background reads asked for so far end. */
  async settle(): Promise<void> {
    for (const done of this.waiting.splice(0)) done();
    for (let i = 0; i < 4; i++) await Promise.resolve();
  }

  /** Blocking reads that had to go to the disk. */
  get misses(): Part[] {
    const merged = [...this.inMemory].sort((a, b) => a.from - b.from);
    return this.blocking.filter(({ from, to }) => {
      let at = from;
      for (const part of merged) if (part.from <= at && part.to > at) at = part.to;
      return at < to;
    });
  }
}

const bytesOf = (parts: readonly Part[]): number => parts.reduce((total, { from, to }) => total + to - from, 0);
const windowsOf = (log: FakeLog): LogWindows => new LogWindows(log as unknown as CommitLog);

class Reader {
  constructor(
    private readonly windows: LogWindows,
    private at: number,
  ) {}

  /** Reads that many records of a KiB. */
  read(count: number): void {
    for (let i = 0; i < count; i++, this.at += RECORD_BYTES) {
      const { windows, at } = this;
      if (!windows.inLast(at, RECORD_BYTES) && !windows.find(at, RECORD_BYTES, true))
        throw new Error(`nothing at ${at}`);
      const found = windows.buffer.readUInt32BE(windows.at);
      if (found !== at / RECORD_BYTES) throw new Error(`at ${at}: record ${found}`);
    }
  }
}

/** They take turns, a pull of 32 records each. */
async function readInTurns(log: FakeLog, readers: readonly Reader[], bytes: number): Promise<void> {
  for (let done = 0; done < bytes; done += 32 * RECORD_BYTES) {
    for (const reader of readers) reader.read(32);
    await log.settle();
  }
}

describe('LogWindows', () => {
  it('has what a reader needs next in memory, having read each part once, never across the end of a file', async () => {
    const log = new FakeLog(3 * FILE_BYTES);
    await readInTurns(log, [new Reader(windowsOf(log), 0)], 3 * FILE_BYTES);
    expect(bytesOf(log.blocking)).toBe(3 * FILE_BYTES);
    expect(bytesOf(log.misses)).toBe(256 * KiB);
    let due = 256 * KiB;
    for (const { from, to } of log.background) {
      expect(from).toBe(due);
      expect(Math.floor(from / FILE_BYTES)).toBe(Math.floor((to - 1) / FILE_BYTES));
      due = to;
    }
    expect(due).toBe(3 * FILE_BYTES);
  });

  it('reads further ahead the longer the reader goes on, with two reads under way at most', async () => {
    const log = new FakeLog(4 * FILE_BYTES);
    const reader = new Reader(windowsOf(log), 0);
    const before: number[] = [];
    for (let done = 0; done < 3 * FILE_BYTES; done += 128 * KiB) {
      reader.read(128);
      for (let i = 0; i < 4; i++) await log.settle();
      before.push((log.background.at(-1)?.to ?? 0) - done - 128 * KiB);
    }
    expect(before[1]).toBeLessThanOrEqual(2 * MiB);
    expect(Math.max(...before)).toBeGreaterThan(14 * MiB);
    expect(Math.max(...before)).toBeLessThanOrEqual(16 * MiB);
    expect(log.mostUnderWay).toBe(2);
  });

  it('does not ask for what is not written, nor for those who come from nowhere', async () => {
    const log = new FakeLog(900 * KiB);
    const windows = windowsOf(log);
    for (const at of [512, 0, 300, 800]) new Reader(windows, at * KiB).read(10);
    expect(log.background).toEqual([]);
    new Reader(windows, 0).read(800);
    await log.settle();
    expect(log.background.every(({ to }) => to <= 900 * KiB)).toBe(true);
  });

  it.each([1, 4, 10, 16, 24, 30])('reads each part once for each of %d readers at different places', async (count) => {
    const buffers = jest.spyOn(Buffer, 'allocUnsafeSlow');
    const each = FILE_BYTES;
    const log = new FakeLog(count * 2 * each);
    const windows = windowsOf(log);
    const readers = Array.from({ length: count }, (_, i) => new Reader(windows, i * 2 * each));
    await readInTurns(log, readers, each);
    expect(bytesOf(log.blocking)).toBe(count * each);
    const ahead = bytesOf(log.background) - count * each;
    expect(ahead).toBeLessThanOrEqual(128 * MiB);
    expect(buffers.mock.calls.length).toBeLessThanOrEqual(32 + 2);
    buffers.mockRestore();
  });

  it('reads far ahead of a reader, however many there were before him', async () => {
    const log = new FakeLog(100 * FILE_BYTES);
    const windows = windowsOf(log);
    for (let i = 0; i < 64; i++) await readInTurns(log, [new Reader(windows, i * FILE_BYTES)], MiB);
    log.background = [];
    await readInTurns(log, [new Reader(windows, 70 * FILE_BYTES)], 10 * FILE_BYTES);
    expect(Math.max(...log.background.map(({ from, to }) => to - from))).toBe(2 * MiB);
  });

  it('goes on when a read ahead fails', async () => {
    const log = new FakeLog(FILE_BYTES);
    log.fails = true;
    await readInTurns(log, [new Reader(windowsOf(log), 0)], FILE_BYTES);
    expect(log.background.length).toBeGreaterThan(2);
  });

  it('after a reset reads all anew', () => {
    const log = new FakeLog(FILE_BYTES);
    const windows = windowsOf(log);
    new Reader(windows, 0).read(300);
    windows.reset();
    log.blocking = [];
    log.background = [];
    new Reader(windows, 256 * KiB).read(1);
    expect(bytesOf(log.blocking)).toBe(128 * KiB);
    expect(log.background).toEqual([]);
  });
});

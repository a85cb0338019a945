import { type Host, type OpenFile, textOf } from '@batonmq/host';
import { Listeners } from '../dispatch/dispatcher';
import { FOUND, MAGIC_V1, MAGIC_V2, RecordHeader } from '../format/record';
import type { RecordCheck } from '../format/record-check';
import type { CommitLog } from '../log/commit-log';
import type { ResolvedOptions } from '../options';

/** Bytes read at a time; a longer record gets a longer window. */
const WINDOW_BYTES = 1 << 20;
const TICKS_PER_SECOND = 4;
const MAX_KEPT = 64;
/** A start has other things to do first. */
const FIRST_MS = 60_000;

/** A part of the log that is not made of whole, checked records. Another replica may have it. */
export interface DamagedRange {
  readonly from: number;
  readonly to: number;
}

export type DamageListener = (range: DamagedRange) => void;

/**
 * Reads the synced log from the disk, slowly and over and over, and checks every record's frame, place and CRC. What it finds is
 * told once per round; it changes nothing. Reads go through the thread pool.
 */
export class CrcWalk {
  /** Found in this round or the one before; the newest 64. */
  readonly damaged: DamagedRange[] = [];
  checkedBytes = 0;
  /** Whole rounds. */
  rounds = 0;
  repairedRanges = 0;
  private readonly listeners: Listeners<Parameters<DamageListener>>;
  private readonly header = new RecordHeader();
  private window: Buffer = Buffer.alloc(0);
  private position = -1;
  private nextRoundMs = 0;
  private running: Promise<void> | undefined;
  private stopped = false;

  /** @param syncedEnd where to stop */
  constructor(
    private readonly host: Pick<Host, 'files' | 'clock' | 'log' | 'timers'>,
    private readonly log: CommitLog,
    private readonly check: RecordCheck,
    private readonly options: Pick<ResolvedOptions, 'crcWalkBytesPerSecond' | 'crcWalkInterval'>,
    private readonly syncedEnd: () => number,
  ) {
    this.listeners = new Listeners(host.log);
  }

  onDamage(listener: DamageListener): () => void {
    return this.listeners.add(listener);
  }

  /** The range is whole again. */
  mended({ from, to }: DamagedRange): void {
    const at = this.damaged.findIndex((range) => range.from === from && range.to === to);
    if (at < 0) return;
    this.damaged.splice(at, 1);
    this.repairedRanges++;
  }

  /** @returns how to end it */
  start(): () => void {
    if (this.options.crcWalkBytesPerSecond <= 0) return () => {};
    return this.host.timers.every(
      1000 / TICKS_PER_SECOND,
      () => this.tick(),
      Math.min(FIRST_MS, this.options.crcWalkInterval),
    );
  }

  /** No read is under way when it resolves. */
  async atRest(): Promise<void> {
    this.stopped = true;
    await this.running;
  }

  private tick(): void {
    if (this.stopped || this.running !== undefined) return;
    this.running = this.step(Math.ceil(this.options.crcWalkBytesPerSecond / TICKS_PER_SECOND))
      .catch((error: unknown) => this.host.log.warn({ error: textOf(error) }, 'the CRC walk cannot read the log'))
      .finally(() => (this.running = undefined));
  }

  /** Checks about so many bytes. */
  async step(bytes: number): Promise<void> {
    const { log, host } = this;
    const now = host.clock.monotonicMs();
    if (this.position < 0) {
      if (now < this.nextRoundMs || log.min < 0) return;
      this.nextRoundMs = now + this.options.crcWalkInterval;
      this.position = log.min;
      this.damaged.length = 0;
    }
    const until = this.position + bytes;
    while (this.position >= 0 && this.position < until && !this.stopped) {
      this.position = Math.max(this.position, log.min);
      const end = Math.min(this.syncedEnd(), log.writtenEnd);
      if (this.position >= end) return this.endRound();
      if (!log.hasFile(this.position)) this.position += log.fileSize - (this.position % log.fileSize);
      else await this.checkSome(end);
    }
  }

  private endRound(): void {
    this.position = -1;
    this.rounds++;
  }

  /** One window of one segment. */
  private async checkSome(end: number): Promise<void> {
    const { log, host } = this;
    const start = log.series.startOf(this.position);
    const limit = Math.min(end, start + log.fileSize);
    let file: OpenFile;
    try {
      file = host.files.open(log.series.path(start), 'read');
    } catch {
      // Cleaned since.
      this.position = start + log.fileSize;
      return;
    }
    try {
      const from = this.position;
      const got = await this.load(file, from, start, limit, WINDOW_BYTES);
      const walked = this.walk(from, got, limit);
      if (walked > 0) {
        this.position = from + walked;
        this.checkedBytes += walked;
        return;
      }
      await this.passFirst(file, from, start, limit, got);
    } finally {
      file.close();
    }
  }

  private load(file: OpenFile, from: number, start: number, limit: number, bytes: number): Promise<number> {
    const count = Math.min(bytes, limit - from);
    if (this.window.length < count) this.window = Buffer.allocUnsafeSlow(count);
    return file.read([this.window.subarray(0, count)], from - start);
  }

  /** @returns bytes of good records from the window's beginning; up to the segment's end behind a blank */
  private walk(from: number, got: number, limit: number): number {
    for (let at = 0; at < got;) {
      const found = this.at(at, got, from + at);
      if (found === FOUND.blank) return limit - from;
      if (found <= 0) return at;
      at += found;
    }
    return got;
  }

  private at(at: number, got: number, offset: number): number {
    return this.check.size(this.header, this.window, at, got - at, offset);
  }

  /** The first record of the window is not good: it is longer than the window, the log's end lies in it, or it is damaged. */
  private async passFirst(file: OpenFile, from: number, start: number, limit: number, loaded: number): Promise<void> {
    let got = loaded;
    const { header } = this;
    if (header.read(this.window, 0, got) === FOUND.incomplete && header.size > got && header.size <= limit - from) {
      got = await this.load(file, from, start, limit, header.size);
      const found = this.at(0, got, from);
      if (found > 0) {
        this.position = from + found;
        this.checkedBytes += found;
        return;
      }
    } else if (limit < start + this.log.fileSize && header.read(this.window, 0, got) === FOUND.incomplete) {
      // The synced end lies inside it: the next round sees all of it.
      this.position = limit;
      return;
    }
    const to = await this.nextGood(file, from + 1, start, limit);
    this.report({ from, to });
    this.position = to;
  }

  /** Where the next record that says it lies there does. */
  private async nextGood(file: OpenFile, after: number, start: number, limit: number): Promise<number> {
    for (let from = after; from < limit;) {
      const got = await this.load(file, from, start, limit, WINDOW_BYTES);
      if (got < 8) break;
      for (let at = 0; at + 8 <= got; at++) {
        const magic = this.window.readInt32BE(at + 4);
        if ((magic === MAGIC_V1 || magic === MAGIC_V2) && this.at(at, got, from + at) > 0) return from + at;
      }
      // A record may begin in the second half and end behind the window.
      from += got < WINDOW_BYTES ? got : got >> 1;
    }
    return limit;
  }

  private report(range: DamagedRange): void {
    if (this.damaged.length >= MAX_KEPT) this.damaged.shift();
    this.damaged.push(range);
    this.host.log.error({ ...range }, 'the commit log is damaged here; another replica may have it');
    this.listeners.call(range);
  }
}

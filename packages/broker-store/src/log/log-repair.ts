import type { Files } from '@batonmq/host';
import { StoreError } from '../errors';
import type { RecordCheck } from '../format/record-check';
import { LogScanner } from '../recovery/scan-log';
import type { CommitLog } from './commit-log';

const PAGE_BYTES = 4096;
const CHUNK_BYTES = 1 << 20;
/** How finely it is looked for where memory begins. */
const STEP_BYTES = 1024;
/** What must fit behind the log before messages are taken again. */
const PROBE_BYTES = 256 << 10;

/**
 * Puts right what a failed write or sync has left, so that the store can go on without a restart. After a failed sync the
 * kernel may have marked the pages clean and dropped them: nothing it still shows is believed, and a later sync says
 * nothing about them (`sync-error-swallowed`). So every byte since the last sync that succeeded is written again, from memory
 * where the tail cache has it, else from the file and only as far as it is made of whole, checked records; then all is synced
 * through fresh handles.
 */
export class LogRepair {
  private readonly scanner: LogScanner;

  constructor(
    private readonly files: Files,
    private readonly log: CommitLog,
    check: RecordCheck,
  ) {
    this.scanner = new LogScanner(log, check);
  }

  /**
   * Writes [from, writtenEnd) again, zeros behind it, and syncs.
   * @param from everything below was synced
   * @throws HostError the disk still fails; StoreError STORE_CORRUPT bytes are gone that only a restart can sort out
   */
  async run(from: number): Promise<void> {
    const { log } = this;
    const { series, writtenEnd: end } = log;
    if (series.first === undefined) return;
    this.check(from, end);
    const touched = new Set<number>();
    for (let at = from - (from % PAGE_BYTES); at < end;) at += this.rewrite(Math.max(at, series.first), end, touched);
    this.clearBehind(end, touched);
    for (const start of touched) await series.syncFile(start);
    if (this.files.stat(series.directory) !== undefined) this.files.syncDir(series.directory);
  }

  /** What memory does not have must be records. */
  private check(from: number, end: number): void {
    const { log, scanner } = this;
    let at = from;
    for (let segment = log.cached(at); at < end && segment === undefined; segment = log.cached(at))
      at = Math.min(end, at + STEP_BYTES);
    if (at === from) return;
    scanner.cursor.reset();
    const good = scanner.run(this.recordStart(from), end, () => {});
    if (good < at)
      throw new StoreError('STORE_CORRUPT', `written bytes from ${good} on cannot be read back after the failed sync`);
  }

  /** Start of the record that holds `offset`: a replica's sync ends anywhere. */
  private recordStart(offset: number): number {
    const { log, scanner } = this;
    const begin = Math.max(log.series.startOf(offset), log.min);
    let start = begin;
    for (let at = begin; at <= offset && at < log.writtenEnd;) {
      start = at;
      const found = scanner.at(at, log.writtenEnd);
      if (found <= 0) break;
      at += found;
    }
    return start;
  }

  /** @returns bytes written again */
  private rewrite(at: number, end: number, touched: Set<number>): number {
    const { log } = this;
    const bytes = log.read(at, Math.min(CHUNK_BYTES, end - at));
    if (bytes === undefined) throw new StoreError('STORE_CORRUPT', `written bytes at ${at} cannot be read back`);
    log.series.write(bytes, 0, bytes.length, at);
    touched.add(log.series.startOf(at));
    return bytes.length;
  }

  /** A write that broke off may have left its beginning there. The zeros also show that the disk has room again. */
  private clearBehind(end: number, touched: Set<number>): void {
    const { series } = this.log;
    series.cut(end, end === series.first, true);
    if (series.last === undefined || series.last + series.fileSize <= end) return;
    const probe = Buffer.alloc(Math.min(PROBE_BYTES, series.last + series.fileSize - end));
    series.write(probe, 0, probe.length, end);
    touched.add(series.last);
  }
}

import type { Files, Logger } from '@batonmq/host';
import { FileSeries } from '../file-series';
import { BATCH_UNIT_BYTES, BatchUnit, writeBatchUnit } from '../format/batch-unit';
import type { OpenFiles } from '../open-files';

/** Newest files that recovery reads; older ones are believed. */
const RECOVER_FILES = 3;
const VIEW_UNITS = 64;

/**
 * The queue of a topic with `queue.type=BatchCQ`: a unit per record, in files that are filled from the start on, wherever
 * the offsets are. Units go into the page cache at once: one stands for a whole batch. @source BatchConsumeQueue
 */
export class BatchQueue {
  minOffset = 0;
  /** Behind the last message. */
  maxOffset = 0;
  /** Of the next message put. Dispatch does not move it. */
  nextOffset = 0;
  /** Start and end of the last record. */
  lastPhy = -1;
  maxPhysic = -1;
  /** Position from which on files are not synced; Infinity: all are. */
  unsyncedFrom = Infinity;
  readonly series: FileSeries;
  /** Behind the last unit, in bytes. */
  private end = 0;
  private readonly unit = new BatchUnit();
  private readonly one = Buffer.alloc(BATCH_UNIT_BYTES);
  private readonly view = Buffer.alloc(VIEW_UNITS * BATCH_UNIT_BYTES);

  constructor(
    files: Files,
    open: OpenFiles,
    readonly topic: string,
    readonly queueId: number,
    directory: string,
    fileSize: number,
  ) {
    this.series = new FileSeries(files, open, directory, fileSize);
  }

  get isEmpty(): boolean {
    return this.end === this.first;
  }

  private get first(): number {
    return this.series.first ?? this.end;
  }

  /**
   * Adds the unit of a record with `unit.count` messages from `unit.base` on. One with base 0 behind all others begins the
   * queue anew: its topic was deleted and made again.
   * @returns 'present' when the queue has it already @throws HostError
   */
  append(unit: Readonly<Omit<BatchUnit, 'read'>>): 'appended' | 'present' {
    if (unit.phy <= this.lastPhy) return 'present';
    if (unit.base < this.maxOffset) {
      if (unit.base !== 0) return 'present';
      this.series.cut(0, false);
      this.end = 0;
    }
    const start = this.series.startOf(this.end);
    if (this.series.last !== start) this.series.create(start);
    writeBatchUnit(this.one, unit);
    this.series.write(this.one, 0, BATCH_UNIT_BYTES, this.end);
    this.unsyncedFrom = Math.min(this.unsyncedFrom, this.end);
    if (this.isEmpty) this.minOffset = unit.base;
    this.end += BATCH_UNIT_BYTES;
    this.lastPhy = unit.phy;
    this.maxPhysic = unit.phy + unit.size;
    this.maxOffset = unit.base + unit.count;
    return 'appended';
  }

  /** Offset that its oldest file begins with. */
  get firstStored(): number {
    return this.at(this.first)?.base ?? this.maxOffset;
  }

  /** Its units are built again from the log. */
  forgetBeginning(): void {
    this.series.cut(0, false);
    this.end = this.minOffset = this.maxOffset = this.nextOffset = 0;
    this.lastPhy = this.maxPhysic = -1;
  }

  /** The unit at a position; valid until the next call. */
  private at(position: number): BatchUnit | undefined {
    const { series, unit, one } = this;
    if (position < this.first || position >= this.end || !series.has(series.startOf(position))) return undefined;
    return series.read(one, 0, BATCH_UNIT_BYTES, position) === BATCH_UNIT_BYTES && unit.read(one, 0) ? unit : undefined;
  }

  /** Position of the first unit for which `test` holds; it must be false below and true above some unit. */
  private search(test: (unit: BatchUnit) => boolean): number {
    let low = this.first / BATCH_UNIT_BYTES;
    let high = this.end / BATCH_UNIT_BYTES;
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      const unit = this.at(middle * BATCH_UNIT_BYTES);
      if (unit !== undefined && test(unit)) high = middle;
      else low = middle + 1;
    }
    return low * BATCH_UNIT_BYTES;
  }

  /** Visits units from the one that holds `offset` on, until `visit` returns false or there are no more. */
  from(offset: number, visit: (unit: BatchUnit) => boolean): void {
    const { series, unit, view } = this;
    let position = this.search(({ base, count }) => base + count > offset);
    while (position < this.end && series.has(series.startOf(position))) {
      const length = series.read(view, 0, Math.min(view.length, this.end - position), position);
      if (length < BATCH_UNIT_BYTES) return;
      for (let at = 0; at + BATCH_UNIT_BYTES <= length; at += BATCH_UNIT_BYTES) {
        if (!unit.read(view, at) || !visit(unit)) return;
      }
      position += length - (length % BATCH_UNIT_BYTES);
    }
  }

  /** LOWER: offset of the first record stored at or after the time; UPPER: of the last at or before it. */
  offsetByTime(timestamp: number, boundary: 'LOWER' | 'UPPER'): number {
    const lower = boundary === 'LOWER';
    const found = this.search(({ storeTimestamp }) =>
      lower ? storeTimestamp >= timestamp : storeTimestamp > timestamp,
    );
    const unit = this.at(lower ? found : found - BATCH_UNIT_BYTES);
    const offset = unit?.base ?? (lower ? this.maxOffset : this.minOffset);
    return Math.max(this.minOffset, Math.min(offset, this.maxOffset));
  }

  /** storeTimestamp of the record that holds `offset`; -1 without one. */
  timeAt(offset: number): number {
    let time = -1;
    this.from(offset, (unit) => {
      if (unit.base <= offset) time = unit.storeTimestamp;
      return false;
    });
    return time;
  }

  /** Finds the end by reading. */
  recover(clean: boolean, log: Logger): void {
    const { series, unit } = this;
    const starts = series.starts.slice(-RECOVER_FILES);
    this.end = starts[0] ?? 0;
    const older = this.end - BATCH_UNIT_BYTES;
    let lastPhy = older >= 0 && series.has(series.startOf(older)) && this.readAt(older) ? unit.phy : -1;
    const limit = series.last === undefined ? 0 : series.last + series.fileSize;
    while (this.end < limit && series.has(series.startOf(this.end))) {
      if (!this.readAt(this.end) || unit.phy <= lastPhy) break;
      lastPhy = unit.phy;
      this.end += BATCH_UNIT_BYTES;
    }
    if (!clean && series.first !== undefined) {
      series.cut(this.end, false);
      this.unsyncedFrom = Math.min(this.unsyncedFrom, this.end);
    }
    if (series.first !== undefined && this.end < limit && clean && this.readAt(this.end))
      log.warn(
        { topic: this.topic, queueId: this.queueId, position: this.end },
        'units of a batch queue are out of order',
      );
    this.takeEnd(0);
    this.minOffset = this.at(this.first)?.base ?? this.maxOffset;
  }

  private readAt(position: number): boolean {
    const { series, one, unit } = this;
    return series.read(one, 0, BATCH_UNIT_BYTES, position) === BATCH_UNIT_BYTES && unit.read(one, 0);
  }

  /** @param ifEmpty where offsets go on when there is no unit */
  private takeEnd(ifEmpty: number): void {
    const last = this.at(this.end - BATCH_UNIT_BYTES);
    this.lastPhy = last?.phy ?? -1;
    this.maxPhysic = last === undefined ? -1 : last.phy + last.size;
    this.maxOffset = this.nextOffset = last === undefined ? ifEmpty : last.base + last.count;
    this.minOffset = Math.min(this.minOffset, this.maxOffset);
  }

  /** Removes units of records at and above `phy`. Not synced. @throws HostError */
  cutAbove(phy: number): void {
    const position = this.search((unit) => unit.phy >= phy);
    if (position >= this.end) {
      this.nextOffset = this.maxOffset;
      return;
    }
    const next = this.at(position)?.base ?? this.maxOffset;
    this.series.cut(position, false);
    this.end = position;
    this.unsyncedFrom = Math.min(this.unsyncedFrom, position);
    this.takeEnd(next);
    if (this.isEmpty) this.minOffset = this.maxOffset = this.nextOffset = next;
  }

  /** Sets minOffset to the first record that is not below the log's beginning. */
  correctMin(minPhy: number): void {
    this.minOffset = this.at(this.search((unit) => unit.phy >= minPhy))?.base ?? this.maxOffset;
  }

  /** Removes oldest files (never the newest) whose last record is below the log's beginning. @returns files removed */
  removeExpired(minPhy: number): number {
    let count = 0;
    while (this.series.starts.length > 1) {
      const last = this.at(this.first + this.series.fileSize - BATCH_UNIT_BYTES);
      if (last !== undefined && last.phy >= minPhy) break;
      this.series.removeFirst();
      count++;
    }
    return count;
  }

  /** What a former process has written of records behind `phy` counts as not synced. */
  countUnsynced(phy: number): void {
    if (this.series.first !== undefined && this.maxPhysic > phy)
      this.unsyncedFrom = Math.min(this.unsyncedFrom, this.series.first);
  }

  /** Syncs the files written since the last call. @throws HostError */
  async sync(): Promise<void> {
    const from = this.unsyncedFrom;
    this.unsyncedFrom = Infinity;
    if (from === Infinity) return;
    for (const start of this.series.starts.filter((each) => each + this.series.fileSize > from))
      await this.series.syncFile(start);
  }
}

import type { Files, Logger } from '@batonmq/host';
import { FileSeries } from '../file-series';
import {
  UNIT_BYTES,
  blankUnits,
  isBlankUnit,
  isUnit,
  unitExtPosition,
  unitPhy,
  unitSize,
  writeExtPosition,
  writeUnit,
} from '../format/queue-unit';
import type { OpenFiles } from '../open-files';
import type { ExtQueue } from './ext-queue';
import { endByReading, endBySearch } from './find-end';
import type { UnitView } from './unit-view';

const FIRST_TAIL_UNITS = 32;
const MAX_TAIL_UNITS = 2048;
/** A hole of more units than this is not filled: the record that asks for it is not believed. */
const MAX_GAP_UNITS = 1_000_000;

/**
 * One queue of one topic: the places of its messages, 20 bytes each. New units wait in memory (`tail`) and are written in
 * batches; reads see them at once. Invariants: minOffset <= maxOffset; what lies below `flushed` is in the files, what lies
 * from `tailStart` on is in `tail`, and tailStart <= flushed. @source ConsumeQueue
 */
export class ConsumeQueue {
  /** First offset whose record still exists. */
  minOffset = 0;
  /** One past the last message that consumers may see. */
  maxOffset = 0;
  /**
   * The offset the next message gets. Puts move it, and whoever has read the records above the dispatched ones; dispatch does
   * not: a queue that is about to begin anew has units of offsets that come again.
   */
  nextOffset = 0;
  /** End of the last record that has a unit; -1 without one. Makes dispatching again harmless. */
  maxPhysic = -1;
  /** Position of the oldest byte written but not synced; Infinity without one. */
  unsyncedFrom = Infinity;
  /** Set while it stands in the table's list of queues with something to write. */
  dirty = false;
  readonly series: FileSeries;
  private tail: Buffer | undefined;
  private tailStart = 0;
  private flushed = 0;
  private appendedSinceTick = false;
  /** What is behind the end in its file has still to be cut off. */
  private ragged = false;
  /** The first unit as recovery found it: offset (-1: none) and place. */
  private knownOffset = -1;
  private knownPhy = -1;

  constructor(
    files: Files,
    open: OpenFiles,
    readonly topic: string,
    readonly queueId: number,
    directory: string,
    fileSize: number,
    /** Where tags codes are kept, if not in the units. */
    private readonly ext?: ExtQueue,
  ) {
    this.series = new FileSeries(files, open, directory, fileSize);
  }

  get isEmpty(): boolean {
    return this.maxOffset === this.minOffset;
  }

  /**
   * Adds the unit of a record. A record with offset 0 behind all others begins the queue anew: its topic was deleted and made
   * again, and what the queue had came from the log's older records.
   * @param storeTimestamp of the record; without it the tags code stands in the unit, whatever is configured
   * @returns 'present' when the queue has it already; 'gap' when units were missing before it (filled with blank ones);
   *   'refused' when that hole is too big to be true
   */
  append(
    queueOffset: number,
    phy: number,
    size: number,
    tagsCode: number,
    storeTimestamp?: number,
  ): 'appended' | 'present' | 'gap' | 'refused' {
    if (queueOffset < this.maxOffset) {
      if (queueOffset !== 0 || phy < this.maxPhysic) return 'present';
      this.forgetBeginning();
      // A cut that takes this unit again must not leave to a power loss the files that are gone.
      this.unsyncedFrom = 0;
    }
    if (phy + size <= this.maxPhysic) return 'present';
    let result: 'appended' | 'gap' = 'appended';
    if (queueOffset > this.maxOffset) {
      if (this.maxOffset === 0 && this.series.first === undefined) this.beginAt(queueOffset);
      else if (queueOffset - this.maxOffset > MAX_GAP_UNITS) return 'refused';
      else {
        this.fillUpTo(queueOffset);
        result = 'gap';
      }
    }
    const place = storeTimestamp === undefined ? -1 : (this.ext?.add(tagsCode, storeTimestamp) ?? -1);
    const tail = this.tailRoom();
    writeUnit(tail, (this.maxOffset - this.tailStart) * UNIT_BYTES, phy, size, tagsCode);
    if (place >= 0) writeExtPosition(tail, (this.maxOffset - this.tailStart) * UNIT_BYTES, place);
    this.advance();
    this.maxPhysic = phy + size;
    return result;
  }

  private beginAt(queueOffset: number): void {
    this.knownOffset = -1;
    this.minOffset = this.maxOffset = queueOffset;
    this.tail = undefined;
    this.tailStart = this.flushed = queueOffset;
  }

  private fillUpTo(queueOffset: number): void {
    const blank = blankUnits(1);
    while (this.maxOffset < queueOffset) {
      blank.copy(this.tailRoom(), (this.maxOffset - this.tailStart) * UNIT_BYTES);
      this.advance();
    }
  }

  private advance(): void {
    this.maxOffset++;
    this.appendedSinceTick = true;
  }

  /** The tail, with room for one more unit. */
  private tailRoom(): Buffer {
    const { tail } = this;
    const units = this.maxOffset - this.tailStart;
    if (tail === undefined) {
      this.tailStart = this.maxOffset;
      return (this.tail = Buffer.allocUnsafeSlow(FIRST_TAIL_UNITS * UNIT_BYTES));
    }
    const capacity = tail.length / UNIT_BYTES;
    if (units < capacity) return tail;
    if (capacity < MAX_TAIL_UNITS) {
      const bigger = Buffer.allocUnsafeSlow(tail.length * 4);
      tail.copy(bigger);
      return (this.tail = bigger);
    }
    this.flush();
    const kept = units >> 1;
    tail.copyWithin(0, (units - kept) * UNIT_BYTES, units * UNIT_BYTES);
    this.tailStart = this.maxOffset - kept;
    return tail;
  }

  /** Writes the waiting units into the page cache. @throws HostError; nothing is lost then, the next call tries again */
  flush(): void {
    this.ext?.flush();
    while (this.tail !== undefined && this.flushed < this.maxOffset) {
      const position = this.flushed * UNIT_BYTES;
      const start = this.series.startOf(position);
      this.ensureFile(start, position);
      const count = Math.min(this.maxOffset * UNIT_BYTES, start + this.series.fileSize) - position;
      this.series.write(this.tail, (this.flushed - this.tailStart) * UNIT_BYTES, count, position);
      this.unsyncedFrom = Math.min(this.unsyncedFrom, position);
      this.flushed += count / UNIT_BYTES;
    }
  }

  private ensureFile(start: number, position: number): void {
    if (this.series.last === start) return;
    const isFirst = this.series.first === undefined;
    this.series.create(start);
    if (isFirst && position > start) {
      const blanks = blankUnits((position - start) / UNIT_BYTES);
      this.series.write(blanks, 0, blanks.length, start);
      this.unsyncedFrom = Math.min(this.unsyncedFrom, start);
    }
  }

  /** Called by period after `flush`: a queue without traffic gives its memory back. */
  releaseIfIdle(): void {
    if (!this.appendedSinceTick && this.flushed === this.maxOffset) {
      this.tail = undefined;
      this.ext?.release();
    }
    this.appendedSinceTick = false;
  }

  get holdsMemory(): boolean {
    return this.tail !== undefined;
  }

  /** Syncs the files written since the last call. @throws HostError */
  async sync(): Promise<void> {
    const from = this.unsyncedFrom;
    this.unsyncedFrom = Infinity;
    if (from === Infinity) return;
    await this.ext?.sync();
    for (const start of this.series.starts.filter((each) => each + this.series.fileSize > from)) {
      await this.series.syncFile(start);
    }
  }

  /**
   * Looks at units from `offset` on; at most `maxUnits`, never across a file.
   * @returns how many are in `view`; 0 when there is none or its file is gone
   */
  view(offset: number, maxUnits: number, view: UnitView): number {
    const count = Math.min(maxUnits, this.maxOffset - offset);
    if (count <= 0) return 0;
    if (this.tail !== undefined && offset >= this.tailStart) {
      view.units = this.tail;
      view.at = (offset - this.tailStart) * UNIT_BYTES;
      return count;
    }
    const position = offset * UNIT_BYTES;
    const start = this.series.startOf(position);
    const end = Math.min(start + this.series.fileSize, this.flushed * UNIT_BYTES);
    const bytes = Math.min(count * UNIT_BYTES, end - position);
    return bytes > 0 && this.series.has(start) ? view.read(this.series, position, bytes, end) : 0;
  }

  /** First offset of the queue file after the one with `offset`: where to go on when that one is gone. */
  nextFileOffset(offset: number): number {
    return (this.series.startOf(offset * UNIT_BYTES) + this.series.fileSize) / UNIT_BYTES;
  }

  /** First offset of the oldest file. */
  get firstStored(): number {
    return this.series.first === undefined ? this.flushedFloor : this.series.first / UNIT_BYTES;
  }

  private get flushedFloor(): number {
    return this.tail === undefined ? this.maxOffset : this.tailStart;
  }

  /**
   * The first offset in [from, maxOffset] for which `test` holds; `test` must be false below and true above some offset.
   * Blank units count as false, places whose file is gone as `missing`.
   */
  search(from: number, view: UnitView, test: (units: Buffer, at: number) => boolean, missing = false): number {
    let low = from;
    let high = this.maxOffset;
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      const there = this.view(middle, 1, view) === 1;
      const found = there ? !isBlankUnit(view.units, view.at) && test(view.units, view.at) : missing;
      if (found) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  /** Sets minOffset to the first unit whose record is not below the log's beginning. */
  correctMin(minPhy: number, view: UnitView): void {
    const from = Math.max(this.firstStored, 0);
    if (this.knownOffset === from && this.knownPhy >= minPhy) {
      this.minOffset = from;
      return;
    }
    this.minOffset = this.search(from, view, (units, at) => unitPhy(units, at) >= minPhy);
  }

  /** Removes oldest files (never the newest) whose last record is below the log's beginning. @returns files removed */
  removeExpired(minPhy: number, view: UnitView): number {
    let count = 0;
    while (this.series.starts.length > 1) {
      const last = ((this.series.first as number) + this.series.fileSize) / UNIT_BYTES - 1;
      if (this.view(last, 1, view) === 1 && isUnit(view.units, view.at) && !this.isBelow(view, minPhy)) break;
      this.series.removeFirst();
      count++;
    }
    if (count > 0 && this.ext !== undefined && this.view(this.firstStored, 1, view) === 1)
      this.ext.removeBelow(unitExtPosition(view.units, view.at));
    return count;
  }

  private isBelow(view: UnitView, minPhy: number): boolean {
    return isBlankUnit(view.units, view.at) || unitPhy(view.units, view.at) < minPhy;
  }

  /** Finds the end by reading. @param clean after a clean stop units form an unbroken row, so a search will do */
  recover(clean: boolean, view: UnitView, log: Logger): void {
    const { series } = this;
    const firstFile = series.first;
    this.tail = undefined;
    if (firstFile === undefined) {
      this.setEnd(0, -1);
      return;
    }
    const end = clean ? endBySearch(series, view) : endByReading(series);
    this.setEnd(end, -1);
    this.ragged = !clean;
    if (clean && this.somethingAt(end)) this.cutFiles(end, log);
    this.maxPhysic = this.lastRecordEnd(view);
    if (this.maxPhysic >= 0) this.ext?.knows(unitExtPosition(view.units, view.at));
    this.minOffset = firstFile / UNIT_BYTES;
    const there = this.view(this.minOffset, 1, view) === 1 && !isBlankUnit(view.units, view.at);
    this.knownOffset = there ? this.minOffset : -1;
    this.knownPhy = there ? unitPhy(view.units, view.at) : -1;
  }

  private setEnd(end: number, maxPhysic: number): void {
    this.maxOffset = this.nextOffset = this.tailStart = this.flushed = end;
    this.minOffset = Math.min(this.minOffset, end);
    this.maxPhysic = maxPhysic;
  }

  private somethingAt(offset: number): boolean {
    const position = offset * UNIT_BYTES;
    if (!this.series.has(this.series.startOf(position))) return false;
    const one = Buffer.alloc(UNIT_BYTES);
    this.series.read(one, 0, UNIT_BYTES, position);
    return one.some((byte) => byte !== 0);
  }

  /** Offset of the last unit that is not blank; -1 when there is none. */
  private lastRecordOffset(view: UnitView): number {
    for (let end = this.maxOffset, atOnce = 1; end > this.firstStored; atOnce = 800) {
      const inTail = this.tail !== undefined && end > this.tailStart;
      const floor = inTail ? this.tailStart : this.series.startOf((end - 1) * UNIT_BYTES) / UNIT_BYTES;
      const from = Math.max(this.firstStored, floor, end - atOnce);
      const count = this.view(from, end - from, view);
      for (let i = count - 1; i >= 0; i--) {
        view.at += i * UNIT_BYTES;
        if (!isBlankUnit(view.units, view.at)) return from + i;
        view.at -= i * UNIT_BYTES;
      }
      end = from;
    }
    return -1;
  }

  /** End of the last record that has a unit; -1 without one. */
  private lastRecordEnd(view: UnitView): number {
    return this.lastRecordOffset(view) < 0 ? -1 : unitPhy(view.units, view.at) + unitSize(view.units, view.at);
  }

  /** Start of that record; -1 without one. */
  lastRecordStart(view: UnitView): number {
    return this.lastRecordOffset(view) < 0 ? -1 : unitPhy(view.units, view.at);
  }

  /**
   * Removes the units of records that begin at or behind `phy`. Not synced: `unsyncedFrom` tells.
   * @param whole what is in the files was written there in one row, and all of it is there: a crash of the machine has taken
   *   none   @returns whether there was anything to remove
   */
  cutAbove(phy: number, view: UnitView, log: Logger, whole = false): boolean {
    // A last unit of zeros (0, 0) is a hole that a crash left: what is before it may have holes too.
    if (this.maxPhysic <= phy && this.maxPhysic !== 0) {
      if (this.ragged) this.cutFiles(this.maxOffset, log);
      this.nextOffset = this.maxOffset;
      return false;
    }
    const end = this.search(
      this.firstStored,
      view,
      (units, at) => unitPhy(units, at) >= phy || unitSize(units, at) === 0,
      true,
    );
    if (end < this.flushed || this.ragged) this.cutFiles(end, log, whole);
    if (end <= this.knownOffset) this.knownOffset = -1;
    this.maxOffset = this.nextOffset = end;
    this.flushed = Math.min(this.flushed, end);
    if (this.tailStart > end) {
      this.tail = undefined;
      this.tailStart = end;
    }
    this.minOffset = Math.min(this.minOffset, end);
    this.maxPhysic = this.lastRecordEnd(view);
    return true;
  }

  /** Start of its first record at or behind `phy`; of its last one when there is none; -1 without any. */
  recordNear(phy: number, view: UnitView): number {
    const last = this.lastRecordStart(view);
    if (last <= phy) return last;
    const found = this.search(this.firstStored, view, (units, at) => unitPhy(units, at) >= phy);
    return this.view(found, 1, view) === 1 && !isBlankUnit(view.units, view.at) ? unitPhy(view.units, view.at) : last;
  }

  /** What a former process has written of records behind `phy`, its files' names included, counts as not synced. */
  countUnsynced(phy: number, view: UnitView): void {
    const { series } = this;
    if (series.first === undefined || (this.maxPhysic >= 0 && this.maxPhysic <= phy)) return;
    let index = series.starts.length - 1;
    while (index > 0 && !this.beginsBelow(series.starts[index] as number, phy, view)) index--;
    this.unsyncedFrom = Math.min(this.unsyncedFrom, series.starts[index] as number);
  }

  private beginsBelow(start: number, phy: number, view: UnitView): boolean {
    return this.view(start / UNIT_BYTES, 1, view) === 1 && unitPhy(view.units, view.at) < phy;
  }

  /**
   * A queue that a cut has emptied forgets where it began: its first files may have been lost, so the next unit decides.
   * @returns where it began, for `beginAgainAt` when no unit comes
   */
  forgetBeginning(): number {
    const began = this.maxOffset;
    this.series.cut(0, false);
    this.beginAt(0);
    this.maxPhysic = -1;
    return began;
  }

  /** Offsets given before are not given again, also when all their units are gone (`quiet-topic-restarts-at-0`). */
  beginAgainAt(queueOffset: number): void {
    if (queueOffset === 0 || !this.isEmpty || this.series.first !== undefined) return;
    this.beginAt(queueOffset);
    const position = queueOffset * UNIT_BYTES;
    this.ensureFile(this.series.startOf(position), position);
    this.unsyncedFrom = Math.min(this.unsyncedFrom, this.series.startOf(position));
  }

  private cutFiles(end: number, log: Logger, whole = false): void {
    const position = end * UNIT_BYTES;
    this.ragged = false;
    if (whole) this.series.clear(position);
    else this.series.cut(position, position === this.series.first);
    this.unsyncedFrom = Math.min(this.unsyncedFrom, position);
    log.debug({ topic: this.topic, queueId: this.queueId, end }, 'queue file cut');
  }
}

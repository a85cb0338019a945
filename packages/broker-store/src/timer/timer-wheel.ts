import { readInt64, writeInt64 } from '../format/int64';
import type { WheelShape } from './timer-place';

/**
 *     0              8               16             24            28       big-endian
 *     | tick    i64  | first    i64  | last    i64  | number i32  | 0 i32  |      positions in the timer log
 *
 * `tick` is the slot's time / precision. A slot in the file belongs to a time only if its tick is that of the time.
 * @source Slot, TimerWheel
 */
export const SLOT_BYTES = 32;

/** Messages that are due in one slot. */
export interface Slot {
  readonly tick: number;
  first: number;
  last: number;
  /** Of messages, less delete markers: it may be wrong after a crash, and is for information. */
  count: number;
}

/**
 * The slots still to come, in memory only where there is something in them; the file has room for all. Pure: the file is
 * fed with `takeChanged`. 0 <= first <= last for every slot.
 */
export class TimerWheel {
  private readonly live = new Map<number, Slot>();
  private changed = new Map<number, Slot>();

  constructor(readonly shape: WheelShape) {}

  get fileBytes(): number {
    return this.shape.slots * 2 * SLOT_BYTES;
  }

  /** Slots with something in them. */
  get liveCount(): number {
    return this.live.size;
  }

  slot(timeMs: number): Slot | undefined {
    return this.live.get(this.tick(timeMs));
  }

  /** Messages in the slots still to come. */
  get pendingCount(): number {
    let count = 0;
    for (const slot of this.live.values()) count += slot.count;
    return count;
  }

  /** Messages per distance from `nowMs`: one number per border, of slots below it and not below the former. */
  countByDistance(nowMs: number, bordersMs: readonly number[]): number[] {
    const counts = bordersMs.map(() => 0);
    for (const slot of this.live.values()) {
      const distance = slot.tick * this.shape.precisionMs - nowMs;
      const at = bordersMs.findIndex((border) => distance < border);
      if (at >= 0) counts[at] = (counts[at] as number) + slot.count;
    }
    return counts;
  }

  /** A node at `position` of the timer log is the newest of this slot. */
  link(timeMs: number, position: number, change: 1 | -1): void {
    const tick = this.tick(timeMs);
    let slot = this.live.get(tick);
    if (slot === undefined) this.live.set(tick, (slot = { tick, first: position, last: position, count: 0 }));
    slot.last = position;
    slot.count += change;
    this.changed.set(tick, slot);
  }

  /** A node found by recovery: linked unless the slot has it already. */
  revise(timeMs: number, position: number, change: 1 | -1): void {
    const slot = this.live.get(this.tick(timeMs));
    if (slot === undefined || position > slot.last) this.link(timeMs, position, change);
  }

  /** The slot has been delivered, or is given up. What of it is not in the file yet still goes there. */
  drop(timeMs: number): void {
    this.live.delete(this.tick(timeMs));
  }

  dropBelow(timeMs: number): void {
    const tick = Math.ceil(timeMs / this.shape.precisionMs);
    for (const one of this.live.keys()) if (one < tick) this.live.delete(one);
  }

  /** Slots that refer to the timer log at or above `end`. */
  beyond(end: number): Slot[] {
    return [...this.live.values()].filter((slot) => slot.last >= end);
  }

  /** Smallest position of a live slot, undefined without one: the timer log is needed from there on. */
  lowestPosition(): number | undefined {
    let lowest: number | undefined;
    for (const { first } of this.live.values()) if (lowest === undefined || first < lowest) lowest = first;
    return lowest;
  }

  /** Takes the slots from `timeMs` on out of bytes of the file that begin with slot `index`. */
  readSlots(bytes: Buffer, index: number, timeMs: number): void {
    const from = Math.ceil(timeMs / this.shape.precisionMs);
    const ring = this.shape.slots * 2;
    for (let at = 0; at + SLOT_BYTES <= bytes.length; at += SLOT_BYTES) {
      const tick = readInt64(bytes, at);
      if (tick === 0 || tick < from || tick % ring !== index + at / SLOT_BYTES) continue;
      const first = readInt64(bytes, at + 8);
      const last = readInt64(bytes, at + 16);
      if (first < 0 || last < first) continue;
      this.live.set(tick, { tick, first, last, count: bytes.readInt32BE(at + 24) });
    }
  }

  clear(): void {
    this.live.clear();
    this.changed.clear();
  }

  /** What differs from the file, ordered by place, as runs of bytes to write there. */
  takeChanged(): { readonly at: number; readonly bytes: Buffer }[] {
    const ring = this.shape.slots * 2;
    const slots = [...this.changed.values()].sort((a, b) => (a.tick % ring) - (b.tick % ring));
    this.changed = new Map();
    const runs: { at: number; bytes: Buffer }[] = [];
    for (let i = 0; i < slots.length;) {
      const start = (slots[i] as Slot).tick % ring;
      let count = 1;
      while (i + count < slots.length && (slots[i + count] as Slot).tick % ring === start + count) count++;
      const bytes = Buffer.alloc(count * SLOT_BYTES);
      for (let k = 0; k < count; k++) writeSlot(bytes, k * SLOT_BYTES, slots[i + k] as Slot);
      runs.push({ at: start * SLOT_BYTES, bytes });
      i += count;
    }
    return runs;
  }

  /** After a write of the file that failed: everything live goes there again. */
  markAllChanged(): void {
    for (const slot of this.live.values()) this.changed.set(slot.tick, slot);
  }

  private tick(timeMs: number): number {
    return Math.floor(timeMs / this.shape.precisionMs);
  }
}

function writeSlot(target: Buffer, at: number, slot: Slot): void {
  writeInt64(target, slot.tick, at);
  writeInt64(target, slot.first, at + 8);
  writeInt64(target, slot.last, at + 16);
  target.writeInt32BE(slot.count, at + 24);
}

import { NODE_BIT } from './timer-node';
import type { TimerLog } from './timer-log';
import type { Slot } from './timer-wheel';

/** A message of a slot, as its node tells it. */
export interface TimerEntry {
  readonly phy: number;
  readonly size: number;
  readonly roll: boolean;
  readonly remove: boolean;
}

/** Walks the nodes of one slot, newest first, a bounded number per call; what is linked twice is taken once. */
export class SlotReader {
  /** Delete markers that count in this slot. */
  readonly markers: TimerEntry[] = [];
  private readonly found: TimerEntry[] = [];
  private readonly seen = new Set<number>();
  private next: number;
  /** The list ends before its beginning: part of the timer log is gone. */
  broken = false;

  constructor(
    private readonly log: TimerLog,
    readonly slotMs: number,
    private readonly slot: Slot,
  ) {
    this.next = slot.last;
  }

  /** @returns whether the slot has been read to its end */
  read(maxNodes: number): boolean {
    for (let i = 0; i < maxNodes; i++) {
      if (this.next < 0) return true;
      const node = this.log.node(this.next);
      if (node === undefined || node.slotMs !== this.slotMs || node.previous >= this.next) {
        this.broken = true;
        return true;
      }
      if (!this.seen.has(node.phy)) {
        this.seen.add(node.phy);
        const roll = (node.bits & NODE_BIT.roll) !== 0;
        const remove = (node.bits & NODE_BIT.remove) !== 0;
        const list = remove && !roll ? this.markers : this.found;
        list.push({ phy: node.phy, size: node.size, roll, remove });
      }
      if (this.next === this.slot.first) this.next = -1;
      else this.next = node.previous;
    }
    return this.next < 0;
  }

  /** The messages, oldest first; after `read` has said it is done. */
  entries(): readonly TimerEntry[] {
    return this.found.reverse();
  }
}

import type { SlotReader, StoredMessage, TimerEntry } from '@batonmq/broker-store';
import { propertyOf } from '../message-properties';
import { deleteKey } from './timer-copy';

/** Nodes read in one step. */
const NODES_PER_STEP = 2000;
/** Bytes delivered in one step. */
const BYTES_PER_STEP = 4 << 20;

/** What the delivery of a slot needs from the service. */
export interface SlotPorts {
  /** The message of an entry, undefined when it is gone or another one. */
  message(entry: TimerEntry, slotMs: number): StoredMessage | undefined;
  /** @returns false when the store takes nothing now */
  deliver(message: StoredMessage, entry: TimerEntry, slotMs: number): boolean;
  deleted(message: StoredMessage): void;
}

/** The work on one slot, in steps: read its list, then its delete markers, then deliver. Repeats nothing it has done. */
export class SlotDelivery {
  private phase: 'list' | 'markers' | 'messages' = 'list';
  private readonly deleteKeys = new Set<string>();
  private entries: readonly TimerEntry[] = [];
  private next = 0;

  constructor(
    private readonly reader: SlotReader,
    private readonly ports: SlotPorts,
  ) {}

  get slotMs(): number {
    return this.reader.slotMs;
  }

  /**
   * @param maxMessages looked at in this step
   * @returns refused: the store takes nothing now, go on later. broken: part of the list is gone
   */
  step(maxMessages: number): 'done' | 'more' | 'refused' | 'broken' {
    switch (this.phase) {
      case 'list':
        if (!this.reader.read(NODES_PER_STEP)) return 'more';
        if (this.reader.broken) return 'broken';
        this.entries = this.reader.entries();
        this.phase = 'markers';
        return this.step(maxMessages);
      case 'markers':
        for (const marker of this.reader.markers) {
          const message = this.ports.message(marker, this.slotMs);
          const key = message === undefined ? undefined : propertyOf(message.properties, 'TIMER_DEL_UNIQKEY');
          if (key !== undefined) this.deleteKeys.add(key);
        }
        this.phase = 'messages';
        return this.step(maxMessages);
      case 'messages':
        return this.deliver(maxMessages);
      default:
        return this.phase satisfies never;
    }
  }

  private deliver(maxMessages: number): 'done' | 'more' | 'refused' {
    for (let i = 0, bytes = 0; i < maxMessages && bytes < BYTES_PER_STEP; i++) {
      const entry = this.entries[this.next];
      if (entry === undefined) return 'done';
      const message = this.ports.message(entry, this.slotMs);
      if (message !== undefined) {
        bytes += message.totalSize;
        if (this.isDeleted(message)) this.ports.deleted(message);
        else if (!this.ports.deliver(message, entry, this.slotMs)) return 'refused';
      }
      this.next++;
    }
    return this.next < this.entries.length ? 'more' : 'done';
  }

  private isDeleted({ properties }: StoredMessage): boolean {
    if (this.deleteKeys.size === 0) return false;
    const topic = propertyOf(properties, 'REAL_TOPIC');
    const key = propertyOf(properties, 'UNIQ_KEY');
    return topic !== undefined && key !== undefined && this.deleteKeys.has(deleteKey(topic, key));
  }
}

import {
  decodeMessage,
  slotTime,
  type MessageStore,
  type StoredMessage,
  type TimerEntry,
  type TimerStore,
} from '@batonmq/broker-store';
import type { Host } from '@batonmq/host';
import { propertyOf } from '../message-properties';
import type { Confirmation } from '../send/confirmation';
import { isDelivered } from './delivered-copies';
import type { SlotPorts } from './slot-delivery';
import { NEVER_IN_WHEEL, bareCopyOf, copyOf, timedRecordOf } from './timer-copy';
import type { TimerMetrics } from './timer-metrics';
import type { TimerCounts } from './timer-status';

/** Originals that somebody may have delivered before: stored below `below`, due before `beforeMs`. */
export interface Doubt {
  readonly below: number;
  readonly beforeMs: number;
}

/** Nothing was delivered that is not known. */
export const NO_DOUBT: Doubt = { below: 0, beforeMs: 0 };

/** The way of a timed message out of the wheel: found in the log, copied, and put there again. */
export class TimerOutput implements SlotPorts {
  /** End of the log behind the last copy. */
  copiesEnd = 0;
  doubt = NO_DOUBT;

  constructor(
    private readonly host: Pick<Host, 'clock' | 'log'>,
    private readonly store: MessageStore,
    private readonly files: TimerStore,
    private readonly confirmation: Confirmation,
    private readonly metrics: TimerMetrics,
    private readonly counts: TimerCounts,
  ) {}

  /** The message of an entry, undefined when it is gone or another one. */
  message(entry: TimerEntry, slotMs: number): StoredMessage | undefined {
    const bytes = this.store.messageAt(entry.phy);
    const message = bytes === undefined || bytes.length !== entry.size ? undefined : decodeMessage(bytes);
    const record = message === undefined ? undefined : timedRecordOf(message);
    // After a cut another record may lie there: it has a node of its own.
    const fits = entry.roll || (record !== undefined && this.files.placeOf(record).slotMs === slotMs);
    if (record !== undefined && fits) return message;
    if (this.counts.dropped++ === 0)
      this.host.log.error({ phy: entry.phy, slotMs }, 'a timed message is gone from the log');
    return undefined;
  }

  /** A message that was in the wheel. @returns false when the store takes nothing now */
  deliver(message: StoredMessage, entry: TimerEntry, slotMs: number): boolean {
    const enqueuedMs = slotTime(message.storeTimestamp, this.files.shape.precisionMs);
    return this.put(message, entry.roll, String(enqueuedMs), slotMs);
  }

  /** A message whose slot had passed when it was read. @returns false when the store takes nothing now */
  deliverAtOnce(message: StoredMessage, roll: boolean, slotMs: number): boolean {
    return this.put(message, roll, NEVER_IN_WHEEL, slotMs);
  }

  deleted(message: StoredMessage): void {
    this.counts.deleted++;
    this.uncount(message);
  }

  private put(message: StoredMessage, roll: boolean, enqueueMs: string, slotMs: number): boolean {
    if (this.confirmation.refusal() !== undefined) return false;
    const copy = copyOf(message, roll, enqueueMs, this.host.clock.wallMs());
    if (this.isDoubtful(message, slotMs) && isDelivered(this.store, message, copy.topic, roll)) {
      this.counts.alreadyDelivered++;
      if (enqueueMs !== NEVER_IN_WHEEL) this.uncount(message);
      return true;
    }
    let result = this.store.put(copy);
    const tooLarge = result.status === 'PROPERTIES_SIZE_EXCEEDED' || result.status === 'MESSAGE_ILLEGAL';
    if (tooLarge) result = this.store.put(bareCopyOf(message, roll));
    if (result.status === 'PUT_OK') {
      this.copiesEnd = result.endOffset;
      this.counts[roll ? 'rolled' : 'delivered']++;
      if (enqueueMs !== NEVER_IN_WHEEL) this.uncount(message);
      return true;
    }
    // What the store calls illegal now it will call illegal for ever: it must not hold up the others.
    if (result.status !== 'MESSAGE_ILLEGAL' && result.status !== 'PROPERTIES_SIZE_EXCEEDED') return false;
    this.counts.dropped++;
    this.host.log.error({ topic: copy.topic, queueOffset: message.queueOffset }, 'a timed message is dropped');
    return true;
  }

  private uncount(message: StoredMessage): void {
    const topic = propertyOf(message.properties, 'REAL_TOPIC');
    if (topic !== undefined) this.metrics.add(topic, -1);
  }

  private isDoubtful(message: StoredMessage, slotMs: number): boolean {
    return message.physicalOffset < this.doubt.below && slotMs < this.doubt.beforeMs;
  }
}

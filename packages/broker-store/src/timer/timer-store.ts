import type { Host } from '@batonmq/host';
import { javaHash } from '../format/java-hash';
import { SlotReader } from './slot-reader';
import { type CheckVersion, type TimerCheck, TimerCheckFile, type TimerProgress } from './timer-check';
import { TimerLog } from './timer-log';
import { NODE_BIT } from './timer-node';
import { type WheelShape, placeOf, slotTime } from './timer-place';
import { TimerWheel } from './timer-wheel';
import { WheelFile } from './wheel-file';

/** System topic of messages for a free time; one queue. @source TimerMessageStore.TIMER_TOPIC */
export const TIMER_TOPIC = 'rmq_sys_wheel_timer';

export interface TimerStoreOptions {
  readonly storePathRootDir: string;
  readonly shape: WheelShape;
  readonly mappedFileSizeTimerLog: number;
}

/** A message of the timer topic, to be linked into the slot it waits in. */
export interface TimedRecord {
  readonly phy: number;
  readonly size: number;
  readonly storeTimestamp: number;
  /** TIMER_OUT_MS. */
  readonly dueMs: number;
  /** REAL_TOPIC. */
  readonly topic: string;
  /** It is a delete marker: it has TIMER_DEL_UNIQKEY. */
  readonly remove: boolean;
}

/**
 * RocketMQ's timer files: the wheel (`timerwheel`), the lists of its slots (`timerlog/`) and how far both are
 * (`config/timercheck`). They follow from the timer topic's queue; a part that is missing is built again from the others,
 * or from the queue. Nothing is made on the disk before the first message. @source TimerMessageStore
 */
export class TimerStore {
  readonly wheel: TimerWheel;
  readonly log: TimerLog;
  private readonly wheelFile: WheelFile;
  private readonly checkFile: TimerCheckFile;
  private version: CheckVersion = { stateVersion: 0, timestamp: 0, counter: 0 };
  private timerLogEnd = 0;
  private saving: Promise<void> | undefined;
  private mustRewrite = false;
  /** Slots below this time may have been dropped from memory. */
  private droppedBelow = 0;

  constructor(
    private readonly host: Pick<Host, 'files' | 'log' | 'clock'>,
    options: TimerStoreOptions,
  ) {
    const root = options.storePathRootDir;
    this.wheel = new TimerWheel(options.shape);
    this.wheelFile = new WheelFile(host.files, `${root}/timerwheel`, this.wheel);
    this.log = new TimerLog(host.files, `${root}/timerlog`, options.mappedFileSizeTimerLog);
    this.checkFile = new TimerCheckFile(host.files, `${root}/config/timercheck`);
  }

  get shape(): WheelShape {
    return this.wheel.shape;
  }

  // ---- life ----

  /**
   * Reads and repairs the files. `position` of what it returns is 0 when the wheel is to be built again from the queue.
   * @returns undefined when nothing was ever timed here, or `timercheck` is gone
   * @throws StoreError STORE_CORRUPT; HostError
   */
  load(): TimerProgress | undefined {
    const check = this.checkFile.load();
    const { log } = this;
    log.load(this.host.log);
    if (check === undefined) {
      this.forgetAll();
      return undefined;
    }
    this.version = check.version;
    this.droppedBelow = check.readTimeMs;
    const whole = !log.hasGap;
    if (log.series.first !== undefined) this.repair(check);
    if (log.end >= check.timerLogEnd && whole) {
      this.timerLogEnd = check.timerLogEnd;
      return check;
    }
    this.host.log.warn(
      { timerLogEnd: log.end, expected: check.timerLogEnd },
      'part of the timer log is missing: the wheel is built again from the queue of the timer topic',
    );
    this.forgetAll();
    return { ...check, position: 0 };
  }

  private forgetAll(): void {
    this.wheel.clear();
    this.wheelFile.remove();
    this.log.cut(this.log.series.first ?? 0);
    this.timerLogEnd = this.log.end;
  }

  /** Links again what the wheel's file does not know, and cuts what is no node. */
  private repair(check: TimerCheck): void {
    const { log, wheel } = this;
    const from = this.wheelFile.exists ? Math.max(0, check.timerLogEnd - log.series.fileSize) : 0;
    const link = (position: number, node: { slotMs: number; bits: number }): void => {
      if (node.slotMs < check.readTimeMs) return;
      wheel.revise(node.slotMs, position, (node.bits & NODE_BIT.remove) === 0 ? 1 : -1);
    };
    this.wheelFile.load(check.readTimeMs);
    const end = log.scan(from, link);
    log.cut(end);
    const beyond = wheel.beyond(end);
    if (beyond.length > 0) {
      // Written by a broker whose wheel was synced before its timer log: what is left of these lists is linked again.
      this.host.log.warn(
        { slots: beyond.length, end },
        'slots of the timer wheel refer beyond the timer log; repaired',
      );
      for (const slot of beyond) wheel.drop(slot.tick * wheel.shape.precisionMs);
      log.scan(Math.min(...beyond.map((slot) => slot.first)), link, end);
    }
  }

  close(): void {
    this.wheelFile.close();
    this.log.close();
  }

  // ---- linking ----

  /** Where a record waits: the same on every replica. */
  placeOf(record: TimedRecord): { readonly slotMs: number; readonly roll: boolean } {
    return placeOf(record.dueMs, slotTime(record.storeTimestamp, this.shape.precisionMs), this.shape);
  }

  /** @throws HostError when the timer log cannot be written; nothing is linked then */
  link(record: TimedRecord): void {
    const { slotMs, roll } = this.placeOf(record);
    const writeMs = slotTime(record.storeTimestamp, this.shape.precisionMs);
    const bits = NODE_BIT.always | (roll ? NODE_BIT.roll : 0) | (record.remove ? NODE_BIT.remove : 0);
    const previous = this.wheel.slot(slotMs)?.last ?? -1;
    const { phy, size, topic } = record;
    const position = this.log.append(previous, bits, writeMs, slotMs, phy, size, javaHash(topic));
    this.wheel.link(slotMs, position, record.remove ? -1 : 1);
  }

  /** The messages of a slot, undefined when it is empty. */
  readSlot(slotMs: number): SlotReader | undefined {
    const slot = this.wheel.slot(slotMs);
    if (slot === undefined) return undefined;
    this.log.write();
    return new SlotReader(this.log, slotMs, slot);
  }

  /** The slot has been delivered, as all before it. */
  dropSlot(slotMs: number): void {
    this.wheel.drop(slotMs);
    this.droppedBelow = Math.max(this.droppedBelow, slotMs + this.shape.precisionMs);
  }

  /** Slots below this time have been delivered. */
  dropBelow(timeMs: number): void {
    this.wheel.dropBelow(timeMs);
    this.droppedBelow = Math.max(this.droppedBelow, timeMs);
  }

  /** Has the slots from `timeMs` on again, if that is before what was dropped. @throws HostError */
  goBackTo(timeMs: number): void {
    if (timeMs >= this.droppedBelow) return;
    this.writeWheel();
    this.wheel.clear();
    this.wheelFile.load(timeMs);
    this.droppedBelow = timeMs;
  }

  /** Messages per topic hash in the slots from `fromMs` on, counted in the timer log. */
  countByTopic(fromMs: number): Map<number, number> {
    const counts = new Map<number, number>();
    const lowest = this.wheel.lowestPosition();
    if (lowest === undefined) return counts;
    this.log.write();
    this.log.scan(
      lowest,
      (position, node) => {
        if (node.slotMs < fromMs || position < lowest) return;
        const change = (node.bits & NODE_BIT.remove) === 0 ? 1 : -1;
        counts.set(node.topicHash, (counts.get(node.topicHash) ?? 0) + change);
      },
      this.log.end,
    );
    return counts;
  }

  // ---- disk ----

  /**
   * Syncs timer log, wheel and progress, in this order, so that none refers to what another lost. One at a time.
   * @param progress delivered copies it speaks of must be as durable as the caller wants it to be
   * @throws HostError
   */
  async save(progress: TimerProgress, stateVersion: number): Promise<void> {
    await this.saving;
    this.saving = this.saveNow(progress, stateVersion).finally(() => (this.saving = undefined));
    await this.saving;
  }

  private async saveNow(progress: TimerProgress, stateVersion: number): Promise<void> {
    const { log, wheel } = this;
    log.write();
    const end = log.end;
    if (this.mustRewrite) wheel.markAllChanged();
    const runs = wheel.takeChanged();
    try {
      if (end !== this.timerLogEnd) await log.sync(Math.min(end, this.timerLogEnd));
      if (runs.length > 0) {
        this.wheelFile.write(runs);
        await this.wheelFile.sync();
      }
      this.mustRewrite = false;
    } catch (error) {
      this.mustRewrite = true;
      throw error;
    }
    this.timerLogEnd = end;
    const { counter } = this.version;
    this.version = { stateVersion, timestamp: this.host.clock.wallMs(), counter: counter + 1 };
    await this.checkFile.save(this.check(progress));
  }

  private writeWheel(): void {
    this.log.write();
    this.wheelFile.write(this.wheel.takeChanged());
  }

  /** As `timercheck` and GET_TIMER_CHECK_POINT tell it. */
  check(progress: TimerProgress): TimerCheck {
    return { ...progress, timerLogEnd: this.timerLogEnd, version: this.version };
  }

  /** Files of the timer log that nothing refers to go. @returns their number */
  removeExpired(minPhy: number): number {
    return this.log.removeExpired(minPhy, this.wheel.lowestPosition() ?? this.log.end);
  }
}

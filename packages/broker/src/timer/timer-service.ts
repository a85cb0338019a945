import {
  TIMER_TOPIC,
  decodeMessage,
  slotTime,
  type MessageStore,
  type StoredMessage,
  type TimedRecord,
  type TimerCheck,
  type TimerProgress,
  type TimerStore,
} from '@batonmq/broker-store';
import { textOf, type Cancel, type Host } from '@batonmq/host';
import type { Confirmation } from '../send/confirmation';
import { SlotDelivery } from './slot-delivery';
import { timedRecordOf } from './timer-copy';
import { TimerLedger, type TimerState } from './timer-ledger';
import type { TimerMetrics } from './timer-metrics';
import { NO_DOUBT, TimerOutput } from './timer-output';
import { TimerCounts, TimerRates, type TimerStatus } from './timer-status';

/** Messages linked, and messages delivered, in one turn of the event loop. */
const MESSAGES_PER_TURN = 256;
const LINK_BATCH = 32;
const LINK_BATCH_BYTES = 4 << 20;
/** Empty slots passed in one turn. */
const EMPTY_SLOTS_PER_TURN = 50_000;
/** Pause after the store refused a message, or a disk failed. */
const RETRY_MS = 500;
/** Pause when nothing is waiting. */
const IDLE_MS = 1000;
const CLEAN_MS = 30_000;
/** How often progress is saved that says only that time has passed. */
const SAVE_IDLE_MS = 60_000;
/** How far clocks of a group may differ: later slots cannot have been delivered by anyone else. */
const CLOCKS_DIFFER_MS = 60_000;
/** How far a Java master may be ahead of what its slave has when it says how far it is. */
const BACK_WITHOUT_LOG_END_MS = 10_000;
/** How far to go back when the log lost an end of which nothing is known. */
const BACK_AFTER_LOSS_MS = 3_600_000;

export interface TimerServiceOptions {
  readonly timerFlushIntervalMs: number;
  readonly timerStopEnqueue: boolean;
  readonly timerStopDequeue: boolean;
  readonly timerCongestNumEachSlot: number;
}

/**
 * Messages for a free time: links those of the timer topic into the wheel, on every replica, and delivers what is due, on
 * the master. What has been delivered follows from the log: progress is kept and told to slaves only together with the end
 * of the log it needs, and goes back when the log does. @source TimerMessageStore
 */
export class TimerService {
  private readonly counts = new TimerCounts();
  private readonly perSecond: TimerRates;
  private readonly output: TimerOutput;
  private ledger: TimerLedger;
  /** Messages of the timer topic below it are linked here, or need not be. */
  private position = 0;
  private leading = false;
  /** While a master is not it only links: what its predecessor had handled is not complete here. */
  private delivering = false;
  private leadLogEnd = 0;
  private delivery: SlotDelivery | undefined;
  /** What the master has told, with the end of the log it needs; at most two, the older one first. */
  private readonly offered: { readonly state: TimerState; readonly at: number }[] = [];
  private nowMs = 0;
  private saved: TimerProgress | undefined;
  private stateVersion = 0;
  private running = false;
  private cancels: Cancel[] = [];
  private cancelTick: Cancel = () => {};
  private stopListening: () => void = () => {};
  /** Nothing is waiting: only a new message, or a word from the master, gives work. */
  private idle = false;
  private failing = false;

  constructor(
    private readonly host: Pick<Host, 'clock' | 'timers' | 'random' | 'log'>,
    private readonly store: MessageStore,
    private readonly files: TimerStore,
    confirmation: Confirmation,
    readonly metrics: TimerMetrics,
    private readonly options: TimerServiceOptions,
  ) {
    this.perSecond = new TimerRates(host.clock, this.counts);
    this.output = new TimerOutput(host, store, files, confirmation, metrics, this.counts);
    this.ledger = new TimerLedger({ readTimeMs: 0, handled: 0, logEnd: 0 });
  }

  // ---- life ----

  /** After the store has been loaded. @param topics names for the counts @throws StoreError STORE_CORRUPT; HostError */
  load(topics: Iterable<string>): void {
    const { files, store } = this;
    this.metrics.load();
    const progress = files.load();
    const now = this.alignedNow();
    if (progress === undefined) {
      this.ledger = new TimerLedger({ readTimeMs: now, handled: 0, logEnd: -1 });
    } else {
      const oldest = now - (files.shape.slots - 60) * files.shape.precisionMs;
      this.ledger = new TimerLedger({ ...progress, readTimeMs: progress.readTimeMs || oldest });
      this.position = progress.position;
      this.saved = progress;
    }
    if (this.current.logEnd > store.log.maxOffset()) this.goTo(this.back(BACK_AFTER_LOSS_MS));
    this.metrics.revise(files.countByTopic(this.current.readTimeMs), topics);
  }

  start(): void {
    this.running = true;
    const { store } = this;
    const forget = [
      store.onCut((offset) => this.cutAt(offset)),
      store.onArrival((topic) => topic === TIMER_TOPIC && this.idle && this.tickAgain(0)),
    ];
    this.stopListening = () => forget.forEach((each) => each());
    this.cancels = [
      this.host.timers.every(this.options.timerFlushIntervalMs, () => void this.save()),
      this.host.timers.every(CLEAN_MS, () => this.clean()),
    ];
    this.tickAgain(0);
  }

  /** This broker is master: it delivers. @param epoch goes into the version of `timercheck` */
  lead(epoch: number): void {
    if (this.leading) return;
    this.stateVersion = epoch;
    this.leading = true;
    this.offered.length = 0;
    this.leadLogEnd = this.store.log.maxOffset();
    if (this.current.logEnd < 0) this.goTo(this.back(BACK_WITHOUT_LOG_END_MS));
    else this.position = Math.min(this.position, this.current.handled);
    this.tickAgain(0);
  }

  /** This broker is not master: it links what the master has handled. */
  follow(): void {
    if (!this.leading) return;
    this.leading = false;
    this.delivering = false;
    this.goTo(this.ledger.newest(this.store.dispatchedOffset()) ?? this.back(BACK_AFTER_LOSS_MS));
  }

  /** Where the master is, as it says. @param logEnd the end of the log it needs; undefined from a Java master */
  offer(check: TimerCheck, logEnd: number | undefined): void {
    if (this.leading || check.readTimeMs <= 0) return;
    const { readTimeMs, handled } = check;
    const state = { readTimeMs, handled, logEnd: logEnd ?? -1 };
    // The first one stays: under steady traffic a slave that lags would never reach the newest.
    this.offered[Math.min(this.offered.length, 1)] = { state, at: logEnd ?? this.store.log.maxOffset() };
  }

  /** While the store still runs. */
  async stop(): Promise<void> {
    if (!this.running) return;
    this.running = false;
    this.stopListening();
    this.cancelTick();
    for (const cancel of this.cancels.splice(0)) cancel();
    await this.save(true);
    this.files.close();
  }

  // ---- what is asked about ----

  get status(): TimerStatus {
    const { store, files } = this;
    return {
      ...this.counts,
      pending: files.wheel.pendingCount,
      readBehindMs: Math.max(0, this.host.clock.wallMs() - this.current.readTimeMs - files.shape.precisionMs),
      offsetBehind: Math.max(0, store.maxOffsetInQueue(TIMER_TOPIC, 0) - this.position),
    };
  }

  /** Messages per second since it was asked last, or over the last second. */
  rates(): { readonly enqueued: number; readonly delivered: number } {
    return this.perSecond.read();
  }

  /** What slaves may take over, and the end of the log that it needs. */
  told(): { readonly check: TimerCheck; readonly logEnd: number } | undefined {
    const state = this.ledger.newest(this.store.dispatchedOffset());
    if (state === undefined || !this.leading) return undefined;
    return { check: this.files.check({ ...state, position: state.handled }), logEnd: Math.max(0, state.logEnd) };
  }

  /**
   * Whether the slot of this time takes no more messages: with more than the limit in it the more refusals the fuller it
   * is (the reference refuses the fewer), with twice as many all. @source TimerMessageStore.isReject
   */
  isCrowded(slotMs: number): boolean {
    const limit = this.options.timerCongestNumEachSlot;
    const count = this.files.wheel.slot(slotMs)?.count ?? 0;
    return count > limit && this.host.random.next() < (count - limit) / limit;
  }

  // ---- the loop ----

  private get current(): TimerState {
    return this.ledger.current;
  }

  private alignedNow(): number {
    this.nowMs = Math.max(this.nowMs, slotTime(this.host.clock.wallMs(), this.files.shape.precisionMs));
    return this.nowMs;
  }

  private tickAgain(delayMs: number): void {
    if (!this.running) return;
    this.cancelTick();
    this.cancelTick = this.host.timers.after(delayMs, () => this.tick());
  }

  private tick(): void {
    let pauseMs = Math.min(IDLE_MS, Math.max(10, this.files.shape.precisionMs / 10));
    this.idle = false;
    try {
      pauseMs = this.work() ?? pauseMs;
      this.idle = this.hasNothingToDo && pauseMs > 0;
      if (this.idle) pauseMs = IDLE_MS;
      this.failing = false;
    } catch (error) {
      if (!this.failing) this.host.log.error({ error: textOf(error) }, 'the timer failed; it tries again');
      this.failing = true;
      pauseMs = RETRY_MS;
    }
    this.tickAgain(pauseMs);
  }

  /** @returns the pause until there may be more to do, undefined for the usual one */
  private work(): number | undefined {
    if (!this.leading) this.takeOffer();
    const linked = this.options.timerStopEnqueue ? 'idle' : this.link();
    if (linked === 'refused') return RETRY_MS;
    if (this.leading && !this.delivering) this.openDelivery();
    const delivered = !this.delivering || this.options.timerStopDequeue ? 'idle' : this.deliverDue();
    if (delivered === 'refused') return RETRY_MS;
    return linked === 'more' || delivered === 'more' ? 0 : undefined;
  }

  private get hasNothingToDo(): boolean {
    const { wheel } = this.files;
    const waits = this.leading && !this.delivering;
    return !waits && wheel.liveCount === 0 && this.position >= this.store.maxOffsetInQueue(TIMER_TOPIC, 0);
  }

  /** Files of the timer log go when the commit log has none of their messages any more. */
  private clean(): void {
    try {
      this.files.removeExpired(this.store.log.minOffset());
    } catch (error) {
      this.host.log.error({ error: textOf(error) }, 'cleaning the timer log failed; it is tried again');
    }
  }

  private takeOffer(): void {
    const [first] = this.offered;
    if (first === undefined || this.store.log.maxOffset() < first.at) return;
    this.offered.shift();
    this.files.goBackTo(first.state.readTimeMs);
    this.ledger.accept(first.state);
    this.files.dropBelow(first.state.readTimeMs);
  }

  /**
   * Delivery begins when everything is linked that was handled before, and everything is indexed that a former master may
   * have delivered.
   */
  private openDelivery(): void {
    const { store, leadLogEnd, current } = this;
    if (store.dispatchedOffset() < leadLogEnd) return;
    const max = store.maxOffsetInQueue(TIMER_TOPIC, 0);
    if (this.position < Math.min(current.handled, max)) return;
    if (current.handled > max) this.ledger.advance(current.readTimeMs, max, current.logEnd);
    // At the end of the log that the progress speaks of nothing can have been delivered that it does not know.
    const known = current.logEnd === leadLogEnd;
    const beforeMs = this.alignedNow() + CLOCKS_DIFFER_MS;
    this.output.doubt = known ? NO_DOUBT : { below: leadLogEnd, beforeMs };
    this.delivering = true;
  }

  // ---- linking ----

  private link(): 'idle' | 'more' | 'refused' {
    const { store } = this;
    this.position = Math.max(this.position, store.minOffsetInQueue(TIMER_TOPIC, 0));
    for (let count = 0; count < MESSAGES_PER_TURN;) {
      const end = Math.min(store.maxOffsetInQueue(TIMER_TOPIC, 0), this.mayDeliver ? Infinity : this.current.handled);
      if (this.position >= end) return 'idle';
      const wanted = Math.min(LINK_BATCH, end - this.position);
      const found = store.getMessages(TIMER_TOPIC, 0, this.position, wanted, LINK_BATCH_BYTES);
      if (found.messages.length === 0) {
        if (found.nextBeginOffset <= this.position) return 'idle';
        this.reach(found.nextBeginOffset);
      }
      for (const bytes of found.messages) {
        for (let at = 0; at < bytes.length && this.position < end; count++) {
          const message = decodeMessage(bytes, at);
          if (!this.handle(message)) return 'refused';
          at += message.totalSize;
          this.reach(message.queueOffset + 1);
        }
      }
    }
    return 'more';
  }

  private advance(readTimeMs: number, handled: number): void {
    this.ledger.advance(readTimeMs, handled, Math.max(this.current.logEnd, this.output.copiesEnd));
  }

  private get mayDeliver(): boolean {
    return this.leading && this.delivering;
  }

  private reach(offset: number): void {
    this.position = Math.max(this.position, offset);
    const { readTimeMs, handled } = this.current;
    if (this.mayDeliver && this.position > handled) this.advance(readTimeMs, this.position);
  }

  /** @returns false when the store takes nothing now */
  private handle(message: StoredMessage): boolean {
    const record = timedRecordOf(message);
    if (record === undefined) {
      if (this.counts.dropped++ === 0)
        this.host.log.error({ queueOffset: message.queueOffset }, 'message of the timer topic that nobody can deliver');
      return true;
    }
    const { slotMs, roll } = this.files.placeOf(record);
    const passed = slotMs < this.openSlotMs;
    if (message.queueOffset < this.current.handled) {
      if (!passed) this.linkOne(record);
      return true;
    }
    if (!passed) {
      this.linkOne(record);
      this.counts.enqueued++;
      return true;
    }
    // A delete marker that comes too late has nothing to delete.
    return (record.remove && !roll) || this.output.deliverAtOnce(message, roll, slotMs);
  }

  private linkOne(record: TimedRecord): void {
    this.files.link(record);
    this.metrics.add(record.topic, record.remove ? -1 : 1);
  }

  /** First slot that still takes messages: not the one that is being delivered. */
  private get openSlotMs(): number {
    const { readTimeMs } = this.current;
    return this.delivery === undefined ? readTimeMs : readTimeMs + this.files.shape.precisionMs;
  }

  // ---- delivering ----

  private deliverDue(): 'idle' | 'more' | 'refused' {
    const { precisionMs } = this.files.shape;
    const now = this.alignedNow();
    let empty = 0;
    for (let slotMs = this.current.readTimeMs; slotMs < now; slotMs += precisionMs) {
      if (this.delivery === undefined) {
        const reader = this.files.readSlot(slotMs);
        if (reader === undefined) {
          this.advance(slotMs + precisionMs, this.current.handled);
          if (++empty > EMPTY_SLOTS_PER_TURN) return 'more';
          continue;
        }
        this.delivery = new SlotDelivery(reader, this.output);
      }
      const result = this.delivery.step(MESSAGES_PER_TURN);
      if (result === 'more' || result === 'refused') return result;
      this.delivery = undefined;
      if (result === 'broken') {
        this.relink(slotMs);
        return 'more';
      }
      this.advance(slotMs + precisionMs, this.current.handled);
      this.files.dropSlot(slotMs);
      return 'more';
    }
    return 'idle';
  }

  /** Part of a slot's list is gone: everything still in the queue is linked again before delivery goes on. */
  private relink(slotMs: number): void {
    this.host.log.error({ slotMs }, 'a slot of the timer log is damaged: the queue of the timer topic is read again');
    this.files.wheel.drop(slotMs);
    this.position = 0;
    this.leadLogEnd = this.store.log.maxOffset();
    this.delivering = false;
  }

  // ---- going back ----

  private cutAt(offset: number): void {
    this.output.copiesEnd = Math.min(this.output.copiesEnd, offset);
    this.goTo(this.ledger.cutTo(offset) ?? this.back(BACK_AFTER_LOSS_MS));
    this.position = Math.min(this.position, this.store.maxOffsetInQueue(TIMER_TOPIC, 0));
  }

  /** A state so far back that nothing is missed; what is delivered a second time is found in the log. */
  private back(ms: number): TimerState {
    const { readTimeMs, handled } = this.current;
    const to = slotTime(Math.max(0, readTimeMs - ms), this.files.shape.precisionMs);
    const offset = this.store.offsetByTime(TIMER_TOPIC, 0, this.host.clock.wallMs() - ms, 'LOWER');
    return { readTimeMs: to, handled: Math.min(handled, offset), logEnd: -1 };
  }

  private goTo(state: TimerState): void {
    this.delivery = undefined;
    this.delivering = false;
    this.leadLogEnd = this.store.log.maxOffset();
    this.ledger.accept(state);
    this.position = Math.min(this.position, state.handled);
    this.files.goBackTo(state.readTimeMs);
  }

  // ---- saving ----

  private async save(final = false): Promise<void> {
    const { store, saved } = this;
    const status = store.status();
    const wholeLog = final && status.failed === undefined;
    const safeEnd = wholeLog ? Infinity : Math.min(status.flushedOffset, store.dispatchedOffset());
    const state = this.ledger.newest(safeEnd);
    if (state === undefined || state.handled === 0) return;
    const logEnd = wholeLog && state === this.current && state.logEnd >= 0 ? store.log.maxOffset() : state.logEnd;
    const progress: TimerProgress = { ...state, logEnd, position: Math.min(this.position, state.handled) };
    const moved = saved === undefined || saved.position !== progress.position || saved.handled !== progress.handled;
    const idle = progress.readTimeMs - (saved?.readTimeMs ?? 0) < SAVE_IDLE_MS && this.files.wheel.liveCount === 0;
    if (!moved && idle && !final) return;
    try {
      await this.files.save(progress, this.stateVersion);
      this.saved = progress;
      this.metrics.saveIfChanged();
    } catch (error) {
      this.host.log.error({ error: textOf(error) }, 'progress of the timer could not be saved; it is tried again');
    }
  }
}

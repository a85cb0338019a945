import { SCHEDULE_TOPIC, type MessageInput, type MessageStore } from '@batonmq/broker-store';
import { parseAddress, textOf, type Cancel, type Host } from '@batonmq/host';
import { decodeMessages, formatProperties, type ReceivedMessage } from '@batonmq/remoting';
import type { Confirmation } from '../send/confirmation';
import type { DelayOffsets } from './delay-offsets';

/** Longest pause before a level is looked at again, so that a stepped clock does not strand it. */
const LOOK_AT_LEAST_EVERY_MS = 1000;
const BATCH = 32;
const BATCH_BYTES = 4 * 1024 * 1024;

/** Puts delayed messages into their real topic when their time has come; runs on the master only. @source ScheduleMessageService */
export class DelayService {
  private readonly cancels = new Map<number, Cancel>();
  private running = false;

  constructor(
    private readonly host: Pick<Host, 'clock' | 'timers' | 'log'>,
    private readonly store: MessageStore,
    private readonly confirmation: Confirmation,
    private readonly levels: readonly number[],
    private readonly offsets: DelayOffsets,
  ) {}

  start(): void {
    if (this.running) return;
    this.running = true;
    // What a former master delivered that has not come here is delivered again.
    this.offsets.cutTo(this.store.log.maxOffset());
    for (let level = 1; level <= this.levels.length; level += 1) this.lookAgain(level, 0);
  }

  stop(): void {
    this.running = false;
    for (const cancel of this.cancels.values()) cancel();
    this.cancels.clear();
  }

  private lookAgain(level: number, delayMs: number): void {
    if (!this.running) return;
    const pause = Math.min(Math.max(delayMs, 0), LOOK_AT_LEAST_EVERY_MS);
    this.cancels.set(
      level,
      this.host.timers.after(pause, () => this.look(level)),
    );
  }

  private look(level: number): void {
    let pauseMs = LOOK_AT_LEAST_EVERY_MS;
    try {
      pauseMs = this.deliverDue(level);
    } catch (error) {
      this.host.log.error({ level, error: textOf(error) }, 'delayed delivery failed; it is tried again');
    }
    this.lookAgain(level, pauseMs);
  }

  /** @returns milliseconds until the next message of the level may be due */
  private deliverDue(level: number): number {
    const queueId = level - 1;
    const min = this.store.minOffsetInQueue(SCHEDULE_TOPIC, queueId);
    const max = this.store.maxOffsetInQueue(SCHEDULE_TOPIC, queueId);
    const from = Math.min(Math.max(this.offsets.get(level), min), max);
    this.offsets.reached(level, from);
    if (from >= max) return LOOK_AT_LEAST_EVERY_MS;
    const found = this.store.getMessages(SCHEDULE_TOPIC, queueId, from, BATCH, BATCH_BYTES);
    if (found.messages.length === 0) {
      this.offsets.reached(level, found.nextBeginOffset);
      return 0;
    }
    const delay = this.levels[level - 1] ?? 0;
    for (const message of decodeMessages(Buffer.concat(found.messages as Buffer[]))) {
      const waitMs = message.storeTimestamp + delay - this.host.clock.wallMs();
      if (waitMs > 0) return Math.min(waitMs, delay);
      const copyEnd = this.deliver(message);
      if (copyEnd === undefined) return LOOK_AT_LEAST_EVERY_MS;
      this.offsets.reached(level, message.queueOffset + 1, copyEnd);
    }
    return 0;
  }

  /** @returns the end of the log behind the copy, 0 when there is to be none; undefined when the store does not take it now */
  private deliver(message: ReceivedMessage): number | undefined {
    const topic = message.properties.get('REAL_TOPIC');
    if (topic === undefined) return 0;
    if (this.confirmation.refusal() !== undefined) return undefined;
    const properties = new Map(message.properties);
    for (const name of ['DELAY', 'REAL_TOPIC', 'REAL_QID']) properties.delete(name);
    const input: MessageInput = {
      topic,
      queueId: Number(message.properties.get('REAL_QID') ?? 0) || 0,
      flag: message.flag,
      sysFlag: message.sysFlag,
      bornTimestamp: message.bornTimestamp,
      bornHost: parseAddress(message.bornHost) ?? { host: '0.0.0.0', port: 0 },
      reconsumeTimes: message.reconsumeTimes,
      preparedTransactionOffset: 0,
      body: message.body,
      properties: formatProperties(properties),
    };
    const result = this.store.put(input);
    if (result.status === 'PUT_OK') return result.endOffset;
    // What the store calls illegal now it will call illegal for ever: it must not block the level.
    if (result.status !== 'MESSAGE_ILLEGAL' && result.status !== 'PROPERTIES_SIZE_EXCEEDED') return undefined;
    this.host.log.error(
      { topic, status: result.status, queueOffset: message.queueOffset },
      'a delayed message is dropped',
    );
    return 0;
  }
}

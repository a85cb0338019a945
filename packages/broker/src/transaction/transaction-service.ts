import { decodeMessage, type MessageStore, type StoredMessage } from '@batonmq/broker-store';
import { textOf, type Cancel, type Host } from '@batonmq/host';
import type { ConsumerOffsets } from '../offsets/consumer-offsets';
import { ensureTopic } from '../topics/create-topic';
import type { TopicTable } from '../topics/topic-table';
import { HALF_TOPIC, OP_TOPIC, TRANSACTION_GROUP, halfOf, offsetsOf, opMessage } from './half-message';
import { TransactionLedger } from './transaction-ledger';

export interface TransactionParts {
  readonly host: Pick<Host, 'clock' | 'timers' | 'log'>;
  readonly store: MessageStore;
  readonly topics: TopicTable;
  readonly offsets: ConsumerOffsets;
}

/** What is known of transactions while this broker is master. */
export interface Office {
  readonly ledger: TransactionLedger;
  /** Half messages below it were stored under a former master, or by a former process: they may have been committed. */
  readonly logEnd: number;
}

const READ_MS = 200;
const BATCH = 32;
const BATCH_BYTES = 4 << 20;
const MESSAGES_PER_TURN = 1024;
/** Ends that wait until the log has been read; of the others the producers are asked later. */
const MAX_WAITING = 10_000;
/** Open transactions; more are refused. */
const MAX_OPEN = 100_000;

/**
 * Follows the half queue and the op queue, on the master: what is open follows from the log alone. Progress in both is kept as
 * offsets of a consumer group, where Java's brokers look for it, and only as far as the log is safe.
 * @source TransactionalMessageServiceImpl, TransactionalOpBatchService
 */
export class TransactionService {
  private current: Office | undefined;
  private isLoaded = false;
  /** Next offset to read of the op queue; the ledger hears of what is safe already. */
  private opPosition = 0;
  /** Op messages that were read and are not safe yet. */
  private unsafe: { readonly end: number; readonly offset: number; readonly ended: readonly number[] }[] = [];
  /** Ended, but the log did not take the op message. */
  private owed: number[] = [];
  private waiting: (() => void)[] = [];
  private cancel: Cancel = () => {};

  constructor(private readonly parts: TransactionParts) {}

  /** This broker is master, and its offsets are within its queues. */
  lead(): void {
    if (this.current !== undefined) return;
    const { store, offsets, host } = this.parts;
    const progress = (topic: string): number =>
      Math.max(offsets.query(topic, TRANSACTION_GROUP, 0) ?? 0, store.minOffsetInQueue(topic, 0), 0);
    this.opPosition = progress(OP_TOPIC);
    this.current = {
      ledger: new TransactionLedger(progress(HALF_TOPIC), this.opPosition),
      logEnd: store.log.maxOffset(),
    };
    this.isLoaded = false;
    this.cancel = host.timers.after(0, () => this.tick());
  }

  follow(): void {
    this.cancel();
    this.current = undefined;
    this.unsafe = [];
    this.owed = [];
    for (const wake of this.waiting.splice(0)) wake();
  }

  /** Undefined while this broker is not master. */
  get office(): Office | undefined {
    return this.current;
  }

  /** Everything in the log is known. */
  get ready(): boolean {
    return this.current !== undefined && this.isLoaded;
  }

  get isFull(): boolean {
    return (this.current?.ledger.openCount ?? 0) >= MAX_OPEN;
  }

  /** Resolves when the log has been read, this broker is no longer master, or too many wait already: see `ready`. */
  whenReady(): Promise<void> {
    if (this.current === undefined || this.isLoaded || this.waiting.length >= MAX_WAITING) return Promise.resolve();
    return new Promise((resolve) => this.waiting.push(resolve));
  }

  /** Before the first half message. */
  makeTopics(): void {
    for (const topic of [HALF_TOPIC, OP_TOPIC]) ensureTopic(this.parts.topics, topic, 1);
  }

  /**
   * A half message is committed, rolled back or given up: to be called in the turn in which its real message was stored, so that
   * nothing comes between the two. @returns the end of the log behind the op message, undefined when it is stored later
   */
  ended(offset: number): number | undefined {
    this.current?.ledger.end(offset);
    const end = this.putOp([offset]);
    if (end === undefined) this.owed.push(offset);
    return end;
  }

  private putOp(offsets: readonly number[]): number | undefined {
    const { store, host } = this.parts;
    const result = store.put(opMessage(offsets, { host: '127.0.0.1', port: 0 }, host.clock.wallMs()));
    return result.status === 'PUT_OK' ? result.endOffset : undefined;
  }

  private tick(): void {
    if (this.current === undefined) return;
    let more = false;
    try {
      more = this.read(this.current);
    } catch (error) {
      this.parts.host.log.error({ error: textOf(error) }, 'transactions could not be read; it is tried again');
    }
    this.cancel = this.parts.host.timers.after(more ? 0 : READ_MS, () => this.tick());
  }

  /** @returns whether there is more to read now */
  private read({ ledger, logEnd }: Office): boolean {
    const { store, offsets } = this.parts;
    if (this.owed.length > 0 && this.putOp(this.owed) !== undefined) this.owed = [];
    // Ends first: a half message that has ended is never taken for open.
    const more = this.readOps(ledger) || this.readHalves(ledger);
    this.settle(ledger);
    offsets.commit(HALF_TOPIC, TRANSACTION_GROUP, 0, ledger.halfProgress);
    offsets.commit(OP_TOPIC, TRANSACTION_GROUP, 0, ledger.opProgress);
    if (!more && !this.isLoaded && store.dispatchedOffset() >= logEnd) {
      this.isLoaded = true;
      for (const wake of this.waiting.splice(0)) wake();
    }
    return more;
  }

  private readOps(ledger: TransactionLedger): boolean {
    const take = (op: StoredMessage): void => {
      const ended = offsetsOf(op);
      for (const half of ended) ledger.end(half);
      this.unsafe.push({ end: op.physicalOffset + op.totalSize, offset: op.queueOffset, ended });
      this.opPosition = op.queueOffset + 1;
    };
    return this.readQueue(OP_TOPIC, this.opPosition, take, (offset) => (this.opPosition = offset));
  }

  private readHalves(ledger: TransactionLedger): boolean {
    const take = (message: StoredMessage): void => ledger.readHalf(message.queueOffset, halfOf(message));
    return this.readQueue(HALF_TOPIC, ledger.nextHalf, take, (offset) => ledger.skipHalvesTo(offset));
  }

  /** Op messages that nothing can take away any more count as progress. */
  private settle(ledger: TransactionLedger): void {
    const { store } = this.parts;
    const safeEnd = Math.min(store.status().flushedOffset, store.dispatchedOffset());
    let count = 0;
    for (const { end, offset, ended } of this.unsafe) {
      if (end > safeEnd) break;
      ledger.readOp(offset, ended);
      count++;
    }
    if (count > 0) this.unsafe = this.unsafe.slice(count);
    if (this.unsafe.length === 0) ledger.skipOpsTo(this.opPosition);
  }

  /**
   * @param take one message
   * @param skip the queue has nothing before this offset
   * @returns whether there may be more
   */
  private readQueue(
    topic: string,
    from: number,
    take: (message: StoredMessage) => void,
    skip: (offset: number) => void,
  ): boolean {
    const { store } = this.parts;
    let next = from;
    for (let count = 0; count < MESSAGES_PER_TURN;) {
      if (next >= store.maxOffsetInQueue(topic, 0)) return false;
      const found = store.getMessages(topic, 0, next, BATCH, BATCH_BYTES);
      for (const bytes of found.messages) {
        for (let at = 0; at < bytes.length; count++) {
          const message = decodeMessage(bytes, at);
          take(message);
          at += message.totalSize;
          next = message.queueOffset + 1;
        }
      }
      if (found.messages.length === 0 && found.nextBeginOffset <= next) return false;
      if (found.nextBeginOffset > next) skip((next = found.nextBeginOffset));
    }
    return true;
  }
}

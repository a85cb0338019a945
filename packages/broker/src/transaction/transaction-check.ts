import {
  decodeMessage,
  messageIdPrefix,
  offsetMessageId,
  parseIp,
  readdressed,
  type MessageStore,
  type StoredMessage,
} from '@batonmq/broker-store';
import { textOf, type Cancel, type Host } from '@batonmq/host';
import { RequestCode, type OutgoingRequest, type Peer } from '@batonmq/remoting';
import type { ClientRegistry } from '../clients/client-registry';
import { propertyOf } from '../message-properties';
import type { Confirmation } from '../send/confirmation';
import { numberOf } from '../timer/timer-copy';
import { ensureTopic } from '../topics/create-topic';
import type { TopicTable } from '../topics/topic-table';
import { GIVEN_UP_TOPIC, HALF_TOPIC, toGivenUp } from './half-message';
import type { OpenHalf } from './transaction-ledger';
import type { TransactionService } from './transaction-service';

export interface TransactionCheckOptions {
  readonly brokerName: string;
  readonly transactionTimeOut: number;
  readonly transactionCheckMax: number;
  readonly transactionCheckInterval: number;
  /** Hours. */
  readonly fileReservedTime: number;
}

export interface TransactionCheckParts {
  readonly host: Pick<Host, 'clock' | 'timers' | 'log'>;
  readonly store: MessageStore;
  readonly topics: TopicTable;
  readonly clients: ClientRegistry;
  readonly confirmation: Confirmation;
  readonly transactions: TransactionService;
}

const LOOKED_AT_PER_TURN = 4096;
const ASKED_PER_TURN = 64;
/** Questions carry the message: what a producer that hangs does not take must not fill the memory. The rest waits for later rounds. */
const BYTES_PER_ROUND = 16 << 20;

/**
 * Asks producers what became of transactions that nobody ended. One that was asked about `transactionCheckMax` times without a
 * decision is given up. Rounds in which a decision could not be carried out, and producers that are away, do not count.
 * @source TransactionalMessageServiceImpl.check, AbstractTransactionalMessageCheckListener
 */
export class TransactionCheck {
  private cancelRound: Cancel = () => {};
  private cancelTurn: Cancel = () => {};
  private turns = 0;
  private bytesLeft = 0;

  constructor(
    private readonly parts: TransactionCheckParts,
    private readonly options: TransactionCheckOptions,
  ) {}

  start(): void {
    this.stop();
    this.cancelRound = this.parts.host.timers.every(this.options.transactionCheckInterval, () => this.round());
  }

  stop(): void {
    this.cancelRound();
    this.cancelTurn();
  }

  private round(): void {
    const { transactions, confirmation } = this.parts;
    const { office } = transactions;
    if (office === undefined || !transactions.ready || confirmation.refusal() !== undefined) return;
    this.cancelTurn();
    this.bytesLeft = BYTES_PER_ROUND;
    this.lookAt(office.ledger.open());
  }

  /** Those that begin while the round is under way come last, and are too young. */
  private lookAt(halves: IterableIterator<OpenHalf>): void {
    let asked = 0;
    for (let looked = 0; looked < LOOKED_AT_PER_TURN && asked < ASKED_PER_TURN; looked++) {
      const next = halves.next();
      if (next.done === true || this.bytesLeft <= 0) return;
      try {
        if (this.isDue(next.value)) asked += this.examine(next.value);
      } catch (error) {
        this.parts.host.log.error({ error: textOf(error) }, 'a transaction could not be looked at; it is tried again');
      }
    }
    this.cancelTurn = this.parts.host.timers.after(1, () => {
      if (this.parts.transactions.ready) this.lookAt(halves);
    });
  }

  private isDue({ storeTimestamp, immunityMs }: OpenHalf): boolean {
    return this.parts.host.clock.wallMs() - storeTimestamp >= (immunityMs ?? this.options.transactionTimeOut);
  }

  /** @returns 1 when the log was read for it */
  private examine(half: OpenHalf): number {
    const { store, transactions, host, clients } = this.parts;
    const tooOld = host.clock.wallMs() - half.storeTimestamp > this.options.fileReservedTime * 3_600_000;
    const givenUp = tooOld || half.checks >= this.options.transactionCheckMax;
    const producer = givenUp ? undefined : this.producerOf(clients, half.producerGroup);
    if (!givenUp && producer === undefined) return 0;
    const record = store.messageAt(half.physicalOffset);
    if (record === undefined) {
      if (half.physicalOffset >= store.log.minOffset()) return 1;
      host.log.error({ offset: half.offset }, 'a half message was removed with its part of the log');
      transactions.ended(half.offset);
      return 1;
    }
    const message = decodeMessage(record);
    if (producer === undefined) {
      this.giveUp(half, message);
      return 1;
    }
    half.checks++;
    this.bytesLeft -= record.length;
    producer.oneway(this.question(half, message, record));
    return 1;
  }

  private giveUp(half: OpenHalf, message: StoredMessage): void {
    const { store, topics, transactions, host } = this.parts;
    ensureTopic(topics, GIVEN_UP_TOPIC, 1);
    if (store.put(toGivenUp(message)).status !== 'PUT_OK') return;
    transactions.ended(half.offset);
    const transactionId = propertyOf(message.properties, '__transactionId__');
    host.log.warn({ transactionId, producerGroup: half.producerGroup }, 'a transaction that nobody ended is given up');
  }

  private producerOf(clients: ClientRegistry, group: string): Peer | undefined {
    const alive = [...(clients.producerGroup(group)?.values() ?? [])].filter(({ peer }) => !peer.closed);
    return alive[this.turns++ % Math.max(1, alive.length)]?.peer;
  }

  /** CHECK_TRANSACTION_STATE (39); the producer answers with END_TRANSACTION. */
  private question(half: OpenHalf, message: StoredMessage, record: Buffer): OutgoingRequest {
    const uniqueKey = propertyOf(message.properties, 'UNIQ_KEY');
    const { host, port } = message.storeHost;
    return {
      code: RequestCode.CHECK_TRANSACTION_STATE,
      header: {
        topic: HALF_TOPIC,
        tranStateTableOffset: String(half.offset),
        commitLogOffset: String(half.physicalOffset),
        msgId: uniqueKey,
        transactionId: uniqueKey,
        offsetMsgId: offsetMessageId(messageIdPrefix(parseIp(host) ?? Buffer.alloc(4), port), half.physicalOffset),
        bname: this.options.brokerName,
      },
      body: readdressed(
        record,
        propertyOf(message.properties, 'REAL_TOPIC') ?? '',
        numberOf(message.properties, 'REAL_QID') ?? 0,
      ),
    };
  }
}

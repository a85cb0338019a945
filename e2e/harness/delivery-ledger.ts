/** One acknowledged send. Times are epoch milliseconds of the client program; `sentAt` is the start of the try that succeeded. */
export interface Acknowledgement {
  readonly n: number;
  readonly sentAt: number;
  readonly at: number;
  /** `ip:port` of the broker that stored it. */
  readonly by: string;
}

export interface DeliveryReport {
  readonly acknowledged: number;
  /** Numbers that the producer gave up. They may have been stored all the same. */
  readonly unacknowledged: number;
  /** Distinct numbers. */
  readonly consumed: number;
  /** Acknowledged and never consumed: must be none. */
  readonly lost: readonly number[];
  /** Deliveries beyond the first of each number. */
  readonly duplicates: number;
  /** Deliveries that no producer of ours can have sent. */
  readonly foreign: number;
}

/** Who was told what: what the producer had acknowledged against what the consumer was given. */
export class DeliveryLedger {
  readonly acknowledgements: Acknowledgement[] = [];
  private readonly acknowledgedNumbers = new Set<number>();
  private readonly deliveries = new Map<number, number>();
  private gaveUp = 0;
  private foreign = 0;
  private missing = 0;

  /** @param count numbers 0 .. count-1 are sent */
  constructor(private readonly count: number) {}

  acknowledge(ack: Acknowledgement): void {
    if (this.acknowledgedNumbers.has(ack.n)) throw new Error(`number ${ack.n} was acknowledged twice`);
    this.acknowledgements.push(ack);
    this.acknowledgedNumbers.add(ack.n);
    if (!this.deliveries.has(ack.n)) this.missing++;
  }

  giveUp(): void {
    this.gaveUp++;
  }

  deliver(n: number): void {
    if (!Number.isInteger(n) || n < 0 || n >= this.count) {
      this.foreign++;
      return;
    }
    const before = this.deliveries.get(n) ?? 0;
    this.deliveries.set(n, before + 1);
    if (before === 0 && this.acknowledgedNumbers.has(n)) this.missing--;
  }

  /** Whether everything acknowledged so far has been delivered. */
  get complete(): boolean {
    return this.missing === 0;
  }

  /** The first send acknowledged after `killedAt` by any broker but the killed one, whose last answers may still have been on their way. */
  firstAcknowledgedAfter(killedAt: number, killed: string): Acknowledgement | undefined {
    let first: Acknowledgement | undefined;
    for (const ack of this.acknowledgements) {
      if (ack.at < killedAt || ack.by === killed) continue;
      if (first === undefined || ack.at < first.at) first = ack;
    }
    return first;
  }

  report(): DeliveryReport {
    let deliveries = 0;
    for (const times of this.deliveries.values()) deliveries += times;
    return {
      acknowledged: this.acknowledgedNumbers.size,
      unacknowledged: this.gaveUp,
      consumed: this.deliveries.size,
      lost: [...this.acknowledgedNumbers].filter((n) => !this.deliveries.has(n)),
      duplicates: deliveries - this.deliveries.size,
      foreign: this.foreign,
    };
  }
}

/**
 * The storing broker's `ip:port` out of an offset message id: ip, port and log offset in hex.
 * @source MessageDecoder.createMessageId
 */
export function storedBy(offsetMsgId: string): string {
  if (!/^[0-9A-F]{32}$/i.test(offsetMsgId)) throw new Error(`"${offsetMsgId}" is not an offset message id`);
  const bytes = Buffer.from(offsetMsgId, 'hex');
  return `${bytes[0]}.${bytes[1]}.${bytes[2]}.${bytes[3]}:${bytes.readInt32BE(4)}`;
}

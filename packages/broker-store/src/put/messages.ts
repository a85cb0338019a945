import { offsetMessageId } from '../format/message-id';

/** A message to store. Nothing of it is kept after `put` returns. */
export interface MessageInput {
  readonly topic: string;
  readonly queueId: number;
  /** The producer's, opaque. */
  readonly flag: number;
  readonly sysFlag: number;
  readonly bornTimestamp: number;
  /** An IP address. */
  readonly bornHost: { readonly host: string; readonly port: number };
  readonly reconsumeTimes: number;
  readonly preparedTransactionOffset: number;
  /** As the producer sent it, compressed or not. */
  readonly body: Buffer;
  /** RocketMQ's text form: `name 0x01 value 0x02` repeated. */
  readonly properties: string;
}

/** `body` is a client's batch (SEND_BATCH_MESSAGE); `properties` are added to each message's own. */
export type BatchInput = MessageInput;

export type PutStatus =
  | 'PUT_OK'
  | 'MESSAGE_ILLEGAL'
  | 'PROPERTIES_SIZE_EXCEEDED'
  | 'SERVICE_NOT_AVAILABLE'
  | 'CREATE_MAPPED_FILE_FAILED'
  | 'OS_PAGE_CACHE_BUSY'
  | 'UNKNOWN_ERROR';

/** What became of a put. Offsets and times mean something with PUT_OK only. */
export class PutResult {
  private ids: string | undefined;

  constructor(
    readonly status: PutStatus,
    /** Of the first record. */
    readonly physicalOffset: number,
    /** End of the log behind this message or batch: what `whenDurable` and HA wait for. */
    readonly endOffset: number,
    /** Of the first message. */
    readonly queueOffset: number,
    readonly storeTimestamp: number,
    private readonly idPrefix: string,
    /** Offsets of a batch's records; undefined for one message. */
    private readonly offsets?: readonly number[],
    /** What was wrong, for the answer's remark. */
    readonly reason?: string,
  ) {}

  /** Offset message ids, joined with `,`. */
  get messageIds(): string {
    if (this.status !== 'PUT_OK') return '';
    this.ids ??= (this.offsets ?? [this.physicalOffset])
      .map((offset) => offsetMessageId(this.idPrefix, offset))
      .join(',');
    return this.ids;
  }
}

export function refusal(status: PutStatus, reason: string): PutResult {
  return new PutResult(status, -1, -1, -1, 0, '', undefined, reason);
}

import { decodeMessage, type MessageStore, type StoredMessage } from '@batonmq/broker-store';
import type { Clock } from '@batonmq/host';
import {
  RequestRefused,
  ResponseCode,
  brokerHeaders,
  type HeaderOf,
  type RemotingCommand,
  type Response,
} from '@batonmq/remoting';
import { propertyOf } from '../message-properties';
import type { BrokerRole } from '../role';
import type { Confirmation } from '../send/confirmation';
import type { Scheduling } from '../send/scheduling';
import { refusalOf } from '../send/store-answer';
import { halfOf, toReal, type Half } from './half-message';
import type { Office, TransactionService } from './transaction-service';

export interface EndTransactionParts {
  readonly clock: Pick<Clock, 'wallMs'>;
  readonly store: MessageStore;
  readonly role: BrokerRole;
  readonly confirmation: Confirmation;
  readonly scheduling: Scheduling;
  readonly transactions: TransactionService;
}

type End = HeaderOf<typeof brokerHeaders.EndTransactionRequest>;

const COMMIT = 8;
const ROLLBACK = 12;
const MAX_SAME_KEY = 64;
/** The index rounds times to seconds. */
const ROUNDING_MS = 2000;

/**
 * END_TRANSACTION (37). A half message ends once: the real message and the record of it go into the log together, a second
 * commit is answered with success and stores nothing, and one that a former master may have carried out is looked for in the
 * log first. @source EndTransactionProcessor
 */
export class EndTransaction {
  constructor(private readonly parts: EndTransactionParts) {}

  readonly handle = async (request: RemotingCommand): Promise<Response | undefined> => {
    const end = brokerHeaders.EndTransactionRequest.decode(request.extFields);
    if (end.commitOrRollback !== COMMIT && end.commitOrRollback !== ROLLBACK) return undefined;
    const { role, transactions } = this.parts;
    if (role.current === 'slave')
      throw new RequestRefused(ResponseCode.SLAVE_NOT_AVAILABLE, 'end of a transaction: this broker is a slave');
    await transactions.whenReady();
    const { office } = transactions;
    if (office === undefined)
      throw new RequestRefused(
        ResponseCode.SERVICE_NOT_AVAILABLE,
        'service not available now: this broker is not master',
      );
    if (!transactions.ready)
      throw new RequestRefused(
        ResponseCode.SYSTEM_BUSY,
        '[TRANSACTIONS]broker busy: the log is still being read, and too many ends of transactions wait for it',
      );
    const message = this.messageOf(end);
    const half = this.checked(message, end);
    if (office.ledger.hasEnded(half.offset)) return { code: ResponseCode.SUCCESS };
    return this.end(office, half, message, end.commitOrRollback === COMMIT);
  };

  private messageOf({ commitLogOffset }: End): StoredMessage {
    const record = this.parts.store.messageAt(commitLogOffset);
    if (record === undefined)
      throw new RequestRefused(ResponseCode.SYSTEM_ERROR, `there is no half message at offset ${commitLogOffset}`);
    return decodeMessage(record);
  }

  private checked(message: StoredMessage, end: End): Half {
    const half = halfOf(message);
    const fits =
      half !== undefined && half.producerGroup === end.producerGroup && half.offset === end.tranStateTableOffset;
    if (!fits)
      throw new RequestRefused(
        ResponseCode.SYSTEM_ERROR,
        `the message at offset ${end.commitLogOffset} is not half message ${end.tranStateTableOffset} of ${end.producerGroup}`,
      );
    const { immunityMs, storeTimestamp } = half;
    const late = immunityMs !== undefined && this.parts.clock.wallMs() - storeTimestamp > immunityMs;
    if (late && !end.fromTransactionCheck)
      throw new RequestRefused(ResponseCode.ILLEGAL_OPERATION, 'the time has passed in which it is not asked about');
    return half;
  }

  private end(office: Office, half: Half, message: StoredMessage, commit: boolean): Response | Promise<Response> {
    const { store, confirmation, scheduling, transactions } = this.parts;
    const unready = confirmation.refusal();
    if (unready !== undefined) return this.notNow(office, half, unready);
    let end = 0;
    if (commit) {
      const placed = scheduling.place(toReal(message));
      if ('code' in placed) return placed;
      if (half.physicalOffset >= office.logEnd || !this.isCommitted(message, placed.topic)) {
        const result = store.put(placed);
        if (result.status !== 'PUT_OK') return this.notNow(office, half, refusalOf(result.status, result.reason));
        end = result.endOffset;
      }
    }
    end = transactions.ended(half.offset) ?? end;
    const patient = propertyOf(message.properties, 'WAIT') !== 'false';
    return new Promise((resolve) =>
      confirmation.whenSafe(end, patient, ({ code, remark }) =>
        resolve(remark === undefined ? { code } : { code, remark }),
      ),
    );
  }

  /** The producer has decided: it is not given up because of us, however often it has to be asked (known loss `half-dropped`). */
  private notNow({ ledger }: Office, { offset }: Half, refusal: { code: number; remark: string }): Response {
    ledger.decided(offset);
    return refusal;
  }

  /** Whether the log has the real message already; without the index nothing is known. */
  private isCommitted(half: StoredMessage, topic: string): boolean {
    const key = propertyOf(half.properties, 'UNIQ_KEY');
    if (key === undefined) return false;
    const since = half.storeTimestamp - ROUNDING_MS;
    const { records } = this.parts.store.queryByKey(topic, key, MAX_SAME_KEY, since, Number.MAX_SAFE_INTEGER);
    return records.some((record) => decodeMessage(record).preparedTransactionOffset === half.physicalOffset);
  }
}

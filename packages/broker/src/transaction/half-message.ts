import { SYS_FLAG, type MessageInput, type StoredMessage } from '@batonmq/broker-store';
import { appendProperties, pair, propertyOf, withoutProperty } from '../message-properties';
import { numberOf } from '../timer/timer-copy';

/** Where messages wait that are sent but not yet committed, all in queue 0. */
export const HALF_TOPIC = 'RMQ_SYS_TRANS_HALF_TOPIC';
/** What became of them: each message has a list of offsets of the half queue. */
export const OP_TOPIC = 'RMQ_SYS_TRANS_OP_HALF_TOPIC';
/** Those that nobody would decide about. */
export const GIVEN_UP_TOPIC = 'TRANS_CHECK_MAX_TIME_TOPIC';
/** The group whose consumer offsets are the progress in both topics. */
export const TRANSACTION_GROUP = 'CID_RMQ_SYS_TRANS';

const DONE_TAG = 'd';

/** A half message as far as its transaction is concerned. */
export interface Half {
  /** In the half queue: tranStateTableOffset. */
  readonly offset: number;
  readonly physicalOffset: number;
  readonly storeTimestamp: number;
  readonly producerGroup: string;
  /** How long it is left alone, by its own wish; undefined: as configured. */
  readonly immunityMs: number | undefined;
}

/** Whether a producer sent it as half of a transaction. A consumer that sends such a message back does not begin one. */
export function isTransactional(properties: string, reconsumeTimes: number): boolean {
  if (propertyOf(properties, 'TRAN_MSG') !== 'true') return false;
  return !(reconsumeTimes > 0 && propertyOf(properties, 'DELAY') !== undefined);
}

/** @source TransactionalMessageBridge.parseHalfMessageInner */
export function toHalf(message: MessageInput): MessageInput {
  const transactionId = propertyOf(message.properties, 'UNIQ_KEY');
  let properties = withoutProperty(withoutProperty(message.properties, 'REAL_TOPIC'), 'REAL_QID');
  if (transactionId !== undefined)
    properties = appendProperties(
      withoutProperty(properties, '__transactionId__'),
      pair('__transactionId__', transactionId),
    );
  properties = appendProperties(
    properties,
    pair('REAL_TOPIC', message.topic) + pair('REAL_QID', String(message.queueId)),
  );
  return {
    ...message,
    topic: HALF_TOPIC,
    queueId: 0,
    sysFlag: message.sysFlag & ~SYS_FLAG.transactionMask,
    properties,
  };
}

/** @returns undefined for a message of the half topic that nobody can commit */
export function halfOf(message: StoredMessage): Half | undefined {
  const { topic, properties, queueOffset, physicalOffset, storeTimestamp } = message;
  const producerGroup = propertyOf(properties, 'PGROUP');
  if (topic !== HALF_TOPIC || producerGroup === undefined || propertyOf(properties, 'REAL_TOPIC') === undefined)
    return undefined;
  const immunitySeconds = numberOf(properties, 'CHECK_IMMUNITY_TIME_IN_SECONDS');
  const immunityMs = immunitySeconds === undefined || immunitySeconds < 0 ? undefined : immunitySeconds * 1000;
  return { offset: queueOffset, physicalOffset, storeTimestamp, producerGroup, immunityMs };
}

/** What a commit makes of it. @source EndTransactionProcessor.endMessageTransaction */
export function toReal(half: StoredMessage): MessageInput {
  return {
    ...contentOf(half),
    topic: propertyOf(half.properties, 'REAL_TOPIC') ?? '',
    queueId: numberOf(half.properties, 'REAL_QID') ?? 0,
    sysFlag: (half.sysFlag & ~SYS_FLAG.transactionMask) | SYS_FLAG.transactionCommit,
    preparedTransactionOffset: half.physicalOffset,
  };
}

/** What becomes of one that nobody decides about: an operator finds it there. */
export function toGivenUp(half: StoredMessage): MessageInput {
  return { ...contentOf(half), topic: GIVEN_UP_TOPIC, queueId: 0, sysFlag: half.sysFlag, preparedTransactionOffset: 0 };
}

function contentOf(
  half: StoredMessage,
): Omit<MessageInput, 'topic' | 'queueId' | 'sysFlag' | 'preparedTransactionOffset'> {
  const { flag, bornTimestamp, bornHost, reconsumeTimes, body, properties } = half;
  return { flag, bornTimestamp, bornHost, reconsumeTimes, body, properties };
}

/** The record that half messages need no decision any more. @source TransactionalMessageBridge.writeOp */
export function opMessage(offsets: readonly number[], host: MessageInput['bornHost'], nowMs: number): MessageInput {
  return {
    topic: OP_TOPIC,
    queueId: 0,
    flag: 0,
    sysFlag: 0,
    bornTimestamp: nowMs,
    bornHost: host,
    reconsumeTimes: 0,
    preparedTransactionOffset: 0,
    body: Buffer.from(offsets.map((offset) => `${offset},`).join('')),
    properties: pair('TAGS', DONE_TAG),
  };
}

/** Offsets of the half queue in an op message; what is no offset is left out. */
export function offsetsOf(op: StoredMessage): number[] {
  return String(op.body)
    .split(',')
    .filter((text) => /^\d{1,15}$/.test(text))
    .map(Number);
}

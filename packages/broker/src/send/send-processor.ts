import type { BatchInput, MessageInput, MessageStore, PutResult } from '@batonmq/broker-store';
import type { Host } from '@batonmq/host';
import {
  RequestCode,
  ResponseCode,
  brokerHeaders,
  type ExtFields,
  type Peer,
  type RemotingCommand,
  type Response,
} from '@batonmq/remoting';
import { parseAddress } from '@batonmq/host';
import { appendProperties, pair, propertyOf, withoutProperty } from '../message-properties';
import { PERM_WRITE, hasBatchQueues } from '../topics/topic-config';
import { ensureTopic, topicForSend } from '../topics/create-topic';
import { DLQ_PREFIX, RETRY_PREFIX, isForbiddenToSend, topicNameProblem } from '../topics/topic-names';
import type { TopicTable } from '../topics/topic-table';
import type { SubscriptionGroups } from '../groups/subscription-groups';
import type { QueueLocks } from '../locks/queue-locks';
import type { BrokerRole } from '../role';
import type { Confirmation } from './confirmation';
import { recallHandleOf } from '../timer/recall';
import { wantsTimer } from '../timer/timer-request';
import type { Stamp } from './message-builder';
import type { Scheduling } from './scheduling';
import { refusalOf } from './store-answer';
import { isTransactional, toHalf } from '../transaction/half-message';
import type { TransactionService } from '../transaction/transaction-service';
import type { UniqueKeys } from './unique-keys';

export interface SendOptions {
  readonly brokerName: string;
  readonly brokerPermission: number;
  readonly autoCreateTopicEnable: boolean;
  readonly regionId: string;
  readonly traceOn: boolean;
  readonly rejectTransactionMessage: boolean;
}

export interface SendParts {
  readonly host: Pick<Host, 'random' | 'log'>;
  readonly store: MessageStore;
  readonly role: BrokerRole;
  readonly topics: TopicTable;
  readonly groups: SubscriptionGroups;
  readonly locks: QueueLocks;
  readonly confirmation: Confirmation;
  readonly stamp: Stamp;
  readonly uniqueKeys: UniqueKeys;
  readonly scheduling: Scheduling;
  readonly transactions: Pick<TransactionService, 'isFull' | 'makeTopics'>;
}

/** A send as either header tells it. */
interface Send {
  readonly topic: string;
  readonly defaultTopic: string;
  readonly defaultTopicQueueNums: number;
  readonly queueId: number;
  readonly sysFlag: number;
  readonly bornTimestamp: number;
  readonly flag: number;
  readonly properties: string;
  readonly reconsumeTimes: number;
  readonly maxReconsumeTimes: number | undefined;
  readonly batch: boolean;
}

/** Where a message goes. */
interface Target {
  readonly topic: string;
  readonly queueId: number;
  readonly multiTag: boolean;
  readonly properties: string;
  /** Half of a transaction: it waits until that ends. */
  readonly isHalf: boolean;
}

interface Refusal {
  readonly code: number;
  readonly remark: string;
}
const refuse = (code: number, remark: string): Refusal => ({ code, remark });

const MULTI_TAG_FLAG = 0x2;
/** An inner batch, to be taken apart by the consumer. */
const INNER_BATCH_FLAGS = 0x80 | 0x40;

/** SEND_MESSAGE (10), SEND_MESSAGE_V2 (310), SEND_BATCH_MESSAGE (320). @source SendMessageProcessor */
export class SendProcessor {
  /** Present on every answer, errors included: Java's producer trace depends on it. */
  private readonly always: ExtFields;

  constructor(
    private readonly parts: SendParts,
    private readonly options: SendOptions,
  ) {
    this.always = { MSG_REGION: options.regionId, TRACE_ON: String(options.traceOn) };
  }

  readonly handle = (request: RemotingCommand, peer: Peer): Response | undefined => {
    if (this.parts.role.current === 'slave') {
      return this.refused(refuse(ResponseCode.SYSTEM_BUSY, '[REJECTREQUEST]system busy: this broker is a slave'));
    }
    const send = request.code === RequestCode.SEND_MESSAGE ? readLong(request.extFields) : readShort(request.extFields);
    const target = this.target(send);
    if ('code' in target) return this.refused(target);
    const unready = this.parts.confirmation.refusal();
    if (unready !== undefined && propertyOf(send.properties, 'WAIT') !== 'false') return this.refused(unready);
    return send.batch ? this.putBatch(request, peer, send, target) : this.putOne(request, peer, send, target);
  };

  private refused(refusal: Refusal): Response {
    return { ...refusal, header: this.always };
  }

  /** Where the message goes, or why it is refused; the checks in RocketMQ's order (broker.md 2.3). */
  private target(send: Send): Target | Refusal {
    const { topics, role } = this.parts;
    const known = topics.get(send.topic);
    if (known === undefined || !role.isMaster) {
      const problem = topicNameProblem(send.topic);
      if (problem !== undefined) return refuse(ResponseCode.INVALID_PARAMETER, problem);
      if (!role.isMaster)
        return refuse(ResponseCode.SERVICE_NOT_AVAILABLE, 'service not available now: this broker has no role yet');
    }
    if (isForbiddenToSend(send.topic)) {
      return refuse(ResponseCode.NO_PERMISSION, `sending to the topic ${send.topic} is forbidden`);
    }
    if (known?.order === true && (this.options.brokerPermission & PERM_WRITE) === 0) {
      return refuse(ResponseCode.NO_PERMISSION, `the broker ${this.options.brokerName} is not writable`);
    }
    const config = known ?? topicForSend(topics, send, this.options.autoCreateTopicEnable);
    if (config === undefined) {
      return refuse(ResponseCode.TOPIC_NOT_EXIST, `topic ${send.topic} not exist, apply first please!`);
    }
    const queues = Math.max(config.readQueueNums, config.writeQueueNums);
    if (send.queueId >= queues) {
      return refuse(
        ResponseCode.INVALID_PARAMETER,
        `request queueId ${send.queueId} is illegal, topic ${send.topic} has ${queues} queues`,
      );
    }
    const isHalf = isTransactional(send.properties, send.reconsumeTimes);
    if (isHalf) {
      const refusal = this.transactionRefusal(send);
      if (refusal !== undefined) return refusal;
    }
    const queueId = send.queueId < 0 ? Math.floor(this.parts.host.random.next() * config.writeQueueNums) : send.queueId;
    const multiTag = config.topicFilterType === 'MULTI_TAG';
    if (send.topic.startsWith(RETRY_PREFIX)) return this.retryTarget(send, queueId, multiTag, isHalf);
    return { topic: send.topic, queueId, multiTag, properties: send.properties, isHalf };
  }

  private transactionRefusal({ batch, properties }: Send): Refusal | undefined {
    const { rejectTransactionMessage, brokerName } = this.options;
    if (rejectTransactionMessage) {
      const remark = `the broker ${brokerName} does not take transactional messages`;
      return refuse(ResponseCode.NO_PERMISSION, remark);
    }
    if (batch) return refuse(ResponseCode.MESSAGE_ILLEGAL, 'a batch cannot be half of a transaction');
    if (propertyOf(properties, 'PGROUP') === undefined)
      return refuse(ResponseCode.MESSAGE_ILLEGAL, 'a half message needs its producer group (PGROUP) to be asked about');
    if (!this.parts.transactions.isFull) return undefined;
    return refuse(ResponseCode.SYSTEM_BUSY, '[TRANSACTIONS]broker busy: too many transactions are open');
  }

  /** A consumer that sends back by itself, after its CONSUMER_SEND_MSG_BACK failed (broker.md 5.3). */
  private retryTarget(send: Send, queueId: number, multiTag: boolean, isHalf: boolean): Target | Refusal {
    if (send.batch) return refuse(ResponseCode.MESSAGE_ILLEGAL, 'a batch to a retry topic is not supported');
    const name = send.topic.slice(RETRY_PREFIX.length);
    const group = this.parts.groups.find(name);
    if (group === undefined)
      return refuse(ResponseCode.SUBSCRIPTION_GROUP_NOT_EXIST, `subscription group not exist, ${name}`);
    const max = send.maxReconsumeTimes ?? group.retryMaxTimes;
    if (send.reconsumeTimes <= max && !this.parts.locks.anyHeld(name)) {
      return { topic: send.topic, queueId, multiTag, properties: send.properties, isHalf };
    }
    const dead = ensureTopic(this.parts.topics, DLQ_PREFIX + name, 1);
    return {
      topic: dead.topicName,
      queueId: 0,
      multiTag,
      properties: appendProperties(send.properties, pair('DELAY', '-1')),
      isHalf,
    };
  }

  private putOne(request: RemotingCommand, peer: Peer, send: Send, target: Target): Response | undefined {
    const born = parseAddress(peer.remote) ?? { host: '0.0.0.0', port: 0 };
    const message: MessageInput = {
      topic: target.topic,
      queueId: target.queueId,
      flag: send.flag,
      sysFlag: target.multiTag ? send.sysFlag | MULTI_TAG_FLAG : send.sysFlag,
      bornTimestamp: send.bornTimestamp,
      bornHost: born,
      reconsumeTimes: send.reconsumeTimes,
      preparedTransactionOffset: 0,
      body: request.body ?? Buffer.alloc(0),
      properties: this.parts.stamp.add(target.properties, this.parts.uniqueKeys.next),
    };
    if (target.isHalf) this.parts.transactions.makeTopics();
    const placed = target.isHalf ? toHalf(message) : this.parts.scheduling.place(message);
    if ('code' in placed) return this.refused(placed);
    const recallHandle = placed === message ? undefined : recallHandleOf(placed, this.options.brokerName);
    const result = this.parts.store.put(placed);
    return this.answer(request, peer, result, target.queueId, message.properties, { recallHandle });
  }

  /** A message of the broker's own, placed and stored as a producer's; answered when it is safe. */
  readonly store = (message: MessageInput): Promise<Response> => {
    const { confirmation, scheduling, stamp, uniqueKeys, store } = this.parts;
    const unready = confirmation.refusal();
    if (unready !== undefined) return Promise.resolve(unready);
    const placed = scheduling.place({ ...message, properties: stamp.add(message.properties, uniqueKeys.next) });
    if ('code' in placed) return Promise.resolve(placed);
    const result = store.put(placed);
    if (result.status !== 'PUT_OK') return Promise.resolve(refusalOf(result.status, result.reason));
    return new Promise((resolve) => confirmation.whenSafe(result.endOffset, true, resolve));
  };

  private putBatch(
    request: RemotingCommand,
    peer: Peer,
    send: Send,
    target: { topic: string; queueId: number; multiTag: boolean },
  ): Response | undefined {
    if (target.topic.length > 127)
      return this.refused(refuse(ResponseCode.MESSAGE_ILLEGAL, 'the topic of a batch has more than 127 characters'));
    if (wantsTimer(send.properties))
      return this.refused(refuse(ResponseCode.MESSAGE_ILLEGAL, 'a batch cannot be for a later time'));
    const uniqueKey = propertyOf(send.properties, 'UNIQ_KEY');
    const isInner = uniqueKey !== undefined && hasBatchQueues(this.parts.topics.get(target.topic));
    const batch: BatchInput = {
      topic: target.topic,
      queueId: target.queueId,
      flag: send.flag,
      sysFlag: target.multiTag ? send.sysFlag | MULTI_TAG_FLAG : send.sysFlag,
      bornTimestamp: send.bornTimestamp,
      bornHost: parseAddress(peer.remote) ?? { host: '0.0.0.0', port: 0 },
      reconsumeTimes: send.reconsumeTimes,
      preparedTransactionOffset: 0,
      body: request.body ?? Buffer.alloc(0),
      properties: this.parts.stamp.pairs,
    };
    if (!isInner) return this.answer(request, peer, this.parts.store.putBatch(batch), target.queueId, send.properties);
    const count = messagesIn(batch.body);
    if (count === undefined)
      return this.refused(refuse(ResponseCode.MESSAGE_ILLEGAL, 'the body of the batch is malformed'));
    const own = this.parts.stamp.add(withoutProperty(send.properties, 'INNER_NUM'), this.parts.uniqueKeys.next);
    const result = this.parts.store.put({
      ...batch,
      sysFlag: batch.sysFlag | INNER_BATCH_FLAGS,
      properties: appendProperties(own, pair('INNER_NUM', String(count))),
    });
    return this.answer(request, peer, result, target.queueId, send.properties, { batchUniqId: uniqueKey });
  }

  private answer(
    request: RemotingCommand,
    peer: Peer,
    result: PutResult,
    queueId: number,
    properties: string,
    more: ExtFields = {},
  ): Response | undefined {
    if (result.status !== 'PUT_OK') return this.refused(refusalOf(result.status, result.reason));
    const header: ExtFields = {
      msgId: result.messageIds,
      queueId: String(queueId),
      queueOffset: String(result.queueOffset),
      transactionId: propertyOf(properties, 'UNIQ_KEY'),
      ...more,
      MSG_REGION: this.options.regionId,
      TRACE_ON: this.always['TRACE_ON'],
    };
    const patient = propertyOf(properties, 'WAIT') !== 'false';
    this.parts.confirmation.whenSafe(result.endOffset, patient, (outcome) => {
      peer.respond(request, {
        code: outcome.code,
        remark: outcome.remark,
        header: outcome.stored ? header : this.always,
      });
    });
    return undefined;
  }
}

/** Messages in the body of a batch request; undefined when it is none. */
function messagesIn(body: Buffer): number | undefined {
  let count = 0;
  for (let at = 0; at < body.length; count++) {
    const size = at + 4 <= body.length ? body.readInt32BE(at) : 0;
    if (size < 22 || at + size > body.length) return undefined;
    at += size;
  }
  return count === 0 ? undefined : count;
}

function readShort(fields: ExtFields): Send {
  const h = brokerHeaders.SendMessageV2Request.decode(fields);
  return {
    topic: h.b,
    defaultTopic: h.c,
    defaultTopicQueueNums: h.d,
    queueId: h.e,
    sysFlag: h.f,
    bornTimestamp: h.g,
    flag: h.h,
    properties: h.i ?? '',
    reconsumeTimes: h.j ?? 0,
    maxReconsumeTimes: h.l,
    batch: h.m,
  };
}

function readLong(fields: ExtFields): Send {
  const h = brokerHeaders.SendMessageRequest.decode(fields);
  return {
    ...h,
    properties: h.properties ?? '',
    reconsumeTimes: h.reconsumeTimes ?? 0,
    maxReconsumeTimes: h.maxReconsumeTimes,
  };
}

import type { MessageInput } from '@batonmq/broker-store';
import { parseAddress, type Clock } from '@batonmq/host';
import {
  RequestRefused,
  ResponseCode,
  brokerHeaders,
  type Peer,
  type RemotingCommand,
  type Response,
} from '@batonmq/remoting';
import { pair, propertyOf } from '../message-properties';
import type { BrokerRole } from '../role';
import { PERM_WRITE } from '../topics/topic-config';
import { RETRY_PREFIX } from '../topics/topic-names';
import type { TopicTable } from '../topics/topic-table';
import { deleteKey, numberOf } from './timer-copy';

const VERSION = 'v1';
const RECALL_TAG = '_RECALL_TAG_';

/** What the handle of a timed message says. @source RecallMessageHandle */
export interface RecallHandle {
  readonly topic: string;
  readonly brokerName: string;
  readonly dueMs: number;
  readonly uniqueKey: string;
}

/** base64url of `v1 topic broker time key`, padded as Java does. */
export function encodeRecallHandle(handle: RecallHandle): string {
  const text = [VERSION, handle.topic, handle.brokerName, String(handle.dueMs), handle.uniqueKey].join(' ');
  return Buffer.from(text, 'utf8').toString('base64').replaceAll('+', '-').replaceAll('/', '_');
}

/** @returns undefined for anything else */
export function decodeRecallHandle(text: string): RecallHandle | undefined {
  const [version, topic, brokerName, time, uniqueKey] = Buffer.from(text, 'base64url').toString('utf8').split(' ');
  if (version !== VERSION || !topic || !brokerName || !uniqueKey || !/^\d{1,15}$/.test(time ?? '')) return undefined;
  return { topic, brokerName, dueMs: Number(time), uniqueKey };
}

/** The handle that goes with the answer to a send; undefined when the stored message cannot be recalled. */
export function recallHandleOf(stored: MessageInput, brokerName: string): string | undefined {
  const outMs = numberOf(stored.properties, 'TIMER_OUT_MS');
  const topic = propertyOf(stored.properties, 'REAL_TOPIC');
  const uniqueKey = propertyOf(stored.properties, 'UNIQ_KEY');
  if (outMs === undefined || topic === undefined || uniqueKey === undefined || topic.startsWith(RETRY_PREFIX))
    return undefined;
  // One more than the slot, which begins before the time that was asked for.
  return encodeRecallHandle({ topic, brokerName, dueMs: outMs + 1, uniqueKey });
}

export interface RecallParts {
  readonly clock: Pick<Clock, 'wallMs'>;
  readonly role: BrokerRole;
  readonly topics: TopicTable;
  /** Stores a message as a send does and answers when it is safe. */
  readonly send: (message: MessageInput) => Promise<Response>;
}

export interface RecallOptions {
  readonly brokerName: string;
  readonly brokerPermission: number;
  readonly recallMessageEnable: boolean;
  readonly allowRecallWhenBrokerNotWriteable: boolean;
  readonly timerMaxDelaySec: number;
}

/** RECALL_MESSAGE (370): takes a timed message back by a delete marker that fires in the same slot. @source RecallMessageProcessor */
export class Recall {
  constructor(
    private readonly parts: RecallParts,
    private readonly options: RecallOptions,
  ) {}

  readonly handle = async (request: RemotingCommand, peer: Peer): Promise<Response> => {
    const { producerGroup, topic, recallHandle } = brokerHeaders.RecallMessageRequest.decode(request.extFields);
    const handle = this.checked(topic, recallHandle);
    const nowMs = this.parts.clock.wallMs();
    const answer = await this.parts.send({
      topic,
      queueId: 0,
      flag: 0,
      sysFlag: 0,
      bornTimestamp: nowMs,
      bornHost: parseAddress(peer.remote) ?? { host: '0.0.0.0', port: 0 },
      reconsumeTimes: 0,
      preparedTransactionOffset: 0,
      body: Buffer.from('0'),
      properties:
        pair('TAGS', RECALL_TAG) +
        pair('TIMER_DEL_UNIQKEY', deleteKey(topic, handle.uniqueKey)) +
        pair('UNIQ_KEY', handle.uniqueKey) +
        pair('TIMER_DELIVER_MS', String(handle.dueMs)) +
        pair('BORN_TIMESTAMP', String(nowMs)) +
        (producerGroup === undefined || producerGroup === '' ? '' : pair('PGROUP', producerGroup)),
    });
    if (!STORED.includes(answer.code))
      throw new RequestRefused(ResponseCode.SYSTEM_ERROR, `recall failed, ${answer.remark ?? 'execute error'}`);
    return { code: ResponseCode.SUCCESS, header: { msgId: handle.uniqueKey } };
  };

  private checked(topic: string, text: string): RecallHandle {
    const { role, topics, clock } = this.parts;
    const o = this.options;
    const refuse = (code: number, what: string): never => {
      throw new RequestRefused(code, `recall failed, ${what}`);
    };
    if (!o.recallMessageEnable) return refuse(ResponseCode.NO_PERMISSION, 'operation is forbidden');
    if (role.current === 'slave') return refuse(ResponseCode.SLAVE_NOT_AVAILABLE, 'broker service not available');
    if (!role.isMaster || ((o.brokerPermission & PERM_WRITE) === 0 && !o.allowRecallWhenBrokerNotWriteable))
      return refuse(ResponseCode.SERVICE_NOT_AVAILABLE, 'broker service not available');
    if (topics.get(topic) === undefined) return refuse(ResponseCode.TOPIC_NOT_EXIST, `the topic[${topic}] not exist`);
    const handle = decodeRecallHandle(text);
    if (handle === undefined) return refuse(ResponseCode.ILLEGAL_OPERATION, 'recall handle is invalid');
    if (handle.topic !== topic) return refuse(ResponseCode.ILLEGAL_OPERATION, 'topic not match');
    if (handle.brokerName !== o.brokerName)
      return refuse(ResponseCode.ILLEGAL_OPERATION, 'broker service not available');
    const leftMs = handle.dueMs - clock.wallMs();
    if (leftMs <= 0 || leftMs >= o.timerMaxDelaySec * 1000)
      return refuse(ResponseCode.ILLEGAL_OPERATION, 'timestamp invalid');
    return handle;
  }
}

/** Answers of a send whose message is in the log. */
const STORED: readonly number[] = [
  ResponseCode.SUCCESS,
  ResponseCode.FLUSH_DISK_TIMEOUT,
  ResponseCode.SLAVE_NOT_AVAILABLE,
  ResponseCode.FLUSH_SLAVE_TIMEOUT,
];

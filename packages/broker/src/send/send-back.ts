import type { MessageInput, MessageStore } from '@batonmq/broker-store';
import {
  RequestRefused,
  ResponseCode,
  brokerHeaders,
  decodeMessages,
  formatProperties,
  type RemotingCommand,
  type Response,
} from '@batonmq/remoting';
import { parseAddress } from '@batonmq/host';
import type { SubscriptionGroups } from '../groups/subscription-groups';
import type { BrokerRole } from '../role';
import { ensureTopic } from '../topics/create-topic';
import { PERM_WRITE } from '../topics/topic-config';
import { DLQ_PREFIX, RETRY_PREFIX } from '../topics/topic-names';
import type { TopicTable } from '../topics/topic-table';
import type { Confirmation } from './confirmation';
import { redirectDelayed } from './message-builder';
import { refusalOf } from './store-answer';

export interface SendBackParts {
  readonly store: MessageStore;
  readonly role: BrokerRole;
  readonly topics: TopicTable;
  readonly groups: SubscriptionGroups;
  readonly confirmation: Confirmation;
  readonly delayLevels: number;
}

/** First delay of a message that failed once: level 3 (10 s), one level more each time. */
const FIRST_DELAY_LEVEL = 3;

/**
 * CONSUMER_SEND_MSG_BACK (36): a consumer could not handle a message and wants it again later, or buried.
 * Unlike the reference, the answer waits for disk and replicas as any send does: the consumer forgets the original on 0.
 * @source AbstractSendMessageProcessor.consumerSendMsgBack
 */
export class SendBack {
  constructor(private readonly parts: SendBackParts) {}

  readonly handle = (request: RemotingCommand): Promise<Response> => {
    const { store, confirmation, delayLevels } = this.parts;
    if (!this.parts.role.isMaster)
      throw new RequestRefused(ResponseCode.SYSTEM_ERROR, 'no master available along with this broker');
    const message = this.build(brokerHeaders.ConsumerSendMsgBackRequest.decode(request.extFields));
    if (message === undefined) return Promise.resolve({ code: ResponseCode.SUCCESS });
    const unready = confirmation.refusal();
    if (unready !== undefined) throw new RequestRefused(unready.code, unready.remark);
    const result = store.put(redirectDelayed(message, delayLevels));
    if (result.status !== 'PUT_OK') {
      const { remark } = refusalOf(result.status, result.reason);
      throw new RequestRefused(ResponseCode.SYSTEM_ERROR, remark);
    }
    return new Promise((resolve) => {
      confirmation.whenSafe(result.endOffset, true, (outcome) =>
        resolve(outcome.code === 0 ? { code: 0 } : { code: ResponseCode.SYSTEM_ERROR, remark: outcome.remark ?? '' }),
      );
    });
  };

  /** @returns undefined when the group wants no retries */
  private build(header: ReturnType<typeof brokerHeaders.ConsumerSendMsgBackRequest.decode>): MessageInput | undefined {
    const { topics, groups, store } = this.parts;
    const group = groups.find(header.group);
    if (group === undefined)
      throw new RequestRefused(
        ResponseCode.SUBSCRIPTION_GROUP_NOT_EXIST,
        `subscription group not exist, ${header.group}`,
      );
    if (group.retryQueueNums <= 0) return undefined;
    const retryTopic = ensureTopic(topics, RETRY_PREFIX + header.group, group.retryQueueNums);
    if ((retryTopic.perm & PERM_WRITE) === 0)
      throw new RequestRefused(ResponseCode.NO_PERMISSION, `the topic ${retryTopic.topicName} is not writable`);
    const record = store.messageAt(header.offset);
    const original = record === undefined ? undefined : decodeMessages(record)[0];
    if (original === undefined)
      throw new RequestRefused(ResponseCode.SYSTEM_ERROR, `there is no message at offset ${header.offset}`);
    const max = header.maxReconsumeTimes ?? group.retryMaxTimes;
    const dead = original.reconsumeTimes >= max || header.delayLevel < 0;
    const topic = dead ? ensureTopic(topics, DLQ_PREFIX + header.group, 1) : retryTopic;
    const properties = new Map(original.properties);
    if (!properties.has('RETRY_TOPIC')) properties.set('RETRY_TOPIC', original.topic);
    if (!properties.has('ORIGIN_MESSAGE_ID'))
      properties.set('ORIGIN_MESSAGE_ID', header.originMsgId ?? properties.get('UNIQ_KEY') ?? '');
    properties.delete('DELAY');
    if (!dead)
      properties.set(
        'DELAY',
        String(header.delayLevel === 0 ? FIRST_DELAY_LEVEL + original.reconsumeTimes : header.delayLevel),
      );
    return {
      topic: topic.topicName,
      queueId: 0,
      flag: original.flag,
      sysFlag: original.sysFlag,
      bornTimestamp: original.bornTimestamp,
      bornHost: parseAddress(original.bornHost) ?? { host: '0.0.0.0', port: 0 },
      reconsumeTimes: original.reconsumeTimes + 1,
      preparedTransactionOffset: 0,
      body: original.body,
      properties: formatProperties(properties),
    };
  }
}

import type { MessageStore } from '@batonmq/broker-store';
import {
  RequestCode,
  RequestRefused,
  ResponseCode,
  brokerHeaders,
  writeJson,
  type RequestRouter,
} from '@batonmq/remoting';
import type { ClientRegistry } from '../clients/client-registry';
import type { ConsumerOffsets } from '../offsets/consumer-offsets';
import type { TopicTable } from '../topics/topic-table';
import { decodeMessages } from '@batonmq/remoting';

export interface StatsRequestParts {
  readonly store: MessageStore;
  readonly topics: TopicTable;
  readonly offsets: ConsumerOffsets;
  readonly clients: ClientRegistry;
  readonly brokerName: string;
}

/** How far topics and groups are (broker.md 11). @source AdminBrokerProcessor */
export function routeStatsRequests(router: RequestRouter, parts: StatsRequestParts): void {
  const { store, topics, offsets, clients, brokerName } = parts;

  /** Store time of the message before `offset`, 0 when it is gone. */
  const timeBefore = (topic: string, queueId: number, offset: number): number => {
    const found = offset > 0 ? store.getMessages(topic, queueId, offset - 1, 1, 1) : undefined;
    const first = found?.messages[0];
    return first === undefined ? 0 : (decodeMessages(first)[0]?.storeTimestamp ?? 0);
  };

  router.handle(RequestCode.GET_TOPIC_STATS_INFO, (request) => {
    const { topic } = brokerHeaders.OptionalTopicRequest.decode(request.extFields);
    const config = topics.get(topic);
    if (config === undefined) throw new RequestRefused(ResponseCode.TOPIC_NOT_EXIST, `topic[${topic}] not exist`);
    const offsetTable = new Map<object, object>();
    for (let queueId = 0; queueId < Math.max(config.readQueueNums, config.writeQueueNums); queueId += 1) {
      const minOffset = Math.max(0, store.minOffsetInQueue(topic, queueId));
      const maxOffset = store.maxOffsetInQueue(topic, queueId);
      const lastUpdateTimestamp = maxOffset > 0 ? timeBefore(topic, queueId, maxOffset) : 0;
      offsetTable.set({ brokerName, queueId, topic }, { lastUpdateTimestamp, maxOffset, minOffset });
    }
    return { code: ResponseCode.SUCCESS, body: writeJson({ offsetTable, topicPutTps: 0 }) };
  });

  router.handle(RequestCode.GET_CONSUME_STATS, (request) => {
    const header = brokerHeaders.GetConsumeStatsRequest.decode(request.extFields);
    const wanted =
      header.topic === undefined || header.topic === '' ? offsets.topicsOf(header.consumerGroup) : [header.topic];
    const offsetTable = new Map<object, object>();
    for (const topic of wanted) {
      const config = topics.get(topic);
      for (let queueId = 0; queueId < (config?.readQueueNums ?? 0); queueId += 1) {
        const brokerOffset = store.maxOffsetInQueue(topic, queueId);
        const consumerOffset = Math.max(0, offsets.query(topic, header.consumerGroup, queueId) ?? 0);
        const lastTimestamp = timeBefore(topic, queueId, consumerOffset);
        offsetTable.set(
          { brokerName, queueId, topic },
          { brokerOffset, consumerOffset, lastTimestamp, pullOffset: consumerOffset },
        );
      }
    }
    return { code: ResponseCode.SUCCESS, body: writeJson({ consumeTps: 0, offsetTable }) };
  });

  router.handle(RequestCode.QUERY_TOPIC_CONSUME_BY_WHO, (request) => {
    const { topic } = brokerHeaders.OptionalTopicRequest.decode(request.extFields);
    const online = [...clients.consumerGroups()]
      .filter((state) => state.subscriptions.has(topic))
      .map((state) => state.group);
    return {
      code: ResponseCode.SUCCESS,
      body: writeJson({ groupList: [...new Set([...online, ...offsets.groupsOf(topic)])] }),
    };
  });

  router.handle(RequestCode.QUERY_TOPICS_BY_CONSUMER, (request) => {
    const { group } = brokerHeaders.GroupRequest.decode(request.extFields);
    return { code: ResponseCode.SUCCESS, body: writeJson({ topicList: offsets.topicsOf(group) }) };
  });
}

import type { MessageStore } from '@batonmq/broker-store';
import {
  RequestCode,
  RequestRefused,
  ResponseCode,
  brokerHeaders,
  writeJson,
  type RequestRouter,
  type Response,
} from '@batonmq/remoting';
import type { SubscriptionGroups } from '../groups/subscription-groups';
import type { BrokerRole } from '../role';
import type { TopicTable } from '../topics/topic-table';
import type { ConsumerOffsets } from './consumer-offsets';

export interface OffsetRequestParts {
  readonly store: MessageStore;
  readonly topics: TopicTable;
  readonly groups: SubscriptionGroups;
  readonly offsets: ConsumerOffsets;
  readonly role: BrokerRole;
}

const offsetAnswer = (offset: number): Response => ({
  code: ResponseCode.SUCCESS,
  header: brokerHeaders.OffsetResponse.encode({ offset }),
});

/** Consumer progress and questions to a queue (broker.md 7). @source ConsumerManageProcessor */
export function routeOffsetRequests(router: RequestRouter, parts: OffsetRequestParts): void {
  const { store, topics, groups, offsets, role } = parts;

  router.handle(RequestCode.QUERY_CONSUMER_OFFSET, (request) => {
    const { consumerGroup, topic, queueId, setZeroIfNotFound } = brokerHeaders.QueryConsumerOffsetRequest.decode(
      request.extFields,
    );
    const known = offsets.query(topic, consumerGroup, queueId);
    if (known !== undefined) return offsetAnswer(known);
    // A young queue is consumed from its beginning, whatever the group's consumeFromWhere.
    const young = store.minOffsetInQueue(topic, queueId) <= 0 && setZeroIfNotFound !== false;
    if (young) return offsetAnswer(0);
    throw new RequestRefused(
      ResponseCode.QUERY_NOT_FOUND,
      `the group ${consumerGroup} has no offset for queue ${queueId} of ${topic}`,
    );
  });

  router.handle(RequestCode.UPDATE_CONSUMER_OFFSET, (request) => {
    const { consumerGroup, topic, queueId, commitOffset } = brokerHeaders.UpdateConsumerOffsetRequest.decode(
      request.extFields,
    );
    if (role.current === 'slave')
      throw new RequestRefused(
        ResponseCode.SYSTEM_BUSY,
        '[REJECTREQUEST]system busy: a slave takes its offsets from the master',
      );
    if (groups.get(consumerGroup) === undefined)
      throw new RequestRefused(ResponseCode.SUBSCRIPTION_GROUP_NOT_EXIST, `Group ${consumerGroup} not exist!`);
    if (topics.get(topic) === undefined)
      throw new RequestRefused(ResponseCode.TOPIC_NOT_EXIST, `Topic ${topic} not exist!`);
    offsets.commit(topic, consumerGroup, queueId, commitOffset);
    return { code: ResponseCode.SUCCESS };
  });

  router.handle(RequestCode.SEARCH_OFFSET_BY_TIMESTAMP, (request) => {
    const { topic, queueId, timestamp, boundaryType } = brokerHeaders.SearchOffsetRequest.decode(request.extFields);
    return offsetAnswer(
      store.offsetByTime(topic, queueId, timestamp, boundaryType?.toUpperCase() === 'UPPER' ? 'UPPER' : 'LOWER'),
    );
  });

  router.handle(RequestCode.GET_MAX_OFFSET, (request) => {
    const { topic, queueId } = brokerHeaders.QueueRequest.decode(request.extFields);
    return offsetAnswer(store.maxOffsetInQueue(topic, queueId));
  });

  router.handle(RequestCode.GET_MIN_OFFSET, (request) => {
    const { topic, queueId } = brokerHeaders.QueueRequest.decode(request.extFields);
    return offsetAnswer(Math.max(0, store.minOffsetInQueue(topic, queueId)));
  });

  router.handle(RequestCode.GET_EARLIEST_MSG_STORETIME, (request) => {
    const { topic, queueId } = brokerHeaders.QueueRequest.decode(request.extFields);
    const timestamp = store.earliestTime(topic, queueId);
    return { code: ResponseCode.SUCCESS, header: brokerHeaders.TimestampResponse.encode({ timestamp }) };
  });

  router.handle(RequestCode.GET_ALL_CONSUMER_OFFSET, () => ({
    code: ResponseCode.SUCCESS,
    body: writeJson(offsets.toJson()),
  }));
}

import {
  RequestCode,
  RequestRefused,
  ResponseCode,
  brokerHeaders,
  readJson,
  writeJson,
  type RequestRouter,
} from '@batonmq/remoting';
import type { SubscriptionGroups } from '../groups/subscription-groups';
import type { MessageQueue, QueueLocks } from '../locks/queue-locks';
import { ensureTopic } from '../topics/create-topic';
import { RETRY_PREFIX } from '../topics/topic-names';
import type { TopicTable } from '../topics/topic-table';
import type { BrokerRole } from '../role';
import type { ClientConnection, ClientRegistry } from './client-registry';
import { readHeartbeat, type ConsumerData } from './heartbeat';

export interface ClientRequestParts {
  readonly clients: ClientRegistry;
  readonly groups: SubscriptionGroups;
  readonly topics: TopicTable;
  readonly locks: QueueLocks;
  readonly role: BrokerRole;
}

/** Heartbeats, who is there, and queue locks (broker.md 8, 9). @source ClientManageProcessor, ConsumerManageProcessor */
export function routeClientRequests(router: RequestRouter, parts: ClientRequestParts): void {
  const { clients, locks } = parts;

  router.handle(RequestCode.HEART_BEAT, (request, peer) => {
    const data = readHeartbeat(request.body ?? Buffer.from('{}'));
    clients.heartbeat(data, peer, request.language, request.version, (consumer) => acceptConsumer(parts, consumer));
    return { code: ResponseCode.SUCCESS, header: { IS_SUPPORT_HEART_BEAT_V2: 'true', IS_SUB_CHANGE: 'true' } };
  });

  router.handle(RequestCode.UNREGISTER_CLIENT, (request, peer) => {
    const header = brokerHeaders.UnregisterClientRequest.decode(request.extFields);
    clients.unregister(peer, header.producerGroup, header.consumerGroup);
    return { code: ResponseCode.SUCCESS };
  });

  router.handle(RequestCode.CHECK_CLIENT_CONFIG, (request) => {
    const config = (request.body === undefined ? {} : readJson(request.body)) as {
      subscriptionData?: { expressionType?: string };
    };
    const type = config.subscriptionData?.expressionType ?? 'TAG';
    if (type === 'TAG') return { code: ResponseCode.SUCCESS };
    return {
      code: ResponseCode.SYSTEM_ERROR,
      remark: `The broker does not support consumer to filter message by ${type}`,
    };
  });

  router.handle(RequestCode.GET_CONSUMER_LIST_BY_GROUP, (request) => {
    const { consumerGroup } = brokerHeaders.ConsumerGroupRequest.decode(request.extFields);
    const state = clients.consumerGroup(consumerGroup);
    if (state === undefined)
      throw new RequestRefused(ResponseCode.SYSTEM_ERROR, `no consumer for this group, ${consumerGroup}`);
    const consumerIdList = [...new Set([...state.connections.values()].map((one) => one.clientId))];
    return { code: ResponseCode.SUCCESS, body: writeJson({ consumerIdList }) };
  });

  router.handle(RequestCode.GET_CONSUMER_CONNECTION_LIST, (request) => {
    const { consumerGroup } = brokerHeaders.ConsumerGroupRequest.decode(request.extFields);
    const state = clients.consumerGroup(consumerGroup);
    if (state === undefined)
      throw new RequestRefused(ResponseCode.CONSUMER_NOT_ONLINE, `the consumer group[${consumerGroup}] not online`);
    const subscriptionTable = Object.fromEntries(
      [...state.subscriptions.values()].map((one) => [one.topic, one.source]),
    );
    const { consumeType, messageModel, consumeFromWhere } = state;
    const connectionSet = connectionList(state.connections.values());
    return {
      code: ResponseCode.SUCCESS,
      body: writeJson({ connectionSet, subscriptionTable, consumeType, messageModel, consumeFromWhere }),
    };
  });

  router.handle(RequestCode.GET_PRODUCER_CONNECTION_LIST, (request) => {
    const { producerGroup } = brokerHeaders.ProducerGroupRequest.decode(request.extFields);
    const members = clients.producerGroup(producerGroup);
    if (members === undefined)
      throw new RequestRefused(ResponseCode.SYSTEM_ERROR, `the producer group[${producerGroup}] not exist`);
    return { code: ResponseCode.SUCCESS, body: writeJson({ connectionSet: connectionList(members.values()) }) };
  });

  router.handle(RequestCode.LOCK_BATCH_MQ, (request) => {
    if (!parts.role.isMaster)
      throw new RequestRefused(ResponseCode.SYSTEM_BUSY, '[REJECTREQUEST]system busy: only the master grants locks');
    const { consumerGroup, clientId, queues } = readLockBody(request.body);
    return {
      code: ResponseCode.SUCCESS,
      body: writeJson({ lockOKMQSet: locks.lock(consumerGroup, clientId, queues) }),
    };
  });

  router.handle(RequestCode.UNLOCK_BATCH_MQ, (request) => {
    const { consumerGroup, clientId, queues } = readLockBody(request.body);
    locks.unlock(consumerGroup, clientId, queues);
    return { code: ResponseCode.SUCCESS };
  });
}

/** What the broker does for a consumer group it hears of (broker.md 8.2); false: the group may not be created. */
function acceptConsumer(parts: ClientRequestParts, consumer: ConsumerData): boolean {
  const { groups, topics, role } = parts;
  // It may become master before the next heartbeat, and has to know its consumers then.
  if (!role.isMaster) return true;
  const group = groups.find(consumer.groupName);
  if (group === undefined) return false;
  if (group.retryQueueNums > 0) ensureTopic(topics, RETRY_PREFIX + consumer.groupName, group.retryQueueNums);
  return true;
}

const connectionList = (connections: Iterable<ClientConnection>): object[] =>
  [...connections].map(({ clientId, peer, language, version }) => ({
    clientId,
    clientAddr: peer.remote,
    language,
    version,
  }));

function readLockBody(body: Buffer | undefined): { consumerGroup: string; clientId: string; queues: MessageQueue[] } {
  const value = (body === undefined ? {} : readJson(body)) as Record<string, unknown>;
  const { consumerGroup, clientId, mqSet } = value;
  if (typeof consumerGroup !== 'string' || typeof clientId !== 'string' || !Array.isArray(mqSet)) {
    throw new RequestRefused(ResponseCode.SYSTEM_ERROR, 'the body must have consumerGroup, clientId and mqSet');
  }
  return { consumerGroup, clientId, queues: mqSet as MessageQueue[] };
}

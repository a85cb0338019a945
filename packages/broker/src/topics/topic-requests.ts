import {
  RequestCode,
  RequestRefused,
  ResponseCode,
  brokerHeaders,
  readJson,
  writeJson,
  type RequestRouter,
  type Response,
} from '@batonmq/remoting';
import { FOLLOWER_ID, METADATA_TOKEN } from '../metadata/metadata-follower';
import { NO_VERSION } from '../metadata/data-version';
import { confirmChange } from '../metadata/confirm-change';
import type { MetadataFeed } from '../metadata/metadata-feed';
import type { ConsumerOffsets } from '../offsets/consumer-offsets';
import type { NameServerRegistration } from '../registration/name-server-registration';
import type { BrokerRole } from '../role';
import type { MessageStore } from '@batonmq/broker-store';
import { hasBatchQueues, toTopicConfig, type TopicConfig } from './topic-config';
import { isSystemTopic, topicNameProblem } from './topic-names';
import type { TopicTable } from './topic-table';

export interface TopicRequestParts {
  readonly store: MessageStore;
  readonly topics: TopicTable;
  readonly offsets: ConsumerOffsets;
  readonly feed: MetadataFeed;
  readonly registration: NameServerRegistration;
  readonly role: BrokerRole;
  readonly timer: { readonly metrics: { removeTopic(topic: string): void } } | undefined;
  /** Names of cluster and broker: topics by convention. */
  readonly ownNames: readonly string[];
}

/** How long the creation of a topic waits for the name servers. */
const REGISTER_MS = 3000;

/** Creating, changing, deleting and listing topics (broker.md 3.6). @source AdminBrokerProcessor */
export function routeTopicRequests(router: RequestRouter, parts: TopicRequestParts): void {
  const { topics, feed, ownNames } = parts;

  router.handle(RequestCode.UPDATE_AND_CREATE_TOPIC, (request) => {
    const header = brokerHeaders.CreateTopicRequest.decode(request.extFields);
    const wanted: TopicConfig = {
      topicName: header.topic,
      readQueueNums: header.readQueueNums,
      writeQueueNums: header.writeQueueNums,
      perm: header.perm,
      topicFilterType: header.topicFilterType ?? 'SINGLE_TAG',
      topicSysFlag: header.topicSysFlag,
      order: header.order,
      attributes: changedAttributes(topics.get(header.topic)?.attributes ?? {}, header.attributes),
    };
    return change(parts, [wanted]);
  });

  router.handle(RequestCode.UPDATE_AND_CREATE_TOPIC_LIST, (request) => {
    const body = (request.body === undefined ? {} : readJson(request.body)) as {
      topicConfigList?: { topicName?: string }[];
    };
    const wanted = (body.topicConfigList ?? []).map((one) => toTopicConfig(one.topicName ?? '', one));
    return change(parts, wanted);
  });

  router.handle(RequestCode.DELETE_TOPIC_IN_BROKER, async (request) => {
    const { topic } = brokerHeaders.OptionalTopicRequest.decode(request.extFields);
    masterOnly(parts.role);
    if (topic.trim() === '' || isSystemTopic(topic) || ownNames.includes(topic))
      throw new RequestRefused(ResponseCode.INVALID_PARAMETER, `the topic "${topic}" cannot be deleted`);
    topics.delete(topic);
    parts.offsets.removeTopic(topic);
    parts.store.deleteTopic(topic);
    parts.timer?.metrics.removeTopic(topic);
    return { code: ResponseCode.SUCCESS };
  });

  router.handle(RequestCode.GET_ALL_TOPIC_CONFIG, (request, peer) => {
    const answer = (): Response => ({
      code: ResponseCode.SUCCESS,
      header: { totalTopicNum: String(topics.size), [METADATA_TOKEN]: feed.token },
      body: writeJson({ ...topics.toJson(), mappingDataVersion: NO_VERSION, topicQueueMappingDetailMap: {} }),
    });
    const follower = Number(request.extFields[FOLLOWER_ID]);
    const token = request.extFields[METADATA_TOKEN];
    if (token === undefined || !Number.isInteger(follower)) return answer();
    masterOnly(parts.role);
    feed.ask(follower, token, () =>
      peer.respond(
        request,
        token === feed.token ? { code: ResponseCode.SUCCESS, header: { [METADATA_TOKEN]: token } } : answer(),
      ),
    );
    return undefined;
  });

  router.handle(RequestCode.GET_TOPIC_CONFIG, (request) => {
    const { topic } = brokerHeaders.OptionalTopicRequest.decode(request.extFields);
    const config = topics.get(topic);
    if (config === undefined)
      throw new RequestRefused(ResponseCode.TOPIC_NOT_EXIST, `No topic in this broker. topic: ${topic}`);
    return { code: ResponseCode.SUCCESS, body: writeJson(config) };
  });

  router.handle(RequestCode.GET_SYSTEM_TOPIC_LIST_FROM_BROKER, () => {
    const topicList = [...topics.all()]
      .map((one) => one.topicName)
      .filter((name) => isSystemTopic(name) || ownNames.includes(name));
    return { code: ResponseCode.SUCCESS, body: writeJson({ topicList }) };
  });
}

/** @throws RequestRefused: a change made on a slave would be undone by the next synchronisation */
export function masterOnly(role: BrokerRole): void {
  if (!role.isMaster) {
    throw new RequestRefused(
      ResponseCode.SYSTEM_ERROR,
      `this broker is not the master of its group${role.masterAddress === '' ? '' : `, ${role.masterAddress} is`}`,
    );
  }
}

async function change(parts: TopicRequestParts, wanted: readonly TopicConfig[]): Promise<Response> {
  masterOnly(parts.role);
  for (const topic of wanted) {
    const problem = topicNameProblem(topic.topicName);
    if (problem !== undefined) throw new RequestRefused(ResponseCode.INVALID_PARAMETER, problem);
    if (isSystemTopic(topic.topicName) || parts.ownNames.includes(topic.topicName)) {
      throw new RequestRefused(
        ResponseCode.INVALID_PARAMETER,
        `The topic[${topic.topicName}] is conflict with system topic.`,
      );
    }
    if (topic.readQueueNums < 0 || topic.writeQueueNums < 0 || topic.perm < 0 || topic.perm > 7) {
      throw new RequestRefused(ResponseCode.INVALID_PARAMETER, `queue numbers must be at least 0 and perm from 0 to 7`);
    }
  }
  for (const topic of wanted) {
    const known = parts.topics.get(topic.topicName);
    if (known !== undefined && hasBatchQueues(known) !== hasBatchQueues(topic))
      throw new RequestRefused(
        ResponseCode.SYSTEM_ERROR,
        `queue.type of the topic ${topic.topicName} cannot be changed`,
      );
  }
  parts.topics.put(...wanted);
  await parts.registration.registered(REGISTER_MS);
  await confirmChange(parts.feed);
  return { code: ResponseCode.SUCCESS };
}

/** `+key=value` sets, `-key` removes, comma separated. @throws RequestRefused on anything else */
function changedAttributes(known: Readonly<Record<string, string>>, text: string | undefined): Record<string, string> {
  const attributes = { ...known };
  for (const item of (text ?? '').split(',').filter((part) => part !== '')) {
    const [key, value] = item.slice(1).split('=');
    if (item.startsWith('-') && key) delete attributes[key];
    else if (item.startsWith('+') && key && value) attributes[key] = value;
    else throw new RequestRefused(ResponseCode.SYSTEM_ERROR, `attribute "${item}" must be +key=value or -key`);
  }
  const type = attributes['queue.type'];
  if (type !== undefined && type !== 'SimpleCQ' && type !== 'BatchCQ')
    throw new RequestRefused(ResponseCode.SYSTEM_ERROR, `queue.type=${type}: it is SimpleCQ or BatchCQ`);
  if (attributes['cleanup.policy'] === 'COMPACTION')
    throw new RequestRefused(ResponseCode.SYSTEM_ERROR, 'cleanup.policy=COMPACTION is not supported');
  return attributes;
}

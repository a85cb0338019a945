import type { Clock } from '@batonmq/host';
import {
  namesrvHeaders,
  RequestCode,
  ResponseCode,
  writeJson,
  type ExtFields,
  type RequestHandler,
  type RequestRouter,
  type Response,
} from '@batonmq/remoting';
import { ORDER_TOPIC_CONFIG, type KvConfig } from './kv-config';
import { routeBody, type RouteView } from './route-answers';
import type { RouteCache } from './route-cache';
import type { RouteTable } from './route-table';
import type { RuntimeConfig } from './runtime-config';
import { clusterInfo, systemTopics, topicsOfCluster, unitTopics, type UnitKind } from './topic-lists';

export interface QueryRequestParts {
  readonly host: { readonly clock: Clock };
  readonly table: RouteTable;
  readonly kv: KvConfig;
  readonly config: RuntimeConfig;
  readonly cache: RouteCache;
  /** Monotonic. */
  readonly startedMs: () => number;
}

const json = (value: unknown): Response => ({ code: ResponseCode.SUCCESS, body: writeJson(value) });
const DISABLED: Response = { code: ResponseCode.SYSTEM_ERROR, remark: 'disable' };
const HELP = 'https://rocketmq.apache.org/docs/bestPractice/06FAQ';

/** What clients and tools ask. */
export function handleQueryRequests(router: RequestRouter, parts: QueryRequestParts): void {
  const { table, config } = parts;
  const ifTopicLists = (list: RequestHandler): RequestHandler => {
    return (request, peer) => (config.values.enableTopicList ? list(request, peer) : DISABLED);
  };
  const unitList = (kind: UnitKind): RequestHandler => ifTopicLists(() => json({ topicList: unitTopics(table, kind) }));

  router.handle(RequestCode.GET_ROUTEINFO_BY_TOPIC, ({ extFields }) => routeAnswer(parts, extFields));
  router.handle(RequestCode.GET_BROKER_CLUSTER_INFO, () => json(clusterInfo(table)));
  router.handle(RequestCode.GET_ALL_TOPIC_LIST_FROM_NAMESERVER, () =>
    config.values.enableAllTopicList ? json({ topicList: [...table.topics.names()] }) : DISABLED,
  );
  router.handle(
    RequestCode.GET_TOPICS_BY_CLUSTER,
    ifTopicLists(({ extFields }) => {
      const { cluster } = namesrvHeaders.ClusterRequest.decode(extFields);
      return json({ topicList: topicsOfCluster(table, cluster) });
    }),
  );
  router.handle(RequestCode.GET_SYSTEM_TOPIC_LIST_FROM_NS, () => {
    const [group] = table.allGroups();
    const [broker] = group?.members.values() ?? [];
    return json({ brokerAddr: broker?.address, topicList: systemTopics(table) });
  });
  router.handle(RequestCode.GET_UNIT_TOPIC_LIST, unitList('unit'));
  router.handle(RequestCode.GET_HAS_UNIT_SUB_TOPIC_LIST, unitList('has-unit-subscription'));
  router.handle(RequestCode.GET_HAS_UNIT_SUB_UNUNIT_TOPIC_LIST, unitList('has-unit-subscription-without-unit'));
  router.handle(RequestCode.GET_BROKER_MEMBER_GROUP, ({ extFields }) => {
    const { clusterName, brokerName } = namesrvHeaders.GetBrokerMemberGroupRequest.decode(extFields);
    const brokerAddrs = table.group(brokerName)?.addresses() ?? {};
    return json({ brokerMemberGroup: { brokerAddrs, brokerName, cluster: clusterName } });
  });
}

function routeAnswer(parts: QueryRequestParts, extFields: ExtFields): Response {
  if (!isReady(parts)) return { code: ResponseCode.SYSTEM_ERROR, remark: 'name server not ready' };
  const topic = extFields['topic'] ?? 'null';
  const zone = zoneOf(extFields);
  const answer =
    zone === undefined
      ? parts.cache.get(topic, (name) => routeBody(parts.table, name, viewOf(parts, name)))
      : bodyAnswer(routeBody(parts.table, topic, { ...viewOf(parts, topic), zone }));
  return (
    answer ?? {
      code: ResponseCode.TOPIC_NOT_EXIST,
      remark: `No topic route info in name server for the topic: ${topic}\nSee ${HELP} for further details.`,
    }
  );
}

const bodyAnswer = (body: Buffer | undefined): Response | undefined => body && { code: ResponseCode.SUCCESS, body };

/** Right after a start the tables are empty; with needWaitForService clients are asked to come back. */
function isReady({ host, config, startedMs }: QueryRequestParts): boolean {
  const { needWaitForService, waitSecondsForService } = config.values;
  return !needWaitForService || host.clock.monotonicMs() - startedMs() >= waitSecondsForService * 1000;
}

function zoneOf(fields: ExtFields): string | undefined {
  const name = fields['__ZONE_NAME'];
  if (name === undefined || name.trim() === '') return undefined;
  return fields['__ZONE_MODE']?.toLowerCase() === 'true' ? name : undefined;
}

function viewOf({ kv, config }: QueryRequestParts, topic: string): RouteView {
  return {
    actingMaster: config.values.supportActingMaster,
    orderTopicConf: config.values.orderMessageEnable ? kv.get(ORDER_TOPIC_CONFIG, topic) : undefined,
  };
}

import { writeJson } from '@batonmq/remoting';
import { permOf } from './topic-table';
import { MASTER_ID, PERM_WRITE } from './registration';
import type { RegisteredBroker } from './broker-group';
import type { RouteTable } from './route-table';

/** These topics show brokers the true ids of their group, also at name servers without request 901. */
const MEMBER_GROUP_TOPIC_PREFIX = 'rmq_sys_SYNC_BROKER_MEMBER_';

export interface RouteView {
  /** Show the smallest id of a masterless group as its master (supportActingMaster). */
  readonly actingMaster: boolean;
  /** Value for the topic in ORDER_TOPIC_CONFIG, when order configuration is on. */
  readonly orderTopicConf: string | undefined;
  /** Only groups of this zone, and those without a master. */
  readonly zone?: string | undefined;
}

interface BrokerDataJson {
  readonly brokerAddrs: Map<string, string>;
  readonly brokerName: string;
  readonly cluster: string;
  readonly enableActingMaster: boolean;
  readonly zoneName: string | undefined;
}

interface QueueDataJson {
  readonly brokerName: string;
  readonly perm: number;
  readonly readQueueNums: number;
  readonly topicSysFlag: number;
  readonly writeQueueNums: number;
}

/**
 * The body of a route answer (TopicRouteData) as strict ASCII JSON: quoted integer keys, sorted members, all else
 * escaped, which every client since 3.x reads. Sorted by broker name, so that equal routes are equal bytes.
 * @returns undefined for a topic without queues
 * @source RouteInfoManager.pickupTopicRouteData, ZoneRouteRPCHook; namesrv.md 5
 */
export function routeBody(table: RouteTable, topic: string, view: RouteView): Buffer | undefined {
  const queues = table.queuesOf(topic);
  if (queues === undefined) return undefined;
  const brokerDatas: BrokerDataJson[] = [];
  const queueDatas: QueueDataJson[] = [];
  const filterServers = new Map<string, readonly string[]>();
  for (const name of [...queues.keys()].sort()) {
    const entry = queues.get(name) as NonNullable<ReturnType<typeof queues.get>>;
    const { group, readQueueNums, writeQueueNums, topicSysFlag } = entry;
    if (view.zone !== undefined && group.members.has(MASTER_ID) && !isSameZone(group.zoneName, view.zone)) continue;
    const perm = permOf(entry);
    queueDatas.push({ brokerName: name, perm, readQueueNums, topicSysFlag, writeQueueNums });
    const brokerAddrs = group.addresses();
    if (view.actingMaster && group.isReadOnly && (perm & PERM_WRITE) === 0 && !isMemberGroupTopic(topic)) {
      promoteSmallest(brokerAddrs);
    }
    const { cluster, enableActingMaster, zoneName } = group;
    brokerDatas.push({ brokerAddrs, brokerName: name, cluster, enableActingMaster, zoneName });
    for (const member of group.members.values()) addFilterServers(filterServers, member);
  }
  const mappings = table.mappingsOf(topic);
  return writeAsciiJson({
    brokerDatas,
    filterServerTable: filterServers,
    orderTopicConf: view.orderTopicConf,
    queueDatas,
    topicQueueMappingByBroker: mappings === undefined ? undefined : new Map(mappings),
  });
}

const isMemberGroupTopic = (topic: string): boolean => topic.startsWith(MEMBER_GROUP_TOPIC_PREFIX);

const isSameZone = (one: string | undefined, other: string): boolean => one?.toLowerCase() === other.toLowerCase();

/** The addresses are in the order of their ids. */
function promoteSmallest(addresses: Map<string, string>): void {
  const [id, address] = [...addresses][0] as [string, string];
  const rest = [...addresses].slice(1);
  addresses.clear();
  addresses.set(String(MASTER_ID), address);
  for (const [otherId, other] of rest) if (otherId !== id) addresses.set(otherId, other);
}

function addFilterServers(table: Map<string, readonly string[]>, member: RegisteredBroker): void {
  if (member.filterServers.length > 0) table.set(member.address, member.filterServers);
}

function writeAsciiJson(value: unknown): Buffer {
  const utf8 = writeJson(value);
  const text = utf8.toString('utf8');
  if (text.length === utf8.length) return utf8;
  const escape = (unit: string): string => `\\u${unit.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}`;
  return Buffer.from(text.replace(/[\u0080-\uffff]/g, escape), 'latin1');
}

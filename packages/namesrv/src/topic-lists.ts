import type { RouteTable } from './route-table';

/** Bits of topicSysFlag. */
const UNIT = 1;
const UNIT_SUBSCRIPTION = 2;

export type UnitKind = 'unit' | 'has-unit-subscription' | 'has-unit-subscription-without-unit';

/** 224: topics with queues in any group of the cluster. */
export function topicsOfCluster(table: RouteTable, cluster: string): string[] {
  const topics = new Set<string>();
  for (const name of table.allClusters().get(cluster) ?? []) {
    for (const topic of table.group(name)?.topics ?? []) topics.add(topic);
  }
  return [...topics];
}

/** 304: cluster and broker names are topics by convention. */
export function systemTopics(table: RouteTable): string[] {
  const names = new Set<string>();
  for (const [cluster, brokerNames] of table.allClusters()) {
    names.add(cluster);
    for (const name of brokerNames) names.add(name);
  }
  return [...names];
}

/** 311, 312, 313. */
export function unitTopics(table: RouteTable, kind: UnitKind): string[] {
  return [...table.topics.names()].filter((topic) => {
    const [first] = table.queuesOf(topic)?.values() ?? [];
    const flags = first?.topicSysFlag ?? 0;
    if (kind === 'unit') return (flags & UNIT) !== 0;
    return (flags & UNIT_SUBSCRIPTION) !== 0 && (kind === 'has-unit-subscription' || (flags & UNIT) === 0);
  });
}

/** 106: all groups and clusters, with true ids. */
export function clusterInfo(table: RouteTable): unknown {
  const brokerAddrTable = new Map<string, unknown>();
  for (const group of table.allGroups()) {
    const { name, cluster, enableActingMaster, zoneName } = group;
    const brokerAddrs = group.addresses();
    brokerAddrTable.set(name, { brokerAddrs, brokerName: name, cluster, enableActingMaster, zoneName });
  }
  return { brokerAddrTable, clusterAddrTable: table.allClusters() };
}

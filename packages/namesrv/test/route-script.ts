import { readJson } from '@batonmq/remoting';
import type { Registration } from '../src/registration';
import { routeBody } from '../src/route-answers';
import { RouteTable, type MinBrokerIdChange } from '../src/route-table';
import { clusterInfo, systemTopics, topicsOfCluster, unitTopics, type UnitKind } from '../src/topic-lists';

interface RouteJson {
  brokerDatas: { brokerName: string; brokerAddrs: Record<string, string>; zoneName?: string }[];
  queueDatas: { brokerName: string; perm: number; readQueueNums: number; writeQueueNums: number }[];
  filterServerTable: Record<string, string[]>;
  topicQueueMappingByBroker?: Record<string, unknown>;
}

/** Runs the commands of a script against one route table and prints what comes out; the time is whatever `at` said. */
export class RouteScript {
  private nowMs = 0;
  private changed = new Set<string>();
  private notices: MinBrokerIdChange[] = [];
  private readonly table = new RouteTable({
    topicChanged: (topic) => this.changed.add(topic),
    minBrokerIdChanged: (change) => this.notices.push(change),
  });

  run(line: string): string {
    const words = line.trim().split(/\s+/);
    const command = words[0] as string;
    const plain = words.slice(1).filter((word) => !word.includes('='));
    const options = new Map(
      words.filter((word) => word.includes('=')).map((word) => word.split('=') as [string, string]),
    );
    this.changed.clear();
    this.notices = [];
    const answer = this.answer(command, plain, options);
    const changed = [...this.changed].sort().join(' ');
    const notices = this.notices.map((notice) => {
      const offline = notice.offlineBrokerAddr === undefined ? '' : ` offline=${notice.offlineBrokerAddr}`;
      return `905 to ${notice.receivers.join(',')}: min=${notice.minBrokerId}@${notice.minBrokerAddr}${offline}`;
    });
    return [answer, changed === '' ? '' : `changed: ${changed}`, ...notices].filter((part) => part !== '').join('\n');
  }

  private answer(command: string, plain: string[], options: Map<string, string>): string {
    const [first = '', second = '', third = ''] = plain;
    switch (command) {
      case 'at':
        this.nowMs = Number(first);
        return 'ok';
      case 'register': {
        const [brokerName = '', id] = first.split('/');
        const connection = Number(options.get('conn') ?? 1);
        const result = this.table.register(
          registration(brokerName, Number(id), second, options),
          connection,
          this.nowMs,
          {
            deleteUnnamedTopics: options.get('delete') === 'true',
          },
        );
        if (result.outcome !== 'registered') return result.outcome;
        return result.master === undefined ? 'registered' : `registered, master=${result.master.address}`;
      }
      case 'unregister':
        return this.table.unregister({ clusterName: options.get('cluster'), brokerName: first, brokerAddr: second })
          ? 'removed'
          : 'unknown';
      case 'close':
        return names(this.table.connectionLost(Number(first)));
      case 'expire':
        return names(this.table.expire(this.nowMs));
      case 'heard': {
        const version = this.table.heard(
          options.get('cluster') ?? 'C',
          first,
          Number(options.get('conn') ?? 1),
          this.nowMs,
        );
        return version === undefined ? 'unknown' : `counter=${version.counter} epoch=${version.stateVersion}`;
      }
      case 'register-topic':
        this.table.registerTopic(
          first,
          plain.slice(1).map((text) => {
            const { topic, ...queue } = topicOf(text);
            return { brokerName: topic, queue };
          }),
        );
        return 'ok';
      case 'delete-topic':
        this.table.deleteTopic(first, options.get('cluster'));
        return 'ok';
      case 'wipe':
        return String(this.table.setWritable(first, false));
      case 'add-write':
        return String(this.table.setWritable(first, true));
      case 'route':
        return this.route(first, plain.includes('acting'), options.get('zone'));
      case 'topics':
        return list(first === '' ? this.table.topics.names() : topicsOfCluster(this.table, first));
      case 'unit-topics':
        return list(unitTopics(this.table, first as UnitKind));
      case 'system-topics':
        return list(systemTopics(this.table));
      case 'clusters':
        return clustersText(clusterInfo(this.table), this.table.brokerCount);
      default:
        throw new Error(`no command ${command} ${second} ${third}`);
    }
  }

  private route(topic: string, actingMaster: boolean, zone: string | undefined): string {
    const body = routeBody(this.table, topic, { actingMaster, zone, orderTopicConf: undefined });
    if (body === undefined) return 'no route';
    const route = readJson(body) as RouteJson;
    const lines = route.queueDatas.map((queue) => {
      const broker = route.brokerDatas.find((data) => data.brokerName === queue.brokerName);
      const addresses = Object.entries(broker?.brokerAddrs ?? {}).map(([id, address]) => `${id}@${address}`);
      const zoneText = broker?.zoneName === undefined ? '' : ` zone=${broker.zoneName}`;
      return `${queue.brokerName}: perm=${queue.perm} queues=${queue.readQueueNums}/${queue.writeQueueNums} ${addresses.join(' ')}${zoneText}`;
    });
    for (const [address, servers] of Object.entries(route.filterServerTable))
      lines.push(`filters of ${address}: ${servers.join(' ')}`);
    for (const [name, info] of Object.entries(route.topicQueueMappingByBroker ?? {}))
      lines.push(`mapping of ${name}: ${JSON.stringify(info)}`);
    return lines.length === 0 ? 'empty' : lines.join('\n');
  }
}

function registration(
  brokerName: string,
  brokerId: number,
  brokerAddr: string,
  options: Map<string, string>,
): Registration {
  const acting = options.get('acting') ?? 'false';
  const filters = options.get('filters');
  const topics = (options.get('topics') ?? '').split(',').filter((text) => text !== '');
  const timeout = options.get('timeout');
  const mapping = options.get('mapping');
  return {
    clusterName: options.get('cluster') ?? 'C',
    brokerName,
    brokerAddr,
    brokerId,
    haServerAddr: `${brokerAddr}-ha`,
    heartbeatTimeoutMs: timeout === undefined ? undefined : Number(timeout),
    enableActingMaster: acting === 'absent' ? undefined : acting === 'true',
    zoneName: options.get('zone'),
    table: {
      version: {
        counter: Number(options.get('counter') ?? 1),
        stateVersion: Number(options.get('epoch') ?? 0),
        timestamp: 1,
      },
      topics: topics.map(topicOf),
      mappings: mapping === undefined ? [] : [{ topic: mapping, brokerName, info: { bname: brokerName } }],
      filterServers: filters === undefined ? undefined : filters.split(',').filter((text) => text !== ''),
    },
  };
}

/** `name:perm:queues:flags` */
function topicOf(text: string) {
  const [topic = '', perm = '6', queues = '4', flags] = text.split(':');
  const topicSysFlag = flags === undefined ? undefined : Number(flags);
  return { topic, perm: Number(perm), readQueueNums: Number(queues), writeQueueNums: Number(queues), topicSysFlag };
}

const names = (gone: readonly { brokerId: number; address: string; group: { name: string } }[]): string =>
  gone.length === 0
    ? 'none'
    : gone.map(({ group, brokerId, address }) => `${group.name}/${brokerId}@${address}`).join(' ');

const list = (items: Iterable<string>): string => [...items].sort().join(' ') || 'none';

function clustersText(info: unknown, brokers: number): string {
  const { brokerAddrTable, clusterAddrTable } = info as {
    brokerAddrTable: Map<string, { brokerAddrs: Map<string, string> }>;
    clusterAddrTable: Map<string, Set<string>>;
  };
  const lines = [...clusterAddrTable].map(([cluster, groups]) => `${cluster}: ${[...groups].join(' ')}`);
  for (const [name, { brokerAddrs }] of brokerAddrTable) {
    lines.push(`${name}: ${[...brokerAddrs].map(([id, address]) => `${id}@${address}`).join(' ')}`);
  }
  return `${lines.join('\n')}\n${brokers} brokers`.trim();
}

import { BrokerGroup, type RegisteredBroker } from './broker-group';
import { type DataVersion, sameVersion } from './data-version';
import { DEFAULT_BROKER_TIMEOUT_MS, MASTER_ID, type Registration, type TopicRegistration } from './registration';
import { type QueueEntry, TopicTable } from './topic-table';

/** What others have to know; called in the middle of a change, so listeners only take notes. */
export interface RouteTableListener {
  /** The route of this topic may be different, or gone. */
  topicChanged(topic: string): void;
  minBrokerIdChanged(change: MinBrokerIdChange): void;
}

/** A group has another smallest id (request 905). */
export interface MinBrokerIdChange {
  readonly brokerName: string;
  readonly receivers: readonly string[];
  readonly minBrokerId: number;
  readonly minBrokerAddr: string;
  readonly haBrokerAddr?: string;
  readonly offlineBrokerAddr?: string;
}

export type RegisterResult =
  | { readonly outcome: 'registered'; readonly master: RegisteredBroker | undefined }
  /** Another broker holds the id, or held it, under a higher epoch. The registering one is in no table now. */
  | { readonly outcome: 'outdated' }
  /** One topic from a broker that is not known: it would make a group with nothing else. Nothing has changed. */
  | { readonly outcome: 'single-topic' };

export interface RegisterOptions {
  /** Topics that the registration does not name are removed (deleteTopicWithBrokerRegistration). */
  readonly deleteUnnamedTopics?: boolean;
}

/** Who is meant by an unregistration: the address decides, the name only helps to find it without a cluster. */
export interface BrokerIdentity {
  readonly clusterName?: string | undefined;
  readonly brokerName: string;
  readonly brokerAddr: string;
}

const keyOf = (cluster: string, address: string): string => `${cluster}\u0000${address}`;

/**
 * All that a name server knows of brokers and topics, and the rules by which registrations change it. Synchronous, and
 * without a clock: whoever calls says what time it is (monotonic milliseconds).
 * @source RouteInfoManager; namesrv.md 4, 6, 8
 */
export class RouteTable {
  private readonly groups = new Map<string, BrokerGroup>();
  private readonly clusters = new Map<string, Set<string>>();
  private readonly brokers = new Map<string, RegisteredBroker>();
  /** topic -> brokerName -> mapping of a static topic. */
  private readonly mappings = new Map<string, Map<string, unknown>>();
  readonly topics: TopicTable;

  constructor(private readonly listener: RouteTableListener) {
    this.topics = new TopicTable((topic) => listener.topicChanged(topic));
  }

  /**
   * Takes over one registration, or nothing of it.
   * @param connection number of the connection that it came on; a higher number is a newer connection
   */
  register(from: Registration, connection: number, nowMs: number, options: RegisterOptions = {}): RegisterResult {
    const known = this.groups.get(from.brokerName);
    const previous = this.brokers.get(keyOf(from.clusterName, from.brokerAddr));
    if (known !== undefined && this.isOutdated(known, from)) {
      if (previous !== undefined) this.remove(previous);
      return { outcome: 'outdated' };
    }
    if (from.table.topics.length === 1 && known?.members.has(from.brokerId) !== true) {
      return { outcome: 'single-topic' };
    }
    const group = known ?? new BrokerGroup(from.brokerName, from.clusterName);
    const isFirst = !group.members.has(from.brokerId);
    const isNew = isFirst || previous === undefined || !sameVersion(previous.version, from.table.version);
    const before = group.appearance();
    this.join(group, from, previous, connection, nowMs);
    if (isTopicOwner(group, from)) this.takeTopics(group, from, isNew, options.deleteUnnamedTopics === true);
    if (isNew) for (const { topic, brokerName, info } of from.table.mappings) this.putMapping(topic, brokerName, info);
    if (group.appearance() !== before) this.topics.touchAll(group);
    const master = from.brokerId === MASTER_ID ? undefined : group.members.get(MASTER_ID);
    return { outcome: 'registered', master };
  }

  /** @returns whether the broker was known */
  unregister(who: BrokerIdentity): boolean {
    const broker =
      who.clusterName === undefined
        ? [...(this.groups.get(who.brokerName)?.members.values() ?? [])].find((one) => one.address === who.brokerAddr)
        : this.brokers.get(keyOf(who.clusterName, who.brokerAddr));
    if (broker === undefined) return false;
    this.remove(broker);
    return true;
  }

  /** Removes the brokers whose newest connection this was. @returns those */
  connectionLost(connection: number): RegisteredBroker[] {
    const lost = [...this.brokers.values()].filter((broker) => broker.connection === connection);
    for (const broker of lost) this.remove(broker);
    return lost;
  }

  /** Removes the brokers that were silent for longer than they said they would be. @returns those */
  expire(nowMs: number): RegisteredBroker[] {
    const silent = [...this.brokers.values()].filter((broker) => broker.lastSeenMs + broker.timeoutMs < nowMs);
    for (const broker of silent) this.remove(broker);
    return silent;
  }

  /** A sign of life, from 322 or 904. @returns the version that the broker registered with, undefined for a stranger */
  heard(clusterName: string, address: string, connection: number, nowMs: number): DataVersion | undefined {
    const broker = this.brokers.get(keyOf(clusterName, address));
    if (broker === undefined) return undefined;
    broker.lastSeenMs = nowMs;
    // A broker that reconnected is alive on its new connection, even before it registers there (late-close-deposes).
    broker.connection = Math.max(broker.connection, connection);
    return broker.version;
  }

  /** 217: adds the queues of one topic; those of groups that are not registered are left out. */
  registerTopic(
    topic: string,
    queues: readonly { brokerName: string; queue: Omit<TopicRegistration, 'topic'> }[],
  ): void {
    for (const { brokerName, queue } of queues) {
      const group = this.groups.get(brokerName);
      if (group !== undefined) this.topics.put(group, { ...queue, topic }, undefined);
    }
  }

  /** 216. @param clusterName only from the groups of this cluster; undefined: altogether */
  deleteTopic(topic: string, clusterName?: string): void {
    const names = clusterName === undefined ? undefined : this.clusters.get(clusterName);
    for (const [name, entry] of [...(this.topics.entries(topic) ?? [])]) {
      if (clusterName !== undefined && names?.has(name) !== true) continue;
      this.topics.remove(entry.group, topic);
      this.removeMapping(topic, name);
    }
  }

  /** 205 (`writable` false) and 327 (true). @returns the number of topics touched; 0 for an unknown name */
  setWritable(brokerName: string, writable: boolean): number {
    const group = this.groups.get(brokerName);
    return group === undefined ? 0 : this.topics.overridePerm(group, writable);
  }

  group(brokerName: string): BrokerGroup | undefined {
    return this.groups.get(brokerName);
  }

  allGroups(): IterableIterator<BrokerGroup> {
    return this.groups.values();
  }

  allClusters(): ReadonlyMap<string, ReadonlySet<string>> {
    return this.clusters;
  }

  queuesOf(topic: string): ReadonlyMap<string, QueueEntry> | undefined {
    return this.topics.entries(topic);
  }

  mappingsOf(topic: string): ReadonlyMap<string, unknown> | undefined {
    return this.mappings.get(topic);
  }

  get brokerCount(): number {
    return this.brokers.size;
  }

  hasBrokerOn(connection: number): boolean {
    for (const broker of this.brokers.values()) if (broker.connection === connection) return true;
    return false;
  }

  /**
   * The higher epoch wins, whichever registration comes last (two-masters-in-route). RocketMQ compares with the holder
   * of the id only, so a stale master gets in when the right one has just left. Here a group remembers the epoch of its
   * last master for as long as it has members. Epoch 0 is no epoch: brokers without a controller all have it.
   */
  private isOutdated(group: BrokerGroup, from: Registration): boolean {
    const epoch = from.table.version.stateVersion;
    const holder = group.members.get(from.brokerId);
    if (holder?.address === from.brokerAddr) return false;
    if (holder !== undefined && holder.version.stateVersion > epoch) return true;
    return from.brokerId === MASTER_ID && epoch > 0 && epoch < group.masterEpoch;
  }

  private join(
    group: BrokerGroup,
    from: Registration,
    previous: RegisteredBroker | undefined,
    connection: number,
    nowMs: number,
  ): void {
    const smallestBefore = group.smallestId();
    this.groups.set(group.name, group);
    this.addToCluster(from.clusterName, group.name);
    group.enableActingMaster = from.enableActingMaster ?? false;
    group.zoneName = from.zoneName;
    const broker: RegisteredBroker = {
      clusterName: from.clusterName,
      group,
      brokerId: from.brokerId,
      address: from.brokerAddr,
      haAddress: from.haServerAddr,
      version: from.table.version,
      timeoutMs: from.heartbeatTimeoutMs ?? DEFAULT_BROKER_TIMEOUT_MS,
      filterServers: from.table.filterServers ?? previous?.filterServers ?? [],
      lastSeenMs: nowMs,
      connection: Math.max(connection, previous?.connection ?? 0),
    };
    if (previous !== undefined && previous.group !== group) this.remove(previous);
    for (const [id, member] of [...group.members]) {
      // A slave that became master moves; who held the id before is in no table until it registers again.
      if (id !== from.brokerId && member.address !== from.brokerAddr) continue;
      group.members.delete(id);
      this.brokers.delete(keyOf(member.clusterName, member.address));
    }
    group.members.set(from.brokerId, broker);
    this.brokers.set(keyOf(from.clusterName, from.brokerAddr), broker);
    if (from.brokerId === MASTER_ID) group.masterEpoch = from.table.version.stateVersion;
    if (smallestBefore !== undefined && from.brokerId < smallestBefore) this.announceSmaller(broker);
  }

  private takeTopics(group: BrokerGroup, from: Registration, isNew: boolean, deleteUnnamed: boolean): void {
    const { topics, mappings, version } = from.table;
    if (isNew) this.topics.dropOverrides(group);
    for (const topic of topics) this.topics.put(group, topic, version);
    if (deleteUnnamed && mappings.length === 0) this.topics.removeUnnamed(group, version);
  }

  private remove(broker: RegisteredBroker): void {
    const { group, brokerId } = broker;
    this.brokers.delete(keyOf(broker.clusterName, broker.address));
    const smallestBefore = group.smallestId();
    if (group.members.get(brokerId) === broker) group.members.delete(brokerId);
    if (group.members.size === 0) {
      this.removeGroup(group);
      return;
    }
    this.topics.touchAll(group);
    if (brokerId === smallestBefore && group.enableActingMaster) this.announceLeft(broker);
  }

  private removeGroup(group: BrokerGroup): void {
    this.groups.delete(group.name);
    for (const topic of [...this.mappings.keys()]) this.removeMapping(topic, group.name);
    this.topics.removeAll(group);
    for (const [cluster, names] of [...this.clusters]) {
      if (names.delete(group.name) && names.size === 0) this.clusters.delete(cluster);
    }
  }

  private addToCluster(cluster: string, brokerName: string): void {
    const names = this.clusters.get(cluster);
    if (names === undefined) this.clusters.set(cluster, new Set([brokerName]));
    else names.add(brokerName);
  }

  private putMapping(topic: string, brokerName: string, info: unknown): void {
    const known = this.mappings.get(topic) ?? new Map<string, unknown>();
    this.mappings.set(topic, known.set(brokerName, info));
    this.listener.topicChanged(topic);
  }

  private removeMapping(topic: string, brokerName: string): void {
    const known = this.mappings.get(topic);
    if (known?.delete(brokerName) === true && known.size === 0) this.mappings.delete(topic);
  }

  private announceSmaller(newest: RegisteredBroker): void {
    const { group } = newest;
    const others = [...group.members.values()].filter((member) => member !== newest);
    this.listener.minBrokerIdChanged({
      brokerName: group.name,
      receivers: (others.length === 0 ? [newest] : others).map((member) => member.address),
      minBrokerId: newest.brokerId,
      minBrokerAddr: newest.address,
      haBrokerAddr: newest.haAddress,
    });
  }

  private announceLeft(gone: RegisteredBroker): void {
    const { group } = gone;
    const smallest = group.members.get(group.smallestId() as number) as RegisteredBroker;
    this.listener.minBrokerIdChanged({
      brokerName: group.name,
      receivers: [...group.members.values()].map((member) => member.address),
      minBrokerId: smallest.brokerId,
      minBrokerAddr: smallest.address,
      offlineBrokerAddr: gone.address,
    });
  }
}

/** The master speaks for the group's topics; without one, in groups of the 5.x kind, the slave with the smallest id. */
function isTopicOwner(group: BrokerGroup, from: Registration): boolean {
  if (from.brokerId === MASTER_ID) return true;
  return from.enableActingMaster !== undefined && group.smallestId() === from.brokerId;
}

import { type DataVersion, sameVersion } from './data-version';
import { type BrokerGroup } from './broker-group';
import { PERM_READ, PERM_WRITE, type TopicRegistration } from './registration';

/** The queues of a topic in one group (RocketMQ's QueueData). */
export interface QueueEntry {
  readonly group: BrokerGroup;
  readQueueNums: number;
  writeQueueNums: number;
  /** As the broker registered it. */
  perm: number;
  topicSysFlag: number;
  /** What 205 or 327 made of it, until the broker registers something new. */
  permOverride: number | undefined;
  /** The version of the registration that named it last; undefined when it came with 217. */
  version: DataVersion | undefined;
}

/** The permission that clients see. */
export function permOf(entry: QueueEntry): number {
  const perm = entry.permOverride ?? entry.perm;
  return entry.group.isReadOnly ? perm & ~PERM_WRITE : perm;
}

/** topic -> group -> queues, and the other way round in BrokerGroup.topics. */
export class TopicTable {
  private readonly topics = new Map<string, Map<string, QueueEntry>>();

  constructor(private readonly changed: (topic: string) => void) {}

  names(): IterableIterator<string> {
    return this.topics.keys();
  }

  entries(topic: string): ReadonlyMap<string, QueueEntry> | undefined {
    return this.topics.get(topic);
  }

  /** Takes over what is registered, whatever its version: parts of one registration may share one. */
  put(group: BrokerGroup, registered: TopicRegistration, version: DataVersion | undefined): void {
    const { topic, readQueueNums, writeQueueNums, perm, topicSysFlag } = registered;
    let byGroup = this.topics.get(topic);
    if (byGroup === undefined) this.topics.set(topic, (byGroup = new Map<string, QueueEntry>()));
    const known = byGroup.get(group.name);
    if (known === undefined) {
      byGroup.set(group.name, {
        group,
        readQueueNums,
        writeQueueNums,
        perm,
        topicSysFlag: topicSysFlag ?? 0,
        permOverride: undefined,
        version,
      });
      group.topics.add(topic);
      this.changed(topic);
      return;
    }
    known.version = version;
    const flags = topicSysFlag ?? known.topicSysFlag;
    if (
      known.readQueueNums === readQueueNums &&
      known.writeQueueNums === writeQueueNums &&
      known.perm === perm &&
      known.topicSysFlag === flags
    ) {
      return;
    }
    // A changed permission is the broker's newer word; other changes leave what an operator set.
    if (known.perm !== perm) known.permOverride = undefined;
    known.readQueueNums = readQueueNums;
    known.writeQueueNums = writeQueueNums;
    known.perm = perm;
    known.topicSysFlag = flags;
    this.changed(topic);
  }

  remove(group: BrokerGroup, topic: string): void {
    const byGroup = this.topics.get(topic);
    if (byGroup === undefined || !byGroup.delete(group.name)) return;
    group.topics.delete(topic);
    if (byGroup.size === 0) this.topics.delete(topic);
    this.changed(topic);
  }

  removeAll(group: BrokerGroup): void {
    for (const topic of [...group.topics]) this.remove(group, topic);
  }

  /** Removes the topics that no part of the registration with this version named. */
  removeUnnamed(group: BrokerGroup, version: DataVersion): void {
    for (const topic of [...group.topics]) {
      const named = this.topics.get(topic)?.get(group.name)?.version;
      if (named === undefined || !sameVersion(named, version)) this.remove(group, topic);
    }
  }

  /** Everything that a route shows of the group's topics may be different. */
  touchAll(group: BrokerGroup): void {
    for (const topic of group.topics) this.changed(topic);
  }

  /** 205 and 327. @returns the number of topics of the group */
  overridePerm(group: BrokerGroup, writable: boolean): number {
    for (const topic of group.topics) {
      const entry = this.topics.get(topic)?.get(group.name) as QueueEntry;
      const current = entry.permOverride ?? entry.perm;
      entry.permOverride = writable ? PERM_READ | PERM_WRITE : current & ~PERM_WRITE;
      this.changed(topic);
    }
    return group.topics.size;
  }

  dropOverrides(group: BrokerGroup): void {
    for (const topic of group.topics) {
      const entry = this.topics.get(topic)?.get(group.name) as QueueEntry;
      if (entry.permOverride === undefined) continue;
      entry.permOverride = undefined;
      this.changed(topic);
    }
  }
}

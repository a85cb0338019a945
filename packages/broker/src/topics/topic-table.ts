import { isLightTopic } from '@batonmq/broker-store';
import type { Clock } from '@batonmq/host';
import { NO_VERSION, nextVersion, sameVersion, toVersion, type DataVersion } from '../metadata/data-version';
import type { JsonFile } from '../metadata/json-file';
import { PERM_READ, PERM_WRITE, sameTopic, toTopicConfig, topicConfig, type TopicConfig } from './topic-config';

/** The topics this broker serves: config/topics.json. @source TopicConfigManager */
export class TopicTable {
  private readonly topics = new Map<string, TopicConfig>();
  private version: DataVersion = NO_VERSION;
  private stateVersion = 0;

  constructor(
    private readonly clock: Clock,
    private readonly file: JsonFile,
    /** Told of each change, with the topics that changed. */
    private readonly onChange: (changed: readonly TopicConfig[]) => void,
    /** Light queues (`%LMQ%...`) are topics that need not be created, and are in no table. */
    private readonly lightQueues = false,
  ) {}

  /** @param builtIn topics that exist whatever the file says; the file's own settings for them win */
  load(builtIn: readonly TopicConfig[]): void {
    const saved = this.file.read();
    for (const topic of builtIn) this.topics.set(topic.topicName, topic);
    for (const [name, value] of Object.entries((saved?.['topicConfigTable'] ?? {}) as Record<string, unknown>)) {
      this.topics.set(name, toTopicConfig(name, value));
    }
    this.version = saved === undefined ? nextVersion(NO_VERSION, 0, this.clock) : toVersion(saved['dataVersion']);
  }

  get(name: string): TopicConfig | undefined {
    if (this.lightQueues && isLightTopic(name)) return topicConfig(name, 1, PERM_READ | PERM_WRITE);
    return this.topics.get(name);
  }

  all(): IterableIterator<TopicConfig> {
    return this.topics.values();
  }

  get size(): number {
    return this.topics.size;
  }

  get dataVersion(): DataVersion {
    return this.version;
  }

  /** Saves and announces what differs from the table. @returns whether anything did */
  put(...wanted: readonly TopicConfig[]): boolean {
    const changed = wanted.filter((topic) => {
      if (this.lightQueues && isLightTopic(topic.topicName)) return false;
      const known = this.topics.get(topic.topicName);
      return known === undefined || !sameTopic(known, topic);
    });
    if (changed.length === 0) return false;
    for (const topic of changed) this.topics.set(topic.topicName, topic);
    this.bump();
    this.onChange(changed);
    return true;
  }

  delete(name: string): boolean {
    if (!this.topics.delete(name)) return false;
    this.bump();
    this.onChange([]);
    return true;
  }

  /** A new master epoch: name servers tell the newer of two masters by it. */
  enterEpoch(epoch: number): void {
    this.stateVersion = epoch;
    this.bump();
  }

  /** As a slave: the master's table replaces the own one. */
  replaceBy(version: DataVersion, table: Readonly<Record<string, unknown>>): void {
    if (sameVersion(version, this.version)) return;
    this.topics.clear();
    for (const [name, value] of Object.entries(table)) this.topics.set(name, toTopicConfig(name, value));
    this.version = version;
    this.save();
    this.onChange([]);
  }

  /** The file's content, also the answer to GET_ALL_TOPIC_CONFIG. */
  toJson(): { dataVersion: DataVersion; topicConfigTable: Record<string, TopicConfig> } {
    return { dataVersion: this.version, topicConfigTable: Object.fromEntries(this.topics) };
  }

  private bump(): void {
    this.version = nextVersion(this.version, this.stateVersion, this.clock);
    this.save();
  }

  private save(): void {
    this.file.write(this.toJson());
  }
}

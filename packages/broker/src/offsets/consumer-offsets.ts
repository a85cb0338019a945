import { isLightTopic } from '@batonmq/broker-store';
import type { Clock } from '@batonmq/host';
import { NO_VERSION, nextVersion, toVersion, type DataVersion } from '../metadata/data-version';
import type { JsonFile } from '../metadata/json-file';

type Table = Record<string, Record<string, number>>;
/** Of groups of light queues: `topic@group` to the offset of queue 0. */
type LightTable = Record<string, number>;

export interface OffsetsJson {
  readonly dataVersion: DataVersion;
  readonly offsetTable: Table;
  readonly lmqOffsetTable?: LightTable;
}

/**
 * Consumer progress per topic@group and queue: config/consumerOffset.json; with light queues config/lmqConsumerOffset.json,
 * which has all of it, and begins with what the other has. @source ConsumerOffsetManager, LmqConsumerOffsetManager
 */
export class ConsumerOffsets {
  private readonly table = new Map<string, Map<number, number>>();
  private version: DataVersion = NO_VERSION;
  /** Counts changes; cheap to compare. */
  private changes = 0;
  private savedChanges = 0;
  private stateVersion = 0;

  constructor(
    private readonly clock: Clock,
    private readonly file: JsonFile,
    /** With light queues: the file without. */
    private readonly withoutLight?: JsonFile,
  ) {}

  load(): void {
    const saved = this.file.read() ?? this.withoutLight?.read();
    this.mergeJson(saved ?? {});
    this.version = toVersion(saved?.['dataVersion']);
    this.savedChanges = this.changes;
  }

  /** Grows with every commit. */
  get changeCount(): number {
    return this.changes;
  }

  query(topic: string, group: string, queueId: number): number | undefined {
    return this.table.get(`${topic}@${group}`)?.get(queueId);
  }

  /** No comparison with the old value or the queue's bounds: a reset moves backwards (broker.md 7.2). */
  commit(topic: string, group: string, queueId: number, offset: number): void {
    const key = `${topic}@${group}`;
    let queues = this.table.get(key);
    if (queues === undefined) this.table.set(key, (queues = new Map()));
    if (queues.get(queueId) === offset) return;
    queues.set(queueId, offset);
    this.changes += 1;
  }

  /** Topics a group has offsets for. */
  topicsOf(group: string): string[] {
    const suffix = `@${group}`;
    return [...this.table.keys()].filter((key) => key.endsWith(suffix)).map((key) => key.slice(0, -suffix.length));
  }

  groupsOf(topic: string): string[] {
    const prefix = `${topic}@`;
    return [...this.table.keys()].filter((key) => key.startsWith(prefix)).map((key) => key.slice(prefix.length));
  }

  removeTopic(topic: string): void {
    for (const group of this.groupsOf(topic)) this.table.delete(`${topic}@${group}`);
    this.changes += 1;
  }

  removeGroup(group: string): void {
    for (const topic of this.topicsOf(group)) this.table.delete(`${topic}@${group}`);
    this.changes += 1;
  }

  /** As a slave: the master's entries over the own ones. */
  mergeJson(json: Readonly<Record<string, unknown>>): void {
    this.merge((json['offsetTable'] ?? {}) as Table);
    const light = Object.entries((json['lmqOffsetTable'] ?? {}) as LightTable);
    this.merge(Object.fromEntries(light.map(([key, offset]) => [key, { 0: offset }])));
  }

  private merge(table: Table): void {
    for (const [key, queues] of Object.entries(table)) {
      const at = key.lastIndexOf('@');
      if (at < 1) continue;
      for (const [queueId, offset] of Object.entries(queues)) {
        if (typeof offset === 'number') this.commit(key.slice(0, at), key.slice(at + 1), Number(queueId), offset);
      }
    }
  }

  /**
   * After the log was cut: offsets above a queue's end would make consumers skip what is written there next
   * (known loss `offset-above-log`).
   */
  clampTo(maxOffsetOf: (topic: string, queueId: number) => number | undefined): void {
    for (const [key, queues] of this.table) {
      const topic = key.slice(0, key.lastIndexOf('@'));
      for (const [queueId, offset] of queues) {
        const max = maxOffsetOf(topic, queueId);
        if (max === undefined || offset <= max) continue;
        queues.set(queueId, max);
        this.changes += 1;
      }
    }
  }

  enterEpoch(epoch: number): void {
    this.stateVersion = epoch;
  }

  saveIfChanged(): void {
    if (this.savedChanges === this.changes) return;
    this.version = nextVersion(this.version, this.stateVersion, this.clock);
    this.file.write(this.toJson());
    this.savedChanges = this.changes;
  }

  toJson(): OffsetsJson {
    const offsetTable: Table = {};
    const lmqOffsetTable: LightTable = {};
    const light = this.withoutLight !== undefined;
    for (const [key, queues] of this.table) {
      const offset = queues.get(0);
      const group = key.slice(key.lastIndexOf('@') + 1);
      if (light && offset !== undefined && queues.size === 1 && isLightTopic(group)) lmqOffsetTable[key] = offset;
      else offsetTable[key] = Object.fromEntries(queues);
    }
    return { dataVersion: this.version, offsetTable, ...(light ? { lmqOffsetTable } : {}) };
  }
}

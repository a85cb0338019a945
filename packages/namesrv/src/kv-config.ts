import type { Files } from '@batonmq/host';
import { readJson, writeJson } from '@batonmq/remoting';
import { NamesrvError } from './errors';

/** Values for order topics: `brokerName:queues;...` per topic. */
export const ORDER_TOPIC_CONFIG = 'ORDER_TOPIC_CONFIG';

/**
 * namespace -> key -> value, kept in kvConfig.json. A change is in the file, whole, before the method returns; when it
 * cannot be written it is not made.
 * @source KVConfigManager, KVConfigSerializeWrapper
 */
export class KvConfig {
  private table = new Map<string, Map<string, string>>();

  constructor(
    private readonly files: Files,
    private readonly path: string,
  ) {}

  /** @throws NamesrvError KV_CONFIG_UNREADABLE */
  load(): void {
    const bytes = this.files.readAll(this.path);
    this.table = bytes === undefined || bytes.length === 0 ? new Map<string, Map<string, string>>() : this.parse(bytes);
  }

  get(namespace: string, key: string): string | undefined {
    return this.table.get(namespace)?.get(key);
  }

  /** Undefined for a namespace that never had a key; one whose last key was deleted is empty. */
  namespace(namespace: string): ReadonlyMap<string, string> | undefined {
    return this.table.get(namespace);
  }

  /** Without a value the key is there no more, but its namespace is. @throws HostError when the file cannot be written */
  put(namespace: string, key: string, value: string | undefined): void {
    const before = this.table.get(namespace);
    const after = new Map(before);
    if (value === undefined) after.delete(key);
    else after.set(key, value);
    this.change(namespace, before, after);
  }

  /** @throws HostError when the file cannot be written */
  delete(namespace: string, key: string): void {
    const before = this.table.get(namespace);
    if (before?.has(key) !== true) return;
    const after = new Map(before);
    after.delete(key);
    this.change(namespace, before, after);
  }

  private change(namespace: string, before: Map<string, string> | undefined, after: Map<string, string>): void {
    this.table.set(namespace, after);
    try {
      const directory = this.path.slice(0, this.path.lastIndexOf('/'));
      if (directory !== '') this.files.makeDirs(directory);
      this.files.replace(this.path, writeJson({ configTable: this.table }));
    } catch (error) {
      if (before === undefined) this.table.delete(namespace);
      else this.table.set(namespace, before);
      throw error;
    }
  }

  private parse(bytes: Buffer): Map<string, Map<string, string>> {
    const table = new Map<string, Map<string, string>>();
    try {
      const { configTable } = readJson(bytes) as { configTable?: Record<string, Record<string, unknown> | null> };
      for (const [namespace, values] of Object.entries(configTable ?? {})) {
        const texts = Object.entries(values ?? {}).filter((entry): entry is [string, string] => isText(entry[1]));
        table.set(namespace, new Map(texts));
      }
      return table;
    } catch (cause) {
      throw new NamesrvError('KV_CONFIG_UNREADABLE', `${this.path} (${bytes.length} B) is not a KV configuration`, {
        hint: 'restore it from a copy, or move it away to start with an empty one',
        cause,
      });
    }
  }
}

const isText = (value: unknown): boolean => typeof value === 'string';

import {
  defaultsOf,
  formatProperties,
  namesrvConfig,
  parseProperties,
  readValue,
  remotingServerConfig,
  type KeySpec,
  type NamesrvConfig,
  type RemotingServerConfig,
} from '@batonmq/config';
import type { Host } from '@batonmq/host';
import { replaceProperties } from './replace-properties';

export type NameServerConfig = NamesrvConfig & RemotingServerConfig;

export type ConfigUpdate = 'updated' | 'black-listed';

/** The configuration in force. What operators change with 318 is in the file before it holds. */
export class RuntimeConfig {
  private current: NameServerConfig;
  private readonly keys: Readonly<Record<string, KeySpec<unknown>>>;
  private readonly blackList: ReadonlySet<string>;

  /** @param given keys that are not given have their defaults */
  constructor(
    private readonly host: Pick<Host, 'files' | 'machine'>,
    given: Partial<NameServerConfig>,
  ) {
    this.keys = { ...remotingServerConfig.keys, ...namesrvConfig.keys };
    this.current = {
      ...defaultsOf(remotingServerConfig, host.machine),
      ...defaultsOf(namesrvConfig, host.machine),
      ...given,
    };
    this.blackList = new Set([
      'configBlackList',
      'configStorePath',
      'kvConfigPath',
      'rocketmqHome',
      ...this.current.configBlackList.split(';').map((name) => name.trim()),
    ]);
  }

  get values(): NameServerConfig {
    return this.current;
  }

  /** All keys with their values, sorted, as properties text (319). */
  text(): string {
    return formatProperties(Object.entries(this.current).filter(([key]) => this.keys[key] !== undefined));
  }

  /**
   * Takes over properties text (318): all of it or nothing. Unknown keys are ignored, as RocketMQ does; values that
   * cannot be read are refused, which it does not.
   * @throws ConfigError CONFIG_BAD_VALUE, CONFIG_UNREADABLE; HostError when the file cannot be written
   */
  update(text: string): ConfigUpdate {
    const properties = parseProperties(text, 'the request');
    for (const key of properties.keys()) if (this.blackList.has(key)) return 'black-listed';
    const changes = new Map<string, string>();
    const values: Record<string, unknown> = {};
    for (const [key, value] of properties) {
      const spec = this.keys[key];
      if (spec === undefined) continue;
      values[key] = readValue(key, spec, value, 'the request').value;
      changes.set(key, value);
    }
    if (changes.size === 0) return 'updated';
    this.store(changes, { ...this.current, ...values });
    this.current = { ...this.current, ...values };
    return 'updated';
  }

  /** Comments and order of an existing file stay; its old content goes to `<file>.bak`, as operators know it. */
  private store(changes: ReadonlyMap<string, string>, next: NameServerConfig): void {
    const path = this.current.configStorePath;
    const directory = path.slice(0, path.lastIndexOf('/'));
    if (directory !== '') this.host.files.makeDirs(directory);
    const old = this.host.files.readAll(path);
    if (old === undefined) {
      this.host.files.replace(path, formatProperties(Object.entries(next)));
      return;
    }
    this.host.files.replace(`${path}.bak`, old);
    this.host.files.replace(path, replaceProperties(old.toString('utf8'), changes));
  }
}

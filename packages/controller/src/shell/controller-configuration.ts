import { splitAddresses as splitItems, textOf, type Host } from '@batonmq/host';
import {
  controllerConfig,
  formatProperties,
  nearestKey,
  parseProperties,
  readValue,
  remotingServerConfig,
  type ControllerConfig,
  type KeySpec,
  type RemotingServerConfig,
} from '@batonmq/config';
import { ResponseCode, type Response } from '@batonmq/remoting';

export type ControllerSettings = ControllerConfig & RemotingServerConfig;

/** Never to be changed by a request, whatever configBlackList says (controller.md 3.11). */
const ALWAYS_BLACK = ['configBlackList', 'configStorePath', 'rocketmqHome'];

const specs: Readonly<Record<string, KeySpec<unknown>>> = { ...remotingServerConfig.keys, ...controllerConfig.keys };

/**
 * The configuration of this node alone, readable and changeable while it runs (1009, 1010). What has changed counts from
 * the next reading of the key on, and is written to configStorePath, which nobody reads at the next start, as in RocketMQ.
 */
export class ControllerConfiguration {
  private values: ControllerSettings;
  private readonly blackList: ReadonlySet<string>;

  /** @param file all that the `-c` file has, shown by 1010 beside the known keys */
  constructor(
    private readonly host: Pick<Host, 'files' | 'log'>,
    config: ControllerSettings,
    private readonly file: ReadonlyMap<string, string> = new Map(),
  ) {
    this.values = config;
    this.blackList = new Set([...ALWAYS_BLACK, ...splitItems(config.configBlackList)]);
  }

  get current(): ControllerSettings {
    return this.values;
  }

  /** Properties text, sorted by key (1010). */
  text(): string {
    const all = new Map<string, unknown>(this.file);
    for (const [key, value] of Object.entries(this.values)) if (key in specs) all.set(key, value);
    return formatProperties(all);
  }

  /** Applies properties text, all of it or nothing (1009). */
  update(body: Buffer | undefined): Response {
    if (body === undefined) return { code: ResponseCode.SUCCESS };
    const changes: Record<string, unknown> = {};
    const notes: string[] = [];
    try {
      const properties = parseProperties(body.toString('utf8'), 'the request');
      for (const key of properties.keys()) {
        if (this.blackList.has(key)) {
          return { code: ResponseCode.NO_PERMISSION, remark: 'Can not update config in black list.' };
        }
      }
      for (const [key, text] of properties) {
        const spec = specs[key];
        if (spec === undefined) notes.push(unknownKey(key));
        else changes[key] = readValue(key, spec, text, 'the request').value;
      }
    } catch (error) {
      return { code: ResponseCode.SYSTEM_ERROR, remark: textOf(error) };
    }
    return this.apply(changes, notes);
  }

  private apply(changes: Record<string, unknown>, notes: readonly string[]): Response {
    this.values = { ...this.values, ...changes };
    this.host.log.info({ ...changes, notes }, 'the configuration was changed by a request');
    try {
      this.persist();
    } catch (error) {
      const remark = `in effect, but not written to ${this.values.configStorePath}: ${textOf(error)}`;
      this.host.log.error({ error: textOf(error) }, 'the changed configuration could not be written');
      return { code: ResponseCode.SYSTEM_ERROR, remark };
    }
    return { code: ResponseCode.SUCCESS, ...(notes.length === 0 ? {} : { remark: notes.join('; ') }) };
  }

  private persist(): void {
    const path = this.values.configStorePath;
    const slash = path.lastIndexOf('/');
    if (slash > 0) this.host.files.makeDirs(path.slice(0, slash));
    const former = this.host.files.readAll(path);
    if (former !== undefined) this.host.files.replace(`${path}.bak`, former);
    this.host.files.replace(path, this.text());
  }
}

/** The reference reports success and says nothing; here the answer names what it left out. */
function unknownKey(key: string): string {
  const nearest = nearestKey(key, Object.keys(specs));
  return `unknown key ${key} is ignored${nearest === undefined ? '' : `; did you mean ${nearest}?`}`;
}

import { isLightTopic } from '@batonmq/broker-store';
import type { Clock } from '@batonmq/host';
import { NO_VERSION, nextVersion, sameVersion, toVersion, type DataVersion } from '../metadata/data-version';
import type { JsonFile } from '../metadata/json-file';
import { groupNameProblem } from '../topics/topic-names';

/** As it is stored and sent to tools (broker.md 4). */
export interface SubscriptionGroup {
  readonly groupName: string;
  readonly consumeEnable: boolean;
  readonly consumeFromMinEnable: boolean;
  readonly consumeBroadcastEnable: boolean;
  readonly consumeMessageOrderly: boolean;
  readonly retryQueueNums: number;
  readonly retryMaxTimes: number;
  readonly brokerId: number;
  readonly whichBrokerWhenConsumeSlowly: number;
  readonly notifyConsumerIdsChangedEnable: boolean;
  readonly groupSysFlag: number;
  readonly consumeTimeoutMinute: number;
  readonly attributes: Readonly<Record<string, string>>;
}

export function subscriptionGroup(groupName: string, settings: Partial<SubscriptionGroup> = {}): SubscriptionGroup {
  return {
    consumeEnable: true,
    consumeFromMinEnable: true,
    consumeBroadcastEnable: true,
    consumeMessageOrderly: false,
    retryQueueNums: 1,
    retryMaxTimes: 16,
    brokerId: 0,
    whichBrokerWhenConsumeSlowly: 1,
    notifyConsumerIdsChangedEnable: true,
    groupSysFlag: 0,
    consumeTimeoutMinute: 15,
    attributes: {},
    ...settings,
    groupName,
  };
}

const BUILT_IN = [
  'TOOLS_CONSUMER',
  'FILTERSRV_CONSUMER',
  'SELF_TEST_C_GROUP',
  'CID_ONS-HTTP-PROXY',
  'CID_ONSAPI_PULL',
  'CID_ONSAPI_PERMISSION',
  'CID_ONSAPI_OWNER',
  'CID_RMQ_SYS_TRANS',
];

/** The consumer groups: config/subscriptionGroup.json. @source SubscriptionGroupManager */
export class SubscriptionGroups {
  private readonly groups = new Map<string, SubscriptionGroup>();
  private version: DataVersion = NO_VERSION;
  private stateVersion = 0;

  constructor(
    private readonly clock: Clock,
    private readonly file: JsonFile,
    private readonly autoCreate: boolean,
    private readonly onChange: () => void,
    /** Groups of light queues (`%LMQ%...`) need not be created, and are in no table. */
    private readonly lightQueues = false,
  ) {}

  load(): void {
    const saved = this.file.read();
    for (const name of BUILT_IN) this.groups.set(name, subscriptionGroup(name));
    this.fill((saved?.['subscriptionGroupTable'] ?? {}) as Record<string, unknown>);
    this.version = saved === undefined ? nextVersion(NO_VERSION, 0, this.clock) : toVersion(saved['dataVersion']);
  }

  get dataVersion(): DataVersion {
    return this.version;
  }

  get(name: string): SubscriptionGroup | undefined {
    if (this.lightQueues && isLightTopic(name)) return subscriptionGroup(name);
    return this.groups.get(name);
  }

  /** The group, made with defaults where that is allowed; undefined: not found (code 26). */
  find(name: string): SubscriptionGroup | undefined {
    const known = this.get(name);
    if (known !== undefined) return known;
    const allowed = this.autoCreate || name.startsWith('CID_RMQ_SYS_');
    if (!allowed || groupNameProblem(name) !== undefined) return undefined;
    const made = subscriptionGroup(name);
    this.put(made);
    return made;
  }

  put(group: SubscriptionGroup): void {
    this.groups.set(group.groupName, group);
    this.bump();
  }

  delete(name: string): void {
    if (this.groups.delete(name)) this.bump();
  }

  enterEpoch(epoch: number): void {
    this.stateVersion = epoch;
    this.bump();
  }

  replaceBy(version: DataVersion, table: Readonly<Record<string, unknown>>): void {
    if (sameVersion(version, this.version)) return;
    this.groups.clear();
    this.fill(table);
    this.version = version;
    this.file.write(this.toJson());
  }

  toJson(): Record<string, unknown> {
    return { dataVersion: this.version, forbiddenTable: {}, subscriptionGroupTable: Object.fromEntries(this.groups) };
  }

  private fill(table: Readonly<Record<string, unknown>>): void {
    for (const [name, value] of Object.entries(table))
      this.groups.set(name, subscriptionGroup(name, value as Partial<SubscriptionGroup>));
  }

  private bump(): void {
    this.version = nextVersion(this.version, this.stateVersion, this.clock);
    this.file.write(this.toJson());
    this.onChange();
  }
}

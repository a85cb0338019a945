import type { DataVersion } from './data-version';

/** A registered broker. It is a member of exactly one group, under one id, for as long as it is registered. */
export interface RegisteredBroker {
  readonly clusterName: string;
  readonly group: BrokerGroup;
  readonly brokerId: number;
  readonly address: string;
  readonly haAddress: string;
  readonly version: DataVersion;
  readonly timeoutMs: number;
  readonly filterServers: readonly string[];
  /** Monotonic. */
  lastSeenMs: number;
  /** The newest connection that this broker was heard on. */
  connection: number;
}

/** The brokers that share a broker name: a master and its slaves (RocketMQ's BrokerData). */
export class BrokerGroup {
  readonly members = new Map<number, RegisteredBroker>();
  /** Topics with queues in this group. */
  readonly topics = new Set<string>();
  enableActingMaster = false;
  zoneName: string | undefined;
  /** The stateVersion that the last accepted master of this group registered with. */
  masterEpoch = 0;

  constructor(
    readonly name: string,
    /** The cluster of the first broker that registered; broker names are global. */
    readonly cluster: string,
  ) {}

  smallestId(): number | undefined {
    let smallest: number | undefined;
    for (const id of this.members.keys()) if (smallest === undefined || id < smallest) smallest = id;
    return smallest;
  }

  /** Its topics are read-only until a master is back (RouteInfoManager, acting master). */
  get isReadOnly(): boolean {
    return this.enableActingMaster && this.members.size > 0 && !this.members.has(0);
  }

  addresses(): Map<string, string> {
    const ids = [...this.members.keys()].sort((a, b) => a - b);
    return new Map(ids.map((id) => [String(id), (this.members.get(id) as RegisteredBroker).address]));
  }

  /** Differs when anything differs that a route shows of this group. */
  appearance(): string {
    const members = [...this.members].map(([id, member]) => [id, member.address, member.filterServers]);
    return JSON.stringify([members.sort(), this.enableActingMaster, this.zoneName]);
  }
}

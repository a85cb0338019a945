/** A process of a cluster. */
export interface ClusterNode {
  readonly name: string;
  readonly kind: 'namesrv' | 'broker';
  readonly pid: number | undefined;
  readonly address: string;
  /** Configuration, logs and, somewhere below it, the store. */
  readonly directory: string;
  readonly running: boolean;
}

/** The replica group as the active controller records it. */
export interface GroupState {
  readonly masterBrokerId: number | undefined;
  readonly masterAddress: string | undefined;
  readonly masterEpoch: number;
  readonly syncStateSet: readonly number[];
}

/** What the suites need of a cluster: one replica group under controllers, of ours or of RocketMQ's own processes. */
export interface Cluster {
  readonly namesrvAddress: string;
  readonly nodes: readonly ClusterNode[];
  /** Resolves when a master is elected and registered, and the SyncStateSet is full. */
  start(): Promise<void>;
  kill(name: string, signal?: 'SIGKILL' | 'SIGTERM' | 'SIGSTOP'): Promise<void>;
  restart(name: string): Promise<void>;
  groupState(): Promise<GroupState>;
  createTopic(topic: string, queues: number): Promise<void>;
  stop(): Promise<void>;
}

export interface ClusterOptions {
  readonly directory: string;
  readonly brokerProperties?: Record<string, string>;
}

/** The broker that the group's state names as master. */
export async function masterOf(cluster: Cluster): Promise<ClusterNode> {
  const { masterAddress } = await cluster.groupState();
  const master = cluster.nodes.find((node) => node.kind === 'broker' && node.address === masterAddress);
  if (master === undefined) throw new Error(`no broker of the cluster has the master's address ${masterAddress}`);
  return master;
}

export const brokersOf = (cluster: Cluster): readonly ClusterNode[] =>
  cluster.nodes.filter((node) => node.kind === 'broker');
